"""Rescue: an action never hangs, whatever became of its jobs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
import pytest

from tallykeep.core.action import EndedBy
from tallykeep.engine.applying.accounting import end_unfinished
from tallykeep.engine.scheduling.fair_scheduling import MAX_DELAY
from tests.db.engine import WORKER, Engine, open_engine
from tests.db.stalling import stalling
from tests.db.test_applying import gifts
from tests.db.waiting import until_set

WITHOUT_DELAY = {"rescue_after_seconds": -60}


async def _lose_jobs(engine: Engine) -> None:
    await engine.query("DELETE FROM procrastinate_jobs RETURNING id")


def test_a_lost_job_is_queued_again_and_once(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **WITHOUT_DELAY) as engine:
            await engine.submit_csv(gifts(2))
            assert await engine.rescuer.rescue() == 0
            await _lose_jobs(engine)
            assert await engine.rescuer.rescue() == 1
            assert await engine.rescuer.rescue() == 0
            assert await engine.jobs() == 1

    asyncio.run(scenario())


def test_a_job_stuck_in_doing_does_not_count(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **WITHOUT_DELAY) as engine:
            await engine.submit_csv(gifts(2))
            await engine.query("UPDATE procrastinate_jobs SET status = 'doing' RETURNING id")
            assert await engine.rescuer.rescue() == 1

    asyncio.run(scenario())


def test_what_makes_progress_or_is_in_hand_or_has_ended_is_left_alone(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            await engine.submit_csv(gifts(2))
            await _lose_jobs(engine)
            assert await engine.rescuer.rescue() == 0  # silent for less than three seconds
        async with open_engine(database_url, batch_rows=1, **WITHOUT_DELAY) as engine:
            await engine.query("DELETE FROM batches RETURNING 1")
            await engine.query("DELETE FROM async_actions RETURNING 1")
            action_id = await engine.submit_csv(gifts(2))
            await _lose_jobs(engine)
            async with engine.pool.connection() as worker, worker.transaction():
                await worker.execute("SELECT FROM batches WHERE first_row = 1 FOR UPDATE")
                assert await engine.rescuer.rescue() == 0  # its first open batch is being worked on
            await engine.finish(action_id)
            await _lose_jobs(engine)
            assert await engine.rescuer.rescue() == 0

    asyncio.run(scenario())


def test_a_sign_of_life_from_the_future_is_none(database_url: str) -> None:
    """The clock was set back by ten minutes, and a worker was killed: nobody waits these ten minutes."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.submit_csv(gifts(2))
            await _lose_jobs(engine)
            assert await engine.rescuer.rescue() == 0
            await engine.query("UPDATE async_actions SET updated_at = now() + interval '10 minutes' RETURNING id")
            assert await engine.rescuer.rescue() == 1

    asyncio.run(scenario())


def test_a_job_that_waits_for_longer_than_any_is_made_to_does_not_count(database_url: str) -> None:
    later = "UPDATE procrastinate_jobs SET scheduled_at = now() + %s * interval '1 second' RETURNING id"

    async def scenario() -> None:
        async with open_engine(database_url, **WITHOUT_DELAY) as engine:
            await engine.submit_csv(gifts(2))
            await engine.query(later, MAX_DELAY.total_seconds() - 5)
            assert await engine.rescuer.rescue() == 0
            await engine.query(later, MAX_DELAY.total_seconds() + 90)
            assert await engine.rescuer.rescue() == 1

    asyncio.run(scenario())


def test_a_worker_silent_beyond_its_lease_loses_its_session(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, lease_seconds=0.2) as engine, engine.pool.connection() as sleeper:
            await sleeper.execute("BEGIN")
            await sleeper.execute("SELECT 1")
            await asyncio.sleep(0.3)
            await engine.rescuer.rescue()
            with pytest.raises(psycopg.OperationalError):
                await sleeper.execute("SELECT 1")

    asyncio.run(scenario())


def test_nobody_elses_session_and_none_without_a_transaction_is_ended(database_url: str, postgres: str) -> None:
    """Not even one that has been silent for longer: only workers of this database have a lease."""

    async def scenario() -> None:
        async with open_engine(database_url, lease_seconds=0.2) as engine, AsyncExitStack() as opened:
            sessions = []
            for url, name, begins in (
                (database_url, "somebody else", True), (postgres, WORKER, True), (database_url, WORKER, False),
            ):  # fmt: skip
                connection = await psycopg.AsyncConnection.connect(url, application_name=name, autocommit=True)
                sessions.append(await opened.enter_async_context(connection))
                await connection.execute("BEGIN" if begins else "SELECT 1")
            await asyncio.sleep(0.3)
            await engine.rescuer.rescue()
            for session in sessions:
                await session.execute("SELECT 1")

    asyncio.run(scenario())


