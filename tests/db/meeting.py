"""Somebody else's transaction, which the engine meets at a row, and the moment at which it waits there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.db.engine import Engine


@dataclass(frozen=True, slots=True)
class Meeting:
    """A transaction of its own; what it locks, the engine has to wait for."""

    engine: Engine
    connection: psycopg.AsyncConnection[Any]

    async def execute(self, sql: str, *parameters: Any) -> None:
        await self.connection.execute(sql, parameters or None)

    async def until_waited_for(self) -> None:
        """Return once another session waits for this one."""
        waiting = "SELECT FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        async with asyncio.timeout(60):
            while not await self.engine.query(waiting, self.connection.info.backend_pid):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def meeting(engine: Engine) -> AsyncIterator[Meeting]:
    """A transaction that is committed when the context ends."""
    async with await psycopg.AsyncConnection.connect(engine.pool.conninfo) as connection:
        yield Meeting(engine, connection)
