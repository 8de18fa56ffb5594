"""Connections: one pool a process, every connection in autocommit with transactions opened by name."""

import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from tallykeep import exact_json
from tallykeep.db.session import set_own_limits

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]


class Connections(Protocol):
    """What gives connections: a pool, or somebody's share of one."""

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for as long as the context lasts."""
        ...


_SENT_AHEAD_BYTES = 1 << 20
_FRESH_SECONDS = 1.0  # so long after its last use a connection is taken to be alive without asking the server
_last_used: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()


async def _configure(
    connection: AsyncConnection[Any], *, lock_timeout_seconds: float, statement_timeout_seconds: float
) -> None:
    _widen(connection.fileno())
    set_json_loads(exact_json.loads, connection)
    set_json_dumps(exact_json.dumps, connection)
    await connection.set_autocommit(True)
    # In UTC, because elsewhere the last day of 9999 would be past what Python can hold.
    await set_own_limits(
        connection,
        lock_timeout_seconds=lock_timeout_seconds,
        statement_timeout_seconds=statement_timeout_seconds,
    )


def _widen(descriptor: int) -> None:
    """Let a local server have more of a COPY ahead, for while this process is busy with something else.

    The kernel's net.core.wmem_max is the limit; other sockets widen by themselves.
    """
    with socket.socket(fileno=os.dup(descriptor)) as local:
        if local.family == socket.AF_UNIX:
            local.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENT_AHEAD_BYTES)


async def _note_use(connection: AsyncConnection[Any]) -> None:
    _last_used[connection] = time.monotonic()


async def _check_unless_fresh(connection: AsyncConnection[Any]) -> None:
    if time.monotonic() - _last_used.get(connection, 0.0) > _FRESH_SECONDS:
        await AsyncConnectionPool.check_connection(connection)


def make_pool(
    database_url: str, *, size: int, name: str, lock_timeout_seconds: float = 0, statement_timeout_seconds: float = 0
) -> Pool:
    """A closed pool; open it within the running event loop.

    Its statements wait for locks for `lock_timeout_seconds`, and take `statement_timeout_seconds` at most; with 0 there
    is no end to it.
    """
    return AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        configure=partial(
            _configure,
            lock_timeout_seconds=lock_timeout_seconds,
            statement_timeout_seconds=statement_timeout_seconds,
        ),
        reset=_note_use,
        check=_check_unless_fresh,
        kwargs={"row_factory": dict_row, "application_name": name},
        timeout=10,
        reconnect_timeout=float("inf"),
    )


@asynccontextmanager
async def one_moment(connection: Connection) -> AsyncIterator[None]:
    """Everything that is read while this lasts is as it was at one moment."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
