"""Entries are written by the transaction of what they tell of, where they meet no other; the chain comes later."""

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from tallykeep.core import exact_json
from tallykeep.core.audit.entry import Entry, short, short_details
from tallykeep.core.errors import ConflictError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "entries.sql")

# Common table expressions of statements that start and end actions, so that the entry is a part of the statement.
SUBMITTED_ENTRY: LiteralString = _sql.submitted_entry
EMPTY_END_ENTRY: LiteralString = _sql.empty_end_entry
END_ENTRY: LiteralString = _sql.end_entry

_OF_REFUSALS = (
    "project_id", "id", "event", "door", "key_id", "key_kind", "token_id", "session_id", "address", "request_id",
    "resource_type", "resource_id", "details",
)  # fmt: skip


async def add_entry(connection: Connection, entry: Entry) -> None:
    """Write an entry, in the transaction open on `connection`: it is there if and only if that is committed."""
    await connection.execute(_sql.add_entry, _columns(entry))


async def add_entry_of_change(connection: Connection, entry: Entry) -> None:
    """Write the entry of a change by a request, as the last of its transaction.

    Raises ConflictError where the project is being deleted: nothing of the change may be left.
    """
    if not (await connection.execute(_sql.add_entry_of_change, _columns(entry))).rowcount:
        raise ConflictError("The project is being deleted; nothing in it can be changed any more")


def add_entry_directly(connection: psycopg.Connection, entry: Entry) -> None:
    """Write an entry, in the transaction open on a connection outside any pool."""
    connection.execute(_sql.add_entry, _columns(entry))


async def add_refusals(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write what was refused, at once. Of project 0 are those whose key's project is to be looked up, or is nobody's.

    Those that are there already are left out, so that it may be tried again after a lost answer.
    """
    rows = [_columns(entry) for entry in entries]
    params: dict[str, Any] = {name: [row[name] for row in rows] for name in _OF_REFUSALS}
    params["project_id"] = [project_id or None for project_id in params["project_id"]]
    await connection.execute(_sql.add_refusals, params)


def submission_columns(entry: Entry | None, *, with_entry: bool) -> dict[str, Any]:
    """Return what a statement that makes an action needs for `SUBMITTED_ENTRY`, and for the action's log_id.

    Without an entry of its own, the action only refers to one that is written otherwise.
    """
    if entry is None:
        return dict.fromkeys(SUBMISSION_COLUMNS)
    return {
        "log_id": entry.id,
        "event": entry.event.value if with_entry else None,
        "door": entry.door,
        "key_kind": entry.key_kind,
        "token_id": entry.token_id,
        "session_id": entry.session_id,
        "address": entry.address,
    }


SUBMISSION_COLUMNS = ("log_id", "event", "door", "key_kind", "token_id", "session_id", "address")


def _columns(entry: Entry) -> dict[str, Any]:
    return {
        "project_id": entry.project_id,
        "id": entry.id,
        "event": entry.event.value,
        "outcome": entry.outcome,
        "door": entry.door,
        "key_id": short(entry.key_id),
        "key_kind": entry.key_kind,
        "token_id": entry.token_id,
        "session_id": entry.session_id,
        "address": short(entry.address),
        "request_id": entry.request_id,
        "action_id": entry.action_id,
        "resource_type": entry.event.resource_type,
        "resource_id": short(entry.resource_id),
        "details": Jsonb(short_details(entry.details), dumps=exact_json.dumps),
    }
