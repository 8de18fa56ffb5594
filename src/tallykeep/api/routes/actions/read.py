"""GET /v1/async-actions and the paths below it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.parameters import Limit, Timestamp
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers
from tallykeep.api.responses.answers import Json
from tallykeep.api.responses.entity_tags import Tagged, conditional
from tallykeep.api.routes.actions.wait import answer_in_the_end, answer_now
from tallykeep.api.schemas.actions import Action, ActionList, FailureList, ReasonList
from tallykeep.core.action import OperationStatus, Status
from tallykeep.core.compatibility import OURS, Compatibility
from tallykeep.core.errors import InvalidQueryError
from tallykeep.engine.downloads.source_rows import shown_source_rows
from tallykeep.engine.reading.action_reader import ADDED_FIELDS, ADDED_TO_ONE
from tallykeep.engine.reading.failures import page_of_failures, page_of_reasons
from tallykeep.engine.reading.list_actions import Failures, Wanted
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/async-actions", tags=["Async actions"], default_response_class=Json)

_READING = needs(Permission.ASYNC_ACTIONS_READ)
_LIST_COMPATIBILITY = Compatibility(query=("limit", "end_date"), added=(*ADDED_FIELDS, "more_starting_after"))
_SHOWN = Compatibility(
    query=(),
    added=(*ADDED_FIELDS, *ADDED_TO_ONE),
    adds=("a `result` while the action still runs, with counts from the first row on that has an outcome",),
    differs=("one that is ENQUEUED is given up to 150 ms to begin before it is shown",),
)

_OF = "Of {}; several with commas."
_STATUSES_OF = {
    OperationStatus.SUCCESS: {Status.DONE},
    OperationStatus.FAILED: {Status.FAILED},
    OperationStatus.UNKNOWN: {Status.ENQUEUED, Status.IN_PROGRESS},
}


async def wanted_actions(
    context: FromContext,
    type_: Annotated[str | None, Query(alias="type", description="Types, separated by commas.")] = None,
    status: Annotated[str | None, Query(description=_OF.format(", ".join(Status)))] = None,
    operation_status: Annotated[str | None, Query(description=_OF.format(", ".join(OperationStatus)))] = None,
    start_date: Annotated[Timestamp | None, Query(description="Actions scheduled at this moment or later.")] = None,
    end_date: Annotated[Timestamp | None, Query(description="Actions scheduled before this moment.")] = None,
    parent_id: Annotated[str | None, Query(description="Actions that were started from this one.")] = None,
    started_from: Annotated[Timestamp | None, Query(description="Actions started at this moment or later.")] = None,
    started_before: Annotated[Timestamp | None, Query(description="Actions started before this moment.")] = None,
    finished_from: Annotated[Timestamp | None, Query(description="Actions that ended at this moment or later.")] = None,
    finished_before: Annotated[Timestamp | None, Query(description="Actions that ended before this moment.")] = None,
    file_name: Annotated[str | None, Query(description="Actions whose file name contains this text.")] = None,
    failures: Annotated[
        Failures | None, Query(description="Actions whose rows failed: `none` of them, `some`, or `all`.")
    ] = None,
    starting_after_id: Annotated[
        str | None, Query(description="The page after this action: `more_starting_after` of the page before.")
    ] = None,
) -> Wanted:
    """Read which actions the query string asks for, however many; raise InvalidQueryError."""
    return Wanted(
        types=_among("type", type_, context.action_types),
        statuses=_statuses(status, operation_status),
        created_from=start_date,
        created_before=end_date,
        parent_id=parent_id,
        started_from=started_from,
        started_before=started_before,
        finished_from=finished_from,
        finished_before=finished_before,
        file_name=file_name or None,
        failures=failures,
        after_id=starting_after_id,
    )


FromFilters = Annotated[Wanted, Depends(wanted_actions)]


def _statuses(status: str | None, operation_status: str | None) -> frozenset[Status] | None:
    """Return the statuses that both filters leave."""
    chosen = _among("status", status, Status)
    outcomes = _among("operation_status", operation_status, OperationStatus)
    if chosen is None and outcomes is None:
        return None
    left = {Status(value) for value in chosen} if chosen is not None else set(Status)
    if outcomes is not None:
        left &= {status for outcome in outcomes for status in _STATUSES_OF[OperationStatus(outcome)]}
    return frozenset(left)


def _among(name: str, text: str | None, allowed: Iterable[str]) -> frozenset[str] | None:
    """Return the values of a filter; raise InvalidQueryError for one that it does not know."""
    if text is None:
        return None
    values, known = frozenset(value.strip() for value in text.split(",")), [str(value) for value in allowed]
    for value in sorted(values.difference(known)):
        raise InvalidQueryError(f"Property .{name} must be one of {', '.join(known)} (actual value is {value!r})")
    return values


@router.get(
    "", summary="List async actions", openapi_extra=_READING | _LIST_COMPATIBILITY.extra | conditional(ActionList)
)
async def list_actions(
    request: Request, context: FromContext, caller: FromCaller, wanted: FromFilters, limit: Limit = 10
) -> Response:
    """List the project's actions, newest first, without their results. Filters can be combined. Send
    `more_starting_after` as `starting_after_id` to get the next page; it is null on the last one. `fixed_count` is the
    number of the action's failed and unprocessed rows that its retries, and retries of these, have imported. A row that
    several retries imported counts once, by its `line`; rows without lines, and more than 50,000 rows, are not
    compared. `first_file_name` is the file name of the first action in the chain of retries.
    """
    async with context.reading(caller, much=wanted.needs_scan).connection() as connection:
        content = await context.reader.list_actions(connection, caller.project_id, replace(wanted, limit=limit))
    return Tagged(content).answer(request)


@router.get("/{action_id}", summary="Get async action", openapi_extra=_READING | _SHOWN.extra | conditional(Action))
async def get_action(
    request: Request,
    context: FromContext,
    caller: FromCaller,
    action_id: str,
    wait: Annotated[
        float, Query(ge=0, le=60, allow_inf_nan=False, description="Seconds to wait for the action's end, 0 to 60.")
    ] = 0,
) -> Response:
    """Return one action with its result. While the action runs, the result holds what is known so far; it has no counts
    before the first row has an outcome. With `wait`, the answer comes as soon as the action has ended, or after that
    many seconds at the latest. Without it, an action that is ENQUEUED is given up to 150 ms to begin.
    """
    if wait:
        answer = await answer_in_the_end(request, context, caller, action_id, wait)
    else:
        answer = await answer_now(request, context, caller, action_id)
    return answer.answer(request)


@router.get(
    "/{action_id}/failures",
    summary="List failed rows",
    openapi_extra=_READING | OURS | answers(FailureList, ReasonList),
)
async def list_failures(
    context: FromContext,
    caller: FromCaller,
    action_id: str,
    limit: Limit = 100,
    after_row: Annotated[int, Query(ge=0, description="List rows after this one.")] = 0,
    reason: Annotated[
        str | None, Query(description="Only rows that failed with this reason, with or without the value in it.")
    ] = None,
    group_by: Annotated[Literal["reason"] | None, Query(description="Count by reason instead.")] = None,
    source_rows: Annotated[bool, Query(description="Also show the rows' content.")] = False,
) -> Json:
    """List every failed row with its number, key and reason; or the reasons with their counts and first rows.
    `failures_kept` is false once the failed rows were removed because of their age: then the list is empty, but the
    action's counts stay. With `source_rows`, a row of a CSV file shows its `cells`, with their titles in `columns`;
    other rows, and lines that cannot be read, show their `text` as it was sent.
    """
    key = (caller.project_id, action_id)
    async with context.reading(caller, much=group_by is not None or reason is not None).connection() as connection:
        if group_by == "reason":
            return Json(await page_of_reasons(connection, *key, limit=limit, reason=reason))
        page = await page_of_failures(connection, *key, limit=limit, after_row=after_row, reason=reason)
    return Json(await _with_rows(context, caller, action_id, page) if source_rows else page)


async def _with_rows(context: Context, caller: Caller, action_id: str, page: dict[str, Any]) -> dict[str, Any]:
    source = (await context.controlling(caller).find(caller.project_id, action_id)).source
    rows = [failure["row"] for failure in page["failures"]]
    source_rows: dict[int, dict[str, Any]] = {}
    if rows and source.format != "planned":
        source_rows = await shown_source_rows(
            context.reading(caller, much=True), caller.project_id, action_id, source, rows
        )
    failures = [{**failure, **source_rows.get(failure["row"], {})} for failure in page["failures"]]
    return {**page, "failures": failures, "columns": source.header}