def test_a_job_delivered_twice_changes_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            action_id = await engine.submit_csv(gifts(6))
            while (await engine.get(action_id))["status"] != "DONE":
                await asyncio.gather(engine.advance(), engine.advance())
            action = await engine.get(action_id)
            await asyncio.gather(*(engine.advance() for _ in range(3)))  # and late
            assert await engine.get(action_id) == action
            assert (action["done_count"], action["failed_count"], action["created_count"]) == (6, 0, 6)

    asyncio.run(scenario())


def test_jobs_take_no_locks_that_could_block_others(database_url: str) -> None:
    """A `lock` with a retry in the future holds up every job of that lock; a `queueing_lock` may raise."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            await engine.submit_csv(gifts(3))
            jobs = await engine.query("SELECT lock, queueing_lock FROM procrastinate_jobs")
            assert jobs == [{"lock": None, "queueing_lock": None}] * 3

    asyncio.run(scenario())


@asynccontextmanager
async def _held_up_in_writing(database_url: str, engine: Engine) -> AsyncIterator[tuple[asyncio.Task[None], int]]:
    """A worker in the middle of its batch, waiting for somebody else's transaction; its session's process id."""
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute(
            "INSERT INTO vouchers (project_id, code, id, type, created_at)"
            " VALUES (%s, 'C0', 'v_other', 'GIFT_VOUCHER', now())",
            (engine.project_id,),
        )
        worker = asyncio.create_task(engine.advance())
        async with asyncio.timeout(60):
            while not (pids := await engine.query("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'")):
                await asyncio.sleep(0.01)
        yield worker, pids[0]["pid"]
        await holder.rollback()


def test_a_worker_that_is_told_to_stop_accuses_no_row(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            await engine.submit_csv(gifts(4))
            async with _held_up_in_writing(database_url, engine) as (worker, _):
                worker.cancel()
                await asyncio.wait((worker,))
                assert worker.cancelled()
            assert await engine.query("SELECT attempts FROM attempts") == [{"attempts": 0}]

    asyncio.run(scenario())


def test_a_session_ended_in_the_middle_of_a_batch_leaves_nothing_of_it(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            action_id = await engine.submit_csv(gifts(4))
            async with _held_up_in_writing(database_url, engine) as (worker, pid):
                await engine.query("SELECT pg_terminate_backend(%s)", pid)
                await worker
            assert await engine.query("SELECT FROM vouchers") == []
            assert await engine.query("SELECT FROM attempts WHERE attempts > 0") == []  # no row is under suspicion
            assert await engine.jobs() == 3  # two from the start, and one for another try
            action = await engine.finish(action_id)
            assert (action["done_count"], action["failed_count"], action["created_count"]) == (4, 0, 4)

    asyncio.run(scenario())


def test_a_worker_that_waits_for_a_lock_beyond_its_lease_is_not_silent(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, lease_seconds=0.2) as engine:
            action_id = await engine.submit_csv(gifts(2))
            async with _held_up_in_writing(database_url, engine) as (worker, _):
                await asyncio.sleep(0.3)
                await engine.rescuer.rescue()
            await worker
            assert (await engine.get(action_id))["done_count"] == 2

    asyncio.run(scenario())


def test_a_worker_that_wakes_up_beyond_its_lease_commits_nothing(database_url: str) -> None:
    async def scenario() -> None:
        stopped, woken = asyncio.Event(), asyncio.Event()
        async with open_engine(database_url, stalling(stopped, woken), lease_seconds=1.5) as engine:
            action_id = await engine.submit_csv(gifts(3))
            sleeper = asyncio.create_task(engine.advance())
            await until_set(stopped)
            await asyncio.sleep(1.8)
            await engine.rescuer.rescue()
            async with asyncio.timeout(60):
                action = await engine.finish(action_id)  # somebody else's work
            woken.set()
            await sleeper
            assert await engine.get(action_id) == action
            assert (action["done_count"], action["failed_count"], action["created_count"]) == (3, 0, 3)
            assert len(await engine.query("SELECT FROM vouchers")) == 3

    asyncio.run(scenario())


def test_a_batch_of_an_action_that_was_ended_meanwhile_leaves_nothing(database_url: str) -> None:
    async def scenario() -> None:
        stopped, woken = asyncio.Event(), asyncio.Event()
        async with open_engine(database_url, stalling(stopped, woken)) as engine:
            action_id = await engine.submit_csv(gifts(3))
            worker = asyncio.create_task(engine.advance())
            await until_set(stopped)
            async with engine.pool.connection() as connection:
                await end_unfinished(connection, engine.project_id, action_id, EndedBy.CANCELED, "enough")
            woken.set()
            await worker
            action = await engine.get(action_id)
            assert (action["done_count"], action["failed_count"], action["unprocessed_count"]) == (0, 0, 3)
            assert await engine.query("SELECT FROM vouchers") == []

    asyncio.run(scenario())
