"""The chain of the audit log: numbered without gaps, whoever writes, and whoever is slow."""

import asyncio

import pytest

from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.tenants.audit import chainer as chaining
from tallykeep.tenants.audit.chainer import Chainer
from tallykeep.tenants.audit.entries import add_entry
from tests.db.audit_log import add, chain, chained, tamper, verdict_on, verdicts_on, with_engine
from tests.db.engine import Engine, new_project


def test_entries_are_numbered_without_gaps_in_the_order_of_their_commits(database_url: str) -> None:
    async def scenario(engine: Engine) -> None:
        await add(engine, 3)
        assert (verdict_on(database_url).last, verdict_on(database_url).pending) == (0, 3)
        await chain(engine)
        await add(engine, 2)
        assert (verdict_on(database_url).last, verdict_on(database_url).pending) == (3, 2)
        await chain(engine)
        rows = await chained(engine)
        assert [row["number"] for row in rows] == [1, 2, 3, 4, 5]
        # Within a millisecond nobody can tell which was first.
        assert sorted(row["resource_id"] for row in rows[:3]) == ["C0", "C1", "C2"]
        assert sorted(row["resource_id"] for row in rows[3:]) == ["C0", "C1"]
        assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows)
        verdict = verdict_on(database_url)
        assert (verdict.problem, verdict.pending, verdict.anchor) == (None, 0, f"5:{bytes(rows[-1]['hash']).hex()}")

    with_engine(database_url, scenario)


def test_a_slow_transaction_holds_up_neither_others_nor_their_chaining(database_url: str) -> None:
    async def scenario(engine: Engine) -> None:
        slow = Entry(project_id=engine.project_id, event=Event.CAMPAIGN_DELETE, resource_id="slow")
        async with engine.pool.connection() as connection, connection.transaction():
            await add_entry(connection, slow)
            await add(engine, 2)
            await chain(engine)
            assert [row["resource_id"] for row in await chained(engine)] == ["C0", "C1"]
        await chain(engine)
        assert [(row["number"], row["resource_id"]) for row in await chained(engine)][-1] == (3, "slow")
        assert verdict_on(database_url).problem is None

    with_engine(database_url, scenario)


def test_what_is_rolled_back_leaves_no_entry_and_no_gap(database_url: str) -> None:
    async def scenario(engine: Engine) -> None:
        await add(engine)
        async with engine.pool.connection() as connection, connection.transaction(force_rollback=True):
            await add_entry(connection, Entry(project_id=engine.project_id, event=Event.CAMPAIGN_DELETE))
        await add(engine)
        await chain(engine)
        assert [row["number"] for row in await chained(engine)] == [1, 2]

    with_engine(database_url, scenario)


def test_a_chain_that_somebody_has_in_hand_is_left_out(database_url: str) -> None:
    async def scenario(engine: Engine) -> None:
        await add(engine)
        await chain(engine)
        other = new_project(database_url)
        async with engine.pool.connection() as connection, connection.transaction():
            await connection.execute("SELECT FROM audit_chains WHERE project_id = %s FOR UPDATE", [engine.project_id])
            await add(engine, 2)
            await add(engine, 2, project_id=other)
            async with asyncio.timeout(30):  # whoever waits for the chain waits for this transaction
                await chain(engine)
            assert [row["number"] for row in await chained(engine)] == [1]
            assert len(await engine.query("SELECT FROM audit_log WHERE project_id = %s", other)) == 2
        await chain(engine)
        assert [row["number"] for row in await chained(engine)] == [1, 2, 3]
        assert [verdict.problem for verdict in verdicts_on(database_url)] == [None, None]

    with_engine(database_url, scenario)


def test_many_are_chained_in_small_steps_of_all_projects(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaining, "_STEP", 3)
    monkeypatch.setattr(chaining, "_PROJECTS", 2)

    async def scenario(engine: Engine) -> None:
        others = [new_project(database_url) for _ in range(4)]
        await add(engine, 10)
        for project_id in others:
            await add(engine, 4, project_id=project_id)
        await asyncio.gather(*(Chainer(engine.pool).chain() for _ in range(3)))
        await chain(engine)
        verdicts = verdicts_on(database_url)
        assert [(each.problem, each.last, each.pending) for each in verdicts] == [(None, 10, 0), *[(None, 4, 0)] * 4]

    with_engine(database_url, scenario)


def test_an_entry_that_is_written_again_after_it_was_chained_is_dropped(database_url: str) -> None:
    async def scenario(engine: Engine) -> None:
        (entry,) = await add(engine)
        await chain(engine)
        async with engine.pool.connection() as connection:
            await add_entry(connection, entry)
        await add(engine)
        async with asyncio.timeout(30):  # what stands in the way of its chain for ever is tried again for ever
            await chain(engine)
        assert [row["number"] for row in await chained(engine)] == [1, 2]
        assert verdict_on(database_url).pending == 0

    with_engine(database_url, scenario)


@pytest.mark.parametrize("tampering", ["UPDATE audit_chains SET number = 1", "DELETE FROM audit_chains"])
def test_a_broken_chain_is_neither_continued_nor_in_the_way_of_others(database_url: str, tampering: str) -> None:
    async def scenario(engine: Engine) -> None:
        await add(engine, 2)
        await chain(engine)
        tamper(database_url, tampering)
        others = [new_project(database_url) for _ in range(2)]
        for project_id in (engine.project_id, *others):
            await add(engine, 2, project_id=project_id)
        async with asyncio.timeout(30):
            await chain(engine)
        assert len(await chained(engine)) == 2
        broken, *fine = verdicts_on(database_url)
        assert (broken.pending, broken.problem is None) == (2, False)
        assert [(each.problem, each.last, each.pending) for each in fine] == [(None, 2, 0)] * 2

    with_engine(database_url, scenario)
