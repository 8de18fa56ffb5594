"""Endpoints that act on all actions matching the filters of their list: cancel them, retry their failed rows."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.auditing.middleware import count_refused_part
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.permissions import needs, require
from tallykeep.api.openapi import answers
from tallykeep.api.requests.upload import submission
from tallykeep.api.responses.answers import Json
from tallykeep.api.routes.actions.control import canceling
from tallykeep.api.routes.actions.read import FromFilters
from tallykeep.api.schemas.actions import CanceledMatching, RetriedMatching
from tallykeep.catalog.contents import submits
from tallykeep.core.compatibility import OURS
from tallykeep.core.errors import RequestError
from tallykeep.core.ids import new_id, wire_time
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.db.clock import database_time
from tallykeep.engine.managing.action_control import target_parameters
from tallykeep.engine.reading.list_actions import Wanted, find_cancelable, find_retryable
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/async-actions", tags=["Async actions"], default_response_class=Json)

_MANAGING = needs(Permission.ASYNC_ACTIONS_MANAGE)

HowMany = Annotated[int, Query(ge=1, le=1000, description="How many actions at most, 1 to 1000, the newest first.")]
DryRun = Annotated[bool, Query(description="Only say which actions match.")]

_Deed = Callable[[str], Awaitable[dict[str, Any]]]


async def _matching(wanted: FromFilters, limit: HowMany = 100) -> Wanted:
    return replace(wanted, limit=limit)


FromMatching = Annotated[Wanted, Depends(_matching)]


@router.post("/cancel", summary="Cancel all that match", openapi_extra=_MANAGING | OURS | answers(CanceledMatching))
async def cancel_all(
    request: Request, context: FromContext, caller: FromCaller, wanted: FromMatching, dry_run: DryRun = False
) -> Json:
    """Cancel every running action that matches the filters of the list, exactly as if each were canceled by itself.
    `has_more` is true if more than `limit` actions match: repeat the request for the rest. Send `as_of` as `end_date`
    to leave actions alone that are submitted later.
    """
    never = [action_type.name for action_type in context.action_types.values() if action_type.deletes]
    async with context.reading(caller, much=True).connection() as connection:
        as_of = await database_time(connection)
        action_ids, has_more = await find_cancelable(connection, caller.project_id, wanted, never)

    async def cancel(action_id: str) -> dict[str, Any]:
        entry = canceling(request, caller, action_id)
        await context.controlling(caller).cancel(caller.project_id, action_id, caller.key_id, entry)
        return {"id": action_id}

    done = await _done_to(request, [] if dry_run else action_ids, cancel)
    return _answer(done, action_ids, has_more, dry_run, as_of)


@router.post(
    "/retry",
    summary="Retry the failed rows of all that match",
    openapi_extra=_MANAGING | OURS | answers(RetriedMatching),
)
async def retry_all(
    request: Request, context: FromContext, caller: FromCaller, wanted: FromMatching, dry_run: DryRun = False
) -> Json:
    """Retry the failed rows of every ended action that matches the filters of the list, except dry runs and actions
    that were retried before. Those that the caller may not submit are refused. `has_more` is true if more than `limit`
    actions match: repeat the request for the rest.
    """
    async with context.reading(caller, much=True).connection() as connection:
        as_of = await database_time(connection)
        action_ids, has_more = await find_retryable(connection, caller.project_id, wanted)

    async def retry(action_id: str) -> dict[str, Any]:
        return {"id": action_id, "async_action_id": await _retry(request, context, caller, action_id)}

    done = await _done_to(request, [] if dry_run else action_ids, retry)
    return _answer(done, action_ids, has_more, dry_run, as_of)


async def _retry(request: Request, context: Context, caller: Caller, action_id: str) -> str:
    controller = await context.retrying(caller)
    parent = await controller.find(caller.project_id, action_id)
    require(caller, submits(parent.action_type))
    submitted = submission(request, caller, parent.action_type, target_parameters(parent.source), parent_id=action_id)
    # Neither a key nor an entry can stand for several actions.
    entry = replace(attempt_of(request).entry(caller), id=new_id("log_"))
    submitted = replace(submitted, idempotency_key=None, entry=entry)
    accepted = await controller.retry(parent, submitted, SubmissionOptions(), None, unprocessed=False)
    return accepted.action_id


async def _done_to(request: Request, action_ids: list[str], deed: _Deed) -> dict[str, Any]:
    """Do it to one action after another; list those to which it could not be done, with the reason.

    The audit log is told of each of these as well.
    """
    done: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for action_id in action_ids:
        try:
            done.append(await deed(action_id))
        except RequestError as error:
            count_refused_part(request, action_id, error)
            refused.append({"id": action_id, "details": error.details})
    return {"done": done, "refused": refused}


def _answer(done: dict[str, Any], action_ids: list[str], has_more: bool, dry_run: bool, as_of: datetime) -> Json:
    matched = {"matched_count": len(action_ids), "has_more": has_more, "as_of": wire_time(as_of)}
    return Json({**matched, "dry_run": dry_run, **done})
