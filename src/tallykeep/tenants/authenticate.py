"""Authentication: from an id and a token, or from an access token, to what they grant."""

import hashlib
import hmac
import math
from dataclasses import dataclass
from typing import Any

from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.tenants.addresses import read_network
from tallykeep.tenants.callers import Grant, KeyKind, ProjectQuotas
from tallykeep.tenants.permissions import Role, permissions_of

_sql = queries(__package__, "authenticate.sql")
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A grant, for how many seconds from now it lasts, and whether the key's use is to be noted."""

    grant: Grant
    seconds: float
    use_is_due: bool


async def authenticate(connection: Connection, kind: KeyKind, key_id: str, token: str) -> Authenticated | None:
    """Return what this key grants; None for one that is unknown, expired or revoked, or another token than its own.

    Takes the same time whether the id or the token is wrong. A key that was rotated has two tokens for a while.
    """
    row = await (await connection.execute(_sql.find_key, {"kind": kind, "key_id": key_id})).fetchone()
    given = token_hash(token)
    is_current = hmac.compare_digest(given, row["token_hash"] if row else _NOBODY)
    is_previous = hmac.compare_digest(given, (row and row["previous_token_hash"]) or _NOBODY)
    if row is None or not (is_current or is_previous):
        return None
    return _authenticated(row, row["expires_in"], None if is_current else row["previous_in"])


async def authenticate_token(connection: Connection, access_token: str) -> Authenticated | None:
    """Return what this access token grants; None for one that is unknown or expired, or whose key is."""
    project_id, secret_hash = read_token(access_token)
    if project_id is None:
        return None
    params = {"project_id": project_id, "token_hash": secret_hash}
    row = await (await connection.execute(_sql.find_token, params)).fetchone()
    return _authenticated(row, row["expires_in"]) if row else None


async def note_use(connection: Connection, grant: Grant) -> None:
    """Write down that a key is in use, unless somebody did so within the last minute."""
    await connection.execute(_sql.note_use, {"kind": grant.key_kind, "key_id": grant.key_id})


def token_hash(token: str) -> bytes:
    """Return the 32 bytes that are kept of a token."""
    # Tokens are long and random, so one round of a plain hash is as safe as a slow one, and quick on each request.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def read_token(access_token: str) -> tuple[int | None, bytes]:
    """Return the project's number, which an access token begins with, and the token's hash; None where it has none."""
    number = access_token.partition(".")[0]
    known = number.isascii() and number.isdecimal() and len(number) < 18
    return int(number) if known else None, token_hash(access_token)


def quotas_of(row: dict[str, Any]) -> ProjectQuotas:
    """Return the quotas that a project's row says it has of its own."""
    return ProjectQuotas(*(row[name] for name in ProjectQuotas._fields))


def _authenticated(row: dict[str, Any], *seconds: float | None) -> Authenticated:
    grant = Grant(
        project_id=row["project_id"],
        project=row["project"],
        key_id=row["key_id"],
        key_kind=row["key_kind"],
        role=Role(row["role"]),
        permissions=permissions_of(row["role"], row["scopes"], row["token_scopes"]),
        networks=tuple(map(read_network, row["addresses"])),
        token_id=row["token_id"],
        is_closed=row["is_closed"],
        quotas=quotas_of(row),
    )
    return Authenticated(
        grant, min((left for left in seconds if left is not None), default=math.inf), row["use_is_due"]
    )
