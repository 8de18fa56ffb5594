"""Windows: how much of something is left in a stretch of time, counted in PostgreSQL and reserved there in parts.

A process takes what it has reserved without asking anybody, so that most requests cost no statement. All processes
together never take more than the limit, because what is reserved counts as taken. What one of them has reserved and
does not use is lost to the others until the window ends, or until the process stops; what was taken and is given back
lies with it only as far as it would reserve that much.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from tallykeep.db.connections.availability import DatabaseAwayError
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries

_sql = queries(__package__, "windows.sql")
_log = structlog.get_logger()

_PARTS = 10  # a process reserves a tenth of the limit at most,
_PARTS_OF_REST = 4  # and a quarter of what is left, or what is needed at once
_MAX_WINDOWS = 10_000
_ASK_AGAIN_SECONDS = 5.0  # where a long window lacks units: others give some back
_GIVE_BACK_AGAIN_SECONDS = 2.0
_CLOSING_SECONDS = 5.0
_PERHAPS_DONE = ("08", "57P")  # SQLSTATEs: the connection was lost, the server was shut down


@dataclass(frozen=True, slots=True)
class Limit:
    """How many units there are in so many seconds.

    Aligned windows begin at multiples of their length, a day at midnight in UTC; others with the first unit taken. In
    aligned ones much may be given back, so that one that lacks units is asked again before it ends.
    """

    maximum: int
    seconds: int
    is_aligned: bool = False


class Window:
    """What this process knows of one limit of a project, and how much of it it may take."""

    def __init__(self, connections: Connections, project_id: int, name: str, limit: Limit) -> None:
        self.limit = limit
        self._connections = connections
        self._params = {
            "project_id": project_id, "name": name, "maximum": limit.maximum, "seconds": limit.seconds,
            "is_aligned": limit.is_aligned,
        }  # fmt: skip
        self._reserving = asyncio.Lock()
        self._reserved = 0
        self._beyond = limit.maximum  # what nobody had reserved when this process asked last
        self._taken = 0  # by all, the reserved ones too; more than the limit where that was lowered meanwhile
        self._kept = max(1, limit.maximum // _PARTS)  # of what is given back; the rest goes to all
        self._giving_back: asyncio.Task[None] | None = None
        self._queried_at = 0.0
        self._ends_at = 0.0  # monotonic, and no later than by the database's clock
        self._window: datetime | None = None  # its end, by the database's clock
        self.number = 0  # of the window, so that what was taken in one is not given back in the next

    async def take(self, units: int = 1) -> bool:
        """Take so many units, or none where there are not as many; return which. Raises the database's errors."""
        if self._take_reserved(units):
            return True
        async with self._reserving:
            while not self._take_reserved(units):
                if self._is_known_to_lack(units) or not await self._reserve(units):
                    return False
        return True

    def give_back(self, units: int, number: int) -> None:
        """Give back units that were taken in the window of this number, and not used.

        What this process would not have reserved by itself is left to all processes a moment later.
        """
        if number != self.number:
            return
        self._reserved += units
        if self._reserved > self._kept and (self._giving_back is None or self._giving_back.done()):
            self._giving_back = asyncio.create_task(self._keep_giving_back(), name="give units back")

    def retire(self) -> None:
        """Leave to all processes, a moment later, what is reserved and what still comes back: another one follows."""
        self._kept = 0
        self.give_back(0, self.number)

    async def give_up(self, keep: int = 0) -> None:
        """Leave to all processes what is reserved beyond `keep`.

        Raises the database's errors; what it has certainly not taken back stays reserved.
        """
        async with self._reserving:  # who finds too few meanwhile waits, and asks
            units = self._reserved - keep
            if units <= 0 or self.is_over:
                return
            self._reserved -= units
            try:
                await self._put_back(units)
            except Exception as error:
                if _is_undone(error):
                    self._reserved += units
                raise

    @property
    def left(self) -> int:
        """Return how many units are left, as far as is known here: others may have taken some since."""
        return self._reserved + self._beyond

    @property
    def used(self) -> int:
        """Return how many units are taken, counting those that other processes have reserved."""
        return self._taken - self._reserved

    @property
    def seconds_left(self) -> int:
        """Return the seconds until it ends, rounded up, and at least one."""
        return max(1, math.ceil(self._ends_at - time.monotonic()))

    @property
    def is_over(self) -> bool:
        """Return whether another window begins with the next unit."""
        return time.monotonic() >= self._ends_at

    def _take_reserved(self, units: int) -> bool:
        if units > self._reserved or self.is_over:
            return False
        self._reserved -= units
        return True

    def _is_known_to_lack(self, units: int) -> bool:
        if self.is_over or units <= self.left:
            return False
        return not self.limit.is_aligned or time.monotonic() < self._queried_at + _ASK_AGAIN_SECONDS

    async def _keep_giving_back(self) -> None:
        """Give up what is too much, again and again until the database has taken it back."""
        while self._reserved > self._kept and not self.is_over:
            try:
                await self.give_up(self._kept)
            except (psycopg.Error, PoolTimeout) as error:
                _log.info("units of a limit are given back later", reason=reason_of(error))
                await asyncio.sleep(_GIVE_BACK_AGAIN_SECONDS)

    async def _put_back(self, units: int) -> None:
        params = {**self._params, "ends_at": self._window, "units": units}
        async with self._connections.connection() as connection:
            row = await (await connection.execute(_sql.give_back, params)).fetchone()
        if row is not None:
            self._note_taken(row["taken"])

    def _note_taken(self, taken: int) -> None:
        self._taken, self._beyond = taken, max(0, self.limit.maximum - taken)

    def _begin(self) -> None:
        self._reserved = 0
        self._note_taken(0)
        self.number += 1

    async def _reserve(self, units: int) -> bool:
        if self.is_over:
            self._begin()
        needed = units - self._reserved
        more = min(self.limit.maximum // _PARTS, self._beyond // _PARTS_OF_REST)
        wanted = max(needed, more) if self._kept else needed  # nobody gives back what one that is retired has left
        queried_at = time.monotonic()
        params = {**self._params, "needed": needed, "wanted": wanted}
        async with self._connections.connection() as connection:
            row = await (await connection.execute(_sql.reserve, params)).fetchone()
        if row is None:
            raise RuntimeError("a window has one row")
        if row["ends_at"] != self._window:  # where another has begun before this one was over here, too
            self._begin()
        self._window, self._queried_at = row["ends_at"], queried_at
        self._ends_at = queried_at + row["seconds"]
        self._note_taken(row["taken"])
        self._reserved += row["reserved"]
        return bool(row["reserved"])


class Windows:
    """The windows of one process, by project and name."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._windows: dict[tuple[int, str], Window] = {}

    def of(self, project_id: int, name: str, limit: Limit) -> Window:
        """Return the window of this limit; where there was another one, what that has reserved is given back."""
        window = self._windows.get((project_id, name))
        if window is None or window.limit != limit:
            if window is not None:
                window.retire()
            self._forget_some()
            window = self._windows[project_id, name] = Window(self._connections, project_id, name, limit)
        return window

    @asynccontextmanager
    async def giving_back(self) -> AsyncIterator[None]:
        """Leave to other processes, in the end, what this one has reserved and not used."""
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(_CLOSING_SECONDS):
                    for window in self._windows.values():
                        await window.give_up()
            except (psycopg.Error, PoolTimeout, TimeoutError) as error:
                _log.info("units of limits were not given back", reason=reason_of(error))

    def _forget_some(self) -> None:
        """Forget those that are over, and where that is not enough all: what they have reserved is lost, and
        no limit is exceeded.
        """
        if len(self._windows) >= _MAX_WINDOWS:
            self._windows = {key: window for key, window in self._windows.items() if not window.is_over}
        if len(self._windows) >= _MAX_WINDOWS:
            self._windows.clear()


def _is_undone(error: Exception) -> bool:
    """Return whether the database has certainly not done what it was asked for."""
    if isinstance(error, PoolTimeout | DatabaseAwayError):
        return True
    return isinstance(error, psycopg.Error) and not (error.sqlstate or "08").startswith(_PERHAPS_DONE)


async def delete_old_windows(connection: Connection, step: int) -> int:
    """Delete some of the windows that are over for long; return how many."""
    return (await connection.execute(_sql.delete_over, {"step": step})).rowcount
