"""Joint attempts: small actions applied many at a time have the outcome that each has by itself, whatever happens."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action import EndedBy
from tallykeep.core.errors import BatchLostError
from tallykeep.db.gates import SCHEMAS, shut_for_request
from tallykeep.engine.applier import Applier
from tallykeep.engine.applying.accounting import end_unfinished
from tallykeep.engine.applying.attempt import BatchOutcome
from tallykeep.engine.applying.joint.accounting import close_jointly
from tallykeep.engine.applying.joint.claim import JointState, claim_jointly
from tests.db.engine import Engine, new_project, open_engine
from tests.db.holding import wait_for_blocked
from tests.db.joint import JointHolding, serve_all, serve_small
from tests.db.meeting import meeting
from tests.postgres import quiet_settings


async def submit(engine: Engine, *codes: str, **submission_options: Any) -> str:
    return await engine.submit_json([{"code": code, "gift": {"amount": 1}} for code in codes], **submission_options)


async def submit_many(engine: Engine, count: int) -> list[str]:
    return [await submit(engine, f"C{number}-1", f"C{number}-2") for number in range(count)]


async def statuses(engine: Engine, actions: list[str]) -> list[str]:
    return [(await engine.get(action))["status"] for action in actions]


async def codes(engine: Engine) -> set[str]:
    rows = await engine.query("SELECT code FROM vouchers WHERE project_id = %s", engine.project_id)
    return {row["code"] for row in rows}


def of_another_project(engine: Engine, database_url: str) -> Engine:
    return replace(engine, project_id=new_project(database_url))


def test_one_job_applies_what_the_jobs_behind_it_are_there_for(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as one:
            other = of_another_project(one, database_url)
            actions = [await submit_many(engine, 3) for engine in (one, other)]
            await serve_small(one)
            for engine, submitted in zip((one, other), actions, strict=True):
                assert await statuses(engine, submitted) == ["DONE"] * 3
                assert len(await codes(engine)) == 6
                assert await engine.jobs() == 0

    asyncio.run(scenario())


def test_only_types_whose_actions_end_with_their_rows_join_others() -> None:
    joining = [action_type for action_type in ACTION_TYPES.values() if action_type.begin_jointly]
    assert {action_type.name for action_type in joining} == {"VOUCHERS.IMPORT", "VOUCHERS.IMPORT_CSV"}
    assert not any(action_type.sequence or action_type.report_header or action_type.plan for action_type in joining)


def test_so_many_at_a_time(database_url: str) -> None:
    async def scenario() -> None:
        holding = JointHolding()
        async with open_engine(database_url, holding.action_types) as engine:
            await submit_many(engine, 70)
            assert await serve_all(engine) == 2
            assert holding.sizes == [64, 6]
            assert len(await codes(engine)) == 140

    asyncio.run(scenario())


def test_of_a_project_as_many_as_it_has_jobs(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as one:
            other = of_another_project(one, database_url)
            actions = [await submit_many(engine, 3) for engine in (one, other)]
            await one.query(
                "DELETE FROM procrastinate_jobs WHERE id IN (SELECT id FROM procrastinate_jobs"
                " WHERE args ->> 'project_id' = %s ORDER BY id DESC LIMIT 2) RETURNING id", str(other.project_id),
            )  # fmt: skip
            await serve_small(one)
            assert await statuses(one, actions[0]) == ["DONE"] * 3
            assert await statuses(other, actions[1]) == ["DONE", "ENQUEUED", "ENQUEUED"]

    asyncio.run(scenario())


@pytest.mark.parametrize("codes_of_each", [["A", "OLD", "B"], ["A", "A", "B"]], ids=["exists", "there twice"])
def test_a_code_that_is_taken_leaves_its_own_action_out(database_url: str, codes_of_each: list[str]) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await submit(engine, "OLD")
            await serve_all(engine)
            actions = [await submit(engine, code) for code in codes_of_each]
            await serve_small(engine)  # the others together, and then that one
            assert await engine.jobs() == 0
            failed = [(await engine.get(action))["failed_count"] for action in actions]
            assert failed == [0, 1, 0]

    asyncio.run(scenario())


def test_all_are_closed_or_none(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            actions = await submit_many(engine, 3)
            outcomes: list[Any] = []
            with pytest.raises(BatchLostError):
                async with engine.pool.connection() as connection, connection.transaction():
                    key = (connection, engine.project_id)
                    claim = await claim_jointly(*key, ACTION_TYPES, quiet_settings(), JointState())
                    await end_unfinished(*key, actions[1], EndedBy.CANCELED, "by somebody")
                    outcomes = [(claimed, BatchOutcome()) for claimed in claim.claimed]
                    await close_jointly(connection, outcomes, [])
            assert len(outcomes) == 3
            assert await statuses(engine, actions) == ["ENQUEUED"] * 3
            assert await engine.query("SELECT FROM batches WHERE status = 'CLOSED'") == []

    asyncio.run(scenario())


_PLANS = {
    "as it comes": (),
    "sorted": ("enable_indexscan = off", "enable_indexonlyscan = off", "enable_bitmapscan = off"),
    "hashed": ("enable_nestloop = off", "enable_memoize = off"),
    "merged": ("enable_nestloop = off", "enable_hashjoin = off"),
}


@pytest.mark.parametrize("plan", _PLANS)
def test_nothing_is_locked_but_what_is_claimed_whatever_the_plan(database_url: str, plan: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, meeting(engine) as other:
            actions = await submit_many(engine, 5)
            async with engine.pool.connection() as connection, connection.transaction():
                for setting in _PLANS[plan]:
                    await connection.execute(f"SET LOCAL {setting}")  # type: ignore[arg-type]
                state = JointState(others=1)
                claim = await claim_jointly(connection, engine.project_id, ACTION_TYPES, quiet_settings(), state)
                assert [each.action_id for each in claim.claimed] == actions[:2]
                for table, key in (("batches", "action_id"), ("async_actions", "id")):
                    sql = f"SELECT {key} FROM {table} WHERE project_id = %s FOR UPDATE SKIP LOCKED"
                    free = await other.connection.execute(sql, [engine.project_id])  # type: ignore[arg-type]
                    assert {row[0] for row in await free.fetchall()} == set(actions[2:])

    asyncio.run(scenario())


async def _read_of_actions(connection: Any) -> int:
    """How many rows of the table of actions this transaction has read."""
    (row,) = await (
        await connection.execute(
            "SELECT seq_tup_read + idx_tup_fetch AS read FROM pg_stat_xact_user_tables WHERE relname = 'async_actions'"
        )
    ).fetchall()
    return int(row["read"])


def test_a_claim_reads_the_waiting_actions_once_where_statistics_know_nothing_of_them(database_url: str) -> None:
    count = 500

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await submit_many(engine, count)
            async with engine.pool.connection() as connection, connection.transaction():
                claim = await claim_jointly(connection, engine.project_id, ACTION_TYPES, quiet_settings(), JointState())
                assert len(claim.claimed) == 64
                assert await _read_of_actions(connection) <= 2 * count

    asyncio.run(scenario())


def test_what_others_hold_is_left_to_them(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, meeting(engine) as other:
            held, *others = await submit_many(engine, 3)
            await other.execute("SELECT FROM batches WHERE action_id = %s FOR UPDATE", held)
            await serve_small(engine)
            assert await statuses(engine, others) == ["DONE", "DONE"]
            assert (await engine.get(held))["done_count"] == 0
            assert await engine.jobs() == 1

    asyncio.run(scenario())


def test_one_that_waits_for_anothers_row_does_not_keep_the_others_waiting(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, lock_wait_seconds=0.1) as engine:
            async with meeting(engine) as other:
                await other.execute(
                    "INSERT INTO vouchers (project_id, code, id, type, created_at)"
                    " VALUES (%s, 'C1-1', 'v_other', 'GIFT_VOUCHER', now())", engine.project_id,
                )  # fmt: skip
                first, waiting, last = await submit_many(engine, 3)
                for _ in range(3):
                    await serve_small(engine)
                assert await statuses(engine, [first, last]) == ["DONE", "DONE"]
                assert (await engine.get(waiting))["done_count"] == 0
            action = await engine.finish(waiting)
            assert (action["done_count"], action["failed_count"]) == (1, 1)

    asyncio.run(scenario())


def test_a_shut_gate_leaves_its_project_out(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, lock_wait_seconds=0.1) as one:
            other = of_another_project(one, database_url)
            (changed,), (free,) = await submit_many(one, 1), await submit_many(other, 1)
            async with one.pool.connection() as connection, connection.transaction():
                await shut_for_request(connection, one.project_id, SCHEMAS)
                await serve_small(other)  # the job is that of the first
                assert await statuses(one, [changed]) != ["DONE"]
                assert await statuses(other, [free]) == ["DONE"]
            await one.finish(changed)

    asyncio.run(scenario())


def test_who_cancels_meanwhile_comes_too_late_and_who_did_before_is_heeded(database_url: str) -> None:
    async def scenario() -> None:
        holding = JointHolding()
        async with open_engine(database_url, holding.action_types) as engine:
            canceled, late, last = await submit_many(engine, 3)
            await engine.controller.cancel(engine.project_id, canceled, "somebody")
            async with holding.in_hand(engine):
                canceling = asyncio.create_task(engine.controller.cancel(engine.project_id, late, "somebody"))
                await wait_for_blocked(engine, 1)
            await asyncio.wait((canceling,))
            assert await statuses(engine, [canceled, late, last]) == ["FAILED", "DONE", "DONE"]
            assert await codes(engine) == {"C1-1", "C1-2", "C2-1", "C2-2"}

    asyncio.run(scenario())


def test_a_process_that_dies_meanwhile_leaves_nothing_and_accuses_all_of_them(database_url: str) -> None:
    async def scenario() -> None:
        holding = JointHolding()
        async with open_engine(database_url, holding.action_types) as engine:
            actions = await submit_many(engine, 3)
            async with holding.in_hand(engine) as worker:
                noted = await engine.query("SELECT attempts FROM attempts")
                worker.cancel()
                await asyncio.wait((worker,))
            assert [row["attempts"] for row in noted] == [1, 1, 1]
            assert await codes(engine) == set()
            assert await engine.jobs() == 2  # that of the dead process is found out later
            # Told to stop, it took its attempts back; a process that dies cannot.
            await engine.query("UPDATE attempts SET attempts = attempts + 1 RETURNING 1")
            another = replace(engine, applier=_another_process(engine, holding))
            await serve_all(another)
            await another.advance()
            assert holding.sizes == [3]
            assert await statuses(engine, actions) == ["DONE"] * 3

    asyncio.run(scenario())


def _another_process(engine: Engine, holding: JointHolding) -> Applier:
    return Applier(engine.pool, holding.action_types, quiet_settings(), engine.applier.run_isolated)


def test_a_session_that_is_ended_meanwhile_leaves_nothing_and_all_are_applied_separately(database_url: str) -> None:
    async def scenario() -> None:
        holding = JointHolding()
        async with open_engine(database_url, holding.action_types) as engine:
            actions = await submit_many(engine, 3)
            async with holding.in_hand(engine):
                await engine.query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state = 'idle in transaction'"
                )
            assert (await statuses(engine, actions)).count("DONE") == 1
            await serve_all(engine)
            assert holding.sizes == [3]
            assert await statuses(engine, actions) == ["DONE"] * 3
            assert len(await codes(engine)) == 6
            assert await engine.query("SELECT FROM attempts") == []

    asyncio.run(scenario())


def test_what_cannot_join_has_its_turn_among_those_that_can(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            customers = await engine.submit("CUSTOMERS.IMPORT_CSV", b"Source_id,Name\np1,Ann\n")
            vouchers = await submit_many(engine, 2)
            await serve_small(engine)
            assert await statuses(engine, [customers, *vouchers]) == ["DONE"] * 3
            assert await engine.jobs() == 0

    asyncio.run(scenario())


def test_the_fewer_join_the_fewer_are_taken_along(database_url: str) -> None:
    async def scenario() -> None:
        holding = JointHolding()
        async with open_engine(database_url, holding.action_types) as engine:
            for _ in range(6):
                await engine.submit("CUSTOMERS.IMPORT_CSV", b"Source_id,Name\np1,Ann\n")
                await serve_all(engine)
            await submit_many(engine, 7)
            await serve_all(engine)
            assert holding.sizes == [1, 2, 4]

    asyncio.run(scenario())


def test_others_of_the_project_wait_for_a_joint_attempt_and_find_what_is_left(database_url: str) -> None:
    async def scenario() -> None:
        holding = JointHolding()
        async with open_engine(database_url, holding.action_types) as engine:
            actions = await submit_many(engine, 2)
            async with holding.in_hand(engine):
                customers = await engine.submit("CUSTOMERS.IMPORT_CSV", b"Source_id,Name\np1,Ann\n")
                other = asyncio.create_task(engine.advance())
                await wait_for_blocked(engine, 1)
                assert await statuses(engine, [customers]) == ["ENQUEUED"]
            await other
            assert await statuses(engine, [*actions, customers]) == ["DONE"] * 3

    asyncio.run(scenario())
