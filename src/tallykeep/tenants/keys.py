"""A project's keys: listed, made, changed, rotated and revoked by those of its keys that may.

Nobody gives what they lack: who makes, changes or rotates a key has all permissions that it comes to have, its
addresses, and its time. So a token of OAuth, which ends within a quarter of an hour, does none of these. Keys of the
management API are managed by keys of the management API alone.
"""

import secrets
import uuid
from datetime import timedelta
from typing import Any, LiteralString, get_args

from tallykeep.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidPayloadError,
    NotFoundError,
    ResourceInUseError,
    UnauthorizedError,
)
from tallykeep.core.ids import wire_time
from tallykeep.db.clock import database_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.tenants.addresses import are_all_within
from tallykeep.tenants.authenticate import token_hash
from tallykeep.tenants.callers import Caller, KeyKind
from tallykeep.tenants.key_fields import read_end_previous, read_fields, read_overlap, shown_key
from tallykeep.tenants.permissions import Permission, Role, permissions_of

_sql = queries(__package__, "keys.sql")

_MAX_KEYS = 100
_KINDS: tuple[str, ...] = get_args(KeyKind)
_NO_ROLE = (
    "Property .role is missing; say what the key may do: reader (sees), operator (also submits and changes), admin"
    " (also manages keys, webhooks and schemas), or owner (of the kind management: also manages projects). Take the"
    " first that is enough; .scopes narrow it down further"
)

Row = dict[str, Any]


async def list_keys(connection: Connection, caller: Caller) -> dict[str, Any]:
    """Return the project's keys that were not revoked, oldest first, without their tokens; `current` is the one that
    asks.
    """
    rows = await (await connection.execute(_sql.list_keys, {"project_id": caller.project_id})).fetchall()
    keys = [_shown(row, caller) for row in rows]
    return {"object": "list", "data_ref": "keys", "keys": keys, "total": len(keys)}


