"""Windows: what several processes take of one limit, and how often they ask the database for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from tallykeep.db.connections.availability import DatabaseAwayError
from tallykeep.db.connections.pool import Connection, Connections, Pool
from tallykeep.tenants.limits import windows
from tallykeep.tenants.limits.windows import Limit, Window, Windows, delete_old_windows
from tests.clock import stopped_clock
from tests.db.engine import Engine, open_engine
from tests.db.overtaking import overtake

DAY = 86_400


class Asking:
    """One process's way to the database, which counts how often it is gone."""

    def __init__(self, pool: Pool) -> None:
        self.times = 0
        self._pool = pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self.times += 1
        async with self._pool.connection() as connection:
            yield connection


def window(engine: Engine, limit: Limit) -> tuple[Window, Asking]:
    asking = Asking(engine.pool)
    return Window(asking, engine.project_id, "things", limit), asking


async def _two_processes(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        (one, asking), (other, _) = window(engine, Limit(1_000, 60)), window(engine, Limit(1_000, 60))
        taken = 0
        for _ in range(1_000):
            taken += await one.take() + await other.take()
        assert taken == 1_000, "all of it, and no more"
        assert asking.times < 60
        before = asking.times
        assert not await one.take()
        assert asking.times == before, "until the window ends nothing is asked any more"
        assert (one.left, one.used) == (0, 1_000)
        assert 0 < one.seconds_left <= 60


def test_processes_take_no_more_than_the_limit_together_and_seldom_ask(database_url: str) -> None:
    asyncio.run(_two_processes(database_url))


async def _idle_process(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        (one, _), (idle, _) = window(engine, Limit(1_000, 60)), window(engine, Limit(1_000, 60))
        assert await idle.take()
        taken = 1
        while await one.take():
            taken += 1
        assert 1_000 - 1_000 // windows._PARTS <= taken < 1_000


def test_what_an_idle_process_has_reserved_is_a_tenth_at_most(database_url: str) -> None:
    asyncio.run(_idle_process(database_url))


async def _at_once(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        one, asking = window(engine, Limit(100, 60))
        taken = await asyncio.gather(*(one.take() for _ in range(300)))
        assert sum(taken) == 100
        assert asking.times < 30


def test_who_comes_at_once_waits_for_one_reservation(database_url: str) -> None:
    asyncio.run(_at_once(database_url))


async def _many_units(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        (one, _), (other, _) = window(engine, Limit(100, DAY)), window(engine, Limit(100, DAY))
        assert await one.take(60)
        assert not await other.take(41)
        assert other.used == 60 + one.left - other.left
        assert not await one.take(41)
        number = one.number
        assert await one.take(40)
        one.give_back(40, number)
        assert await one.take(40)
        one.give_back(40, number - 1)
        assert not await one.take(1)


def test_many_units_are_taken_whole_or_not_at_all_and_can_be_given_back(database_url: str) -> None:
    asyncio.run(_many_units(database_url))


async def _over(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        one, _ = window(engine, Limit(2, 60))
        assert [await one.take() for _ in range(3)] == [True, True, False]
        await engine.query("UPDATE usage_windows SET ends_at = now() - interval '1 s' RETURNING 1")
        other, _ = window(engine, Limit(2, 60))
        assert await other.take(), "by the database's clock another has begun"
        # The clock of the database is put back: a window that ends in an hour is none of a minute.
        await engine.query("UPDATE usage_windows SET taken = 2, ends_at = now() + interval '1 hour' RETURNING 1")
        third, _ = window(engine, Limit(2, 60))
        assert await third.take()
        assert third.seconds_left <= 60


async def until_back(one: Window) -> None:
    """Wait until what it had too much of is given back."""
    assert one._giving_back
    async with asyncio.timeout(30):
        await one._giving_back


async def _broken_off(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = stopped_clock(monkeypatch, windows)
    async with open_engine(database_url) as engine:
        day = Limit(1_000, DAY, is_aligned=True)
        (one, asking), (other, other_asking) = window(engine, day), window(engine, day)
        assert await one.take(900)
        assert not await other.take(500)
        one.give_back(900, one.number)
        await until_back(one)
        assert one._reserved == 100, "no more than it would have reserved"
        assert (one.left, one.used) == (1_000, 0)
        times = other_asking.times
        assert not await other.take(500)
        assert other_asking.times == times, "it has asked just now"
        clock.now += windows._ASK_AGAIN_SECONDS
        assert await other.take(500)
        assert await one.take(400)
        assert not await one.take(101)
        times = asking.times
        one.give_back(10, one.number)
        assert one._giving_back
        assert one._giving_back.done(), "little stays"
        assert asking.times == times


def test_what_is_given_back_goes_to_all_processes(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_broken_off(database_url, monkeypatch))


async def _needed_meanwhile(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        one, _ = window(engine, Limit(1_000, DAY, is_aligned=True))
        assert await one.take(1_000)
        one.give_back(1_000, one.number)
        await asyncio.sleep(0)  # it has begun to give back
        assert one._reserved == 100
        assert await one.take(600), "who needs it meanwhile waits for it"


def test_what_is_being_given_back_is_not_lacking(database_url: str) -> None:
    asyncio.run(_needed_meanwhile(database_url))


class Failing(Asking):
    """A way to the database which is closed at first."""

    errors: ClassVar[list[Exception]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        if self.errors:
            raise self.errors.pop(0)
        async with super().connection() as connection:
            yield connection


async def _back_later(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "_GIVE_BACK_AGAIN_SECONDS", 0)
    async with open_engine(database_url) as engine:
        failing = Failing(engine.pool)
        one = Window(failing, engine.project_id, "things", Limit(1_000, DAY, is_aligned=True))
        assert await one.take(900)
        failing.errors = [DatabaseAwayError("away"), PoolTimeout("in use"), psycopg.errors.DiskFull("full")]
        one.give_back(900, one.number)
        await until_back(one)
        assert await engine.query("SELECT taken FROM usage_windows") == [{"taken": 100}]
        assert await one.take(900)
        # Where the connection was lost nobody knows whether it was done: what is lost is never given out twice.
        failing.errors = [psycopg.OperationalError("lost")]
        one.give_back(900, one.number)
        await until_back(one)
        assert one._reserved == 100
        assert await engine.query("SELECT taken FROM usage_windows") == [{"taken": 900}]


def test_what_the_database_did_not_take_back_is_back_later(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_back_later(database_url, monkeypatch))


async def _stopped(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        days = Windows(engine.pool)
        async with days.giving_back():
            assert await days.of(engine.project_id, "things", Limit(1_000, DAY)).take(3)
        assert await engine.query("SELECT taken FROM usage_windows") == [{"taken": 3}]


def test_a_process_that_stops_gives_back_what_it_has_reserved(database_url: str) -> None:
    asyncio.run(_stopped(database_url))


async def _another_limit(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        days = Windows(engine.pool)
        before = days.of(engine.project_id, "things", Limit(1_000, DAY, is_aligned=True))
        assert await before.take(3)
        after = days.of(engine.project_id, "things", Limit(2_000, DAY, is_aligned=True))
        assert days.of(engine.project_id, "things", Limit(2_000, DAY, is_aligned=True)) is after
        before.give_back(1, before.number)  # of a submission that was under way
        await until_back(before)
        assert await engine.query("SELECT taken FROM usage_windows") == [{"taken": 2}]
        assert await before.take(5), "of a submission that goes on"
        assert await engine.query("SELECT taken FROM usage_windows") == [{"taken": 7}], "it reserves nothing beyond"
        assert await after.take(1_993)
        assert not await after.take(1)


def test_what_was_reserved_by_another_limit_is_given_back(database_url: str) -> None:
    asyncio.run(_another_limit(database_url))


async def _changed(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        one, _ = window(engine, Limit(100, DAY))
        assert await one.take(50)
        assert await one.take()
        number, reserved = one.number, one._reserved
        assert reserved > 0
        # The database's clock has gone on: a new window, before the old one is over here.
        await engine.query("UPDATE usage_windows SET ends_at = now() - interval '1 s' RETURNING 1")
        assert await one.take(reserved + 20)
        assert one.number > number
        assert await engine.query("SELECT taken FROM usage_windows") == [{"taken": reserved + 20 + one._reserved}]
        one.give_back(50, number)
        taken = reserved + 20
        while await one.take():
            taken += 1
        assert taken == 100, "neither what was reserved of the old one nor what is given back of it counts now"


def test_nothing_of_an_old_window_enters_the_next(database_url: str) -> None:
    asyncio.run(_changed(database_url))


async def _overtaken(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        assert await window(engine, Limit(10, 60))[0].take()
        await engine.query("UPDATE usage_windows SET ends_at = now() - interval '1 s' RETURNING 1")

        async def take_all(connections: Connections) -> None:
            one = Window(connections, engine.project_id, "things", Limit(10, 60))
            for _ in range(5):
                await one.take()

        await overtake(engine, "usage_windows", take_all, take_all)
        rows = await engine.query("SELECT taken FROM usage_windows")
        assert rows == [{"taken": 10}]


def test_a_process_that_is_overtaken_at_the_begin_of_a_window_does_not_begin_it_again(database_url: str) -> None:
    asyncio.run(_overtaken(database_url))


def test_a_window_ends_by_the_clock_of_the_database(database_url: str) -> None:
    asyncio.run(_over(database_url))


async def _day(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        one, _ = window(engine, Limit(10, DAY, is_aligned=True))
        assert await one.take()
        (row,) = await engine.query(
            "SELECT ends_at = date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 day'"
            " AS is_so FROM usage_windows"
        )
        assert row["is_so"]


def test_a_day_begins_at_midnight_in_utc(database_url: str) -> None:
    asyncio.run(_day(database_url))


async def _forgotten(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "_MAX_WINDOWS", 5)
    async with open_engine(database_url) as engine:
        known = Windows(engine.pool)
        for number in range(20):
            assert await known.of(engine.project_id, f"thing {number}", Limit(5, 60)).take()
        assert len(known._windows) <= 5
        assert known.of(engine.project_id, "thing 19", Limit(5, 60)) is known.of(
            engine.project_id, "thing 19", Limit(5, 60)
        )
        await engine.query("UPDATE usage_windows SET ends_at = now() - interval '2 hours' RETURNING 1")
        async with engine.pool.connection() as connection:
            assert [await delete_old_windows(connection, 15) for _ in range(3)] == [15, 5, 0]


def test_what_is_over_is_forgotten(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_forgotten(database_url, monkeypatch))
