"""Endpoints that act on one action: cancel it, retry its failed rows, download them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.downloads import FromDownloading
from tallykeep.api.dependencies.parameters import FromReader
from tallykeep.api.dependencies.permissions import needs, require
from tallykeep.api.openapi import answers, answers_file
from tallykeep.api.requests.bodies import has_body, upload_slot
from tallykeep.api.requests.submission_options import PARAMETERS, parameter, read_submission_options
from tallykeep.api.requests.upload import CorrectedUpload, submission
from tallykeep.api.responses.answers import Json, answer_accepted
from tallykeep.api.responses.download import Download
from tallykeep.api.routes.submissions import RETRY_BODY, media_types
from tallykeep.api.schemas.actions import Action
from tallykeep.api.schemas.values import AcceptedAction
from tallykeep.catalog.contents import submits
from tallykeep.core.action_type import ActionType
from tallykeep.core.audit.entry import Entry
from tallykeep.core.batch import Source
from tallykeep.core.compatibility import OURS
from tallykeep.core.errors import ConflictError, InvalidQueryError
from tallykeep.core.ids import new_id
from tallykeep.core.options.declaration import Option
from tallykeep.core.options.submission_options import OPTIONS
from tallykeep.engine.downloads.failed_rows import FailedRows, as_csv, as_ndjson, failed_rows
from tallykeep.engine.downloads.source_rows import as_source_file, as_spreadsheet
from tallykeep.engine.managing.action_control import target_parameters
from tallykeep.formats.csv.formulas import spreadsheet_lines
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/async-actions", tags=["Async actions"], default_response_class=Json)

_READING, _MANAGING = needs(Permission.ASYNC_ACTIONS_READ), needs(Permission.ASYNC_ACTIONS_MANAGE)
_FILE_TYPES = {
    "csv": ("text/csv; charset=utf-8", ".csv"),
    "json": ("application/json", ".json"),
    "ndjson": ("application/x-ndjson", ".ndjson"),
}


def _as_before(option: Option) -> dict[str, Any]:
    return {**parameter(option), "description": f"{option.description} Left out, that of the first action."}


Unprocessed = Annotated[bool, Query(description="Include the rows that have no outcome.")]


@router.post("/{action_id}/cancel", summary="Cancel async action", openapi_extra=_MANAGING | OURS | answers(Action))
async def cancel(request: Request, context: FromContext, caller: FromCaller, action_id: str) -> Json:
    """End an action now: rows done stay done, the others are counted as unprocessed. Ours: the reference API cannot."""
    entry = canceling(request, caller, action_id)
    await context.controlling(caller).cancel(caller.project_id, action_id, caller.key_id, entry)
    async with context.reading(caller).connection() as connection:
        links = context.report_links(request, caller)
        return Json(await context.reader.get_action(connection, caller.project_id, action_id, links))


def canceling(request: Request, caller: Caller, action_id: str) -> Entry:
    """Return the entry of one action's cancellation; a request may cancel many."""
    entry = attempt_of(request).entry(caller)
    return replace(entry, id=new_id("log_"), resource_id=action_id, action_id=action_id)


@router.post(
    "/{action_id}/retry",
    status_code=202,
    summary="Retry failed rows",
    openapi_extra={
        **_MANAGING,
        **OURS,
        "parameters": [*PARAMETERS, *(_as_before(option) for option in OPTIONS.values() if option.carried)],
        "requestBody": RETRY_BODY,
        **answers(AcceptedAction, code=202),
    },
)
async def retry(
    request: Request, context: FromContext, caller: FromCaller, action_id: str, include_unprocessed: Unprocessed = False
) -> Json:
    """Start a new action with only the failed rows, or with the corrected rows of a body in the first one's format.

    Takes the permission to submit such an action, too.
    """
    controller = await context.retrying(caller)
    parent = await controller.find(caller.project_id, action_id)
    require(caller, submits(parent.action_type))
    upload = None
    if has_body(request):
        upload = _corrected(request, parent.action_type, context, caller)
    parameters = target_parameters(parent.source)
    submitted = submission(
        request, caller, parent.action_type, parameters, body=include_unprocessed, parent_id=action_id
    )
    submission_options = read_submission_options(request.query_params)
    async with upload_slot(request, context, caller):
        accepted = await controller.retry(
            parent, submitted, submission_options, upload, unprocessed=include_unprocessed
        )
    return answer_accepted(accepted, 202)


