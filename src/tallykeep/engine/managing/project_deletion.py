"""Deleting a project: all rows of all its tables, a range of keys at a time, by an action of the installation's own.

The action belongs to no project, so it outlives the one that it deletes. Before it is planned the project is closed: it
accepts nothing any more. Its actions are ended by the first batch, before any row is deleted. What comes in behind a
range all the same, such as a batch of an upload that broke off, goes with the last batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from tallykeep.core.action import EndedBy
from tallykeep.core.action_type import Planned, Submission
from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.applying.accounting import end_all_unfinished
from tallykeep.engine.intake.accept import Acceptance
from tallykeep.engine.intake.idempotency import Accepted
from tallykeep.tenants.audit.entries import add_entry
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.managing import deletion

_sql = queries(__package__, "project_deletion.sql")

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
    "orders": ("id",),
    "skus": ("id",),
    "products": ("id",),
    "customers": ("id",),
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

_LARGE_ROWS = {"batches", "report_parts"}  # up to some megabytes each
_FEWER = 50
# What people call what a project holds, by table.
_COUNTED = {
    "vouchers": "vouchers", "campaigns": "campaigns", "customers": "customers", "products": "products", "skus": "skus",
    "orders": "orders", "categories": "categories", "metadata_schemas": "metadata_schemas", "webhooks": "webhooks",
    "bin_entries": "bin_entries", "async_actions": "async_actions", "keys": KEYS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deletion:
    """The deletion of a project: its action, whether it was begun just now, and what the project was called."""

    accepted: Accepted
    is_new: bool
    name: str


async def delete_project(
    connection: Connection, acceptance: Acceptance, manager: Caller, submission: Submission
) -> Deletion:
    """Close the manager's project and plan its deletion, in the transaction open on `connection`.

    Where it was begun before, and has not failed, that one is returned. Raises ResourceInUseError for the first
    project.
    """
    await deletion.require_deletable(connection, manager)
    # In this order, in which a change that plans an action locks the two as well.
    await connection.execute(_sql.close_project, {"target": manager.project_id})
    known = await deletion.lock_deletion(connection, manager)
    if known["deletion_id"] and (known["deleted_at"] or await _is_running(connection, known["deletion_id"])):
        return Deletion(Accepted(known["deletion_id"]), is_new=False, name=known["name"])
    own = replace(
        submission,
        project_id=deletion.INSTALLATION,
        parameters={"target": manager.project_id},
        idempotency_key=None,
    )
    accepted = await acceptance.accept_planned(connection, own)
    await deletion.begin_deletion(connection, manager, accepted.action_id)
    return Deletion(accepted, is_new=True, name=known["name"])


async def _is_running(connection: Connection, action_id: str) -> bool:
    params = {"project_id": deletion.INSTALLATION, "action_id": action_id}
    return await (await connection.execute(_sql.find_running, params)).fetchone() is not None


async def count_contents(connection: Connection, project_id: int) -> dict[str, int]:
    """Count what a project holds, by what people call it."""
    parts = [
        sql.SQL(_sql.count_rows).format(name=sql.Literal(name), table=sql.Identifier(table))
        for name, table in _COUNTED.items()
    ]
    rows = await (await connection.execute(_union(parts), {"target": project_id})).fetchall()
    return {row["name"]: row["total"] for row in rows}


def plan_deletion(parameters: dict[str, Any]) -> Planned:
    """Cut the rows of all tables into ranges of keys, table after table; the last batch is the project itself."""
    ranges = [_ranges(table, keys) for table, keys in TABLES.items()]
    query = sql.SQL(_sql.numbered_ranges).format(ranges=_union(ranges))
    return Planned(query, {"target": parameters["target"]})


def _ranges(table: str, keys: Sequence[str]) -> sql.Composed:
    order = list(TABLES).index(table)
    names = {
        "table": sql.Identifier(table),
        "name": sql.Literal(table),
        "keys": _columns(keys),
        "order": sql.Literal(order),
        "fewer": sql.Literal(_FEWER if table in _LARGE_ROWS else 1),
        "bounds": sql.SQL(", ").join(part for key in keys for part in (sql.Literal(key), sql.Identifier(key))),
    }
    return sql.SQL(_sql.ranges_of_table).format(**names)


def _columns(keys: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, keys))


def _union(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL("\nUNION ALL\n").join(parts)


class DeleteProject(Operation):
    """A batch of a deletion: the end of what runs, a range of one table, or the project itself, with what is left."""

    def __init__(self, connection: Connection, claimed: ClaimedBatch) -> None:
        self._connection = connection
        self._action_id = claimed.action_id
        self._project_id: int = claimed.source.parameters["target"]
        self._batch: dict[str, Any] = {}
        self._deleted = 0

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Take what the batch covers; a deletion has no rows that could be wrong."""
        (row,) = rows
        self._batch = row.value
        return []

    async def stage(self) -> None:
        """Do nothing: tables are gone through in their order."""

    async def write(self) -> list[Failure]:
        """Do what is the batch's, once every earlier one has been done and committed."""
        match self._batch["step"]:
            case "cancel":
                await self._cancel()
            case "delete":
                self._deleted = await self._delete(_range_of(self._batch))
            case "finish":
                await self._finish()
        return []

    def met(self) -> int | None:
        """Return how many rows were there; the project itself counts as one."""
        return self._deleted

    async def _cancel(self) -> None:
        await end_all_unfinished(self._connection, self._project_id, EndedBy.CANCELED, "The project is being deleted")

    async def _delete(self, statement: sql.Composed) -> int:
        bounds = {name: Jsonb(self._batch.get(name)) for name in ("behind", "up_to")}
        return (await self._connection.execute(statement, {"target": self._project_id, **bounds})).rowcount

    async def _finish(self) -> None:
        for table in (*TABLES, KEYS):
            self._deleted += await self._delete(_everything_of(table))
        self._deleted += 1
        rows = self._deleted + await self._deleted_before()
        key_id = await deletion.end_deletion(self._connection, self._project_id, rows)
        details = {"type": "PROJECTS.DELETE", "ended_by": "COMPLETED", "done_count": rows}
        entry = Entry(project_id=self._project_id, event=Event.ACTION_END, door="worker", key_id=key_id,
                      action_id=self._action_id, resource_id=self._action_id, details=details)  # fmt: skip
        await add_entry(self._connection, entry)

    async def _deleted_before(self) -> int:
        key = {"project_id": deletion.INSTALLATION, "action_id": self._action_id}
        row = await (await self._connection.execute(_sql.get_done_count, key)).fetchone()
        return int(row["done_count"]) if row else 0


def _range_of(batch: dict[str, Any]) -> sql.Composed:
    """Compose the deletion of one range, whose bounds are objects of a key's columns, or null."""
    table, keys = batch["table"], TABLES[batch["table"]]
    conditions = [
        sql.SQL(condition).format(keys=_columns(keys), values=_values(table, keys, bound))
        for condition, bound in ((_sql.behind, "behind"), (_sql.up_to, "up_to"))
        if batch[bound] is not None
    ]
    return sql.SQL("\n").join([_everything_of(table), *conditions])


def _everything_of(table: str) -> sql.Composed:
    return sql.SQL(_sql.delete_rows).format(table=sql.Identifier(table))


def _values(table: str, keys: Sequence[str], bound: str) -> sql.Composed:
    """Compose a bound's values, each in the type of its column."""
    names = {"table": sql.Identifier(table), "bound": sql.Placeholder(bound)}
    values = [sql.SQL(_sql.value_of_bound).format(key=sql.Identifier(key), **names) for key in keys]
    return sql.SQL(", ").join(values)


async def begin_project_deletion(connection: Connection, claimed: ClaimedBatch) -> DeleteProject:
    """Begin one batch of a deletion."""
    return DeleteProject(connection, claimed)
