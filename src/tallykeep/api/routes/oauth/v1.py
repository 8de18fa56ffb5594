"""Tokens of OAuth as the reference API's first version has them: asked for with the application's keys.

Where that differs from RFC 6749, 7009 and 7662, the reference API's wire format is kept (reference: oauth.json).
"""

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.permissions import any_key
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import require_media_type
from tallykeep.api.requests.urlencoded import URLENCODED, read_parameters
from tallykeep.api.responses.answers import Json
from tallykeep.api.responses.oauth_errors import NO_STORE
from tallykeep.api.schemas.project_keys import (
    AccessToken,
    InactiveToken,
    IntrospectedToken,
    TokenReference,
    TokenRequest,
)
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.errors import RequestError
from tallykeep.tenants import tokens
from tallykeep.tenants.oauth_scopes import read_v1_scope
from tallykeep.tenants.tokens import Token

router = APIRouter(prefix="/v1/oauth", tags=["OAuth"], default_response_class=Json)

GRANT_TYPE = "client_credentials"

_ISSUED = any_key("a token has no more than the key that asks, whatever that has")
_OWN = any_key("a key learns of its own tokens, and ends them")
_SCOPES = Compatibility(differs=("scopes of what is not here are taken, and permit nothing",))
_OF_KEY = Compatibility(differs=("a token that another key was given counts as unknown",))
_UNKNOWN = {"responses": {"404": {"description": "The token is not valid, or not the key's own; there is no body."}}}


class MissingParametersError(RequestError):
    """A parameter is missing, or empty."""

    key = "missing_parameters"
    message = "Missing parameters"


class InvalidGrantTypeError(RequestError):
    """The grant type is none that is given here."""

    key = "invalid_grant_type"
    message = "Invalid grant_type"


@router.post(
    "/token",
    summary="Generate OAuth 2.0 token",
    openapi_extra=_ISSUED | _SCOPES.extra | takes(TokenRequest, media_type=URLENCODED) | answers(AccessToken),
)
async def issue(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Give a token that may stand for the key for 900 seconds, wherever the application's keys may be sent. It has the
    permissions of the key that its `scope` stands for, its addresses and its end, and dies with it; a rotation of the
    key does not touch it. A key has at most 100 of them, a project 1,000.
    """
    grant_type, scope = await _required(request, "grant_type", "scope")
    if grant_type != GRANT_TYPE:
        raise InvalidGrantTypeError(f"grant_type should be {GRANT_TYPE}")
    permissions = read_v1_scope(scope)
    async with context.changing(request, caller) as connection:
        token = await tokens.issue_token(connection, caller, " ".join(scope.split()), permissions)
        attempt_of(request).about(token.id, scope=token.scope)
    return Json(_shown(token), headers=NO_STORE)


@router.post(
    "/introspect",
    summary="Introspect OAuth 2.0 token",
    openapi_extra=_OWN
    | _OF_KEY.extra
    | takes(TokenReference, media_type=URLENCODED)
    | answers(IntrospectedToken, InactiveToken),
)
async def introspect(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Tell whether a token of this key is valid, for how long, and with which scope."""
    (access_token,) = await _required(request, "access_token")
    async with context.reading(caller).connection() as connection:
        token = await tokens.introspect_token(connection, caller, access_token)
    return Json({**_shown(token), "active": True} if token else {"active": False}, headers=NO_STORE)


@router.post(
    "/token/revoke",
    status_code=204,
    summary="Revoke OAuth 2.0 token",
    openapi_extra=_OWN | _OF_KEY.extra | takes(TokenReference, media_type=URLENCODED) | _UNKNOWN,
)
async def revoke(request: Request, context: FromContext, caller: FromCaller) -> Response:
    """Make a token of this key invalid, from the next request on; if several processes serve the API, within a second.

    One that is not valid is answered 404, without a body.
    """
    (access_token,) = await _required(request, "access_token")
    async with context.changing(request, caller) as connection:
        token_id = await tokens.revoke_token(connection, caller, access_token)
        attempt = attempt_of(request)
        attempt.about(token_id)
        attempt.is_done = token_id is not None
    context.key_cache.clear()
    return Response(status_code=204 if token_id else 404)


async def _required(request: Request, *names: str) -> list[str]:
    """Return these parameters; raise MissingParametersError, and what read_parameters raises."""
    require_media_type(request, URLENCODED)
    parameters = await read_parameters(request)
    if missing := [name for name in names if name not in parameters]:
        raise MissingParametersError(f"{' and '.join(missing)} should be in the body")
    return [parameters[name] for name in names]


def _shown(token: Token) -> dict[str, str | int]:
    shown = {**asdict(token), "token_type": "Bearer"}
    del shown["id"]
    return shown
