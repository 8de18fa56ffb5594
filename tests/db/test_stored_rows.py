"""Stored rows: how often they are counted, and what holds where they cannot be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tallykeep.api.limits import stored_rows
from tallykeep.api.limits.stored_rows import StoredRows
from tallykeep.core.errors import TooManyRequestsError
from tallykeep.db.connections.pool import Connection, Pool, make_pool
from tallykeep.tenants.callers import Caller, Grant
from tallykeep.tenants.permissions import Role
from tests.clock import Clock, stopped_clock
from tests.db.engine import Engine, open_engine


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch, stored_rows)


class Counting:
    """The way to the database on which rows are counted; the clock goes on by how long each count takes."""

    def __init__(self, pool: Pool, clock: Clock, takes: float) -> None:
        self.times = 0
        self._pool, self._clock, self._takes = pool, clock, takes

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self.times += 1
        self._clock.now += self._takes
        async with self._pool.connection() as connection:
            yield connection


def caller_of(engine: Engine) -> Caller:
    return Caller(Grant(engine.project_id, "proj_1", "key", "app", Role.ADMIN, frozenset()))


async def _too_slow(database_url: str, clock: Clock) -> None:
    async with (
        open_engine(database_url) as engine,
        make_pool(database_url, size=1, name="slow reads", statement_timeout_seconds=0.2) as pool,
    ):
        stored, counting, caller = StoredRows(), Counting(pool, clock, takes=30), caller_of(engine)
        async with engine.pool.connection() as connection, connection.transaction():
            await connection.execute("LOCK TABLE vouchers IN ACCESS EXCLUSIVE MODE")  # no count ends in time
            for _ in range(4):
                await stored.take(caller, counting, 2, 10)
            assert counting.times == 1, "what was tried in vain is not tried again with each submission"
            with pytest.raises(TooManyRequestsError):
                await stored.take(caller, counting, 3, 10)
            assert counting.times == 1
            clock.now += stored_rows._TIMES_LONGER_FULL * 30
            with pytest.raises(TooManyRequestsError):
                await stored.take(caller, counting, 3, 10)
            assert counting.times == 2


def test_submissions_go_on_with_the_last_count_where_counting_takes_too_long(database_url: str, clock: Clock) -> None:
    asyncio.run(_too_slow(database_url, clock))


async def _full(database_url: str, clock: Clock, takes: float, pause: float) -> None:
    async with open_engine(database_url) as engine:
        stored, counting, caller = StoredRows(), Counting(engine.pool, clock, takes), caller_of(engine)
        await stored.take(caller, counting, 10, 10)
        for ahead, times in ((0, 1), (pause - 0.1, 1), (0.1, 2), (0, 2)):
            clock.now += ahead
            with pytest.raises(TooManyRequestsError):
                await stored.take(caller, counting, 1, 10)
            assert counting.times == times


@pytest.mark.parametrize(("takes", "pause"), [(0.0, 0.5), (10.0, 50.0)])
def test_a_full_project_is_counted_more_often_but_never_all_the_time(
    database_url: str, clock: Clock, takes: float, pause: float
) -> None:
    asyncio.run(_full(database_url, clock, takes, pause))
