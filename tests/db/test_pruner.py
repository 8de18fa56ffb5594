"""Retention: what is old enough goes, in small steps; what has not ended, or is young, stays."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tallykeep.core.errors import NotFoundError
from tallykeep.engine.reading.failures import page_of_failures
from tallykeep.engine.retention import pruner as prune
from tallykeep.engine.retention.pruner import Pruner
from tests.db.engine import Engine, open_engine
from tests.db.test_applying import gifts
from tests.postgres import quiet_settings

TABLES = ("batches", "failures", "reason_counts", "report_parts", "removals")
BAD = "Code,Voucher Type,Value\n" + "".join(f"X{number},,1\n" for number in range(6))


def pruner(engine: Engine, **kept: Any) -> Pruner:
    return Pruner(engine.pool, quiet_settings(**kept))


async def aged(engine: Engine, action_id: str, age: timedelta) -> None:
    """Move the action into the past."""
    moved = ", ".join(f"{name} = {name} - %s" for name in ("created_at", "updated_at", "started_at", "finished_at"))
    await engine.query(f"UPDATE async_actions SET {moved} WHERE id = %s RETURNING 1", *[age] * 4, action_id)


async def rows_of(engine: Engine, action_id: str) -> dict[str, int]:
    """How many rows each table holds for the action."""
    counts = {}
    for table in TABLES:
        (row,) = await engine.query(f"SELECT count(*) AS rows FROM {table} WHERE action_id = %s", action_id)
        counts[table] = row["rows"]
    return counts


async def failures(engine: Engine, action_id: str) -> dict[str, Any]:
    async with engine.pool.connection() as connection:
        return await page_of_failures(connection, engine.project_id, action_id, limit=100, after_row=0, reason=None)


async def bulk_update(engine: Engine) -> str:
    action_id = await engine.submit("VOUCHERS.BULK_UPDATE", b'[{"code": "G1", "metadata": {}}, {"code": "N"}]')
    await engine.finish(action_id)
    return action_id


def test_failures_go_and_counts_stay(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            old, young = [(await engine.finish(await engine.submit_csv(BAD)))["id"] for _ in range(2)]
            await aged(engine, old, timedelta(days=8))
            await aged(engine, young, timedelta(days=6))
            before = await engine.get(old)
            kept_for_ever = pruner(engine)
            await kept_for_ever.prune()
            assert await engine.get(old) == before
            await pruner(engine, keep_failures_days=7).prune()
            assert await rows_of(engine, old) == dict.fromkeys(TABLES, 0)
            assert (await rows_of(engine, young))["failures"] == 6
            assert (await engine.get(young))["failures_kept"] is True
            after = await engine.get(old)
            assert after["failures_kept"] is False
            assert (after["failed_count"], after["result"]["failed_count"], after["result"]["failed"]) == (6, 6, [])
            assert {**after, "failures_kept": True, "result": None} == {**before, "result": None}
            assert await failures(engine, old) == {
                "object": "list", "data_ref": "failures", "failures": [], "has_more": False, "failures_kept": False,
            }  # fmt: skip
            assert len((await failures(engine, young))["failures"]) == 6

    asyncio.run(scenario())


def test_actions_go_with_all_that_is_theirs(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            await engine.finish(await engine.submit_csv(gifts(3)))
            old = [(await engine.finish(await engine.submit_csv(BAD)))["id"], await bulk_update(engine)]
            young = await bulk_update(engine)
            for action_id in old:
                await aged(engine, action_id, timedelta(days=91))
            await aged(engine, young, timedelta(days=89))
            await pruner(engine, keep_actions_days=90, keep_reports_days=200).prune()
            for action_id in old:
                with pytest.raises(NotFoundError):
                    await engine.get(action_id)
                assert await rows_of(engine, action_id) == dict.fromkeys(TABLES, 0)
            assert await rows_of(engine, young) == {
                "batches": 1,
                "failures": 2,
                "reason_counts": 2,
                "report_parts": 1,
                "removals": 0,
            }
            (vouchers,) = await engine.query("SELECT count(*) AS count FROM vouchers")
            assert vouchers["count"] == 3

    asyncio.run(scenario())


def test_reports_go_when_their_links_do(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            old, young = await bulk_update(engine), await bulk_update(engine)
            await aged(engine, old, timedelta(days=31))
            await aged(engine, young, timedelta(days=29))
            await pruner(engine).prune()
            assert await rows_of(engine, old) == {
                "batches": 1,
                "failures": 2,
                "reason_counts": 2,
                "report_parts": 0,
                "removals": 0,
            }
            assert (await rows_of(engine, young))["report_parts"] == 1

    asyncio.run(scenario())


def test_what_has_not_ended_stays_however_old(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            action_id = await engine.submit_csv(BAD)
            await engine.advance()
            await aged(engine, action_id, timedelta(days=400))
            before = await rows_of(engine, action_id)
            assert before["failures"] == 2
            await pruner(engine, keep_actions_days=1, keep_failures_days=1, keep_reports_days=1).prune()
            assert await rows_of(engine, action_id) == before
            assert (await engine.finish(action_id))["failed_count"] == 6

    asyncio.run(scenario())


def test_leftovers_of_ended_actions_go(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            ended = (await engine.finish(await engine.submit_csv(gifts(1))))["id"]
            running = await engine.submit_csv(gifts(1))
            for action_id in (ended, running, "aa_removed"):
                key = (engine.project_id, action_id)
                await engine.query("INSERT INTO attempts VALUES (%s, %s, 1, 1) RETURNING 1", *key)
                for number in range(3):
                    await engine.query("INSERT INTO dry_run_keys VALUES (%s, %s, %s) RETURNING 1", *key, f"K{number}")
            await pruner(engine).prune()
            assert await engine.query("SELECT DISTINCT action_id FROM attempts") == [{"action_id": running}]
            kept = await engine.query("SELECT action_id, count(*) FROM dry_run_keys GROUP BY 1")
            assert kept == [{"action_id": running, "count": 3}]

    asyncio.run(scenario())


def test_idempotency_keys_go_after_a_day_but_not_before_their_action_has_ended(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            ended = (await engine.finish(await engine.submit_csv(gifts(1))))["id"]
            running = await engine.submit_csv(gifts(1))
            for key, action_id, hours in (("old", ended, 25), ("young", ended, 23), ("running", running, 99)):
                await engine.query(
                    "INSERT INTO idempotency_keys VALUES (%s, %s, %s, %s, now() - %s) RETURNING 1",
                    engine.project_id, key, bytes(32), action_id, timedelta(hours=hours),
                )  # fmt: skip
            await pruner(engine).prune()
            kept = await engine.query("SELECT key FROM idempotency_keys ORDER BY key")
            assert [row["key"] for row in kept] == ["running", "young"]
            await pruner(engine, keep_idempotency_hours=200).prune()
            assert len(await engine.query("SELECT 1 FROM idempotency_keys")) == 2

    asyncio.run(scenario())


def test_a_large_action_goes_in_small_steps_and_two_workers_do_no_harm(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prune, "_ROWS", tuple((query, 2) for query, _ in prune._ROWS))
    monkeypatch.setattr(prune, "_STEP", 2)

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            old = [(await engine.finish(await engine.submit_csv(BAD)))["id"] for _ in range(5)]
            for action_id in old:
                await aged(engine, action_id, timedelta(days=2))
            both = pruner(engine, keep_actions_days=1, keep_failures_days=1)
            async with asyncio.TaskGroup() as tasks:
                for one in (both, replace(both)):
                    tasks.create_task(one.prune())
            await both.prune()
            assert await engine.query("SELECT 1 FROM async_actions") == []
            for table in TABLES:
                assert await engine.query(f"SELECT 1 FROM {table}") == []

    asyncio.run(scenario())


_OWN_COLUMNS = """
SELECT string_agg(column_name::text, ', ') AS names FROM information_schema.columns
WHERE table_schema = 'public' AND is_generated = 'NEVER' AND table_name = %s
"""


async def copied(engine: Engine, action_id: str, count: int) -> None:
    """Add so many copies of the action, with all that is theirs."""
    owners = {"async_actions": "id", "batches": "action_id", "failures": "action_id", "report_parts": "action_id"}
    async with engine.pool.connection() as connection:
        for table, owner in owners.items():
            columns = await (await connection.execute(_OWN_COLUMNS, (table,))).fetchone()
            assert columns is not None
            await connection.execute(
                f"INSERT INTO {table} ({columns['names']}) SELECT {columns['names']} FROM ("
                f" SELECT (jsonb_populate_record(known, jsonb_build_object('{owner}', 'aa_' || copy))).*"
                f" FROM {table} AS known, generate_series(1, %s) AS copy WHERE {owner} = %s) AS copies",
                (count, action_id),
            )


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The transactions of every pruner, as they are begun."""
    begun: list[float] = []
    step = Pruner._step

    def noted(keeper: Pruner) -> Any:
        begun.append(asyncio.get_running_loop().time())
        return step(keeper)

    monkeypatch.setattr(Pruner, "_step", noted)
    return begun


