"""The import of a file: a preview of its columns and first rows, a dry run, the import.

The file stays in the reader's browser until then (static/import.js): only a sample, or a complete workbook, is posted
for a preview, and kept for the previews that follow (kept_uploads.py).
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
    how_it_is_read,
    is_a_guess,
    preview_query,
    shown,
)

router = APIRouter()

# Headers of answers: it only says what is wrong; the file's token from now on; the token is no longer known.
_PROBLEM, _KEPT, _SEND_AGAIN = "X-Problem", "X-Kept", "X-Send-Again"
_TOO_MANY = 429


@router.get("/imports")
async def choose_file(request: Request, visit: FromVisit, row_type: str = "", campaign: str = "") -> Response:
    """Show where an import begins; a campaign's page links here with `row_type` and `campaign`."""
    offered = await visit.api.get("/v1/imports")
    known = {"row_type": row_type if row_type in visit.catalog.row_types else "", "campaign": campaign}
    return page(
        request, "pages/import_wizard/import.html", offered=offered, row_types=visit.catalog.row_types, known=known,
        key=secrets.token_hex(16), options=OPTIONS, file_options=FILE_OPTIONS,
    )  # fmt: skip


@router.get("/imports/template/{row_type}")
async def template(visit: FromVisit, row_type: str) -> Response:
    """Return an empty file with the right header."""
    async with visit.api.stream("GET", f"/v1/templates/csv/{segment(row_type)}") as answer:
        return Response(
            await answer.aread(),
            media_type="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{row_type}.csv"'},
        )


@router.post("/imports/preview")
async def preview_file(request: Request, visit: FromVisit) -> Response:
    """Preview a sample of the file, as a part of the page; or say why it cannot be read."""
    if problem := await _too_large(request, visit):
        return _problem(problem)
    form = await form_with_file(request)
    uploads: Uploads = request.app.state.uploads
    owner, file, kept = visit.session.csrf_token, form.get("file"), str(form.get("kept", ""))
    if isinstance(file, UploadFile):
        kept, upload = uploads.keep(owner, file.filename or "", file.file, file.size or 0)
        return _marked(await _preview(visit, form, upload), _KEPT, kept)
    if known := uploads.find(owner, kept):
        return await _preview(visit, form, known)
    return _marked(_problem("Choose a file first."), _SEND_AGAIN, "true" if kept else "")


async def _too_large(request: Request, visit: Visit) -> str:
    """Return why a form is too large to preview; empty where it is not. Such a form is not even read."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) <= FORM_BYTES:
        return ""
    limits = (await visit.api.get("/v1/imports"))["limits"]
    fits = length.isdecimal() and int(length) <= limits["workbook_bytes"] + FORM_BYTES
    return "" if fits else "The file is too large for a preview, or its size was not sent."


async def _preview(visit: Visit, form: FormData, upload: Upload) -> Response:
    row_types = visit.catalog.row_types
    try:
        async with upload.lock:
            upload.file.seek(0)
            files = {"file": (upload.name, upload.file)}
            seen = await visit.api.ask("POST", "/v1/imports/preview", data=preview_query(form), files=files)
        if not form.get("row_type") and is_a_guess(seen):
            return HTMLResponse(
                fragment("pages/import_wizard/unknown.html", row_types=row_types, **how_it_is_read(seen, form))
            )
        campaigns = await _campaigns(visit) if seen["row_type"] == "campaign-vouchers" else []
    except RefusedError as refused:
        if refused.status == _TOO_MANY:
            raise  # nothing is wrong with the file
        return _problem(refused.details or str(refused))
    needed = visit.catalog.permission_for_rows(seen["row_type"])
    values = {"row_types": row_types, "rights": visit.rights, "permission": needed, **shown(seen, form, campaigns)}
    return HTMLResponse(fragment("pages/import_wizard/preview.html", **values))


def _problem(details: str) -> Response:
    # Not an HTTP error: a problem of the file is a valid answer to a preview.
    return _marked(HTMLResponse(fragment("pages/import_wizard/problem.html", details=details)), _PROBLEM, "true")


def _marked(answer: Response, name: str, value: str) -> Response:
    if value:
        answer.headers[name] = value
    return answer


async def _campaigns(visit: Visit) -> list[str]:
    answer = await visit.api.get("/v1/campaigns", limit=100)
    return [campaign["name"] for campaign in answer["campaigns"]]


@router.post("/imports/start")
async def start(request: Request, visit: FromVisit, row_type: str, rows: str = "csv", campaign: str = "") -> Response:
    """Stream the file on to where rows of this type are imported; answer with the task, or the problem."""
    offered = (await visit.api.get("/v1/imports"))["data"]
    paths = {each["row_type"]: each["json_path" if rows == "json" else "path"] for each in offered}
    path = paths.get(row_type)
    if path is None or ("{target}" in path and not campaign):
        problem = "Choose the campaign they go into." if path else "These rows cannot be imported in this format."
        return JSONResponse({"problem": problem}, status_code=422)
    names = ("content-type", "content-length", "idempotency-key")
    headers = {name: request.headers[name] for name in names if name in request.headers}
    target = path.replace("{target}", segment(campaign))
    try:
        accepted = await visit.api.ask("POST", target, headers=headers, content=request.stream())
    except RefusedError as refused:
        return JSONResponse({"problem": refused.details or str(refused)}, status_code=422)
    return JSONResponse({"task": accepted["async_action_id"]})


@router.get("/imports/dry-run/{action_id}")
async def rows_dry_run(visit: FromVisit, action_id: str) -> Response:
    """Show a dry run and its failures by reason, as a part of the page that reloads itself until it has ended."""
    path = f"/v1/async-actions/{segment(action_id)}"
    action = await visit.api.get(path)
    groups = await visit.api.get(f"{path}/failures", group_by="reason", limit=20) if action["failed_count"] else {}
    return HTMLResponse(fragment("pages/import_wizard/dry_run.html", action=action, groups=groups.get("reasons", [])))
