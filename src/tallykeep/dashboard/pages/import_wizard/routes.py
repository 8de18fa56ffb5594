"""Importing a file: a look at its beginning, its columns, its first rows; a dry run; the import.

The file stays in the reader's browser until then (static/import.js): only its beginning, or a workbook, is posted to be
looked at, and kept for the looks that follow (kept_uploads.py).
"""

import secrets

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import FormData, UploadFile

from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.form_limits import FORM_BYTES, form_with_file
from tallykeep.dashboard.kit.render import fragment, page
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit
from tallykeep.dashboard.pages.import_wizard.kept_uploads import Upload, Uploads
from tallykeep.dashboard.pages.import_wizard.preview import (
    FILE_OPTIONS,
    OPTIONS,
    asked,
    how_it_is_read,
    is_a_guess,
    shown,
)

router = APIRouter()

# Marks of answers: only tells what is wrong; the file is known by this from now on; it is not known any more.
_PROBLEM, _KEPT, _SEND_AGAIN = "X-Problem", "X-Kept", "X-Send-Again"


@router.get("/imports")
async def choose_file(request: Request, visit: FromVisit, row_type: str = "", campaign: str = "") -> Response:
    """Where an import begins; `kind` and `campaign` are known to who comes from a campaign."""
    offered = await visit.api.get("/v1/imports")
    known = {"row_type": row_type if row_type in visit.catalog.row_types else "", "campaign": campaign}
    return page(
        request, "pages/import_wizard/import.html", offered=offered, row_types=visit.catalog.row_types, known=known,
        key=secrets.token_hex(16), options=OPTIONS, file_options=FILE_OPTIONS,
    )  # fmt: skip


@router.get("/imports/template/{row_type}")
async def template(visit: FromVisit, row_type: str) -> Response:
    """An empty file with the right header."""
    async with visit.api.stream("GET", f"/v1/templates/csv/{segment(row_type)}") as answer:
        return Response(
            await answer.aread(),
            media_type="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{row_type}.csv"'},
        )


@router.post("/imports/preview")
async def look(request: Request, visit: FromVisit) -> Response:
    """A look at the beginning of a file, as a part of the page; what is wrong with it, where it cannot be read."""
    if problem := await _too_large(request, visit):
        return _problem(problem)
    form = await form_with_file(request)
    uploads: Uploads = request.app.state.uploads
    owner, file, kept = visit.session.csrf_token, form.get("file"), str(form.get("kept", ""))
    if isinstance(file, UploadFile):
        kept, upload = uploads.keep(owner, file.filename or "", file.file, file.size or 0)
        return _marked(await _look(visit, form, upload), _KEPT, kept)
    if found := uploads.find(owner, kept):
        return await _look(visit, form, found)
    return _marked(_problem("Choose a file first."), _SEND_AGAIN, "true" if kept else "")


async def _too_large(request: Request, visit: Visit) -> str:
    """What to say of a form that holds more than can be looked at: it is not even read."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) <= FORM_BYTES:
        return ""
    limits = (await visit.api.get("/v1/imports"))["limits"]
    fits = length.isdecimal() and int(length) <= limits["workbook_bytes"] + FORM_BYTES
    return "" if fits else "The file is too large to be looked at, or its size was not told."


async def _look(visit: Visit, form: FormData, upload: Upload) -> Response:
    row_types = visit.catalog.row_types
    try:
        async with upload.lock:
            upload.file.seek(0)
            files = {"file": (upload.name, upload.file)}
            seen = await visit.api.ask("POST", "/v1/imports/preview", data=asked(form), files=files)
        if not form.get("row_type") and is_a_guess(seen):
            return HTMLResponse(
                fragment("pages/import_wizard/unknown.html", row_types=row_types, **how_it_is_read(seen, form))
            )
        campaigns = await _campaigns(visit) if seen["row_type"] == "campaign-vouchers" else []
    except RefusedError as refused:
        return _problem(refused.details or str(refused))
    return HTMLResponse(
        fragment("pages/import_wizard/preview.html", row_types=row_types, **shown(seen, form, campaigns))
    )


def _problem(details: str) -> Response:
    # Not an error of the page's: what was asked is how the file looks.
    return _marked(HTMLResponse(fragment("pages/import_wizard/problem.html", details=details)), _PROBLEM, "true")


def _marked(answer: Response, name: str, value: str) -> Response:
    if value:
        answer.headers[name] = value
    return answer


async def _campaigns(visit: Visit) -> list[str]:
    found = await visit.api.get("/v1/campaigns", limit=100)
    return [campaign["name"] for campaign in found["campaigns"]]


@router.post("/imports/start")
async def start(request: Request, visit: FromVisit, row_type: str, rows: str = "csv", campaign: str = "") -> Response:
    """Send the file on as it comes, to where rows of this kind are imported; answers with the task, or the problem."""
    offered = (await visit.api.get("/v1/imports"))["data"]
    paths = {each["row_type"]: each["json_path" if rows == "json" else "path"] for each in offered}
    path = paths.get(row_type)
    if path is None or ("{target}" in path and not campaign):
        problem = "Say which campaign they go into." if path else "Nothing imports such rows in this form."
        return JSONResponse({"problem": problem}, status_code=422)
    names = ("content-type", "content-length", "idempotency-key")
    headers = {name: request.headers[name] for name in names if name in request.headers}
    target = path.replace("{target}", segment(campaign))
    try:
        accepted = await visit.api.ask("POST", target, headers=headers, content=request.stream())
    except RefusedError as refused:
        return JSONResponse({"problem": refused.details or str(refused)}, status_code=422)
    return JSONResponse({"task": accepted["async_action_id"]})


@router.get("/imports/trial/{action_id}")
async def rows_dry_run(visit: FromVisit, action_id: str) -> Response:
    """How a dry run stands, and its failures by reason: a part of the page that asks again until it has ended."""
    path = f"/v1/async-actions/{segment(action_id)}"
    action = await visit.api.get(path)
    groups = await visit.api.get(f"{path}/failures", group_by="reason", limit=20) if action["failed_count"] else {}
    return HTMLResponse(fragment("pages/import_wizard/dry_run.html", action=action, groups=groups.get("reasons", [])))
