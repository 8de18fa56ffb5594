"""Importing a file: a look at its beginning, its columns, its first rows; a dry run; the import.

The file stays in the reader's browser until then (static/import.js): only its beginning is posted to be looked at.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import FormData, UploadFile

from tallykeep import exact_json
from tallykeep.dashboard.api import RefusedError, segment
from tallykeep.dashboard.pages import fragment, page
from tallykeep.dashboard.values import constants, further, translations, wishes_of
from tallykeep.dashboard.visit import FromVisit, Visit
from tallykeep.model import normal_title

router = APIRouter()

KINDS = {
    "vouchers": "Vouchers",
    "campaign-vouchers": "Vouchers of a campaign",
    "customers": "Customers",
    "products": "Products",
    "skus": "SKUs",
    "orders": "Orders",
}
FORMATS = {"csv": "CSV", "xlsx": "Excel workbook", "json": "JSON", "ndjson": "JSON, one row a line"}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252, Western Europe",
    "cp1250": "Windows-1250, Central Europe",
    "cp1251": "Windows-1251, Cyrillic",
    "iso8859-15": "ISO 8859-15, Western Europe",
    "utf-16": "UTF-16",
    "cp932": "Windows-932, Japanese",
    "gb18030": "GB 18030, Chinese",
}
_PROBLEM = "X-Problem"  # marks an answer that only tells what is wrong
_LEFT_OUT, _FIELD = "out", "field:"
_SURE, _LIKELY = 0.75, 0.4
_KNOWN_ENOUGH = 0.5  # of the columns; with fewer, and without what every row needs, the kind is asked for


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a column may be used for."""

    value: str
    label: str
    chosen: bool


@router.get("/imports")
async def choose_file(request: Request, visit: FromVisit, kind: str = "", campaign: str = "") -> Response:
    """Where an import begins; `kind` and `campaign` are known to who comes from a campaign."""
    offered = await visit.api.get("/v1/imports")
    known = {"kind": kind if kind in KINDS else "", "campaign": campaign}
    return page(request, "imports/import.html", offered=offered, kinds=KINDS, known=known, key=secrets.token_hex(16))


@router.get("/imports/template/{kind}")
async def template(visit: FromVisit, kind: str) -> Response:
    """An empty file with the right header."""
    async with visit.api.stream("GET", f"/v1/templates/csv/{segment(kind)}") as answer:
        return Response(
            await answer.aread(),
            media_type="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{kind}.csv"'},
        )


@router.post("/imports/preview")
async def look(request: Request, visit: FromVisit) -> Response:
    """A look at the beginning of a file, as a part of the page; what is wrong with it, where it cannot be read."""
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile):
        return _problem("Choose a file first.")
    try:
        seen = await visit.api.ask(
            "POST", "/v1/imports/preview", data=_asked(form), files={"file": (file.filename, file.file)}
        )
        if not form.get("kind") and _is_a_guess(seen):
            return HTMLResponse(fragment("imports/unknown.html", seen=seen, kinds=KINDS, formats=FORMATS))
        campaigns = await _campaigns(visit) if seen["kind"] == "campaign-vouchers" else []
    except RefusedError as refused:
        return _problem(refused.details or str(refused))
    given = constants(seen, form)
    shown = {
        "seen": seen,
        "translations": translations(seen, form),
        "constants": given,
        "further": further(seen, given),
        "values": exact_json.dumps(seen["values"]).decode(),
        "defaults": exact_json.dumps(seen["defaults"]).decode(),
        "sure": _sureness(seen, chosen=bool(form.get("kind"))),
        "columns": [(column, _choices(seen, column)) for column in seen["columns"]],
        "campaign": form.get("campaign") or "",
        "campaigns": campaigns,
        "mapping": exact_json.dumps(seen["mapping"]).decode(),
        "on_error": form.get("on_error") or "continue",
    }
    names = {"kinds": KINDS, "formats": FORMATS, "delimiters": DELIMITERS}
    return HTMLResponse(fragment("imports/look.html", **shown, **names, encodings=_encodings(seen["encoding"])))


def _problem(details: str) -> Response:
    # Not an error of the page's: what was asked is how the file looks.
    return HTMLResponse(fragment("imports/problem.html", details=details), headers={_PROBLEM: "true"})


