"""Whether a key is still valid: asked for what works only as long as the key that got it."""

from dataclasses import replace

from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.tenants.addresses import read_network
from tallykeep.tenants.authenticate import token_hash
from tallykeep.tenants.callers import Grant
from tallykeep.tenants.permissions import permissions_of

_sql = queries(__package__, "valid_keys.sql")


async def is_key_valid(connection: Connection, project_id: int, kind: str, key_id: str) -> bool:
    """Return whether the project has such a key that is neither revoked nor expired."""
    key = {"project_id": project_id, "kind": kind, "key_id": key_id}
    row = await (await connection.execute(_sql.is_key_valid, key)).fetchone()
    return bool(row and row["is_valid"])


async def grant_behind_expired_token(
    connection: Connection, begun: Grant, access_token: str, *, again: bool
) -> Grant | None:
    """Return what a token would still grant if it had not expired; None if it was revoked before, or its key ended.

    `begun` is what it granted once. With `again`, it was found expired before, and may have been deleted since.
    """
    params = {
        "project_id": begun.project_id,
        "kind": begun.key_kind,
        "key_id": begun.key_id,
        "token_hash": token_hash(access_token),
        "again": again,
    }
    row = await (await connection.execute(_sql.find_key_behind_token, params)).fetchone()
    if row is None:
        return None
    return replace(
        begun,
        permissions=begun.permissions & permissions_of(row["role"], row["scopes"]),
        networks=tuple(map(read_network, row["addresses"])),
        is_closed=row["is_closed"],
    )
