"""A project's keys, managed by those that may; the reference API has this in its dashboard alone."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.permissions import any_key, lacking, needs
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.project_keys import CreatedKey, CurrentKey, Key, KeyList, KeyRotation, KeyUpdate, NewKey
from tallykeep.core.compatibility import OURS
from tallykeep.tenants import keys
from tallykeep.tenants.callers import KeyKind
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/keys", tags=["Keys"], default_response_class=Json)

_MANAGING = needs(Permission.KEYS_MANAGE, managing=True)

_OWN = any_key("a key may know what it may do", managing=True)

_DETAILS = ("kind", "name", "role", "scopes", "addresses", "expires_at")

Kind = Annotated[KeyKind | None, Query(description="Needed only where keys of two kinds have this id.")]


@router.get("", summary="List keys", openapi_extra=needs(Permission.KEYS_READ, managing=True) | OURS | answers(KeyList))
async def list_(context: FromContext, caller: FromCaller) -> Json:
    """List the project's keys, oldest first, without their tokens. `current` marks the key of this request.
    `last_used_at` is at most a minute behind.
    """
    async with context.reading(caller).connection() as connection:
        return Json(await keys.list_keys(connection, caller))


@router.get("/current", summary="Get own permissions", openapi_extra=_OWN | OURS | answers(CurrentKey))
async def get_current(caller: FromCaller) -> Json:
    """Tell which project the key of this request is of, what it may do, and why not the rest. The dashboard shows no
    more than that.
    """
    grant = caller.grant
    lacked = [each for each in Permission if each not in grant.permissions]
    return Json(
        {
            "id": grant.key_id,
            "project_id": grant.project,
            "kind": grant.key_kind,
            "role": grant.role,
            "permissions": [each for each in Permission if each in grant.permissions],
            "lacking": [{"permission": each, "why": lacking(grant, each).details} for each in lacked],
            "object": "current_key",
        }
    )


@router.post(
    "",
    summary="Create key",
    openapi_extra=_MANAGING | OURS | takes(NewKey) | answers(CreatedKey),
)
async def create(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Create a key for the project, with the role that the body says. Its `token` is in this answer only: it is not
    stored. No key can create one that can do more than itself, and no token of OAuth creates, changes or rotates any;
    keys of the management API are created with one of them.
    """
    body = await json_object(request, context.settings.max_row_bytes, may_be_empty=True)
    async with context.changing(request, caller) as connection:
        created = await keys.create_key(connection, caller, body)
        attempt_of(request).about(created["id"], **_details(created))
    return Json(created)


@router.put("/{key_id:slashed}", summary="Change key", openapi_extra=_MANAGING | OURS | takes(KeyUpdate) | answers(Key))
async def change(request: Request, context: FromContext, caller: FromCaller, key_id: str, kind: Kind = None) -> Json:
    """Change what a key is called, may do, and from where and until when, from the next request on; fields left out
    stay. The key that asks can only change its name.
    """
    body = await json_object(request, context.settings.max_row_bytes)
    async with context.changing(request, caller) as connection:
        changed, is_unchanged = await keys.change_key(connection, caller, key_id, kind, body)
        attempt_of(request).about(changed["id"], **_details(changed), unchanged=is_unchanged or None)
    context.key_cache.clear()
    return Json(changed)


@router.post(
    "/{key_id:slashed}/rotate",
    summary="Rotate key",
    openapi_extra=_MANAGING | OURS | takes(KeyRotation, required=False) | answers(CreatedKey),
)
async def rotate(request: Request, context: FromContext, caller: FromCaller, key_id: str, kind: Kind = None) -> Json:
    """Give a key another token, which is in this answer only. The token before stays valid for `overlap_seconds` more,
    a day unless given. While such an overlap lasts, a key is rotated with `end_previous_token` alone (409 without): the
    older token ends at once then. The id stays, and so do tokens of OAuth that the key was given.
    """
    body = await json_object(request, context.settings.max_row_bytes, may_be_empty=True)
    async with context.changing(request, caller) as connection:
        rotated = await keys.rotate_key(connection, caller, key_id, kind, body)
        details = {name: rotated[name] for name in ("kind", "name", "previous_token_until")}
        attempt_of(request).about(rotated["id"], **details)
    context.key_cache.clear()
    return Json(rotated)


@router.delete("/{key_id:slashed}", status_code=204, summary="Revoke key", openapi_extra=_MANAGING | OURS)
async def revoke(
    request: Request, context: FromContext, caller: FromCaller, key_id: str, kind: Kind = None
) -> Response:
    """Revoke a key and its tokens, from the next request on; if several processes serve the API, within a second.

    The key that asks is refused with a 409: so one always works.
    """
    async with context.changing(request, caller) as connection:
        attempt_of(request).about(kind=await keys.revoke_key(connection, caller, key_id, kind))
    context.key_cache.clear()
    return Response(status_code=204)


def _details(key: dict[str, Any]) -> dict[str, Any]:
    """Return what the audit log tells of a key: what it may do, and from where and until when."""
    return {name: key[name] for name in _DETAILS}
