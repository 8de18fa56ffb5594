"""Connections: one pool a purpose, every connection in autocommit with transactions opened by name.

A pool of our own, because of what it does in an outage: it connects again at short intervals for as long as it takes,
lends no connection that has ended, and fails whoever waits for one as soon as its guard knows that there is none.
"""

import asyncio
import os
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.errors import TooManyConnections
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import PoolClosed, PoolTimeout

from tallykeep.core import exact_json
from tallykeep.db.connections.connection_errors import is_crowded, reason_of
from tallykeep.db.connections.conninfo import bounded
from tallykeep.db.connections.guard import Guard
from tallykeep.db.connections.hanging_up import is_sound, within
from tallykeep.db.connections.session import set_own_limits

_log = structlog.get_logger()

Connection = AsyncConnection[DictRow]
Configure = Callable[[Connection], Awaitable[None]]


class Connections(Protocol):
    """A source of connections: a pool, or a caller's share of one."""

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection for as long as the context lasts."""


_SEND_BUFFER_BYTES = 1 << 20
_TIMEOUT_SECONDS = 10.0
_CONNECT_AGAIN_SECONDS = 0.2
_CONFIGURE_SECONDS = 5.0
_MAX_CONNECTING = 4
_LIFETIME_SECONDS = 3600.0
_IDLE_SECONDS = 600.0


@dataclass(slots=True)
class _Kept:
    """The pool's record of a connection."""

    generation: int
    opened_at: float = field(default_factory=time.monotonic)
    used_at: float = field(default_factory=time.monotonic)


