"""Taking a metadata key off every resource of a type, a range of keys at a time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from tallykeep.core.action_type import Plan, Planned
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.planned_ranges import Range, planned_ranges, until_none_is_left, within
from tallykeep.resources.unique_timestamps import TIMESTAMPS

_sql = queries(__package__, "purge.sql")

_SCANNED, _MAX_KEYS = 20_000, 200


async def count_carrying(connection: Connection, project_id: int, table: str, key: str) -> int:
    """Count the resources in the table that carry the key, and so would be reached by its purge."""
    query = _of(table, _sql.count_carrying)
    counted = await (await connection.execute(query, {"project_id": project_id, "key": key})).fetchone()
    return int(counted["total"]) if counted else 0


async def keys_in_use(connection: Connection, project_id: int, table: str) -> dict[str, Any]:
    """Count the keys of the table's newest resources by how many carry them: `scanned`, `complete`, `keys`.

    What is older, or beyond so many keys, is not `complete`.
    """
    query = _of(table, _sql.keys_in_use)
    bounds = {"project_id": project_id, "scanned": _SCANNED, "max_keys": _MAX_KEYS}
    counted = await (await connection.execute(query, bounds)).fetchone() or {"scanned": 0, "different": 0, "keys": []}
    complete = counted["scanned"] < _SCANNED and counted["different"] <= _MAX_KEYS
    return {"scanned": counted["scanned"], "complete": complete, "keys": counted["keys"]}


def _of(table: str, statement: LiteralString) -> sql.Composed:
    return sql.SQL(statement).format(table=sql.Identifier(table))


@dataclass(frozen=True, slots=True)
class Purge:
    """The resources of one type: their table, and the column by which it is cut into ranges.

    `own_timestamps`: resources written together still differ in the microsecond.
    """

    table: str
    key: str
    own_timestamps: bool = False

    def statement(self, bounds: Range) -> sql.Composed:
        """Compose what purges a range."""
        query = sql.SQL(_sql.purge_range_with_timestamps if self.own_timestamps else _sql.purge_range)
        names = {"table": sql.Identifier(self.table), "key": sql.Identifier(self.key)}
        return query.format(**names, range=within(self.key, bounds))


class PurgeBatch(Operation):
    """One range of resources, within the transaction that closes its batch."""

    def __init__(self, connection: Connection, claimed: ClaimedBatch, purge: Purge) -> None:
        self._connection = connection
        self._claimed = claimed
        self._purge = purge
        self._range: Range = {}
        self._purged = 0

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Take the range; a purge has no rows that could be wrong."""
        (row,) = rows
        self._range = row.value
        return []

    async def stage(self) -> None:
        """Purge the key off the range, into which no other batch reaches; who is without it by now needs nothing."""
        statement = self._purge.statement(self._range)
        self._purged = await until_none_is_left(self._connection, statement, self._parameters)

    def _parameters(self) -> dict[str, Any]:
        key, timestamp, timestamps = (
            self._claimed.source.parameters["key"],
            self._claimed.timestamp,
            self._claimed.batch.row_count,
        )
        params = {"project_id": self._claimed.project_id, "key": key, **self._range}
        if not self._purge.own_timestamps:
            return {**params, "timestamp": timestamp}
        return {**params, "first_timestamp": TIMESTAMPS.take(timestamps, timestamp), "timestamps": timestamps}

    async def write(self) -> list[Failure]:
        """Do nothing: all is done."""
        return []

    def met(self) -> int | None:
        """Return how many resources had the key by then."""
        return self._purged


def purge_batch(purge: Purge) -> Callable[[Connection, ClaimedBatch], Awaitable[PurgeBatch]]:
    """Return what begins a batch of this purge."""

    async def begin(connection: Connection, claimed: ClaimedBatch) -> PurgeBatch:
        return PurgeBatch(connection, claimed, purge)

    return begin


def purge_plan(purge: Purge) -> Plan:
    """Make what cuts the resources that carry the key into batches."""

    def plan(parameters: dict[str, Any]) -> Planned:
        return planned_ranges(purge.table, purge.key, _sql.carries_key, {"key": parameters["key"]})

    return plan