def test_small_actions_go_many_at_a_time(database_url: str, steps: list[float]) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            old = await bulk_update(engine)
            await aged(engine, old, timedelta(days=2))
            await copied(engine, old, 999)
            assert len(await engine.query("SELECT 1 FROM failures")) == 2 * 1000
            await pruner(engine, keep_actions_days=1).prune()
            for table in ("async_actions", *TABLES):
                assert await engine.query(f"SELECT 1 FROM {table}") == []
            assert len(steps) < 1000 / 20

    asyncio.run(scenario())


def test_large_batches_go_few_at_a_time(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "_BYTES", len("X0,,1\nX1,,1\n") + 1)
    left: list[int] = []

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            old = (await engine.finish(await engine.submit_csv(BAD * 3)))["id"]
            await aged(engine, old, timedelta(days=2))
            step = prune._remove_next

            async def noted(*arguments: Any) -> Any:
                left.append((await rows_of(engine, old))["batches"])
                return await step(*arguments)

            monkeypatch.setattr(prune, "_remove_next", noted)
            await pruner(engine, keep_failures_days=1).prune()
            assert await rows_of(engine, old) == dict.fromkeys(TABLES, 0)

    asyncio.run(scenario())
    gone = [before - after for before, after in itertools.pairwise(left)]
    assert len(gone) > 3
    assert max(gone) == 2, "as many as there are bytes for, and one more"