class Pool:
    """At most `size` connections, at least `least` of them open; open it within the running event loop."""

    def __init__(
        self,
        database_url: str,
        configure: Configure,
        *,
        size: int,
        name: str,
        least: int = 1,
        guard: Guard | None = None,
        **parameters: Any,
    ) -> None:
        self.name, self.size, self.least = name, size, least
        self.conninfo = bounded(database_url)
        self._parameters = {"row_factory": dict_row, "application_name": name, "autocommit": True, **parameters}
        self._configure = configure
        self._guard = guard
        self._open: dict[Connection, _Kept] = {}
        self._idle: deque[Connection] = deque()
        self._waiting: deque[asyncio.Future[Connection]] = deque()
        self._connecting: set[asyncio.Task[None]] = set()
        self._generation = 0
        self._closed = True

    async def __aenter__(self) -> "Pool":
        self._closed = False
        if self._guard is not None:
            self._guard.attach(self)
        self.refill()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        self.discard_idle()
        self.fail_waiting(PoolClosed(f"the pool {self.name!r} is closed"))

    @asynccontextmanager
    async def connection(self, timeout_seconds: float = _TIMEOUT_SECONDS) -> AsyncIterator[Connection]:
        """Lend a connection; a transaction left open is committed, or rolled back after an exception.

        Raises DatabaseAwayError at once where the database is out of reach, TooManyConnections where it lets nobody in,
        PoolTimeout where all connections are in use for `timeout_seconds`.
        """
        connection = await self._take(timeout_seconds)
        try:
            yield connection
            if connection.info.transaction_status == TransactionStatus.INTRANS:
                await connection.commit()
        except BaseException as error:
            if self._guard is not None:
                self._guard.notice(error)
            if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                with suppress(psycopg.Error):
                    await connection.rollback()
            raise
        finally:
            self._give_back(connection)

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[Connection]:
        """Lend a connection of the same form beside the pool. Raise psycopg.Error, OSError or TimeoutError."""
        await self.wait_until_available()
        connection = await self._reach()
        try:
            yield connection
        finally:
            connection.pgconn.finish()

    async def wait_until_available(self) -> None:
        """Return when the database answers, as far as is known here."""
        if self._guard is not None:
            await self._guard.wait_until_available()

    async def drain(self) -> None:
        """Replace all connections: those that are idle now, the others when they are given back."""
        self._generation += 1
        self.discard_idle()
        self.refill()

    def get_stats(self) -> dict[str, int]:
        """Return how many connections there are, how many of them are idle, and how many are waited for."""
        waiting = sum(not each.done() for each in self._waiting)
        return {"pool_size": len(self._open), "pool_available": len(self._idle), "requests_waiting": waiting}

    def fail_waiting(self, error: Exception) -> None:
        """Tell everybody who waits for a connection that there is none."""
        while self._waiting:
            if not (waiter := self._waiting.popleft()).done():
                waiter.set_exception(error)

    def discard_idle(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._discard(self._idle.popleft())

    def refill(self) -> None:
        """Connect as often as somebody waits, or the pool has too few connections."""
        waiting = sum(not each.done() for each in self._waiting)
        while not self._closed and len(self._connecting) < _MAX_CONNECTING:
            there = len(self._open) + len(self._connecting)
            if there >= self.size or (there >= self.least and len(self._connecting) >= waiting):
                return
            task = asyncio.create_task(self._connect(), name=f"{self.name} connects")
            self._connecting.add(task)
            task.add_done_callback(self._connected)

    async def _take(self, timeout_seconds: float) -> Connection:
        if self._closed:
            raise PoolClosed(f"the pool {self.name!r} is closed")
        if self._guard is not None:
            self._guard.require()
        while self._idle:
            connection = self._idle.pop()
            if is_sound(connection):
                return connection
            self._discard(connection)
        waiter: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self.refill()
        timer = asyncio.get_running_loop().call_later(timeout_seconds, _expire, waiter, timeout_seconds)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give_back(waiter.result())
            raise
        finally:
            timer.cancel()
            with suppress(ValueError):
                self._waiting.remove(waiter)

    def _give_back(self, connection: Connection) -> None:
        kept = self._open.get(connection)
        now = time.monotonic()
        if (
            kept is None
            or self._closed
            or kept.generation < self._generation
            or now - kept.opened_at > _LIFETIME_SECONDS
            or connection.info.transaction_status != TransactionStatus.IDLE
        ):
            self._discard(connection)
            self.refill()
            return
        kept.used_at = now
        while self._waiting:
            if not (waiter := self._waiting.popleft()).done():
                waiter.set_result(connection)
                return
        self._idle.append(connection)
        self._shrink(now)

    def _shrink(self, now: float) -> None:
        """Close what has not been needed for long: the connection used last is lent first."""
        max_idle = self._idle[0]
        if len(self._open) > self.least and now - self._open[max_idle].used_at > _IDLE_SECONDS:
            self._idle.popleft()
            self._discard(max_idle)

    def _discard(self, connection: Connection) -> None:
        self._open.pop(connection, None)
        connection.pgconn.finish()

    async def _connect(self) -> None:
        """Connect, again and again until that succeeds or nobody wants it any more."""
        while not self._closed and (self._waiting or len(self._open) < self.least):
            await self.wait_until_available()
            try:
                connection = await self._reach()
            except (psycopg.Error, OSError, TimeoutError) as error:
                self._refused(error)
                await asyncio.sleep(_CONNECT_AGAIN_SECONDS)
            else:
                self._open[connection] = _Kept(self._generation)
                self._give_back(connection)
                return

    async def _reach(self) -> Connection:
        conninfo = self._guard.conninfo if self._guard is not None else self.conninfo
        connection: Connection = await AsyncConnection.connect(conninfo, **self._parameters)
        if self._guard is not None:
            self._guard.listen_to(connection)
        try:
            await within(connection, _done(self._configure(connection)), _CONFIGURE_SECONDS)
        except BaseException:
            connection.pgconn.finish()
            raise
        return connection

    def _refused(self, error: Exception) -> None:
        if self._guard is not None:
            self._guard.notice(error)
        if is_crowded(error) and not self._open:
            self.fail_waiting(TooManyConnections(reason_of(error)))

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        if task.cancelled():
            return
        if (defect := task.exception()) is not None:
            _log.error("no connection can be set up", pool=self.name, exc_info=defect)
            return
        self.refill()


def _expire(waiter: asyncio.Future[Connection], timeout_seconds: float) -> None:
    if not waiter.done():
        waiter.set_exception(PoolTimeout(f"every connection was in use for {timeout_seconds:.0f} seconds"))


async def _done(work: Awaitable[None]) -> None:
    await work


def make_pool(
    database_url: str,
    *,
    size: int,
    name: str,
    lock_timeout_seconds: float = 0,
    statement_timeout_seconds: float = 0,
    guard: Guard | None = None,
    **parameters: Any,
) -> Pool:
    """Return a closed pool of connections set up as ours are; open it within the running event loop.

    Its statements wait for locks for `lock_timeout_seconds`, and take `statement_timeout_seconds` at most; with 0 there
    is no end to it.
    """
    limits = {"lock_timeout_seconds": lock_timeout_seconds, "statement_timeout_seconds": statement_timeout_seconds}
    configure = partial(_configure, limits=limits)
    return Pool(database_url, configure, size=size, name=name, guard=guard, **parameters)


async def _configure(connection: Connection, *, limits: dict[str, float]) -> None:
    _widen(connection.fileno())
    set_json_loads(exact_json.loads, connection)
    set_json_dumps(exact_json.dumps, connection)
    # In UTC, because elsewhere the last day of 9999 would be past what Python can hold.
    await set_own_limits(connection, **limits)


def _widen(descriptor: int) -> None:
    """Let a local server receive more of a COPY in advance, for times when this process is busy with something else.

    The kernel's net.core.wmem_max is the limit; other sockets widen by themselves.
    """
    with socket.socket(fileno=os.dup(descriptor)) as local:
        if local.family == socket.AF_UNIX:
            local.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)


@asynccontextmanager
async def one_timestamp(connection: Connection) -> AsyncIterator[None]:
    """Make all reads within this context see the data as of one point in time."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
