"""Retention of the audit log: from the old end of a chain only, which verifies as before."""

from datetime import timedelta

import pytest

from tallykeep.engine.retention.pruner import Pruner
from tallykeep.tenants.audit import retention
from tallykeep.tenants.audit.retention import remove_old_entries
from tests.db.audit_log import add, chain, chained, five_entries, verdict_on, with_engine
from tests.db.engine import Engine
from tests.postgres import quiet_settings


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
