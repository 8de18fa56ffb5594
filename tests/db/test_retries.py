"""Retries: an error that passes is told on the action, one that does not ends it, waiting for others never does."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.errors import (
    AdminShutdown,
    DeadlockDetected,
    DiskFull,
    LockNotAvailable,
    OutOfMemory,
    QueryCanceled,
    ReadOnlySqlTransaction,
    TooManyConnections,
)
from psycopg_pool import PoolTimeout

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType
from tests.db.engine import Engine, open_engine
from tests.db.test_applying import gifts

ACTION_TYPE = ACTION_TYPES["VOUCHERS.IMPORT_CSV"]


def failing(errors: Callable[[], Exception | None], action_type: ActionType = ACTION_TYPE) -> dict[str, ActionType]:
    """The type, whose batches fail with the next error when they begin."""

    async def begin(*arguments: Any) -> Any:
        if error := errors():
            raise error
        return await action_type.begin(*arguments)

    return {action_type.name: replace(action_type, begin=begin)}


def some(*errors: Exception | None) -> Callable[[], Exception | None]:
    return itertools.chain(errors, itertools.repeat(None)).__next__


async def retries_of(engine: Engine, action_id: str) -> tuple[str, int, str | None]:
    action = await engine.get(action_id)
    return action["status"], action["retry_count"], action["retry_reason"]


async def delays(engine: Engine) -> list[float]:
    """How many seconds the project's jobs wait, by the database's clock."""
    jobs = await engine.query(
        "SELECT scheduled_at - now() AS delay FROM procrastinate_jobs WHERE scheduled_at IS NOT NULL ORDER BY id"
    )
    return [job["delay"].total_seconds() for job in jobs]


def test_a_try_in_vain_is_told_until_there_is_progress(database_url: str) -> None:
    async def scenario() -> None:
        errors = some(
            QueryCanceled("canceling statement due to statement timeout\nCONTEXT: rows"), OutOfMemory("no room")
        )
        async with open_engine(database_url, failing(errors), batch_rows=2) as engine:
            action_id = await engine.submit_csv(gifts(4))
            await engine.advance()
            assert await retries_of(engine, action_id) == (
                "IN_PROGRESS",
                1,
                "canceling statement due to statement timeout",
            )
            await engine.advance()
            assert await retries_of(engine, action_id) == ("IN_PROGRESS", 2, "no room")
            await engine.advance()
            assert await retries_of(engine, action_id) == ("IN_PROGRESS", 0, None)
            assert (await engine.finish(action_id))["done_count"] == 4

    asyncio.run(scenario())


def test_tries_come_later_each_time(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, failing(lambda: OutOfMemory("no room"))) as engine:
            await engine.submit_csv(gifts(2))
            for _ in range(10):
                await engine.advance()
            rounded = [round(delay) for delay in await delays(engine)]
            assert rounded == pytest.approx([1, 1, 2, 4, 8, 16, 30, 30, 30, 30], abs=2)

    asyncio.run(scenario())


def test_an_error_that_does_not_pass_ends_the_action_with_its_rows_unprocessed(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, failing(lambda: OutOfMemory("no room")), batch_retries=3) as engine:
            action_id = await engine.submit_csv(gifts(3))
            for _ in range(3):
                assert (await engine.get(action_id))["ended_by"] is None
                await engine.advance()
            action = await engine.get(action_id)
            assert (action["status"], action["ended_by"]) == ("FAILED", "GAVE_UP")
            assert action["reason"] == "Given up after 3 attempts without progress: no room"
            assert (action["done_count"], action["failed_count"], action["unprocessed_count"]) == (0, 0, 3)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ("source = source || '{\"unheard_of\": 1}'", "unheard_of"),
        ("source = source - 'format'", "format"),
        ("source = '[]'", "mapping"),
        ("submission_options = '{\"unheard_of\": 1}'", "unheard_of"),
    ],
)
def test_an_action_that_cannot_be_read_ends_with_its_rows_unprocessed(database_url: str, stored: str, why: str) -> None:
    """Nothing that happens to it is about one of its batches, so no attempt at these is counted."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            broken = await engine.submit("CUSTOMERS.IMPORT_CSV", b"source_id\nA\nB\nC\n")
            following = await engine.submit("CUSTOMERS.IMPORT_CSV", b"source_id\nD\n")
            await engine.query(f"UPDATE async_actions SET {stored} WHERE id = %s RETURNING 1", broken)
            await engine.advance()
            await engine.advance()
            (action,) = await engine.query("SELECT * FROM async_actions WHERE id = %s", broken)
            assert (action["status"], action["ended_by"]) == ("FAILED", "GAVE_UP")
            assert why in action["reason"]
            assert action["reason"].endswith("send the same rows again")
            assert (action["done_count"], action["unprocessed_count"], action["total_count"]) == (0, 3, 3)
            assert (await engine.get(following))["done_count"] == 1

    asyncio.run(scenario())


