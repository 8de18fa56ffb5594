"""The tables that hold what a project has: all of them, by their keys; counted, and deleted range by range."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import sql

from tallykeep.core.nouns import NOUN_NAMES
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "project_tables.sql")

# What of a project is deleted, in this order, by primary key: what others refer to comes behind them, and what works by
# itself goes first. A test compares it with the tables that there are.
TABLES: Mapping[str, tuple[str, ...]] = {
    "webhooks": ("id",),
    "webhook_deliveries": ("webhook_id", "event_id"),
    "sessions": ("id",),
    "access_tokens": ("token_hash",),
    "idempotency_keys": ("key",),
    "uploads": ("action_id",),
    "vouchers": ("code",),
    **{noun.plural: ("id",) for noun in reversed(NOUN_NAMES)},
    "campaigns": ("id",),
    "category_labels": ("label",),
    "categories": ("id",),
    "metadata_schemas": ("related_object",),
    "bin_entries": ("id",),
    "usage_windows": ("name",),
    "dry_run_keys": ("action_id", "key"),
    "attempts": ("action_id", "first_row"),
    "failures": ("action_id", "row"),
    "reason_counts": ("action_id", "digest"),
    "report_parts": ("action_id", "first_row"),
    "batches": ("action_id", "first_row"),
    "removals": ("action_id",),
    "async_actions": ("id",),
}
# Gone with the last batch: until then a key of the project can watch.
KEYS = "api_keys"
# The project's row, which says what became of it; its schedule, which keeps it closed; and the audit log.
KEPT = frozenset({"projects", "schedules", "audit_log", "audit_chains", "audit_pending"})
# Rows of up to some megabytes each.
LARGE_ROWS = frozenset({"batches", "report_parts"})

MAX_COUNTED = 100_000  # rows of one kind: some hundredths of a second
# What people call what a project holds, by table.
_COUNTED = {
    "vouchers": "vouchers", "campaigns": "campaigns", **{noun.plural: noun.plural for noun in NOUN_NAMES},
    "categories": "categories", "metadata_schemas": "metadata_schemas", "webhooks": "webhooks",
    "bin_entries": "bin_entries", "async_actions": "async_actions", "keys": KEYS,
}  # fmt: skip


async def count_contents(
    connection: Connection, project_id: int, max_rows: int = MAX_COUNTED
) -> tuple[dict[str, int], list[str]]:
    """Count what a project holds, by what people call it, each no further than `max_rows`.

    Returns the counts, and the names of those that went so far: there may be more of them.
    """
    parts = [
        sql.SQL(_sql.count_rows).format(name=sql.Literal(name), table=sql.Identifier(table))
        for name, table in _COUNTED.items()
    ]
    params = {"target": project_id, "max_rows": max_rows}
    rows = await (await connection.execute(sql.SQL("\nUNION ALL\n").join(parts), params)).fetchall()
    counts = {row["name"]: row["total"] for row in rows}
    return counts, [name for name, count in counts.items() if count >= max_rows]


def everything_of(table: str) -> sql.Composed:
    """Compose the deletion of all rows of a table that are the `target`'s."""
    return sql.SQL(_sql.delete_rows).format(table=sql.Identifier(table))


def range_of(batch: Mapping[str, Any]) -> sql.Composed:
    """Compose the deletion of one range, whose bounds are objects of a key's columns, or null."""
    table = batch["table"]
    conditions = [
        sql.SQL(condition).format(keys=columns(TABLES[table]), values=_values(table, bound))
        for condition, bound in ((_sql.behind, "behind"), (_sql.up_to, "up_to"))
        if batch[bound] is not None
    ]
    return sql.SQL("\n").join([everything_of(table), *conditions])


def behind(table: str) -> sql.Composed:
    """Compose the condition that a row comes behind the key which the parameter `behind` has."""
    return sql.SQL(_sql.behind).format(keys=columns(TABLES[table]), values=_values(table, "behind"))


def columns(keys: Iterable[str]) -> sql.Composed:
    """Compose a list of columns."""
    return sql.SQL(", ").join(map(sql.Identifier, keys))


def _values(table: str, bound: str) -> sql.Composed:
    """Compose a bound's values, each in the type of its column."""
    keys: Sequence[str] = TABLES[table]
    names = {"table": sql.Identifier(table), "bound": sql.Placeholder(bound)}
    values = [sql.SQL(_sql.value_of_bound).format(key=sql.Identifier(key), **names) for key in keys]
    return sql.SQL(", ").join(values)
