"""Admission: who asks, whether they may, and one of their slots for the request. The one way in, also of hot routes."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from tallykeep.api.auditing.middleware import REFUSED_CALLER
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.credentials import Credentials, client_address, read_credentials
from tallykeep.api.dependencies.grants import grant_now, held_grant, known_grant
from tallykeep.api.dependencies.key_cache import Way
from tallykeep.api.dependencies.permissions import Need, lacking, need_of
from tallykeep.core.errors import ForbiddenError, UnauthorizedError
from tallykeep.db.transient import is_transient
from tallykeep.tenants.addresses import is_within
from tallykeep.tenants.callers import Caller, Grant
from tallykeep.tenants.managing.projects import reach

_HINT = "Send the headers X-App-Id and X-App-Token with a project's keys"
_MANAGEMENT_HINT = "Projects are managed with X-Management-Id and X-Management-Token, and no other keys or tokens"
_CHALLENGE_OF_TOKENS = (
    'Bearer realm="tallykeep", error="invalid_token", error_description="unknown, expired or revoked"'
)


async def admit(request: Request, context: Context, need: Need) -> Caller:
    """Return the caller, who may do what the route needs; where requests are limited, this one is counted.

    Raises InvalidRequestError for two kinds of credentials, UnauthorizedError for keys and tokens that are missing,
    wrong, expired or revoked, ForbiddenError for a wrong address, a missing permission, and a project that is being
    deleted, TooManyRequestsError where the key has made its requests, or too many wrong credentials have come.
    """
    shown = _way(read_credentials(request.scope), need)
    grant = await known_grant(request, context, *shown)
    if grant is None:
        raise _unknown(shown[0])
    caller = caller_of(request, grant, watching=need.watching)
    if context.rate_limits is not None:
        await context.rate_limits.count(request, caller)
    if need.permission is not None and need.permission not in grant.permissions:
        request.scope["state"][REFUSED_CALLER] = caller
        raise lacking(grant, need.permission)
    request.scope["state"]["caller"] = caller
    return caller


async def is_still_admitted(request: Request, context: Context) -> bool:
    """Return whether a request that was admitted still would be; what it has not been sent yet depends on that.

    It is not counted again. While the database is out of reach nobody can tell, and there is nothing new to be sent.
    """
    try:
        grant = await held_grant(context, *_way(read_credentials(request.scope), _need(request)))
    except Exception as error:
        if not is_transient(error):
            raise
        return True
    return grant is not None and would_admit(request, grant)


async def is_admitted_now(request: Request, context: Context) -> bool:
    """Return whether such a request would be admitted at this moment; raise the database's errors."""
    grant = await grant_now(context, *_way(read_credentials(request.scope), _need(request)))
    return grant is not None and would_admit(request, grant)


def would_admit(request: Request, grant: Grant) -> bool:
    need = _need(request)
    try:
        caller_of(request, grant, watching=need.watching)
    except ForbiddenError:
        return False
    return need.permission is None or need.permission in grant.permissions


def caller_of(request: Request, grant: Grant, *, watching: bool = False) -> Caller:
    """Return who asks with this request.

    Raises ForbiddenError where the grant holds for other addresses only, and for a project that is being deleted,
    unless it is for watching that.
    """
    address = client_address(request.scope)
    state = request.scope["state"]
    caller = Caller(grant, state["request_id"], address, state.get("session_id"))
    if grant.networks and not is_within(grant.networks, address):
        state[REFUSED_CALLER] = caller
        raise ForbiddenError(f"The key may not be used from the address {address or '(which is not known)'}")
    if grant.is_closed and not watching:
        state[REFUSED_CALLER] = caller
        raise _being_deleted(grant.project)
    return caller


def _way(shown: Credentials, need: Need) -> tuple[Way, str, str]:
    """Return what the request shows that the route takes: how it came, the key's id, and the token.

    Raises UnauthorizedError where that is nothing.
    """
    if shown.bearer is not None and need.permission is not None and not need.only_managing:
        return "token", "", shown.bearer
    if need.managing and shown.management_id and shown.management_token:
        return "management", shown.management_id, shown.management_token
    if need.only_managing:
        raise UnauthorizedError(f"The management keys are missing. {_MANAGEMENT_HINT}")
    if not shown.app_id or not shown.app_token:
        raise UnauthorizedError(f"The application keys are missing. {_HINT}")
    return "app", shown.app_id, shown.app_token


def _unknown(way: Way) -> UnauthorizedError:
    if way == "token":
        return UnauthorizedError("The token is unknown, expired or was revoked", challenge=_CHALLENGE_OF_TOKENS)
    if way == "management":
        return UnauthorizedError("The management keys are wrong, expired or were revoked")
    return UnauthorizedError(f"The application keys are wrong, expired or were revoked. {_HINT}")


async def _admitted(request: Request, context: FromContext) -> AsyncIterator[Caller]:
    """Yield the caller, with one of its slots for requests until the answer was sent."""
    caller = await admit(request, context, _need(request))
    async with context.slot(caller, context.shares.requests):
        yield caller


def _need(request: Request) -> Need:
    need = need_of(request.scope["route"].openapi_extra)
    if need is None:
        raise RuntimeError("a public route has no caller")
    return need


FromCaller = Annotated[Caller, Depends(_admitted)]


async def _managed_project(request: Request, context: FromContext, project_id: str, caller: FromCaller) -> Caller:
    """Return the caller as it asks for the project that the path names: its own, or as an owner any."""
    if project_id == caller.project:
        return caller
    watching = _need(request).watching
    manager = await reach(context.reading(caller), caller, project_id, deleted=watching)
    request.scope["state"]["caller"] = manager
    if manager.grant.is_closed and not watching:
        raise _being_deleted(manager.project)
    return manager


def _being_deleted(project: str) -> ForbiddenError:
    return ForbiddenError(
        f"The project {project} is being deleted: nothing but that can be watched any more"
        f" (GET /management/v1/projects/{project}/deletion)"
    )


FromManagedProject = Annotated[Caller, Depends(_managed_project)]


def require_declarations(routes: Iterable[BaseRoute]) -> None:
    """Raise RuntimeError for a route that does not say what it needs, or does not ask for it."""
    for route in routes:
        extra = getattr(route, "openapi_extra", None)
        try:
            need = need_of(extra)
        except LookupError as error:
            raise RuntimeError(f"{route}: {error}") from None
        if isinstance(route, APIRoute) and (need is not None) != (_admitted in _calls(route.dependant)):
            raise RuntimeError(f"{route}: what it declares, {extra}, is not what it asks for")


def _calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)