def test_batches_in_hand_together_are_given_up_no_sooner(database_url: str) -> None:
    async def scenario() -> None:
        action_types = failing(lambda: OutOfMemory("no room"))
        async with open_engine(database_url, action_types, batch_rows=1, batch_retries=2) as engine:
            action_id = await engine.submit_csv(gifts(9))
            for _ in range(5):
                await engine.advance()
            assert (await retries_of(engine, action_id))[:2] == ("IN_PROGRESS", 5)
            await engine.advance()
            assert (await engine.get(action_id))["ended_by"] == "GAVE_UP"

    asyncio.run(scenario())


def test_what_comes_next_in_a_sequence_goes_on_behind_an_action_that_was_given_up(database_url: str) -> None:
    action_type = ACTION_TYPES["VOUCHERS.BULK_UPDATE"]

    async def scenario() -> None:
        action_types = failing(some(OutOfMemory("no room")), action_type)
        async with open_engine(database_url, action_types, batch_retries=1) as engine:
            first = await engine.submit(action_type.name, b'[{"code": "A", "metadata": {}}]')
            second = await engine.submit(action_type.name, b'[{"code": "B", "metadata": {}}]')
            await engine.advance()
            await engine.advance()
            assert (await engine.get(first))["ended_by"] == "GAVE_UP"
            assert (await engine.get(second))["status"] == "DONE"

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [DiskFull, TooManyConnections, ReadOnlySqlTransaction, AdminShutdown, PoolTimeout])
def test_an_outage_never_ends_an_action_and_is_not_waited_for_longer_each_time(
    database_url: str, error: type[psycopg.Error]
) -> None:
    async def scenario() -> None:
        action_types = failing(some(*[error("not just now")] * 8))
        async with open_engine(database_url, action_types, batch_retries=3) as engine:
            action_id = await engine.submit_csv(gifts(2))
            for tries in range(1, 9):
                await engine.advance()
                assert await retries_of(engine, action_id) == ("IN_PROGRESS", tries, "not just now")
            assert [round(delay) for delay in await delays(engine)] == pytest.approx([1] * 8, abs=2)
            assert (await engine.finish(action_id))["done_count"] == 2

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [LockNotAvailable, DeadlockDetected])
def test_to_wait_for_others_is_told_and_never_ends_an_action(database_url: str, error: type[psycopg.Error]) -> None:
    async def scenario() -> None:
        action_types = failing(some(*[error("somebody else has it")] * 5))
        async with open_engine(database_url, action_types, batch_retries=3, lease_seconds=0.0001) as engine:
            action_id = await engine.submit_csv(gifts(2))
            for tries in range(1, 6):
                await engine.advance()
                assert await retries_of(engine, action_id) == ("IN_PROGRESS", tries, "somebody else has it")
                await engine.query("DELETE FROM attempts WHERE %s RETURNING 1", error is DeadlockDetected)
            assert await engine.query("SELECT FROM attempts WHERE attempts > 0") == []  # nor accuses a row
            assert (await engine.finish(action_id))["done_count"] == 2

    asyncio.run(scenario())


def test_having_waited_for_others_brings_no_error_nearer_to_the_end(database_url: str) -> None:
    async def scenario() -> None:
        action_types = failing(some(*[LockNotAvailable("somebody else has it")] * 5, OutOfMemory("no room")))
        async with open_engine(database_url, action_types, batch_retries=3) as engine:
            action_id = await engine.submit_csv(gifts(2))
            for _ in range(6):
                await engine.advance()
            assert await retries_of(engine, action_id) == ("IN_PROGRESS", 6, "no room")
            assert (await engine.finish(action_id))["done_count"] == 2

    asyncio.run(scenario())


def test_a_batch_that_somebody_else_closed_is_nothing_to_tell(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            action_id = await engine.submit_csv(gifts(4))
            await asyncio.gather(*(engine.advance() for _ in range(4)))
            assert (await retries_of(engine, action_id))[1:] == (0, None)

    asyncio.run(scenario())


def test_a_lock_that_nobody_gives_back_is_waited_for_again_and_again(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, lock_wait_seconds=0.05) as engine:
            action_id = await engine.submit_csv(gifts(2))
            async with await psycopg.AsyncConnection.connect(database_url) as holder:
                await holder.execute("LOCK TABLE vouchers")
                await engine.advance()
                status, tries, reason = await retries_of(engine, action_id)
                assert (status, tries) == ("IN_PROGRESS", 1)
                assert reason == "canceling statement due to lock timeout"
            assert timedelta(0) < timedelta(seconds=(await delays(engine))[0])
            assert (await engine.finish(action_id))["done_count"] == 2

    asyncio.run(scenario())