def test_what_was_interrupted_is_gone_on_with(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            old = (await engine.finish(await engine.submit_csv(BAD)))["id"]
            await aged(engine, old, timedelta(days=2))
            keeper = pruner(engine, keep_failures_days=1)
            with monkeypatch.context() as broken:
                broken.setattr(prune, "_ROWS", ((prune._sql.delete_failures, 1), ("SELECT 1 / 0", 1)))
                with pytest.raises(Exception, match="division by zero"):
                    await keeper.prune()
            # Marked, and begun with: nothing is claimed that may be gone.
            assert (await rows_of(engine, old))["removals"] == 1
            assert (await engine.get(old))["result"]["failed"] == []
            await pruner(engine).prune()
            assert await rows_of(engine, old) == dict.fromkeys(TABLES, 0)

    asyncio.run(scenario())


def test_a_batch_in_hand_is_not_waited_for(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            old = (await engine.finish(await engine.submit_csv(BAD)))["id"]
            await aged(engine, old, timedelta(days=2))
            keeper = pruner(engine, keep_actions_days=1)
            async with engine.pool.connection() as worker, worker.transaction():
                await worker.execute("SELECT FROM batches WHERE action_id = %s AND first_row = 3 FOR UPDATE", (old,))
                await asyncio.wait_for(keeper.prune(), 5)
                assert await rows_of(engine, old) == {
                    "batches": 1,
                    "failures": 0,
                    "reason_counts": 0,
                    "report_parts": 0,
                    "removals": 1,
                }
                assert (await engine.get(old))["failures_kept"] is False
            await keeper.prune()
            with pytest.raises(NotFoundError):
                await engine.get(old)

    asyncio.run(scenario())