async def create_key(connection: Connection, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    """Create a key; its token is returned with it, and is not kept and never shown again.

    Its role has to be said: nobody makes an admin by leaving something out. Raises InvalidPayloadError for fields that
    are missing or cannot be taken, ConflictError where there are too many keys, ForbiddenError for a key that the
    caller may not make.
    """
    kind = body.get("kind", "app")
    if kind not in _KINDS:
        raise InvalidPayloadError(f"Property .kind must be one of {', '.join(_KINDS)} (actual value is {kind!r})")
    if "role" not in body:
        raise InvalidPayloadError(_NO_ROLE)
    defaults: Row = {
        "name": f"{kind} key",
        "role": None,
        "scopes": None,
        "expires_at": None,
        "addresses": [],
    }
    fields = read_fields(body, defaults, await database_time(connection))
    _require_possible_role(kind, fields["role"])
    async with connection.transaction():
        keys = await _lock_keys(connection, caller)
        _require_key(caller)
        _require_may_give(caller, keys, kind, fields)
        if len(keys) >= _MAX_KEYS:
            raise ConflictError(f"The project has {_MAX_KEYS} keys; revoke one of them first")
        key = {"kind": kind, "key_id": str(uuid.uuid4()), **fields}
        return await _with_new_token(connection, caller, _sql.add_key, key)


async def change_key(
    connection: Connection, caller: Caller, key_id: str, kind: str | None, body: dict[str, Any]
) -> tuple[dict[str, Any], bool]:
    """Change the fields of a key that the body names; its token stays. Returns the key, and whether it was so before.

    Raises InvalidPayloadError, NotFoundError, ForbiddenError, ConflictError where the id alone does not tell which key
    is meant, ResourceInUseError for anything but the name of the key that asks: so there is always one left that works.
    """
    if "kind" in body:
        raise InvalidPayloadError("Property .kind cannot be changed; make another key")
    now = await database_time(connection)
    async with connection.transaction():
        keys = await _lock_keys(connection, caller)
        row = _meant(keys, key_id, kind)
        _require_key(caller)
        _require_may_give(caller, keys, row["kind"], row)
        fields = read_fields(body, row, now)
        _require_possible_role(row["kind"], fields["role"])
        _require_may_give(caller, keys, row["kind"], fields)
        if _is_own(row, caller) and any(fields[name] != row[name] for name in fields if name != "name"):
            raise _in_use(key_id, "change it")
        params = {**_key(row, caller), **fields}
        changed = await (await connection.execute(_sql.change_key, params)).fetchone()
    return _shown(changed or row, caller), all(fields[name] == row[name] for name in fields)


async def rotate_key(
    connection: Connection, caller: Caller, key_id: str, kind: str | None, body: dict[str, Any]
) -> dict[str, Any]:
    """Give a key another token, returned this once; the one before is valid for `overlap_seconds` more.

    Raises what change_key raises, and ConflictError where a token of an earlier rotation would end before its time,
    unless the body has `end_previous_token`. The key that asks may be rotated.
    """
    overlap, may_end = timedelta(seconds=read_overlap(body)), read_end_previous(body)
    async with connection.transaction():
        keys = await _lock_keys(connection, caller)
        row = _meant(keys, key_id, kind)
        _require_key(caller)
        _require_may_give(caller, keys, row["kind"], row)
        if row["previous_token_until"] is not None and not may_end:
            raise _overlapping(row, overlap)
        return await _with_new_token(connection, caller, _sql.rotate_key, {**_key(row, caller), "overlap": overlap})


async def revoke_key(connection: Connection, caller: Caller, key_id: str, kind: str | None) -> KeyKind:
    """Make a key invalid, at once and for good, and with it its access tokens; returns its kind.

    Raises NotFoundError, ForbiddenError, ConflictError where the id alone does not tell which key is meant,
    ResourceInUseError for the key that asks: so there is always one left that works.
    """
    async with connection.transaction():
        keys = await _lock_keys(connection, caller)
        row = _meant(keys, key_id, kind)
        _require_may_manage(caller, row["kind"])
        if _is_own(row, caller):
            raise _in_use(key_id, "revoke it")
        _require_may_give(caller, keys, row["kind"], row)
        await connection.execute(_sql.revoke_key, _key(row, caller))
        revoked: KeyKind = row["kind"]
        return revoked


async def _lock_keys(connection: Connection, caller: Caller) -> list[Row]:
    """Lock the project's keys and return them. Raise UnauthorizedError where the caller's is none of them any more, or
    ForbiddenError where it may not manage keys any more.
    """
    rows = await (await connection.execute(_sql.lock_keys, {"project_id": caller.project_id})).fetchall()
    own = [row for row in rows if _is_own(row, caller) and not row["expired"]]
    if not own:
        raise UnauthorizedError("The key was revoked while it asked")
    if Permission.KEYS_MANAGE not in permissions_of(own[0]["role"], own[0]["scopes"]):
        raise ForbiddenError("The key was changed while it asked: it may not manage keys any more")
    return rows


def _meant(keys: list[Row], key_id: str, kind: str | None) -> Row:
    meant = [key for key in keys if key["key_id"] == key_id and kind in (None, key["kind"])]
    if not meant:
        raise NotFoundError.of("key", key_id)
    if len(meant) > 1:
        raise ConflictError(f"Keys of several kinds have the id {key_id}; say which with kind")
    return meant[0]


def _require_possible_role(kind: str, role: str) -> None:
    if role == Role.OWNER and kind != "management":
        raise InvalidPayloadError("Property .role: only keys of the kind management can be owners")


def _require_may_manage(caller: Caller, kind: str) -> None:
    if kind == "management" and caller.key_kind != "management":
        raise ForbiddenError(
            "Keys of the management API are managed with one of them (X-Management-Id and X-Management-Token); if they"
            " are lost, who runs the server makes new ones on its machine: tallykeep keys recover"
        )


def _require_key(caller: Caller) -> None:
    """Raise ForbiddenError where a token of OAuth asks: whatever it made or changed of a key would outlive it."""
    if caller.grant.token_id is not None:
        raise ForbiddenError(
            "A token of OAuth makes, changes and rotates no keys: it ends within a quarter of an hour, and they would"
            f" stay. Ask with the key that it stands for, {caller.key_id}, or with another one"
        )


def _require_may_give(caller: Caller, keys: list[Row], kind: str, fields: Row) -> None:
    """Raise ForbiddenError where a key with these fields could do what the caller cannot."""
    _require_may_manage(caller, kind)
    own = next(row for row in keys if _is_own(row, caller))
    permitted = caller.grant.permissions & permissions_of(own["role"], own["scopes"])
    beyond = sorted(permissions_of(fields["role"], fields["scopes"]) - permitted)
    if beyond:
        raise ForbiddenError(f"No key gives what it lacks; this one lacks {', '.join(beyond)}")
    if own["expires_at"] is not None and (fields["expires_at"] is None or fields["expires_at"] > own["expires_at"]):
        raise ForbiddenError("No key gives what it lacks; this one ends, and the other one would be valid for longer")
    if own["addresses"] and not are_all_within(fields["addresses"], own["addresses"]):
        raise ForbiddenError(
            f"No key gives what it lacks; this one is for {', '.join(own['addresses'])}, and the other one would be for"
            " other addresses, too"
        )


def _is_own(row: Row, caller: Caller) -> bool:
    return (row["kind"], row["key_id"]) == (caller.key_kind, caller.key_id)


def _key(row: Row, caller: Caller) -> Row:
    return {"project_id": caller.project_id, "kind": row["kind"], "key_id": row["key_id"]}


def _in_use(key_id: str, deed: str) -> ResourceInUseError:
    return ResourceInUseError(
        f"This request was made with the key {key_id} itself; make another one, and {deed} with that",
        resource_id=key_id,
        resource_type="key",
    )


def _overlapping(row: Row, overlap: timedelta) -> ConflictError:
    until = wire_time(row["previous_token_until"])
    newest = "; the newer one, too" if not overlap else ""
    return ConflictError(
        f"The key {row['key_id']}, {row['name']}, was rotated, and two of its tokens work: the older one until {until}."
        f" Another rotation ends that one at once{newest}. Wait until then, or say so with end_previous_token=true",
        key="overlap_under_way",
    )


async def _with_new_token(connection: Connection, caller: Caller, query: LiteralString, params: Row) -> dict[str, Any]:
    token = secrets.token_urlsafe(24)
    made = {"project_id": caller.project_id, **params, "token_hash": token_hash(token)}
    row = await (await connection.execute(query, made)).fetchone()
    if row is None:
        raise RuntimeError("a locked key was not there")
    return {**_shown(row, caller), "token": token}


def _shown(row: Row, caller: Caller) -> dict[str, Any]:
    return shown_key(row, caller.project, current=_is_own(row, caller))
