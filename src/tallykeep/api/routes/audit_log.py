"""The audit log: who did what, or tried to. Each of a project's keys may read it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from tallykeep.api.auditing.schemas import AuditEntry, AuditLog
from tallykeep.api.dependencies.auth import FromManager
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.parameters import Limit, Timestamp
from tallykeep.api.openapi import answers, answers_file
from tallykeep.api.responses.answers import Json
from tallykeep.core import exact_json
from tallykeep.core.audit.events import Event, Outcome
from tallykeep.core.compatibility import OURS
from tallykeep.core.errors import InvalidQueryError
from tallykeep.formats.csv.writer import BYTE_ORDER_MARK, csv_lines, header_line
from tallykeep.tenants.audit.read import Wanted, get_entry, list_entries
from tallykeep.tenants.projects import Caller

router = APIRouter(prefix="/v1", tags=["Audit log"], default_response_class=Json)

_PART = 1_000
_COLUMNS = (
    "number", "id", "created_at", "event", "outcome", "door", "key_id", "key_kind", "token_id", "session_id", "address",
    "request_id", "action_id", "resource_type", "resource_id", "details", "project", "format", "previous_hash", "hash",
)  # fmt: skip
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")

Use = Annotated[
    Literal["spreadsheet"] | None,
    Query(alias="for", description="Put an apostrophe before cells that a spreadsheet would take for a formula."),
]


async def wanted_entries(
    event: Annotated[str | None, Query(description=f"Events, separated by commas, of {', '.join(Event)}.")] = None,
    key: Annotated[str | None, Query(description="Entries of this key, by its id.")] = None,
    outcome: Annotated[Outcome | None, Query(description="Entries with this outcome.")] = None,
    action_id: Annotated[str | None, Query(description="Entries about this action.")] = None,
    resource_id: Annotated[str | None, Query(description="Entries about this resource.")] = None,
    created_from: Annotated[Timestamp | None, Query(alias="from", description="At this moment or later.")] = None,
    created_before: Annotated[Timestamp | None, Query(alias="to", description="Before this moment.")] = None,
) -> Wanted:
    """Read which entries the query string asks for; raise InvalidQueryError."""
    return Wanted(
        events=_events(event),
        key_id=key or None,
        outcome=outcome,
        action_id=action_id or None,
        resource_id=resource_id or None,
        created_from=created_from,
        created_before=created_before,
    )


FromFilters = Annotated[Wanted, Depends(wanted_entries)]


def _events(text: str | None) -> tuple[Event, ...] | None:
    if text is None:
        return None
    names = sorted({name.strip() for name in text.split(",")})
    for name in names:
        if name not in list(Event):
            raise InvalidQueryError(f"Property .event must be one of {', '.join(Event)} (actual value is {name!r})")
    return tuple(map(Event, names))


@router.get("/audit-log", summary="List audit entries", openapi_extra=OURS | answers(AuditLog))
async def list_(
    context: FromContext,
    manager: FromManager,
    wanted: FromFilters,
    limit: Limit = 100,
    starting_after_id: Annotated[
        str | None, Query(description="The page after this entry: `more_starting_after` of the page before.")
    ] = None,
) -> Json:
    """List what was done in the project, and what was tried and refused, newest first. Filters can be combined.

    Entries that are not chained yet come first; see `number` and `hash`.
    """
    async with context.reading(manager, much=wanted.needs_scan).connection() as connection:
        page = replace(wanted, limit=limit, after_id=starting_after_id)
        return Json(await list_entries(connection, manager, page))


@router.get(
    "/audit-log.csv",
    summary="Download audit entries as CSV",
    response_class=StreamingResponse,
    openapi_extra=OURS | answers_file("text/csv"),
)
async def download(
    context: FromContext, manager: FromManager, wanted: FromFilters, use: Use = None
) -> StreamingResponse:
    """Return all entries that match the filters of the list, newest first; cells hold what the list shows."""
    headers = {"Content-Disposition": 'attachment; filename="audit-log.csv"'}
    lines = _lines(context, manager, wanted, escaped=use == "spreadsheet")
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/audit-log/{log_id}", summary="Get audit entry", openapi_extra=OURS | answers(AuditEntry))
async def get(context: FromContext, manager: FromManager, log_id: str) -> Json:
    """Get one entry by its id, such as an action's `log_id`."""
    async with context.reading(manager).connection() as connection:
        return Json(await get_entry(connection, manager, log_id))


async def _lines(context: Context, caller: Caller, wanted: Wanted, *, escaped: bool) -> AsyncIterator[str]:
    """Yield the file some lines at a time; between them no connection is held."""
    yield BYTE_ORDER_MARK + header_line(_COLUMNS)
    after_id: str | None = None
    while True:
        async with (
            context.slot(caller, context.shares.downloads),
            context.downloading(caller).connection() as connection,
        ):
            page = await list_entries(connection, caller, replace(wanted, limit=_PART, after_id=after_id))
        yield csv_lines([_cell(entry[name], escaped=escaped) for name in _COLUMNS] for entry in page["data"])
        after_id = page["more_starting_after"]
        if after_id is None:
            return


def _cell(value: Any, *, escaped: bool) -> str:
    if value is None:
        return ""
    text = exact_json.dumps(value).decode() if isinstance(value, dict) else str(value)
    return f"'{text}" if escaped and text.startswith(_FORMULAS) else text