def _asked(form: FormData) -> dict[str, str]:
    """The preview's parameters, of what the wizard's form holds."""
    names = ("kind", "campaign", "delimiter", "charset", "partial")
    asked = {name: str(form[name]) for name in names if form.get(name)}
    titles = {name.removeprefix("title-"): str(title) for name, title in form.items() if name.startswith("title-")}
    if titles:
        asked["mapping"] = exact_json.dumps(_mapping(form, titles)).decode()
    return asked | wishes_of(form)


def _mapping(form: FormData, titles: dict[str, str]) -> dict[str, str | None]:
    mapping: dict[str, str | None] = {}
    for index, title in titles.items():
        use = str(form.get(f"column-{index}", ""))
        if use == _LEFT_OUT:
            mapping[title] = None
        elif use.startswith(_FIELD) and normal_title(use.removeprefix(_FIELD)) != normal_title(title):
            mapping[title] = use.removeprefix(_FIELD)
    return mapping


def _choices(seen: dict[str, Any], column: dict[str, Any]) -> list[Choice]:
    """What a column may be used for: as its title says, as any field, or not at all."""
    if seen["format"] not in ("csv", "xlsx") or not column["title"]:
        return []
    own = next((field["title"] for field in seen["fields"] if _is_called(column["title"], field)), None)
    as_metadata = [Choice("", f"Metadata: {column['title']}", column["use"] == "metadata")] if own is None else []
    fields = [
        Choice(_FIELD + field["title"], field["title"] + (" (required)" if field["required"] else ""),
               column["use"] == "field" and column["target"] == field["title"])
        for field in seen["fields"]
    ]  # fmt: skip
    return [*as_metadata, *fields, Choice(_LEFT_OUT, "Leave it out", column["use"] == "left_out")]


def _is_called(title: str, field: dict[str, Any]) -> bool:
    return normal_title(title) in map(normal_title, (field["title"], *field["others"]))


def _is_a_guess(seen: dict[str, Any]) -> bool:
    """Whether the likeliest kind is too unlikely to go on without asking."""
    found = next(each for each in seen["kinds"] if each["kind"] == seen["kind"])
    if seen["format"] not in ("csv", "xlsx"):
        return bool(found["confidence"] < _LIKELY)
    named = [column for column in seen["columns"] if column["title"].strip()]
    known = sum(column["use"] == "field" for column in named)
    needs = any(field["required"] for field in seen["fields"])
    return known < _KNOWN_ENOUGH * len(named) and (bool(seen["missing"]) or not needs)


def _sureness(seen: dict[str, Any], *, chosen: bool) -> str:
    found = next(each for each in seen["kinds"] if each["kind"] == seen["kind"])
    if chosen:
        return f"As you chose: {found['reason']}."
    if found["confidence"] >= _SURE:
        return f"By its columns: {found['reason']}."
    if found["confidence"] >= _LIKELY:
        return f"Likely: {found['reason']}."
    return f"A guess: {found['reason']}. Choose what the rows are."


def _encodings(found: str) -> dict[str, str]:
    return ENCODINGS if found in ENCODINGS else {found: found, **ENCODINGS}


async def _campaigns(visit: Visit) -> list[str]:
    found = await visit.api.get("/v1/campaigns", limit=100)
    return [campaign["name"] for campaign in found["campaigns"]]


@router.post("/imports/start")
async def start(request: Request, visit: FromVisit, kind: str, rows: str = "csv", campaign: str = "") -> Response:
    """Send the file on as it comes, to where rows of this kind are imported; answers with the task, or the problem."""
    offered = (await visit.api.get("/v1/imports"))["data"]
    paths = {each["kind"]: each["json_path" if rows == "json" else "path"] for each in offered}
    path = paths.get(kind)
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
async def trial(visit: FromVisit, action_id: str) -> Response:
    """How a dry run stands, and its failures by reason: a part of the page that asks again until it has ended."""
    path = f"/v1/async-actions/{segment(action_id)}"
    action = await visit.api.get(path)
    groups = await visit.api.get(f"{path}/failures", group_by="reason", limit=20) if action["failed_count"] else {}
    return HTMLResponse(fragment("imports/trial.html", action=action, groups=groups.get("reasons", [])))
