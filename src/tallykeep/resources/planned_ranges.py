"""Planned work: resources that exist, cut into ranges of their keys, and gone through until nothing more is found.

Ranges leave no gaps between them and have no ends: resources that came after the planning are in one of them, too. A
statement sees nothing that is committed while it runs, so one that goes through a range is repeated until a pass finds
nothing more. Then it has seen all or nothing of whatever else was written meanwhile.
"""

from collections.abc import Callable
from typing import Any, LiteralString

from psycopg import sql

from tallykeep.core.action_type import Planned
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "planned_ranges.sql")

Range = dict[str, Any]


def planned_ranges(table: str, key: str, reached: LiteralString, parameters: dict[str, Any]) -> Planned:
    """Cut those of a table's rows that are `reached` into batches; `parameters` are those of that condition."""
    names = {"table": sql.Identifier(table), "key": sql.Identifier(key), "reached": sql.SQL(reached)}
    return Planned(sql.SQL(_sql.ranges).format(**names), parameters)


def within(key: str, bounds: Range) -> sql.Composed:
    """Compose the condition that a row is in the range, whose bounds are its parameters."""
    if "first" in bounds:  # planned by a version that left gaps
        parts = [_sql.from_first_to_last]
    else:
        parts = [part for part, name in ((_sql.behind, "behind"), (_sql.up_to, "up_to")) if bounds[name] is not None]
    conditions = [sql.SQL(part).format(key=sql.Identifier(key)) for part in parts or [_sql.everywhere]]
    return sql.SQL(" AND ").join(conditions)


async def until_none_is_left(
    connection: Connection, statement: sql.Composed, parameters: Callable[[], dict[str, Any]]
) -> int:
    """Execute the statement, which leaves no row that it would find again, until it finds none; returns how many."""
    total = 0
    while count := (await connection.execute(statement, parameters())).rowcount:
        total += count
    return total
