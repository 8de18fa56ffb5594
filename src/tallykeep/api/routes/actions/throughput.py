"""How the work goes: batches of an action, rows a minute of a project."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.parameters import Limit
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.actions import BatchList, Throughput
from tallykeep.core.compatibility import OURS
from tallykeep.db.connections.pool import one_timestamp
from tallykeep.engine.reading import throughput
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1", tags=["Async actions"], default_response_class=Json)

_READING = needs(Permission.ASYNC_ACTIONS_READ)
Minutes = Annotated[int, Query(ge=1, le=1440, description="How many minutes up to now, 1 to 1440.")]


@router.get("/throughput", summary="Get rows by minute", openapi_extra=_READING | OURS | answers(Throughput))
async def rows_by_minute(context: FromContext, caller: FromCaller, minutes: Minutes = 60) -> Json:
    """Count the project's rows that were done, and those that failed, in each of the last minutes. Rows of dry runs,
    and rows removed because of their age, are not counted.
    """
    async with context.reading(caller, much=True).connection() as connection:
        return Json(await throughput.rows_by_minute(connection, caller.project_id, minutes))


@router.get(
    "/async-actions/{action_id}/batches", summary="List batches", openapi_extra=_READING | OURS | answers(BatchList)
)
async def list_batches(
    request: Request,
    context: FromContext,
    caller: FromCaller,
    action_id: str,
    limit: Limit = 100,
    after_row: Annotated[int, Query(ge=0, description="Batches that begin after this row.")] = 0,
    with_action: Annotated[
        bool, Query(description="Include the action, read at the same moment, as `async_action`.")
    ] = False,
) -> Json:
    """List the action's batches with their counts; each is written in one transaction. `attempts` is over 0 while a
    worker has an open batch in hand. `batches_kept` is false once they were removed because of their age.
    """
    key = (caller.project_id, action_id)
    async with context.reading(caller).connection() as connection, one_timestamp(connection):
        page = await throughput.list_batches(connection, *key, limit=limit, after_row=after_row)
        if with_action:
            page["async_action"] = await context.reader.get_action(
                connection, *key, context.report_links(request, caller)
            )
        return Json(page)
