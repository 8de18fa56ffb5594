"""The chain of the audit log: numbered without gaps, whoever writes; whatever is changed in it shows."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.engine.retention.pruner import Pruner
from tallykeep.tenants.audit import chainer as chaining
from tallykeep.tenants.audit import retention
from tallykeep.tenants.audit.chainer import Chainer
from tallykeep.tenants.audit.entries import add_entry
from tallykeep.tenants.audit.retention import remove_old_entries
from tallykeep.tenants.audit.verify import NO_PROJECT
from tests.db.audit_log import add, chain, chained, verdict_on, verdicts_on
from tests.db.engine import Engine, new_project, open_engine
from tests.postgres import quiet_settings

Scenario = Callable[[Engine], Awaitable[None]]


def with_engine(database_url: str, scenario: Scenario) -> None:
    async def run() -> None:
        async with open_engine(database_url) as engine:
            await scenario(engine)

    asyncio.run(run())


def change(database_url: str, sql: str, *parameters: Any) -> None:
    """What somebody does who may do anything to the database."""
    with psycopg.connect(database_url) as connection:
        assert connection.execute(sql, parameters).rowcount > 0  # type: ignore[call-overload]


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
        change(database_url, tampering)
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


def five_entries(database_url: str) -> str:
    """A chain of five; returns its anchor."""

    async def scenario(engine: Engine) -> None:
        await add(engine, 5)
        await chain(engine)

    with_engine(database_url, scenario)
    return verdict_on(database_url).anchor


@pytest.mark.parametrize(
    ("change_to", "number", "problem"),
    [
        ("UPDATE audit_log SET key_id = 'somebody-else' WHERE number = 3", 3, "is not what was chained"),
        ('UPDATE audit_log SET details = \'{"name": "x"}\' WHERE number = 3', 3, "is not what was chained"),
        (
            "UPDATE audit_log SET created_at = created_at + interval '1 ms' WHERE number = 3",
            3,
            "is not what was chained",
        ),
        ("UPDATE audit_log SET hash = sha256('x') WHERE number = 3", 3, "is not what was chained"),
        ("UPDATE audit_log SET hash = sha256('x') WHERE number = 5", 5, "is not what was chained"),
        ("DELETE FROM audit_log WHERE number = 3", 3, "entry 3 is missing"),
        ("DELETE FROM audit_log WHERE number = 1", 1, "entry 1 is missing"),
        ("DELETE FROM audit_log WHERE number IN (2, 3)", 2, "entries 2 to 3 are missing"),
        ("DELETE FROM audit_log WHERE number = 5", 5, "entry 5 is missing at the end"),
        ("UPDATE audit_log SET number = number + 1 WHERE number = 5", 5, "entry 5 is missing"),
        (
            "INSERT INTO audit_log SELECT project_id, 6, hash, 'log_x', created_at, event, outcome, door, key_id,"
            " key_kind, token_id, session_id, address, request_id, action_id, resource_type, resource_id, details"
            " FROM audit_log WHERE number = 5",
            6,
            "is not what was chained",
        ),
        ("UPDATE audit_chains SET hash = sha256('x')", 5, "the chain's last hash is not that of entry 5"),
        ("UPDATE audit_chains SET number = 6", 6, "entry 6 is missing at the end"),
        ("UPDATE audit_chains SET number = 4", 5, "entries from 5 on are not of the chain"),
        ("UPDATE audit_chains SET removed_number = 1", 1, "was removed by retention, and is here again"),
        ("UPDATE audit_log SET format = 2 WHERE number = 4", 4, "has the format 2, which is not known here"),
        ("DELETE FROM audit_chains", 1, "entries from 1 on are not of the chain, which ends at 0"),
    ],
)
def test_whatever_is_done_to_the_chain_shows(
    database_url: str, change_to: str, number: int | None, problem: str
) -> None:
    five_entries(database_url)
    change(database_url, change_to)
    verdict = verdict_on(database_url)
    assert (verdict.number, problem in (verdict.problem or "")) == (number, True), verdict


MOVED = ("audit_log", "audit_chains")
PROJECT = "INSERT INTO projects (project_id, id, name, created_at) OVERRIDING SYSTEM VALUE"


@pytest.mark.parametrize(
    ("before", "number", "problem"),
    [
        ("SELECT 1 WHERE %s > 0", 99, "of the project number 99, which does not exist"),
        (f"{PROJECT} SELECT %s, '', 'x', now()", 99, "of the project number 99, which does not exist"),
        (f"{PROJECT} SELECT %s, 'proj_x', 'x', now()", 99, "entry 1 is not what was chained"),
        ("SELECT 1 WHERE %s > 0", None, "entry 1 is not what was chained"),
    ],
)  # fmt: skip
def test_what_is_moved_out_of_the_installations_chain_shows(
    database_url: str, before: str, number: int | None, problem: str
) -> None:
    """Attempts of nobody, which somebody puts out of sight under a number of no project, or of their own."""
    moved_to = number

    async def scenario(engine: Engine) -> None:
        nonlocal moved_to
        await add(engine, 3, project_id=0)
        await chain(engine)
        moved_to = moved_to or engine.project_id

    with_engine(database_url, scenario)
    verdict = verdict_on(database_url)
    assert (verdict.project, verdict.last, verdict.problem) == ("", 3, None)
    assert verdicts_on(database_url, NO_PROJECT, verdict.anchor)[0].problem is None
    with psycopg.connect(database_url) as connection:
        connection.execute(before, [moved_to])  # type: ignore[call-overload]
        for table in MOVED:
            connection.execute(f"DELETE FROM {table} WHERE project_id = %s", [moved_to])  # type: ignore[arg-type]
            connection.execute(f"UPDATE {table} SET project_id = %s WHERE project_id = 0", [moved_to])  # type: ignore[arg-type]
    broken = [each for each in verdicts_on(database_url) if each.problem]
    assert [problem in (each.problem or "") for each in broken] == [True], broken
    (gone,) = verdicts_on(database_url, NO_PROJECT, verdict.anchor)
    assert "entries up to the anchor, 3, are missing" in (gone.problem or "")


def test_no_projects_entries_pass_for_the_installations(database_url: str) -> None:
    five_entries(database_url)
    with psycopg.connect(database_url) as connection:
        for table in MOVED:
            connection.execute(f"UPDATE {table} SET project_id = 0")  # type: ignore[arg-type]
    verdict = verdict_on(database_url)
    assert (verdict.project, "entry 1 is not what was chained" in (verdict.problem or "")) == ("", True)


def test_whoever_hashes_everything_anew_is_caught_by_the_anchor(database_url: str) -> None:
    """An owner who removes the last entries with the chain's end, or chains them anew, leaves no trace inside."""
    anchor = five_entries(database_url)
    assert verdict_on(database_url, anchor).problem is None
    assert verdict_on(database_url, anchor.partition(":")[2]).problem is None
    change(database_url, "DELETE FROM audit_log WHERE number = 5")
    change(
        database_url,
        "UPDATE audit_chains SET number = 4, hash = (SELECT hash FROM audit_log WHERE audit_log.number = 4)",
    )
    assert verdict_on(database_url).problem is None
    shortened = verdict_on(database_url, anchor)
    assert (shortened.number, "the chain ends at 4" in (shortened.problem or "")) == (5, True)
    assert "no entry has the anchor's hash" in (verdict_on(database_url, anchor.partition(":")[2]).problem or "")

    async def another(engine: Engine) -> None:
        project_id = (await engine.query("SELECT project_id FROM audit_chains"))[0]["project_id"]
        await add(engine, project_id=project_id, resource_id="another")
        await chain(engine)

    with_engine(database_url, another)
    assert verdict_on(database_url).problem is None
    replaced = verdict_on(database_url, anchor)
    assert (replaced.number, "another hash than the anchor" in (replaced.problem or "")) == (5, True)


