"""A project's keys. Each of them may manage all of them; the reference API has this in its dashboard alone."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromManager
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.project_keys import CreatedKey, KeyList, NewKey
from tallykeep.core.compatibility import OURS
from tallykeep.tenants import keys
from tallykeep.tenants.projects import KeyKind

router = APIRouter(prefix="/v1/keys", tags=["Keys"], default_response_class=Json)

Kind = Annotated[KeyKind | None, Query(description="Needed only where two kinds of keys have this id.")]


@router.get("", summary="List keys", openapi_extra=OURS | answers(KeyList))
async def list_(context: FromContext, manager: FromManager) -> Json:
    """List the project's keys, oldest first, without their tokens. `current` marks the key of this request."""
    async with context.reading(manager).connection() as connection:
        return Json(await keys.list_keys(connection, manager))


@router.post(
    "",
    summary="Create key",
    openapi_extra=OURS | takes(NewKey, required=False) | answers(CreatedKey),
)
async def create(request: Request, context: FromContext, manager: FromManager) -> Json:
    """Create a key for the project. Its `token` is in this answer only: it is not stored."""
    body = await json_object(request, context.settings.max_row_bytes, may_be_empty=True)
    async with context.changing(request, manager) as connection:
        created = await keys.create_key(connection, manager, body)
        attempt_of(request).about(created["id"], kind=created["kind"], name=created["name"])
    return Json(created)


@router.delete("/{key_id:path}", status_code=204, summary="Revoke key", openapi_extra=OURS)
async def revoke(
    request: Request, context: FromContext, manager: FromManager, key_id: str, kind: Kind = None
) -> Response:
    """Revoke a key, from the next request on; if several processes serve the API, within a second.

    The key that asks is refused with a 409: so one always works.
    """
    async with context.changing(request, manager) as connection:
        attempt_of(request).about(kind=await keys.revoke_key(connection, manager, key_id, kind))
    context.key_cache.clear()
    return Response(status_code=204)
