"""The guard: it checks again and again whether the database answers, on its own connection; one guard per process.

Where the database is lost, or silent, the guard ends all conversations of the process with it, so that nobody hangs,
and fails at once whoever needs it meanwhile. When it is back, the pools are filled again at once.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, LiteralString
from weakref import WeakSet

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.errors import DiskFull, QueryCanceled
from psycopg.rows import DictRow

from tallykeep.db.connections.availability import Availability, DatabaseAwayError, Guarded
from tallykeep.db.connections.connecting import Connected, abandon, connect, connect_to_any_host, read_state
from tallykeep.db.connections.connection_errors import is_crowded, reason_of
from tallykeep.db.connections.conninfo import bounded, by_host
from tallykeep.db.connections.hanging_up import hang_up, part, retrieved
from tallykeep.db.queries import queries

_sql = queries(__package__, "guard.sql")
_log = structlog.get_logger()

_CHECK_EVERY_SECONDS = 0.5
# A server under load answers late, but does: it is silent only when two checks, over two connections, were in vain.
_FIRST_CHECK_SECONDS = 1.0
_TIMEOUT_SECONDS = 4.0
_PAUSE_SECONDS = 0.3
_TRY_EVERY_SECONDS = 1.0
_CROWDED_SECONDS = 1.0
_TELL_EVERY_SECONDS = 60.0

_SILENT = "it does not answer"


class _LostError(Exception):
    """The database is out of reach, for the reason given."""


class Guard:
    """Watches one process's way to the database; enter it in the process's event loop."""

    def __init__(self, database_url: str, *, name: str) -> None:
        self._conninfos = by_host(bounded(database_url))
        self._name = f"{name} guard"
        self._connected: Connected | None = None
        self._away: str | None = "it has not answered yet"
        self._was_there = False
        self._lost_at = self._logged_at = time.monotonic()
        self._up = asyncio.Event()
        self._check_now = asyncio.Event()
        self._read_only = self._full = False
        self._crowded_at = self._tried_at = float("-inf")
        self._conversations: WeakSet[AsyncConnection[Any]] = WeakSet()
        self._pools: WeakSet[Guarded] = WeakSet()
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    async def __aenter__(self) -> "Guard":
        self._tasks["watch"] = asyncio.create_task(self._watch(), name="guard")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connected is not None:
            hang_up(self._connected.connection)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._connected is not None:
            await self._connected.connection.close()

    @property
    def availability(self) -> Availability:
        """Return how the database stands."""
        crowded = time.monotonic() - self._crowded_at < _CROWDED_SECONDS
        return Availability(self._away, self._read_only, self._full, crowded)

    @property
    def conninfo(self) -> str:
        """Return the connection string that led to the database last."""
        return self._connected.conninfo if self._connected else self._conninfos[0]

    def require(self) -> None:
        """Raise DatabaseAwayError where the database is out of reach."""
        if self._away is not None:
            raise DatabaseAwayError(f"the database is out of reach: {self._away}")

    async def wait_until_available(self) -> None:
        """Return when the database answers, however long that takes."""
        await self._up.wait()

    def attach(self, pool: Guarded) -> None:
        """Inform this pool about the state of the database from now on."""
        self._pools.add(pool)

    def listen_to(self, connection: AsyncConnection[Any]) -> None:
        """Hang up on this connection, too, when the database is lost."""
        self._conversations.add(connection)

    def notice(self, error: BaseException) -> None:
        """Check at once, because somebody has met an error that an outage may have caused."""
        if not isinstance(error, psycopg.Error):
            error = error.__cause__ or error
        if isinstance(error, DatabaseAwayError) or not isinstance(error, psycopg.Error):
            return
        if isinstance(error, DiskFull) and not self._full:
            self._full = True
            _log.error("the database's disk is full", reason=reason_of(error))
        if is_crowded(error):
            if not self.availability.crowded:
                _log.error("the database lets no further connection in", reason=reason_of(error))
            self._crowded_at = time.monotonic()
        elif isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            self._check_now.set()

    async def ask(self, query: LiteralString, timeout_seconds: float) -> DictRow:
        """Return the first row of a short query that reads, sent over the guard's connection: pools may be busy.

        Raises DatabaseAwayError, TimeoutError after `timeout_seconds`, or what the database says.
        """
        self.require()
        question = self._tasks.get(query)
        if question is None or question.done():
            question = self._tasks[query] = asyncio.create_task(self._answer(query), name="question")
            question.add_done_callback(retrieved)
        await asyncio.wait((question,), timeout=timeout_seconds)
        if not question.done():
            raise TimeoutError
        row: DictRow = question.result()
        return row

    async def _answer(self, query: LiteralString) -> DictRow:
        if self._connected is None:
            raise DatabaseAwayError("the database is out of reach")
        try:
            row = await (await self._connected.connection.execute(query)).fetchone()
        except psycopg.Error as error:
            self.notice(error)
            raise
        if row is None:
            raise RuntimeError("a question has one row")
        return row

    async def _watch(self) -> None:
        while True:
            try:
                self._adopt(await connect_to_any_host(self._conninfos, self._name, self._refused))
                self._regained()
                while True:
                    await self._pause()
                    await self._check_again()
            except _LostError as lost:
                self._lose(str(lost))
            except Exception as error:
                _log.exception("the guard stumbled")
                self._lose(reason_of(error))
                await asyncio.sleep(_TRY_EVERY_SECONDS)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._check_now.wait(), _CHECK_EVERY_SECONDS)
        self._check_now.clear()

    async def _check_again(self) -> None:
        """Look once. Raises _LostError where the database is out of reach, or silent at two checks."""
        if (connected := self._connected) is None:
            raise RuntimeError("only a guard that has reached the database checks it")
        checking = asyncio.create_task(self._check(connected.connection), name="check")
        checking.add_done_callback(retrieved)
        await asyncio.wait((checking,), timeout=_FIRST_CHECK_SECONDS)
        if not checking.done():
            await self._check_elsewhere(connected, checking)
        try:
            await checking
        except QueryCanceled:
            return  # by the server itself, after its time: it is slow, and there
        except psycopg.Error as error:
            if connected is self._connected:
                await self._replace(connected, error)

    async def _check(self, connection: AsyncConnection[DictRow]) -> None:
        self._note_writes((await read_state(connection)).read_only)
        if (self._full or self._read_only) and time.monotonic() - self._tried_at > _TRY_EVERY_SECONDS:
            self._tried_at = time.monotonic()
            if self._full:
                self._beside("disk", self.check_disk)
            if self._read_only:
                self._beside("writes", self._find_writable)

    def _beside(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do something that may take long, on connections of its own, unless it is being done."""
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = asyncio.create_task(work(), name=name)
            self._tasks[name].add_done_callback(retrieved)

    def _note_writes(self, read_only: bool) -> None:
        if read_only != self._read_only:
            self._read_only = read_only
            _log.warning("the database is read-only" if read_only else "the database takes writes again")

    async def check_disk(self) -> None:
        """Find out whether the database's disk is full, by writing something and taking it back."""
        with suppress(psycopg.Error, OSError, TimeoutError):
            probe = await connect(self.conninfo, self._name)
            try:
                async with probe.connection.transaction(force_rollback=True):
                    await probe.connection.execute(_sql.take_time)
                    await probe.connection.execute(_sql.try_to_write)
            except DiskFull as error:
                self.notice(error)
                return
            except psycopg.OperationalError:
                return  # it was not answered: as before, as far as is known
            except psycopg.Error as error:
                _log.info("whether the database's disk is full cannot be known", reason=reason_of(error))
            finally:
                await probe.connection.close()
            if self._full:
                self._full = False
                _log.warning("the database's disk has space again")

    async def _find_writable(self) -> None:
        """Go over from a standby to a server that takes writes, where a new connection leads to one."""
        for conninfo in self._conninfos:
            with suppress(psycopg.Error, OSError, TimeoutError):
                probe = await connect(conninfo, self._name)
                if self._read_only and self._away is None and not probe.state.read_only:
                    self._adopt(probe)
                    self._sever()
                    return
                await probe.connection.close()

    async def _check_elsewhere(self, connected: Connected, checking: asyncio.Task[None]) -> None:
        """Check over other connections: if one of them is answered and the first is not, the old ones are dead."""
        others = [
            asyncio.create_task(connect(conninfo, self._name, _TIMEOUT_SECONDS), name="second check")
            for conninfo in self._conninfos
        ]
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        try:
            while not checking.done() and time.monotonic() < deadline:
                pending = [task for task in (checking, *others) if not task.done()]
                left = deadline - time.monotonic()
                await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if (other := next((task for task in others if _leads_on(task, connected)), None)) is not None:
                    # Of a server that answers late, the first answer may be on its way.
                    await asyncio.wait((checking,), timeout=_PAUSE_SECONDS)
                    if not checking.done():
                        _log.warning("the connections to the database lead nowhere and are replaced")
                        others.remove(other)
                        self._adopt(other.result())
                        self._sever()
                    return
            if not checking.done():
                raise _LostError(_SILENT)
        finally:
            for task in others:
                abandon(task)

    async def _replace(self, connected: Connected, error: psycopg.Error) -> None:
        """Find out whether more has ended than the guard's connection. Raise _LostError where it has."""
        while True:
            try:
                successor = await connect(connected.conninfo, self._name, _TIMEOUT_SECONDS)
            except (psycopg.Error, OSError, TimeoutError) as refused:
                self.notice(refused)
                if not is_crowded(refused) and not isinstance(refused, QueryCanceled):
                    raise _LostError(reason_of(refused)) from refused
            else:
                self._adopt(successor)
                if successor.state.started_at != connected.state.started_at:
                    _log.warning("the database was started anew", reason=reason_of(error))
                    self._sever()
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    def _adopt(self, connected: Connected) -> None:
        before, self._connected = self._connected, connected
        if before is not None:
            self._tasks["parting"] = asyncio.create_task(part(before.connection), name="parting")
        self._note_writes(connected.state.read_only)

    def _regained(self) -> None:
        if self._was_there:
            _log.warning("the database answers again", after_seconds=round(time.monotonic() - self._lost_at, 1))
        self._away, self._was_there = None, True
        self._up.set()
        for pool in list(self._pools):
            pool.refill()

    def _lose(self, reason: str) -> None:
        if self._away is None:
            self._lost_at = self._logged_at = time.monotonic()
            _log.error("the database is out of reach", reason=reason)
        self._away = reason
        self._up.clear()
        self._sever()
        for pool in list(self._pools):
            pool.fail_waiting(DatabaseAwayError(f"the database is out of reach: {reason}"))

    def _refused(self, error: BaseException) -> None:
        self._away = reason_of(error)
        if time.monotonic() - self._logged_at > _TELL_EVERY_SECONDS:
            self._logged_at = time.monotonic()
            seconds = round(self._logged_at - self._lost_at)
            _log.error("the database is still out of reach", reason=self._away, for_seconds=seconds)

    def _sever(self) -> None:
        """Close all connections hard; a server that is still at the other end notices it."""
        for connection in list(self._conversations):
            hang_up(connection)
        for pool in list(self._pools):
            pool.discard_idle()
            if self._away is None:
                pool.refill()


def _leads_on(other: asyncio.Task[Connected], connected: Connected) -> bool:
    """Return whether the connection leads to the same server as that one, or to another one that takes writes."""
    if not other.done() or other.cancelled() or other.exception() is not None:
        return False
    arrived = other.result()
    return arrived.conninfo == connected.conninfo or not arrived.state.read_only
