"""The audit log: who did what, or tried to. It is for keys of admins."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from tallykeep.api.auditing.schemas import AuditEntry, AuditLog
from tallykeep.api.dependencies.auth import FromCaller, FromManagedProject
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.downloads import FromDownloading
from tallykeep.api.dependencies.parameters import FromReader, Limit, Timestamp
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers, answers_file
from tallykeep.api.responses.answers import Json
from tallykeep.api.responses.download import Download
from tallykeep.core import exact_json
from tallykeep.core.audit.events import Event, Outcome
from tallykeep.core.compatibility import OURS
from tallykeep.core.errors import InvalidQueryError
from tallykeep.formats.csv.writer import BYTE_ORDER_MARK, CsvLines, header_line
from tallykeep.tenants.audit.read import Wanted, get_entry, list_entries
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1", tags=["Audit log"], default_response_class=Json)
managed = APIRouter(prefix="/management/v1/projects/{project_id}", tags=["Audit log"], default_response_class=Json)

_READING = needs(Permission.AUDIT_LOG_READ, managing=True)
_PART = 1_000
_COLUMNS = (
    "number", "id", "created_at", "event", "outcome", "door", "key_id", "key_kind", "token_id", "session_id", "address",
    "request_id", "action_id", "resource_type", "resource_id", "details", "project", "format", "previous_hash", "hash",
)  # fmt: skip


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
After = Annotated[str | None, Query(description="The page after this entry: `more_starting_after` of the page before.")]


def _events(text: str | None) -> tuple[Event, ...] | None:
    if text is None:
        return None
    names = sorted({name.strip() for name in text.split(",")})
    for name in names:
        if name not in list(Event):
            raise InvalidQueryError(f"Property .event must be one of {', '.join(Event)} (actual value is {name!r})")
    return tuple(map(Event, names))


@router.get("/audit-log", summary="List audit entries", openapi_extra=_READING | OURS | answers(AuditLog))
async def list_(
    context: FromContext,
    caller: FromCaller,
    wanted: FromFilters,
    limit: Limit = 100,
    starting_after_id: After = None,
) -> Json:
    """List what was done in the project, and what was tried and refused, newest first. Filters can be combined.

    Entries that are not chained yet come first; see `number` and `hash`.
    """
    return await _page(context, caller, replace(wanted, limit=limit, after_id=starting_after_id))


@managed.get(
    "/audit-log",
    summary="List audit entries of a project",
    openapi_extra=needs(Permission.AUDIT_LOG_READ, only_managing=True, watching=True) | OURS | answers(AuditLog),
)
async def list_of_project(
    context: FromContext,
    manager: FromManagedProject,
    wanted: FromFilters,
    limit: Limit = 100,
    starting_after_id: After = None,
) -> Json:
    """List what was done in a project, as `GET /v1/audit-log` does in that of the key. Owners get that of deleted ones,
    too.
    """
    return await _page(context, manager, replace(wanted, limit=limit, after_id=starting_after_id))


async def _page(context: Context, caller: Caller, wanted: Wanted) -> Json:
    async with context.reading(caller, much=wanted.needs_scan).connection() as connection:
        return Json(await list_entries(connection, caller, wanted))


@router.get(
    "/audit-log.csv",
    summary="Download audit entries as CSV",
    response_class=Download,
    openapi_extra=_READING | OURS | answers_file("text/csv"),
)
async def download(
    context: FromContext, caller: FromCaller, downloading: FromDownloading, wanted: FromFilters, write: FromReader
) -> Download:
    """Return all entries that match the filters of the list, newest first; cells hold what the list shows."""
    lines = _lines(context, caller, wanted, write)
    return Download(lines, downloading, "text/csv; charset=utf-8", "audit-log.csv")


@router.get("/audit-log/{log_id}", summary="Get audit entry", openapi_extra=_READING | OURS | answers(AuditEntry))
async def get(context: FromContext, caller: FromCaller, log_id: str) -> Json:
    """Get one entry by its id, such as an action's `log_id`."""
    async with context.reading(caller).connection() as connection:
        return Json(await get_entry(connection, caller, log_id))


async def _lines(context: Context, caller: Caller, wanted: Wanted, write: CsvLines) -> AsyncIterator[str]:
    """Yield the file some lines at a time; between them no connection is held."""
    yield BYTE_ORDER_MARK + header_line(_COLUMNS, write=write)
    after_id: str | None = None
    while True:
        async with context.downloading(caller).connection() as connection:
            page = await list_entries(connection, caller, replace(wanted, limit=_PART, after_id=after_id))
        yield write([_cell(entry[name]) for name in _COLUMNS] for entry in page["data"])
        after_id = page["more_starting_after"]
        if after_id is None:
            return


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return exact_json.dumps(value).decode() if isinstance(value, dict) else str(value)
