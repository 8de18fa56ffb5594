"""Grants: what keys and tokens give, asked of the database once for all who show the same at once.

An API process has few connections to ask with. Hundreds of streams that wake together show one key, as do clients that
come back together; if each asked for itself, everybody else would wait behind them.
"""

from collections.abc import Callable
from functools import partial

from fastapi import Request

from tallykeep.api.auditing.middleware import SHOWN_KEY, SLOWED
from tallykeep.api.dependencies.context import Context
from tallykeep.api.dependencies.credentials import client_address
from tallykeep.api.dependencies.key_cache import Checked, Way
from tallykeep.api.limits.wording import in_words, of_setting
from tallykeep.core.errors import TooManyRequestsError
from tallykeep.db.connections.pool import Connection
from tallykeep.tenants.authenticate import authenticate, authenticate_token
from tallykeep.tenants.callers import Grant
from tallykeep.tenants.limits.right_credentials import Identity
from tallykeep.tenants.limits.wrong_credentials import WrongCredentials, identity_of


async def known_grant(request: Request, context: Context, way: Way, key_id: str, token: str) -> Grant | None:
    """Return what a key or a token grants, None where it is not valid; remembered for a second.

    Raises TooManyRequestsError, without having looked at it, where too many wrong ones have come before.
    """
    wrong, address = context.wrong_credentials, client_address(request.scope)
    identity = identity_of(way, key_id, token)
    if not wrong.is_quiet:
        await _require_few_wrong(request, context, identity, token)
    grant = context.key_cache.find(way, key_id, token)
    if grant is None:
        grant = await _read_unless_slowed(request, context, identity, (way, key_id, token))
    if grant is not None:
        wrong.add_right(address, identity, token)
    else:
        wrong.add_wrong(address, identity, token)
        _note_shown_key(request, identity)
    return grant


async def _read_unless_slowed(
    request: Request, context: Context, identity: Identity, shown: tuple[Way, str, str]
) -> Grant | None:
    address, token = client_address(request.scope), shown[-1]
    wait = partial(_wait_seconds, context.wrong_credentials, address, identity, token)
    while True:
        grant, seconds = await _checked(context, *shown, address, wait)
        # Who has shown the same wrong token meanwhile counts, too.
        if grant is not None or not (seconds or wait()):
            return grant
        await _require_few_wrong(request, context, identity, token)


async def _require_few_wrong(request: Request, context: Context, identity: Identity, token: str) -> None:
    """Raise TooManyRequestsError where the token is not to be looked at from this address."""
    address = client_address(request.scope)
    seconds = await context.wrong_credentials.refused_seconds(context.pools.own, address, identity, token)
    if seconds:
        raise _slowed(request, context, identity, seconds)


async def held_grant(context: Context, way: Way, key_id: str, token: str) -> Grant | None:
    """Return what a key or a token grants that was found valid before, None where it is not any more.

    Remembered for a second. It counts neither as right nor as wrong. Raises the database's errors.
    """
    grant = context.key_cache.find(way, key_id, token)
    if grant is None:
        grant, _ = await _checked(context, way, key_id, token)
    return grant


async def grant_now(context: Context, way: Way, key_id: str, token: str) -> Grant | None:
    """Return what a key or a token grants at this moment, None where it is not valid; raise the database's errors."""
    async with context.pools.own.connection() as connection:
        return await _read_grant(context, connection, (way, key_id, token), context.key_cache.clearings)


async def _checked(
    context: Context, way: Way, key_id: str, token: str, address: str | None = None,
    wait: Callable[[], int] | None = None,
) -> Checked:  # fmt: skip
    """Ask the database, or wait for the answer of who asks the same from the same address.

    Whoever asks when a key was just revoked over this process does not join who asked before.
    """
    clearings = context.key_cache.clearings

    async def check() -> Checked:
        async with context.pools.own.connection() as connection:
            if wait is not None and (seconds := wait()):  # others may have been wrong while this one waited
                return None, seconds
            return await _read_grant(context, connection, (way, key_id, token), clearings), 0

    return await context.key_checks.read((way, key_id, token, address, wait is None, clearings), check)


async def _read_grant(
    context: Context, connection: Connection, shown: tuple[Way, str, str], clearings: int
) -> Grant | None:
    way, key_id, token = shown
    if way == "token":
        known = await authenticate_token(connection, token)
    else:
        known = await authenticate(connection, way, key_id, token)
    if known is None:
        return None
    context.key_cache.add(way, key_id, token, known, clearings)
    if known.use_is_due:
        context.last_uses.note(context.pools.own, known.grant)
    return known.grant


def _wait_seconds(wrong: WrongCredentials, address: str | None, identity: Identity, token: str) -> int:
    """Return after how many seconds the token is looked at from this address; 0 where it is looked at now."""
    return 0 if wrong.is_quiet else wrong.wait_seconds(address, identity, token)


def _note_shown_key(request: Request, identity: Identity) -> None:
    """Note which key it was that somebody said to have, for the audit log; tokens have no id."""
    way, shown = identity
    if isinstance(shown, str):
        request.scope["state"][SHOWN_KEY] = shown, way


def _slowed(request: Request, context: Context, identity: Identity, seconds: int) -> TooManyRequestsError:
    request.scope["state"][SLOWED] = True
    _note_shown_key(request, identity)
    refusal = TooManyRequestsError(
        f"Wrong keys or tokens have come from your address, {context.settings.max_wrong_credentials} or more within a"
        f" minute {of_setting('TALLYKEEP_MAX_WRONG_CREDENTIALS')}; these were not looked at. Try again in"
        f" {in_words(seconds)}",
        key="too_many_wrong_credentials",
    )
    refusal.headers["Retry-After"] = str(seconds)
    return refusal
