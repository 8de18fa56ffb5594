"""Authentication by key headers, for the API (X-App-…) and for the management API (X-Management-…)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.core.errors import NotFoundError, UnauthorizedError
from tallykeep.tenants.projects import Caller, KeyKind, authenticate

_HINT = "Send the headers X-App-Id and X-App-Token with a project's keys"

_app_id = APIKeyHeader(name="X-App-Id", scheme_name="X-App-Id", auto_error=False)
_app_token = APIKeyHeader(name="X-App-Token", scheme_name="X-App-Token", auto_error=False)
_management_id = APIKeyHeader(name="X-Management-Id", scheme_name="X-Management-Id", auto_error=False)
_management_token = APIKeyHeader(name="X-Management-Token", scheme_name="X-Management-Token", auto_error=False)

_Key = str | None


async def known_caller(
    context: FromContext,
    app_id: Annotated[_Key, Security(_app_id)],
    app_token: Annotated[_Key, Security(_app_token)],
) -> Caller:
    """Return the caller whose application keys these are; raise UnauthorizedError."""
    if not app_id or not app_token:
        raise UnauthorizedError(f"The application keys are missing. {_HINT}")
    caller = await _authenticated(context, "app", app_id, app_token)
    if caller is None:
        raise UnauthorizedError(f"The application keys are wrong or were revoked. {_HINT}")
    return caller


async def _known_manager(
    context: FromContext,
    management_id: Annotated[_Key, Security(_management_id)],
    management_token: Annotated[_Key, Security(_management_token)],
    app_id: Annotated[_Key, Security(_app_id)],
    app_token: Annotated[_Key, Security(_app_token)],
) -> Caller:
    """Return a management key's caller; a project's own application keys may manage that project too.

    Raises UnauthorizedError for keys that are wrong.
    """
    if not management_id or not management_token:
        return await known_caller(context, app_id, app_token)
    caller = await _authenticated(context, "management", management_id, management_token)
    if caller is None:
        raise UnauthorizedError("The management keys are wrong or were revoked")
    return caller


async def _authenticated(context: Context, kind: KeyKind, key_id: str, token: str) -> Caller | None:
    caller = context.key_cache.find(kind, key_id, token)
    if caller is None:
        async with context.pools.own.connection() as connection:
            caller = await authenticate(connection, kind, key_id, token)
        if caller is not None:
            context.key_cache.add(kind, key_id, token, caller)
    return caller


def _with_slot(known: Callable[..., Awaitable[Caller]]) -> Callable[..., AsyncIterator[Caller]]:
    """Return what yields a known caller, with one of its slots for requests until the answer was sent."""

    async def with_slot(
        request: Request, context: FromContext, caller: Annotated[Caller, Depends(known)]
    ) -> AsyncIterator[Caller]:
        async with context.slot(caller, context.shares.requests):
            request.state.caller = caller
            yield caller

    return with_slot


FromCaller = Annotated[Caller, Depends(_with_slot(known_caller))]
FromManager = Annotated[Caller, Depends(_with_slot(_known_manager))]


async def _managed_project(project_id: str, manager: FromManager) -> Caller:
    if project_id != manager.project:
        raise NotFoundError.of("project", project_id)
    return manager


FromManagedProject = Annotated[Caller, Depends(_managed_project)]


async def _downloading(context: FromContext, caller: FromCaller) -> AsyncIterator[None]:
    """Hold one of the caller's slots for downloads until the answer was sent, or given up."""
    async with context.slot(caller, context.shares.downloads):
        yield


DOWNLOADING = Depends(_downloading)
