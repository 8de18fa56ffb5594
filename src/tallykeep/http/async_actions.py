"""GET /v1/async-actions and what hangs below it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from tallykeep.compatibility import OURS, Compatibility
from tallykeep.engine.read import ADDED_ALONE, ADDED_FIELDS
from tallykeep.http.answers import Json
from tallykeep.http.auth import FromCaller
from tallykeep.http.context import FromContext
from tallykeep.http.parameters import Limit, Moment

router = APIRouter(prefix="/v1/async-actions", tags=["Async actions"], default_response_class=Json)

_LISTED = Compatibility(query=("limit", "end_date"), added=ADDED_FIELDS)
SHOWN = Compatibility(query=(), added=(*ADDED_FIELDS, *ADDED_ALONE), adds=("a `result` while the action still runs",))


@router.get("", summary="List async actions", openapi_extra=_LISTED.extra)
async def list_actions(
    context: FromContext, caller: FromCaller, limit: Limit = 10, end_date: Moment | None = None
) -> Json:
    """The project's actions, newest first, without their results; `end_date` keeps those scheduled before it."""
    async with context.pool.connection() as connection:
        return Json(await context.reader.list_actions(connection, caller.project_id, limit=limit, before=end_date))


@router.get("/{action_id}", summary="Get async action", openapi_extra=SHOWN.extra)
async def get_action(request: Request, context: FromContext, caller: FromCaller, action_id: str) -> Json:
    """One action with its result; while it runs, the result holds what is known so far."""
    async with context.pool.connection() as connection:
        links = context.report_links(request)
        return Json(await context.reader.get_action(connection, caller.project_id, action_id, links))


@router.get("/{action_id}/failures", summary="List failed rows", openapi_extra=OURS)
async def list_failures(
    context: FromContext,
    caller: FromCaller,
    action_id: str,
    limit: Limit = 100,
    after_row: Annotated[int, Query(ge=0, description="Go on behind this row.")] = 0,
    group_by: Annotated[Literal["reason"] | None, Query(description="Count by reason instead.")] = None,
) -> Json:
    """Every failed row with its number, key and reason; or the reasons with their counts and first rows."""
    key = (caller.project_id, action_id)
    async with context.pool.connection() as connection:
        if group_by == "reason":
            return Json(await context.reader.list_reasons(connection, *key, limit=limit))
        return Json(await context.reader.list_failures(connection, *key, limit=limit, after_row=after_row))
