"""A project's keys: listed, made and revoked by the project itself."""

import secrets
import uuid
from typing import Any, get_args

from tallykeep.core.errors import (
    ConflictError,
    InvalidPayloadError,
    NotFoundError,
    ResourceInUseError,
    UnauthorizedError,
)
from tallykeep.core.ids import wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.tenants.projects import Caller, KeyKind, token_hash

_sql = queries(__package__, "keys.sql")

_MAX_KEYS = 100
_MAX_NAME_LENGTH = 100
_KINDS: tuple[str, ...] = get_args(KeyKind)


async def list_keys(connection: Connection, caller: Caller) -> dict[str, Any]:
    """Return the project's valid keys, oldest first, without their tokens; `current` is the one that asks."""
    rows = await (await connection.execute(_sql.list_keys, {"project_id": caller.project_id})).fetchall()
    keys = [_shown(row, caller) for row in rows]
    return {"object": "list", "data_ref": "keys", "keys": keys, "total": len(keys)}


async def create_key(connection: Connection, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    """Create a key; its token is returned with it, and is not kept and never shown again.

    Raises InvalidPayloadError for fields that cannot be taken, ConflictError where there are too many keys.
    """
    kind = body.get("kind", "app")
    if kind not in _KINDS:
        raise InvalidPayloadError(f"Property .kind must be one of {', '.join(_KINDS)} (actual value is {kind!r})")
    name, token = _name(body.get("name", f"{kind} key")), secrets.token_urlsafe(24)
    async with connection.transaction():
        if len(await _lock_keys(connection, caller)) >= _MAX_KEYS:
            raise ConflictError(f"The project has {_MAX_KEYS} keys; revoke one of them first")
        key = {"key_id": str(uuid.uuid4()), "kind": kind, "name": name, "token_hash": token_hash(token)}
        params = {"project_id": caller.project_id}
        added = await (await connection.execute(_sql.add_key, {**params, **key})).fetchone()
    return {**_shown(added or key, caller), "token": token}


async def revoke_key(connection: Connection, caller: Caller, key_id: str, kind: str | None) -> str:
    """Make a key invalid, at once and for good; returns its kind.

    Raises NotFoundError, ConflictError where the id alone does not tell which key is meant, ResourceInUseError for
    the key that asks: so there is always one left that works.
    """
    async with connection.transaction():
        meant = [key for key in await _lock_keys(connection, caller) if key[1] == key_id and kind in (None, key[0])]
        if not meant:
            raise NotFoundError.of("key", key_id)
        if len(meant) > 1:
            raise ConflictError(f"An app key and a management key have the id {key_id}; say which with kind")
        if meant == [(caller.key_kind, caller.key_id)]:
            raise ResourceInUseError(
                f"This request was made with the key {key_id} itself; make another one, and revoke it with that",
                resource_id=key_id,
                resource_type="key",
            )
        key = {"project_id": caller.project_id, "kind": meant[0][0], "key_id": key_id}
        await connection.execute(_sql.revoke_key, key)
    return str(key["kind"])


async def _lock_keys(connection: Connection, caller: Caller) -> list[tuple[str, str]]:
    """Lock the project's valid keys and return kind and id of each. Raise UnauthorizedError where the caller's is none
    of them any more.
    """
    rows = await (await connection.execute(_sql.lock_keys, {"project_id": caller.project_id})).fetchall()
    keys = [(row["kind"], row["key_id"]) for row in rows]
    if (caller.key_kind, caller.key_id) not in keys:
        raise UnauthorizedError("The key was revoked while it asked")
    return keys


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _MAX_NAME_LENGTH or not value.isprintable():
        raise InvalidPayloadError(f"Property .name should be a text of 1 to {_MAX_NAME_LENGTH} printable characters")
    return value.strip()


def _shown(row: dict[str, Any], caller: Caller) -> dict[str, Any]:
    return {
        "id": row["key_id"],
        "kind": row["kind"],
        "name": row["name"],
        "created_at": wire_time(row["created_at"]),
        "current": (row["kind"], row["key_id"]) == (caller.key_kind, caller.key_id),
        "object": "key",
    }
