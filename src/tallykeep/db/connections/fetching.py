"""Fetching rows that may be large, in steps, so that every answer of the database is of bounded size."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast

import psycopg
from psycopg import postgres, sql
from psycopg.pq.abc import PGresult

from tallykeep.db.connections.pool import Connection

Rows = list[dict[str, Any]]
Stream = AsyncGenerator[dict[str, Any], None]

_ROWS_A_STEP = 20
_LONG_STEP_BYTES = 256 << 10
_SMALL = frozenset(  # types whose values are
    postgres.types[name].oid for name in ("bool", "int2", "int4", "int8", "float8", "date", "timestamptz", "uuid")
)


async def fetch_within(
    connection: Connection, query: sql.Composed, parameters: Mapping[str, Any], max_bytes: int
) -> tuple[Rows, bool]:
    """Fetch the query's rows, as many as hold so many bytes together, but one at least.

    Returns them, and whether these are all.

    Memory holds a few rows beyond them.
    """
    size, rows, steps = 0, Rows(), _Steps()
    at_a_time = _ROWS_A_STEP if psycopg.capabilities.has_stream_chunked() else 1
    async with (
        connection.cursor() as cursor,
        aclosing(cast(Stream, cursor.stream(query, parameters, size=at_a_time))) as coming,
    ):
        async for row in coming:
            size += steps.size_of_next(cursor.pgresult)
            if rows and size > max_bytes:
                return rows, False
            rows.append(row)
            if steps.is_long:
                await asyncio.sleep(0)  # others have their turn
    return rows, True


class _Steps:
    """Measures rows as they come, some with each step."""

    def __init__(self) -> None:
        self._result: PGresult | None = None
        self._columns: list[int] = []
        self._position = 0
        self._bytes = 0

    def size_of_next(self, result: PGresult | None) -> int:
        """Return the bytes of the next row, which is the first one of a result that is another than before."""
        if result is None:
            return 0
        self._position = self._position + 1 if result is self._result else 0
        if self._result is None:
            self._columns = [column for column in range(result.nfields) if result.ftype(column) not in _SMALL]
        self._result = result
        size = sum(len(result.get_value(self._position, column) or b"") for column in self._columns)
        self._bytes += size
        return size

    @property
    def is_long(self) -> bool:
        """Return whether much has been read since somebody asked this last."""
        if self._bytes < _LONG_STEP_BYTES:
            return False
        self._bytes = 0
        return True
