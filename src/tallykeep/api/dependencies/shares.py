"""Shares: what a process of the API has for all projects, and how much of each one project, and one key, may hold.

docs/guarantees.md tells them as a table.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tallykeep.core.concurrency.slots import Bounds, Slots
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.tenants.callers import Caller

_QUEUE = 500  # requests of one project that wait for the same thing; so many clients are a mistake, or an attack
_SOON_SECONDS, _LATER_SECONDS, _WHILE_SECONDS = 3.0, 10.0, 30.0
_HEAVY_SECONDS = 4.0  # for what takes long: who comes again later is served as soon, and waits for nothing meanwhile


class Shares:
    """The slots of one process."""

    def __init__(self, settings: Settings) -> None:
        connections = Bounds.shared(settings.api_pool_size, waiting=_QUEUE)
        watchers = Bounds.shared(settings.max_watches, waiting=0)
        uploads = Bounds.shared(settings.max_uploads, waiting=_QUEUE)
        requests = Bounds.shared(settings.max_connections, waiting=0)
        self.requests = Slots("requests", requests, timeout_seconds=0)
        self.reads = Slots("reads", connections, timeout_seconds=_LATER_SECONDS)
        self.writes = Slots("single writes", connections, timeout_seconds=_SOON_SECONDS)
        self.intake = Slots("submissions being written", connections, timeout_seconds=_WHILE_SECONDS)
        # Queries that scan many rows: few at a time, so that PostgreSQL has time for the others.
        heavy = Bounds(in_all=4, of_project=2, of_key=2, waiting=100)
        self.heavy_reads = Slots(
            "reads that go through many rows", heavy, timeout_seconds=_HEAVY_SECONDS, retry_after=5
        )
        self.uploads = Slots("uploads", uploads, timeout_seconds=_LATER_SECONDS, retry_after=5)
        # Of few bytes, which arrive at once where nothing is wrong: they do not queue behind large files.
        self.small_uploads = Slots("small uploads", uploads, timeout_seconds=_LATER_SECONDS, retry_after=5)
        self.bodies = Slots("JSON bodies being read", uploads, timeout_seconds=_LATER_SECONDS)
        previews = Bounds(in_all=4, of_project=2, of_key=2, waiting=100)
        self.previews = Slots("previews", previews, timeout_seconds=_HEAVY_SECONDS, retry_after=5)
        self.downloads = Slots("downloads", uploads, timeout_seconds=_LATER_SECONDS, retry_after=5)
        self.watches = Slots("requests that wait for actions", watchers, timeout_seconds=0, retry_after=5)


@dataclass(frozen=True, slots=True)
class Pools:
    """The connections of one process, by what they are for, so that none of it waits for the other."""

    own: Pool  # keys and sessions, and the looks at what is watched: what belongs to no project, or to all
    reading: Pool
    writing: Pool  # single writes, which may have to wait for locks
    intake: Pool  # what starts and ends actions

    async def drain(self) -> None:
        """Replace the idle connections."""
        for pool in (self.own, self.reading, self.writing, self.intake):
            await pool.drain()


@dataclass(frozen=True, slots=True)
class Share:
    """One caller's share of a pool; there are as many slots as connections, so who has one waits for no other."""

    pool: Pool
    caller: Caller
    slots: Slots
    few: Slots | None = None
    timeout_seconds: float | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection for as long as the context lasts; raise TooManyRequestsError, ServiceUnavailableError."""
        who = (*self.caller.who, self.timeout_seconds)
        if self.few is None:
            async with self.slots.hold(*who), self.pool.connection() as connection:
                yield connection
        else:
            async with self.few.hold(*who), self.slots.hold(*who), self.pool.connection() as connection:
                yield connection
