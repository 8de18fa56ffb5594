"""Entries of the bin: put in, listed, deleted for good."""

from dataclasses import replace
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from tallykeep.core import exact_json
from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import new_id, wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.bin.list_spec import BIN, NEWER_ENTRIES, OLDER_ENTRIES
from tallykeep.resources.lists.page import count_all, page_query, page_rows
from tallykeep.resources.lists.query_string import Selection
from tallykeep.tenants.callers import Caller

_sql = queries(__package__, "store.sql")


async def put_in_bin(
    connection: Connection, caller: Caller, resource_type: str, row: dict[str, Any], *, name: Any, parent_id: Any = None
) -> None:
    """Keep a deleted row, in the transaction that deletes it."""
    entry = {
        "project_id": caller.project_id,
        "id": new_id("tbe_"),
        "resource_id": row["id"],
        "resource_type": resource_type,
        "resource_name": name,
        "resource_parent_id": parent_id,
        "deleted_by": caller.key_id,
        "content": Jsonb(row, dumps=exact_json.dumps),
    }
    await connection.execute(_sql.add_entry, entry)


def into_bin(deletion: sql.Composed, resource_type: str, *, name: str, parent: str) -> sql.Composed:
    """Compose a deletion that keeps what it deletes; `name` and `parent` are columns of that.

    Beside its own parameters it has `deleted_by` and `now`.
    """
    columns = {"name": sql.Identifier(name), "parent": sql.Identifier(parent)}
    return sql.SQL(_sql.add_deleted).format(deletion=deletion, resource_type=sql.Literal(resource_type), **columns)


async def list_bin(
    connection: Connection, project_id: int, selection: Selection, *, limit: int, newest_first: bool, after: str | None
) -> dict[str, Any]:
    """One page in wire format, behind the entry `after`, and the number of all entries that match."""
    of_project = {"project_id": project_id}
    behind = replace(BIN, matching=OLDER_ENTRIES if newest_first else NEWER_ENTRIES)
    parameters = {**of_project, **selection.parameters, "after": after, "limit": limit + 1, "offset": 0}
    rows = await page_rows(connection, page_query(behind, selection), parameters, limit=limit)
    shown = [_shown(row) for row in rows[:limit]]
    has_more = len(rows) > limit
    return {
        "object": "list",
        "data_ref": "data",
        "data": shown,
        "total": await count_all(connection, BIN, of_project, selection),
        "has_more": has_more,
        "more_starting_after": shown[-1]["id"] if has_more else None,
    }


async def delete_from_bin(connection: Connection, project_id: int, entry_id: str) -> None:
    """Delete an entry for good; raises NotFoundError."""
    locate = {"project_id": project_id, "id": entry_id}
    if await (await connection.execute(_sql.delete_entry, locate)).fetchone() is None:
        raise NotFoundError.of("bin_entry", entry_id)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """An entry in wire format (public API documentation, schema TrashBinItem)."""
    return {
        "id": row["id"],
        "created_at": wire_time(row["created_at"]),
        "deleted_by_user_id": row["deleted_by"],
        "resource_id": row["resource_id"],
        "resource_type": row["resource_type"],
        "resource_name": row["resource_name"],
        "resource_parent_id": row["resource_parent_id"],
        "object": row["resource_type"],
    }
