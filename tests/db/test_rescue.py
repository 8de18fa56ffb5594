"""Rescue: an action never hangs, whatever became of its jobs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tallykeep.actions import ACTION_TYPES
from tallykeep.engine.account import end_unfinished
from tallykeep.engine.claim import claim_portion, forget_attempt, note_attempt
from tallykeep.engine.isolate import TRY_AGAIN, Isolation
from tallykeep.engine.kinds import ActionType
from tallykeep.engine.turns import LONGEST_DELAY
from tallykeep.errors import NotTriedError
from tallykeep.model import EndedBy
from tests.db.engine import WORKER, Engine, open_engine
from tests.db.test_applying import gifts
from tests.postgres import quiet_settings

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
        async with open_engine(database_url, **AT_ONCE) as engine:
            await engine.submit_csv(gifts(2))
            await engine.query(later, LONGEST_DELAY.total_seconds() - 5)
            assert await engine.rescuer.rescue() == 0
            await engine.query(later, LONGEST_DELAY.total_seconds() + 90)
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
        async with open_engine(database_url, portion_rows=2) as engine:
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
        async with open_engine(database_url, portion_rows=1) as engine:
            await engine.submit_csv(gifts(3))
            jobs = await engine.query("SELECT lock, queueing_lock FROM procrastinate_jobs")
            assert jobs == [{"lock": None, "queueing_lock": None}] * 3

    asyncio.run(scenario())


@asynccontextmanager
async def _held_up_in_writing(database_url: str, engine: Engine) -> AsyncIterator[tuple[asyncio.Task[None], int]]:
    """A worker in the middle of its portion, waiting for somebody else's transaction; its session's process id."""
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
        async with open_engine(database_url, portion_rows=2) as engine:
            await engine.submit_csv(gifts(4))
            async with _held_up_in_writing(database_url, engine) as (worker, _):
                worker.cancel()
                await asyncio.wait((worker,))
                assert worker.cancelled()
            assert await engine.query("SELECT attempts FROM attempts") == [{"attempts": 0}]

    asyncio.run(scenario())


def test_a_session_ended_in_the_middle_of_a_portion_leaves_nothing_of_it(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, portion_rows=2) as engine:
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


class _Stalled:
    """An operation that stops before it writes, as its process would when it is stopped."""

    def __init__(self, inner: Any, stopped: asyncio.Event, woken: asyncio.Event) -> None:
        self._inner, self._stopped, self._woken = inner, stopped, woken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def write(self) -> Any:
        failures = await self._inner.write()
        if not self._stopped.is_set():
            self._stopped.set()
            await self._woken.wait()
        return failures


def _stalling(stopped: asyncio.Event, woken: asyncio.Event) -> dict[str, ActionType]:
    """Voucher imports of which the first portion stalls when it has written its rows."""
    kind = ACTION_TYPES["VOUCHERS.IMPORT_CSV"]

    async def begin(*arguments: Any) -> _Stalled:
        return _Stalled(await kind.begin(*arguments), stopped, woken)

    return {kind.name: replace(kind, begin=begin)}


def test_a_worker_that_wakes_up_beyond_its_lease_commits_nothing(database_url: str) -> None:
    async def scenario() -> None:
        stopped, woken = asyncio.Event(), asyncio.Event()
        async with open_engine(database_url, _stalling(stopped, woken), lease_seconds=0.2) as engine:
            action_id = await engine.submit_csv(gifts(3))
            sleeper = asyncio.create_task(engine.advance())
            await stopped.wait()
            await asyncio.sleep(0.3)
            await engine.rescuer.rescue()
            async with asyncio.timeout(60):
                action = await engine.finish(action_id)  # somebody else's work
            woken.set()
            await sleeper
            assert await engine.get(action_id) == action
            assert (action["done_count"], action["failed_count"], action["created_count"]) == (3, 0, 3)
            assert len(await engine.query("SELECT FROM vouchers")) == 3

    asyncio.run(scenario())


def test_a_portion_of_an_action_that_was_ended_meanwhile_leaves_nothing(database_url: str) -> None:
    async def scenario() -> None:
        stopped, woken = asyncio.Event(), asyncio.Event()
        async with open_engine(database_url, _stalling(stopped, woken)) as engine:
            action_id = await engine.submit_csv(gifts(3))
            worker = asyncio.create_task(engine.advance())
            await stopped.wait()
            async with engine.pool.connection() as connection:
                await end_unfinished(connection, engine.project_id, action_id, EndedBy.CANCELED, "enough")
            woken.set()
            await worker
            action = await engine.get(action_id)
            assert (action["done_count"], action["failed_count"], action["unprocessed_count"]) == (0, 0, 3)
            assert await engine.query("SELECT FROM vouchers") == []

    asyncio.run(scenario())


def test_attempts_that_end_with_their_process_lead_to_a_try_alone(database_url: str) -> None:
    tried: list[int] = []

    async def run_alone(project_id: int, action_id: str, first_row: int) -> int:
        tried.append(first_row)
        return -9

    async def scenario() -> None:
        stopped, never = asyncio.Event(), asyncio.Event()
        async with open_engine(database_url, _stalling(stopped, never), run_alone=run_alone) as engine:
            await engine.submit_csv(gifts(3))
            for _ in range(2):
                stopped.clear()
                worker = asyncio.create_task(engine.advance())
                await stopped.wait()
                worker.cancel()
                await asyncio.wait([worker])
                # Told to stop, it took its attempt back; a process that dies cannot.
                await engine.query("UPDATE attempts SET attempts = attempts + 1 RETURNING 1")
            assert tried == []
            async with asyncio.timeout(60):
                stopped.clear()
                await engine.advance()
            assert tried == [1]
            portions = await engine.query("SELECT first_row FROM portions ORDER BY 1")
            assert [portion["first_row"] for portion in portions] == [1, 2, 3]  # cut up

    asyncio.run(scenario())


def test_a_portion_is_applied_alone_once_and_only_if_nobody_has_it(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, portion_rows=2) as engine:
            action_id = await engine.submit_csv(gifts(4))

            async def alone(first_row: int) -> int:
                async with engine.pool.connection() as connection:
                    await engine.applier.apply_alone(connection, engine.project_id, action_id, first_row)
                return int((await engine.get(action_id))["done_count"])

            assert [await alone(1), await alone(1)] == [2, 2]
            async with engine.pool.connection() as holder, holder.transaction():
                await holder.execute("SELECT FROM portions WHERE first_row = 3 FOR UPDATE")
                assert await alone(3) == 2
            assert await alone(3) == 4
            assert (await engine.get(action_id))["status"] == "DONE"

    asyncio.run(scenario())


def test_a_portion_that_waited_alone_is_not_under_more_suspicion(database_url: str) -> None:
    """Only deaths count against a row: an outage, or an earlier portion that is not done yet, do not."""
    outcomes = iter([TRY_AGAIN, TRY_AGAIN, TRY_AGAIN, -9, -9])
    tried: list[int] = []

    async def run_alone(project_id: int, action_id: str, first_row: int) -> int:
        tried.append(next(outcomes))
        return tried[-1]

    async def scenario() -> None:
        async with open_engine(database_url, run_alone=run_alone) as engine:
            action_id = await engine.submit_csv(gifts(1))
            await _suspect_every_portion(engine)
            while (await engine.get(action_id))["status"] != "DONE":
                await engine.advance()
            assert tried == [TRY_AGAIN] * 3 + [-9] * 2  # the second death convicts it, and not the first
            (failure,) = (await engine.get(action_id))["result"]["failed"]
            assert failure["reason"].startswith("Internal error: the worker process ended (signal 9)")

    asyncio.run(scenario())


async def _suspect_every_portion(engine: Engine) -> None:
    await engine.query(
        "INSERT INTO attempts SELECT project_id, action_id, first_row, 2 FROM portions RETURNING attempts"
    )


def test_a_suspect_is_tried_alone_by_one_process_at_a_time_and_in_its_turn(database_url: str) -> None:
    started, may_die = asyncio.Event(), asyncio.Event()
    tried: list[int] = []

    async def run_alone(project_id: int, action_id: str, first_row: int) -> int:
        tried.append(first_row)
        started.set()
        await may_die.wait()
        return -9

    async def scenario() -> None:
        async with open_engine(database_url, run_alone=run_alone, portion_rows=1) as engine:
            await engine.submit_csv(gifts(2))
            await _suspect_every_portion(engine)
            first = asyncio.create_task(engine.advance())
            await started.wait()
            async with asyncio.timeout(60):
                await asyncio.gather(*(engine.advance() for _ in range(3)))
            assert tried == [1]
            may_die.set()
            await first
            kept = await engine.query(
                "SELECT FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            assert kept == []  # or nobody else could ever try it
            attempts = await engine.query("SELECT first_row, attempts FROM attempts ORDER BY 1")
            assert [(row["first_row"], row["attempts"]) for row in attempts] == [(1, 3), (2, 2)]  # one death, and none

    asyncio.run(scenario())


def test_who_tries_alone_and_loses_the_database_meanwhile_says_that_it_was_not_tried(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            action_id = await engine.submit_csv(gifts(1))
            async with connection.transaction():
                claimed = await claim_portion(connection, engine.project_id, action_id, quiet_settings())
            assert claimed

            async def run_alone(project_id: int, action_id: str, first_row: int) -> int:
                await connection.close()
                return TRY_AGAIN

            with pytest.raises(NotTriedError):
                await Isolation(run_alone, quiet_settings()).isolate(connection, claimed, 3)

    asyncio.run(scenario())


async def _two_under_suspicion(engine: Engine, attempts: int, **wishes: Any) -> tuple[str, str]:
    """Two actions of two portions each, with so many attempts noted of each portion."""
    one, other = await engine.submit_csv(gifts(2), **wishes), await engine.submit_csv(gifts(2, 2), **wishes)
    await engine.query(
        "INSERT INTO attempts SELECT project_id, action_id, first_row, %s FROM portions RETURNING 1", attempts
    )
    return one, other


@pytest.mark.parametrize("on_error", ["continue", "reject"])
def test_an_outcome_clears_its_own_portion_alone_of_suspicion(database_url: str, on_error: str) -> None:
    """Of an action that goes in as a whole, only its first portion is ever attempted."""

    async def scenario() -> None:
        async with open_engine(database_url, portion_rows=1) as engine:
            one, other = await _two_under_suspicion(engine, 1, on_error=on_error)
            await engine.advance()
            left = await engine.query(
                "SELECT action_id, first_row, attempts FROM attempts ORDER BY action_id, first_row"
            )
            left_of_one = [(one, 2, 1), (other, 1, 1), (other, 2, 1)]
            assert [tuple(row.values()) for row in left] == sorted(left_of_one)

    asyncio.run(scenario())


@pytest.mark.parametrize("is_passing", [True, False])
def test_an_attempt_counts_for_its_own_portion_alone(database_url: str, is_passing: bool) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, portion_rows=1) as engine:
            one, other = await _two_under_suspicion(engine, 0)
            elsewhere = "INSERT INTO attempts SELECT 0, action_id, first_row, 5 FROM attempts RETURNING 1"
            await engine.query(elsewhere)  # another project's, which is called the same
            async with engine.pool.connection() as connection, connection.transaction():
                claimed = await claim_portion(connection, engine.project_id, one, quiet_settings())
            assert claimed
            assert [await note_attempt(engine.pool, claimed) for _ in range(3)] == [1, 2, 3]
            if is_passing:
                await forget_attempt(engine.pool, claimed)
            assert len(await engine.query("SELECT FROM attempts WHERE attempts = 5")) == 4
            noted = await engine.query(
                "SELECT action_id, first_row, attempts FROM attempts WHERE project_id = %s", engine.project_id
            )
            expected = {(one, 1, 2 if is_passing else 3), (one, 2, 0), (other, 1, 0), (other, 2, 0)}
            assert {tuple(row.values()) for row in noted} == expected

    asyncio.run(scenario())
