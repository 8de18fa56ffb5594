"""Access tokens of OAuth: given to a key for a quarter of an hour, introspected and revoked by it."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tallykeep.core.errors import TooManyRequestsError, UnauthorizedError
from tallykeep.core.ids import new_id
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.tenants.authenticate import token_hash
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

_sql = queries(__package__, "tokens.sql")

LIFETIME = timedelta(seconds=900)
KEPT = timedelta(hours=1)  # once it has expired
MAX_TOKENS = 1_000  # of a project, that have not expired
MAX_TOKENS_OF_KEY = 100
_EXPIRED_AT_A_TIME = 1_000
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its client is told of it: `expires_at` in seconds since 1970, `scope` as it was asked for.

    `id` is what the audit log calls it; nobody gets in with that.
    """

    id: str
    access_token: str
    client_id: str
    expires_at: int
    expires_in: int
    scope: str


async def issue_token(
    connection: Connection, caller: Caller, scope: str, permissions: Iterable[Permission] | None
) -> Token:
    """Give the caller's key a token with these permissions of its own, None for all of them.

    Raises TooManyRequestsError where the key has MAX_TOKENS_OF_KEY that live, or its project MAX_TOKENS;
    UnauthorizedError where the key was revoked meanwhile.
    """
    access_token = f"{caller.project_id}.{secrets.token_urlsafe(_SECRET_BYTES)}"
    params = {
        **_own(caller, access_token),
        "id": new_id("tok_"),
        "scope": scope,
        "scopes": None if permissions is None else sorted(permission.value for permission in permissions),
        "lifetime": LIFETIME,
    }
    async with connection.transaction():
        await _require_few(connection, caller)
        row = await (await connection.execute(_sql.add_token, params)).fetchone()
    if row is None:
        raise UnauthorizedError("The key was revoked while it asked")
    return _token(row, access_token)


async def introspect_token(connection: Connection, caller: Caller, access_token: str) -> Token | None:
    """Return a token that this very key was given; None for any other, and for one that is not valid any more."""
    row = await (await connection.execute(_sql.find_own_token, _own(caller, access_token))).fetchone()
    return _token(row, access_token) if row else None


async def revoke_token(connection: Connection, caller: Caller, access_token: str) -> str | None:
    """Make a token that this very key was given invalid; return its id, None where it was not valid before."""
    row = await (await connection.execute(_sql.delete_own_token, _own(caller, access_token))).fetchone()
    return str(row["id"]) if row else None


async def delete_expired_tokens(connection: Connection, step: int) -> int:
    """Delete some of the tokens that expired an hour ago or earlier; return how many."""
    return (await connection.execute(_sql.delete_expired, {"step": step, "age": KEPT})).rowcount


async def _require_few(connection: Connection, caller: Caller) -> None:
    await delete_expired_tokens(connection, _EXPIRED_AT_A_TIME)
    params = {"project_id": caller.project_id, "kind": caller.key_kind, "key_id": caller.key_id}
    await connection.execute(_sql.lock_project, params)
    live: dict[str, Any] = await (await connection.execute(_sql.live_tokens, params)).fetchone() or {}
    if live["of_key"] >= MAX_TOKENS_OF_KEY:
        raise _too_many("key", MAX_TOKENS_OF_KEY, live["seconds_until_next_of_key"])
    if live["of_project"] >= MAX_TOKENS:
        raise _too_many("project", MAX_TOKENS, live["seconds_until_next"])


def _too_many(whose: str, limit: int, seconds: int) -> TooManyRequestsError:
    refusal = TooManyRequestsError(
        f"The {whose} has {limit} tokens that have not expired; use each until it expires, or revoke some"
    )
    refusal.headers["Retry-After"] = str(seconds)
    return refusal


def _own(caller: Caller, access_token: str) -> dict[str, Any]:
    return {
        "project_id": caller.project_id,
        "kind": caller.key_kind,
        "key_id": caller.key_id,
        "token_hash": token_hash(access_token),
    }


def _token(row: dict[str, Any], access_token: str) -> Token:
    return Token(row["id"], access_token, row["key_id"], row["expires_at"], row["expires_in"], row["scope"])
