"""Connections: one pool a process, every connection in autocommit with transactions opened by name."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    # Elsewhere the last day of 9999 would be past what Python can hold.
    await connection.execute("SET timezone = 'UTC'")


def make_pool(database_url: str, *, size: int, name: str) -> Pool:
    """A closed pool; open it within the running event loop."""
    return AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        configure=_configure,
        check=AsyncConnectionPool.check_connection,
        kwargs={"row_factory": dict_row, "application_name": name},
        timeout=10,
        reconnect_timeout=float("inf"),
    )
