"""Suspicion: which attempts count against a batch, and what becomes of one that is tried alone."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.errors import NotTriedError
from tallykeep.engine.applier import Applier
from tallykeep.engine.applying.claim import claim_batch, forget_attempt, note_attempt
from tallykeep.engine.recovering.quarantine import TRY_AGAIN, Quarantine
from tests.db.engine import Engine, open_engine
from tests.db.stalling import stalling
from tests.db.test_applying import gifts
from tests.db.waiting import until_set
from tests.postgres import quiet_settings


def test_attempts_that_end_with_their_process_lead_to_a_try_alone(database_url: str) -> None:
    tried: list[int] = []

    async def run_isolated(project_id: int, action_id: str, first_row: int) -> int:
        tried.append(first_row)
        return -9

    async def scenario() -> None:
        stopped, never = asyncio.Event(), asyncio.Event()
        async with open_engine(database_url, stalling(stopped, never), run_isolated=run_isolated) as engine:
            await engine.submit_csv(gifts(3))
            for _ in range(2):
                stopped.clear()
                worker = asyncio.create_task(engine.advance())
                await until_set(stopped)
                worker.cancel()
                await asyncio.wait([worker])
                # Told to stop, it took its attempt back; a process that dies cannot.
                await engine.query("UPDATE attempts SET attempts = attempts + 1 RETURNING 1")
            assert tried == []
            async with asyncio.timeout(60):
                stopped.clear()
                await engine.advance()
            assert tried == [1]
            batches = await engine.query("SELECT first_row FROM batches ORDER BY 1")
            assert [batch["first_row"] for batch in batches] == [1, 2, 3]  # cut up

    asyncio.run(scenario())


def test_a_batch_is_applied_alone_once_and_only_if_nobody_has_it(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            action_id = await engine.submit_csv(gifts(4))

            async def isolated(first_row: int) -> int:
                async with engine.pool.connection() as connection:
                    await engine.applier.apply_isolated(connection, engine.project_id, action_id, first_row)
                return int((await engine.get(action_id))["done_count"])

            assert [await isolated(1), await isolated(1)] == [2, 2]
            async with engine.pool.connection() as holder, holder.transaction():
                await holder.execute("SELECT FROM batches WHERE first_row = 3 FOR UPDATE")
                assert await isolated(3) == 2
            assert await isolated(3) == 4
            assert (await engine.get(action_id))["status"] == "DONE"

    asyncio.run(scenario())


def test_a_batch_that_waited_alone_is_not_under_more_suspicion(database_url: str) -> None:
    """Only deaths count against a row: an outage, or an earlier batch that is not done yet, do not."""
    outcomes = iter([TRY_AGAIN, TRY_AGAIN, TRY_AGAIN, -9, -9])
    tried: list[int] = []

    async def run_isolated(project_id: int, action_id: str, first_row: int) -> int:
        tried.append(next(outcomes))
        return tried[-1]

    async def scenario() -> None:
        async with open_engine(database_url, run_isolated=run_isolated) as engine:
            action_id = await engine.submit_csv(gifts(1))
            await _suspect_every_batch(engine)
            while (await engine.get(action_id))["status"] != "DONE":
                await engine.advance()
            assert tried == [TRY_AGAIN] * 3 + [-9] * 2  # the second death convicts it, and not the first
            (failure,) = (await engine.get(action_id))["result"]["failed"]
            assert failure["reason"].startswith("Internal error: the worker process ended (signal 9)")

    asyncio.run(scenario())


async def _suspect_every_batch(engine: Engine) -> None:
    await engine.query(
        "INSERT INTO attempts SELECT project_id, action_id, first_row, 2 FROM batches RETURNING attempts"
    )


def test_a_suspect_is_tried_alone_by_one_process_at_a_time_and_in_its_turn(database_url: str) -> None:
    started, may_die = asyncio.Event(), asyncio.Event()
    tried: list[int] = []

    async def run_isolated(project_id: int, action_id: str, first_row: int) -> int:
        tried.append(first_row)
        started.set()
        await may_die.wait()
        return -9

    async def scenario() -> None:
        async with open_engine(database_url, run_isolated=run_isolated, batch_rows=1) as engine:
            await engine.submit_csv(gifts(2))
            await _suspect_every_batch(engine)
            first = asyncio.create_task(engine.advance())
            await until_set(started)
            another_process = replace(
                engine, applier=Applier(engine.pool, ACTION_TYPES, engine.applier.settings, run_isolated)
            )
            async with asyncio.timeout(60):
                for each in (engine, another_process):
                    await each.advance()
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
                claimed = await claim_batch(connection, engine.project_id, action_id, quiet_settings())
            assert claimed

            async def run_isolated(project_id: int, action_id: str, first_row: int) -> int:
                await connection.close()
                return TRY_AGAIN

            with pytest.raises(NotTriedError):
                await Quarantine(run_isolated, quiet_settings()).isolate(connection, claimed, 3)

    asyncio.run(scenario())


async def _two_under_suspicion(engine: Engine, attempts: int, **submission_options: Any) -> tuple[str, str]:
    """Two actions of two batches each, with so many attempts noted of each batch."""
    one, other = (
        await engine.submit_csv(gifts(2), **submission_options),
        await engine.submit_csv(gifts(2, 2), **submission_options),
    )
    await engine.query(
        "INSERT INTO attempts SELECT project_id, action_id, first_row, %s FROM batches RETURNING 1", attempts
    )
    return one, other


@pytest.mark.parametrize("on_error", ["continue", "reject"])
def test_an_outcome_clears_its_own_batch_alone_of_suspicion(database_url: str, on_error: str) -> None:
    """Of an atomic action, only the first batch is ever attempted."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            one, other = await _two_under_suspicion(engine, 1, on_error=on_error)
            await engine.advance()
            left = await engine.query(
                "SELECT action_id, first_row, attempts FROM attempts ORDER BY action_id, first_row"
            )
            left_of_one = [(one, 2, 1), (other, 1, 1), (other, 2, 1)]
            assert [tuple(row.values()) for row in left] == sorted(left_of_one)

    asyncio.run(scenario())


@pytest.mark.parametrize("is_transient", [True, False])
def test_an_attempt_counts_for_its_own_batch_alone(database_url: str, is_transient: bool) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            one, other = await _two_under_suspicion(engine, 0)
            elsewhere = "INSERT INTO attempts SELECT 0, action_id, first_row, 5 FROM attempts RETURNING 1"
            await engine.query(elsewhere)  # another project's, which is called the same
            async with engine.pool.connection() as connection, connection.transaction():
                claimed = await claim_batch(connection, engine.project_id, one, quiet_settings())
            assert claimed
            assert [await note_attempt(engine.pool, claimed) for _ in range(3)] == [1, 2, 3]
            if is_transient:
                await forget_attempt(engine.pool, claimed)
            assert len(await engine.query("SELECT FROM attempts WHERE attempts = 5")) == 4
            noted = await engine.query(
                "SELECT action_id, first_row, attempts FROM attempts WHERE project_id = %s", engine.project_id
            )
            expected = {(one, 1, 2 if is_transient else 3), (one, 2, 0), (other, 1, 0), (other, 2, 0)}
            assert {tuple(row.values()) for row in noted} == expected

    asyncio.run(scenario())