def test_an_anchor_holds_as_the_chain_grows(database_url: str) -> None:
    anchor = five_entries(database_url)

    async def more(engine: Engine) -> None:
        project_id = (await engine.query("SELECT project_id FROM audit_chains"))[0]["project_id"]
        await add(engine, 3, project_id=project_id)
        await chain(engine)

    with_engine(database_url, more)
    assert (verdict_on(database_url, anchor).problem, verdict_on(database_url).last) == (None, 8)


def as_owner(database_url: str, sql: str) -> None:
    """Do it as a role that owns the tables and is no superuser."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE audit_owner")
        connection.execute(sql)  # type: ignore[call-overload]


def test_an_owner_cannot_change_or_delete_entries_by_mistake(database_url: str) -> None:
    five_entries(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS audit_owner")
        connection.execute("CREATE ROLE audit_owner")
        connection.execute("ALTER TABLE audit_log OWNER TO audit_owner")
    try:
        for sql in ("UPDATE audit_log SET key_id = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                as_owner(database_url, sql)
        as_owner(database_url, "SELECT FROM audit_log")
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("REASSIGN OWNED BY audit_owner TO CURRENT_USER")
            connection.execute("DROP ROLE audit_owner")


async def aged(engine: Engine, numbers: list[int], days: int) -> None:
    """Chained as if they had been written so long ago."""
    await engine.query(
        "UPDATE audit_pending SET created_at = created_at - %s WHERE resource_id = ANY (%s) RETURNING 1",
        timedelta(days=days), [f"C{number}" for number in numbers],
    )  # fmt: skip


def test_retention_removes_from_the_old_end_only(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_STEP", 3)

    async def scenario(engine: Engine) -> None:
        for days, number in ((40, 0), (40, 1), (39, 2), (1, 3), (40, 4), (0, 5)):
            await add(engine, resource_id=f"C{number}")
            await aged(engine, [number], days)
            await chain(engine)  # one by one: the order of the chain is not that of the times
        before = verdict_on(database_url)
        third = (await chained(engine))[2]
        await Pruner(engine.pool, quiet_settings()).prune()
        assert len(await chained(engine)) == 6
        await Pruner(engine.pool, quiet_settings(keep_audit_days=30)).prune()
        assert [row["number"] for row in await chained(engine)] == [4, 5, 6]
        after = verdict_on(database_url, before.anchor)
        assert (after.problem, after.first, after.last, after.hash) == (None, 4, 6, before.hash)
        assert verdict_on(database_url, f"3:{bytes(third['hash']).hex()}").problem is None  # the last one removed
        assert "removed by retention" in (verdict_on(database_url, f"2:{'ab' * 32}").problem or "")
        await remove_old_entries(engine.pool, 1e-9)
        assert await chained(engine) == []
        assert (verdict_on(database_url).problem, verdict_on(database_url).anchor) == (None, before.anchor)
        await add(engine)
        await chain(engine)
        assert [row["number"] for row in await chained(engine)] == [7]
        assert verdict_on(database_url).problem is None

    with_engine(database_url, scenario)


def test_the_right_to_remove_ends_with_its_transaction(database_url: str) -> None:
    five_entries(database_url)

    async def scenario(engine: Engine) -> None:
        rights = "SELECT relacl::text AS acl FROM pg_class WHERE relname = 'audit_log'"
        (before,) = await engine.query(rights)
        await remove_old_entries(engine.pool, 1e-9)
        assert await engine.query(rights) == [before]
        assert (await engine.query("SELECT count(*) AS entries FROM audit_log"))[0]["entries"] == 0

    with_engine(database_url, scenario)
