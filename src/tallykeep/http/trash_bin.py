"""The bin."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response

from tallykeep.compatibility import Compatibility
from tallykeep.http.answers import Json
from tallykeep.http.auth import FromCaller
from tallykeep.http.context import FromContext
from tallykeep.http.parameters import Limit
from tallykeep.resources.bin.entries import delete_from_bin, list_bin

router = APIRouter(prefix="/v1/trash-bin", tags=["Bin"], default_response_class=Json)

_LISTED = Compatibility(query=("limit", "order", "starting_after_id", "filters"))


@router.get("", summary="List bin entries", openapi_extra=_LISTED.extra)
async def list_(
    context: FromContext,
    caller: FromCaller,
    limit: Limit = 10,
    order: Literal["id", "-id"] = "-id",
    starting_after_id: str | None = None,
) -> Json:
    """What was deleted without force, newest first unless `order` says otherwise."""
    async with context.pool.connection() as connection:
        page = await list_bin(
            connection, caller.project_id, limit=limit, newest_first=order == "-id", after=starting_after_id
        )
    return Json(page)


@router.delete("/{entry_id}", status_code=204, summary="Delete bin entry")
async def delete(context: FromContext, caller: FromCaller, entry_id: str) -> Response:
    """Delete an entry for good."""
    async with context.pool.connection() as connection:
        await delete_from_bin(connection, caller.project_id, entry_id)
    return Response(status_code=204)
