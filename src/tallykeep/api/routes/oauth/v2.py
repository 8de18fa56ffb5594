"""Tokens of OAuth as the second version has them: RFC 6749 for service keys, whose scopes are permissions."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import unquote_plus

from fastapi import APIRouter, Request

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.auditing.middleware import SHOWN_KEY
from tallykeep.api.dependencies.auth import caller_of
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.grants import known_grant
from tallykeep.api.dependencies.permissions import public
from tallykeep.api.openapi import answers, errs, takes
from tallykeep.api.requests.bodies import media_type
from tallykeep.api.requests.urlencoded import URLENCODED, read_parameters
from tallykeep.api.responses.answers import Json
from tallykeep.api.responses.oauth_errors import NO_STORE
from tallykeep.api.routes.oauth.v1 import GRANT_TYPE
from tallykeep.api.schemas.project_keys import ServiceToken, ServiceTokenRequest, TokenError
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.errors import ForbiddenError, InvalidPayloadError, UnauthorizedError
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.oauth_scopes import read_v2_scope
from tallykeep.tenants.tokens import Token, issue_token

router = APIRouter(prefix="/v2/oauth", tags=["OAuth"], default_response_class=Json)

_BY_BASIC = public("the client shows a service key by HTTP Basic, which the route itself checks")
_CHALLENGE = 'Basic realm="tallykeep", charset="UTF-8"'
_ISSUED = answers(ServiceToken)["responses"] | errs(TokenError)
_SEVERAL_WAYS = "The client shows itself in several ways; HTTP Basic alone is right"
_KEY_HEADERS = ("x-app-id", "x-app-token", "x-management-id", "x-management-token")


def _invalid_request(details: str) -> InvalidPayloadError:
    return InvalidPayloadError(details, key="invalid_request")


def _invalid_client(details: str) -> UnauthorizedError:
    return UnauthorizedError(details, challenge=_CHALLENGE)


@router.post(
    "/token",
    summary="Get a token for a service key",
    openapi_extra={
        **_BY_BASIC,
        **Compatibility(ours=True).extra,
        **takes(ServiceTokenRequest, media_type=URLENCODED),
        "responses": _ISSUED,
        "security": [{"ServiceKey": []}],
    },
)
async def issue(request: Request, context: FromContext) -> Json:
    """Give a token that may stand for a service key for 900 seconds, wherever application keys may be sent. Its scope
    has to lie within the permissions of the key; errors have the form of RFC 6749, section 5.2.
    """
    caller = await _client(request, context)
    request.state.caller = caller
    async with context.slot(caller, context.shares.requests):
        token = await _issued(request, context, caller)
    shown = {"access_token": token.access_token, "token_type": "Bearer", "expires_in": token.expires_in}
    return Json({**shown, "scope": token.scope}, headers=NO_STORE)


async def _client(request: Request, context: Context) -> Caller:
    """Return the caller whose service key this is (RFC 6749, section 2.3.1)."""
    key_id, secret = _basic(request)
    request.scope["state"][SHOWN_KEY] = (key_id, "service")
    try:
        grant = await known_grant(request, context, "service", key_id, secret)
        if grant is None:
            raise _invalid_client("The service key is unknown, expired or was revoked")
        caller = caller_of(request, grant)
        if context.rate_limits is not None:
            await context.rate_limits.count(request, caller)
    except ForbiddenError as refused:
        raise _invalid_client(refused.details) from None
    return caller


def _basic(request: Request) -> tuple[str, str]:
    shown = request.headers.getlist("authorization")
    if len(shown) > 1 or (shown and any(name in request.headers for name in _KEY_HEADERS)):
        raise _invalid_request(_SEVERAL_WAYS)
    scheme, _, encoded = (shown[0] if shown else "").partition(" ")
    if scheme.lower() != "basic":
        raise _invalid_client("Send the id and the token of a service key by HTTP Basic")
    try:
        key_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        key_id, colon, secret = "", "", ""
    key_id, secret = unquote_plus(key_id), unquote_plus(secret)
    if not colon or not key_id or not secret or "\0" in key_id:
        raise _invalid_client("What HTTP Basic holds is no id and token")
    return key_id, secret


async def _issued(request: Request, context: Context, caller: Caller) -> Token:
    parameters = await _parameters(request)
    if "client_secret" in parameters or parameters.get("client_id", caller.key_id) != caller.key_id:
        raise _invalid_request(_SEVERAL_WAYS)
    if "grant_type" not in parameters:
        raise _invalid_request("grant_type is missing")
    if parameters["grant_type"] != GRANT_TYPE:
        raise InvalidPayloadError(f"grant_type should be {GRANT_TYPE}", key="unsupported_grant_type")
    if parameters.get("project_id", caller.project) != caller.project:
        raise _invalid_request("project_id is not the project of the key")
    permissions = read_v2_scope(parameters.get("scope"), caller.grant.permissions)
    try:
        async with context.changing(request, caller) as connection:
            token = await issue_token(connection, caller, " ".join(sorted(permissions)), permissions)
            attempt_of(request).about(token.id, scope=token.scope)
        return token
    except UnauthorizedError as refused:
        raise _invalid_client(refused.details) from None


async def _parameters(request: Request) -> Mapping[str, str]:
    if media_type(request) != URLENCODED:
        raise _invalid_request(f"Content-Type should be {URLENCODED}")
    return await read_parameters(request)
