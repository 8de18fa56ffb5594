"""Knocking: keep trying until one connection to the database has certainly been answered."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from tallykeep.db.connections.connection_errors import is_hopeless
from tallykeep.db.connections.hanging_up import within
from tallykeep.db.connections.session import set_own_limits
from tallykeep.db.queries import queries

_sql = queries(__package__, "guard.sql")

_CONNECT_SECONDS = 5.0
_RETRY_UNANSWERED_SECONDS = 0.7  # where what was sent before got no answer: it may have been lost
_RETRY_REFUSED_SECONDS = 0.1  # where it was refused
_RETRY_HOPELESS_SECONDS = 1.0  # where the server has to be set right first; it logs each attempt
_NEXT_HOST_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class ServerState:
    """The database's answer: when it was started, and whether it refuses writes."""

    started_at: datetime
    read_only: bool


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection, the connection string that led to it, and what was answered over it first."""

    connection: AsyncConnection[DictRow]
    conninfo: str
    state: ServerState


async def connect(conninfo: str, name: str, seconds: float = _CONNECT_SECONDS) -> Connected:
    """Connect and check, within that many seconds each. Raises psycopg.Error, OSError or TimeoutError."""
    connecting: Coroutine[Any, Any, AsyncConnection[DictRow]] = AsyncConnection.connect(
        conninfo, autocommit=True, application_name=name, row_factory=dict_row
    )
    connection = await asyncio.wait_for(connecting, seconds)
    try:
        return Connected(connection, conninfo, await within(connection, _first_state(connection), seconds))
    except BaseException:
        await connection.close()
        raise


async def _first_state(connection: AsyncConnection[DictRow]) -> ServerState:
    await set_own_limits(connection)
    await connection.execute(_sql.set_limits)
    return await read_state(connection)


async def read_state(connection: AsyncConnection[DictRow]) -> ServerState:
    """Check the state of the database; raises psycopg.Error."""
    row = await (await connection.execute(_sql.read_state)).fetchone()
    if row is None:
        raise RuntimeError("a SELECT without FROM has one row")
    return ServerState(**row)


async def connect_to_any_host(conninfos: list[str], name: str, refused: Callable[[BaseException], None]) -> Connected:
    """Connect to each host until one lets us in, however long that takes; `refused` hears why one did not.

    The first ones are preferred a little.
    """
    attempts = [
        asyncio.create_task(_connect_to_host(conninfo, name, index * _NEXT_HOST_SECONDS, refused), name="connect")
        for index, conninfo in enumerate(conninfos)
    ]
    try:
        await asyncio.wait(attempts, return_when=asyncio.FIRST_COMPLETED)
        arrived = next(task for task in attempts if task.done())
        attempts.remove(arrived)
        return arrived.result()
    finally:
        for task in attempts:
            abandon(task)


async def _connect_to_host(
    conninfo: str, name: str, later: float, refused: Callable[[BaseException], None]
) -> Connected:
    await asyncio.sleep(later)
    waiting: list[asyncio.Task[Connected]] = []
    try:
        while True:
            waiting.append(asyncio.create_task(connect(conninfo, name), name="connect"))
            await asyncio.wait(waiting, timeout=_RETRY_UNANSWERED_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in waiting if task.done()]:
                waiting.remove(task)
                if (error := task.exception()) is None:
                    return task.result()
                refused(error)
                hopeless = isinstance(error, Exception) and is_hopeless(error)
                await asyncio.sleep(_RETRY_HOPELESS_SECONDS if hopeless else _RETRY_REFUSED_SECONDS)
    finally:
        for task in waiting:
            abandon(task)


def abandon(connecting: asyncio.Task[Connected]) -> None:
    """Give up the connection, whether it exists already or not."""

    def let_go(task: asyncio.Task[Connected]) -> None:
        if not task.cancelled() and task.exception() is None:
            task.result().connection.pgconn.finish()

    connecting.add_done_callback(let_go)
    connecting.cancel()
