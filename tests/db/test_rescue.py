"""Rescue: an action never hangs, whatever became of its jobs."""

import asyncio

import psycopg
import pytest

from tests.db.engine import Engine, open_engine
from tests.db.test_applying import gifts

AT_ONCE = {"rescue_after_seconds": -60}


async def _lose_jobs(engine: Engine) -> None:
    await engine.query("DELETE FROM procrastinate_jobs RETURNING id")


def test_a_lost_job_is_queued_again_and_once(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **AT_ONCE) as engine:
            await engine.submit_csv(gifts(2))
            assert await engine.rescuer.rescue() == 0
            await _lose_jobs(engine)
            assert await engine.rescuer.rescue() == 1
            assert await engine.rescuer.rescue() == 0
            assert await engine.jobs() == 1

    asyncio.run(scenario())


def test_a_job_stuck_in_doing_does_not_count(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **AT_ONCE) as engine:
            await engine.submit_csv(gifts(2))
            await engine.query("UPDATE procrastinate_jobs SET status = 'doing' RETURNING id")
            assert await engine.rescuer.rescue() == 1

    asyncio.run(scenario())


def test_what_makes_progress_or_is_in_hand_or_has_ended_is_left_alone(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, portion_rows=1) as engine:
            await engine.submit_csv(gifts(2))
            await _lose_jobs(engine)
            assert await engine.rescuer.rescue() == 0  # silent for less than three seconds
        async with open_engine(database_url, portion_rows=1, **AT_ONCE) as engine:
            await engine.query("DELETE FROM portions RETURNING 1")
            await engine.query("DELETE FROM async_actions RETURNING 1")
            action_id = await engine.submit_csv(gifts(2))
            await _lose_jobs(engine)
            async with engine.pool.connection() as worker, worker.transaction():
                await worker.execute("SELECT FROM portions WHERE first_row = 1 FOR UPDATE")
                assert await engine.rescuer.rescue() == 0  # its first open portion is being worked on
            await engine.finish(action_id)
            await _lose_jobs(engine)
            assert await engine.rescuer.rescue() == 0

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
