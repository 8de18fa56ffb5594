"""Overtaking: a statement that began earlier, and gets a row later, than another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from psycopg import sql

from tallykeep.db.connections.pool import Connection, Connections
from tests.db.engine import Engine
from tests.db.waiting import until_waiting

Work = Callable[[Connections], Awaitable[object]]


class _Lent:
    """Connections that are one and the same."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self._connection


async def overtake(engine: Engine, table: str, early: Work, late: Work) -> None:
    """Begin `early`, which needs a row of the table; let `late` begin then, and have the row first."""
    async with engine.pool.connection() as connection:
        async with connection.transaction():
            await connection.execute(sql.SQL("SELECT FROM {} FOR UPDATE").format(sql.Identifier(table)))
            waiting = asyncio.ensure_future(early(engine.pool))
            await until_waiting(engine, connection.info.backend_pid)
            await late(_Lent(connection))
        await waiting