def _corrected(request: Request, action_type: ActionType, context: Context, caller: Caller) -> CorrectedUpload:
    aside = context.aside.of(caller.project_id)
    return CorrectedUpload(request, media_types(action_type), context.settings, aside, no_body=action_type.no_body)


@router.get(
    "/{action_id}/failures.csv",
    summary="Download failed rows as CSV",
    response_class=Download,
    openapi_extra=_READING | OURS | answers_file("text/csv"),
)
async def failures_csv(
    context: FromContext,
    caller: FromCaller,
    downloading: FromDownloading,
    action_id: str,
    write: FromReader,
    include_unprocessed: Unprocessed = False,
) -> Download:
    """Return the failed rows as they were sent, with the columns `row`, `line` and `reason`.

    The file can be imported again as it is; one for a spreadsheet (`for=spreadsheet`) cannot.
    """
    source, rows = await _failed(context, caller, action_id, include_unprocessed)
    lines = as_csv(rows, source, write)
    return Download(lines, downloading, "text/csv; charset=utf-8", f"{action_id}-failures.csv")


@router.get(
    "/{action_id}/failures.ndjson",
    summary="Download failed rows as NDJSON",
    response_class=Download,
    openapi_extra=_READING | OURS | answers_file("application/x-ndjson"),
)
async def failures_ndjson(
    context: FromContext,
    caller: FromCaller,
    downloading: FromDownloading,
    action_id: str,
    include_unprocessed: Unprocessed = False,
) -> Download:
    """Return the failed rows as they were sent, one JSON value a line; importable again wherever JSON is accepted."""
    source, rows = await _failed(context, caller, action_id, include_unprocessed)
    return Download(as_ndjson(rows(), source), downloading, "application/x-ndjson", f"{action_id}-failures.ndjson")


@router.get(
    "/{action_id}/file",
    summary="Download the rows as sent",
    response_class=Download,
    openapi_extra=_READING | OURS | answers_file("text/csv", "application/json", "application/x-ndjson"),
)
async def source_file(
    context: FromContext, caller: FromCaller, downloading: FromDownloading, action_id: str, write: FromReader
) -> Download:
    """Return all rows as they were sent, in UTF-8 and uncompressed, a workbook as CSV.

    The header is the one that the file came with. `for=spreadsheet` is for files; rows of JSON are refused.
    """
    parent = await context.controlling(caller).find(caller.project_id, action_id)
    parent.require_rows()
    if parent.source.format == "planned":
        raise ConflictError(f"The action {action_id} was sent no rows")
    media_type, ending = _FILE_TYPES[parent.source.format]
    is_for_spreadsheet = write is spreadsheet_lines
    if is_for_spreadsheet and parent.source.format != "csv":
        raise InvalidQueryError("Property .for: the rows came as JSON, which no spreadsheet opens; leave it out")
    content = (as_spreadsheet if is_for_spreadsheet else as_source_file)(
        context.downloading(caller), caller.project_id, action_id, parent.source
    )
    return Download(content, downloading, media_type, f"{action_id}{ending}")


async def _failed(
    context: Context, caller: Caller, action_id: str, unprocessed: bool
) -> tuple[Source, Callable[[], FailedRows]]:
    parent = await context.controlling(caller).find(caller.project_id, action_id)
    parent.require_rows()

    def rows() -> FailedRows:
        return failed_rows(
            context.downloading(caller), caller.project_id, action_id, parent.source, unprocessed=unprocessed
        )

    return parent.source, rows
