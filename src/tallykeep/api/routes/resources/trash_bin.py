"""The bin."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.parameters import Limit, parameters_of
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.trash_bin import BinList
from tallykeep.core.compatibility import Compatibility
from tallykeep.resources.bin.entries import delete_from_bin, list_bin
from tallykeep.resources.bin.list_spec import BIN
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/trash-bin", tags=["Bin"], default_response_class=Json)

_LIST_COMPATIBILITY = Compatibility(query=("limit", "order", "starting_after_id", "filters"))


@router.get(
    "",
    summary="List bin entries",
    openapi_extra=needs(Permission.TRASH_BIN_READ) | parameters_of(BIN) | _LIST_COMPATIBILITY.extra | answers(BinList),
)
async def list_(
    request: Request,
    context: FromContext,
    caller: FromCaller,
    limit: Limit = 10,
    starting_after_id: Annotated[str | None, Query(description="List entries after this one.")] = None,
) -> Json:
    """List what was deleted without force, newest first unless `order` says otherwise."""
    selection = read_selection(BIN, request.query_params.multi_items())
    newest_first = request.query_params.get("order", BIN.default_order).startswith("-")
    async with context.reading(caller, much=selection.is_filtered).connection() as connection:
        page = await list_bin(
            connection,
            caller.project_id,
            selection,
            limit=limit,
            newest_first=newest_first,
            after=starting_after_id,
        )
    return Json(page)


@router.delete(
    "/{entry_id}", status_code=204, summary="Delete bin entry", openapi_extra=needs(Permission.TRASH_BIN_MANAGE)
)
async def delete(request: Request, context: FromContext, caller: FromCaller, entry_id: str) -> Response:
    """Delete an entry for good."""
    async with context.changing(request, caller) as connection:
        await delete_from_bin(connection, caller.project_id, entry_id)
    return Response(status_code=204)
