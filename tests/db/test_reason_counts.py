"""Failures by reason: what is counted as they come in is what counting all of them says, however an action goes on."""

import asyncio
import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from alembic import command
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tallykeep.core.errors import ConflictError, NotFoundError
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.db import migrate
from tallykeep.engine.applying import reason_counts
from tallykeep.engine.reading import failures
from tallykeep.engine.reading.failures import page_of_failures, page_of_reasons
from tallykeep.engine.reason_groups import bare_reason
from tests.db.engine import Engine, open_engine
from tests.db.test_pruner import aged, pruner
from tests.postgres import fresh_database
from tests.sizes import examples

# What counts all failures of an action, one by one.
BARE = r"regexp_replace(reason, ' \(actual value is ''.*?''\)', '', 'g')"
WANTED = f"action_id = %(id)s AND (%(reason)s::text IS NULL OR reason = %(reason)s OR {BARE} = %(reason)s)"
COUNTED = f"""
SELECT
    CASE WHEN min(reason) = max(reason) THEN min(reason) ELSE {BARE} END AS reason,
    count(*) AS count,
    (array_agg("row" ORDER BY "row"))[1 : 5] AS first_rows,
    (array_agg(line ORDER BY "row"))[1 : 5] AS first_lines
FROM failures
WHERE {WANTED}
GROUP BY {BARE}
ORDER BY count DESC, min("row")
LIMIT %(limit)s
"""
READ = f"""
SELECT "row", line, key, reason FROM failures
WHERE {WANTED} AND "row" > %(after_row)s ORDER BY "row" LIMIT %(limit)s
"""
VALUES = [
    "1",
    "ten",
    "o'clock",
    "x') (actual value is 'y",
    " (actual value is 'z",
    "')",
    "a\nb",
    "10 (actual value",
    "é",
]
ROW = st.tuples(
    st.sampled_from(["A", "B", "C", "", "D"]),
    st.sampled_from(["GIFT_VOUCHER", "GIFT_VOUCHER", "", *VALUES]),
    st.sampled_from(VALUES),
)
FEW = settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking against a database takes minutes
)


async def fetched(engine: Engine, statement: str, **params: Any) -> list[dict[str, Any]]:
    async with engine.pool.connection() as connection:
        return await (await connection.execute(statement, params)).fetchall()


async def reasons(engine: Engine, action_id: str, limit: int = 100, reason: str | None = None) -> dict[str, Any]:
    async with engine.pool.connection() as connection:
        return await page_of_reasons(connection, engine.project_id, action_id, limit=limit, reason=reason)


async def are_complete(engine: Engine, action_id: str) -> bool:
    (row,) = await engine.query(
        "SELECT failed_count = (SELECT coalesce(sum(count), 0) FROM reason_counts WHERE action_id = async_actions.id)"
        " AS are_complete FROM async_actions WHERE id = %s",
        action_id,
    )
    return bool(row["are_complete"])


async def require_same(engine: Engine, action_id: str, limits: tuple[int, ...] = (1, 2, 100)) -> None:
    """Whatever is asked of the failures is answered as if all of them were read."""
    known = {row["reason"] for row in await engine.query("SELECT reason FROM failures WHERE action_id = %s", action_id)}
    for reason in (None, "no such reason", *sorted(known | set(map(bare_reason, known)))):
        for limit in limits:
            key = {"id": action_id, "reason": reason, "limit": limit + 1}
            counted = await fetched(engine, COUNTED, **key)
            page = await reasons(engine, action_id, limit, reason)
            assert (page["reasons"], page["has_more"]) == (counted[:limit], len(counted) > limit)
            for after_row in (0, 2):
                read = await fetched(engine, READ, **key, after_row=after_row)
                async with engine.pool.connection() as connection:
                    rows = await page_of_failures(
                        connection, engine.project_id, action_id, limit=limit, after_row=after_row, reason=reason
                    )
                assert (rows["failures"], rows["has_more"]) == (read[:limit], len(read) > limit)


def file_of(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([("Code", "Voucher Type", "Value"), *rows])
    return text.getvalue()


async def submit(engine: Engine, rows: list[tuple[str, ...]], form: str, options: dict[str, Any]) -> str:
    if form == "csv":
        return await engine.submit_csv(file_of(rows), **options)
    described = [{"code": code, "type": type_, "gift": {"amount": value}} for code, type_, value in rows]
    return await engine.submit_json(described, **options)


async def forget_groups(engine: Engine, action_id: str) -> None:
    """Leave the action as an earlier version would have: nothing is counted, and no failure has its group."""
    async with engine.pool.connection() as connection:
        await connection.execute("DELETE FROM reason_counts WHERE action_id = %s", (action_id,))
        await connection.execute("UPDATE failures SET reason_group = NULL WHERE action_id = %s", (action_id,))


OPTIONS = st.sampled_from([
    {}, {}, {"dry_run": True}, {"on_error": "stop", "max_failures": 3}, {"on_error": "reject"},
    {"dry_run": True, "on_error": "reject"},
])  # fmt: skip


@FEW
@given(
    rows=st.lists(ROW, min_size=1, max_size=14), form=st.sampled_from(["csv", "json"]), options=OPTIONS,
    batch_rows=st.sampled_from([1, 3, 1000]), canceled_after=st.sampled_from([None, None, 1, 2]),
)  # fmt: skip
def test_what_is_counted_as_rows_fail_is_what_counting_them_says(
    database_url: str, rows: list[tuple[str, ...]], form: str, options: dict[str, Any], batch_rows: int,
    canceled_after: int | None,
) -> None:  # fmt: skip
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            action_id = await submit(engine, rows, form, options)
            if canceled_after:
                for _ in range(canceled_after):
                    await engine.advance()
                    assert await are_complete(engine, action_id)
                try:
                    await engine.controller.cancel(engine.project_id, action_id, "somebody")
                except ConflictError:
                    assert (await engine.get(action_id))["status"] in ("DONE", "FAILED")
            action = await engine.finish(action_id)
            assert await are_complete(engine, action_id)
            await require_same(engine, action_id)
            if action["failed_count"] and not action["dry_run"]:
                parent = await engine.controller.find(engine.project_id, action_id)
                again = (parent, engine.submission(action["type"], parent_id=action_id), SubmissionOptions(), None)
                retry = (await engine.controller.retry(*again, unprocessed=True)).action_id
                await engine.finish(retry)
                assert await are_complete(engine, retry)
                await require_same(engine, retry)
                await require_same(engine, action_id)

    asyncio.run(scenario())


@FEW
@given(
    rows=st.lists(ROW, min_size=1, max_size=14), form=st.sampled_from(["csv", "json"]), options=OPTIONS,
    batch_rows=st.sampled_from([1, 3]), before=st.integers(0, 6), groups=st.integers(1, 4),
)  # fmt: skip
def test_what_is_not_counted_completely_is_counted_when_somebody_asks(
    database_url: str, rows: list[tuple[str, ...]], form: str, options: dict[str, Any], batch_rows: int, before: int,
    groups: int,
) -> None:  # fmt: skip
    """Some batches are of an earlier version, or more groups come together than are kept."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            action_id = await submit(engine, rows, form, options)
            for _ in range(before):
                await engine.advance()
            await require_same(engine, action_id, limits=(1,))
            await forget_groups(engine, action_id)
            await engine.finish(action_id)
            # Asked for the first time, and when something was kept.
            await require_same(engine, action_id, limits=(1,))
            assert await are_complete(engine, action_id)
            await require_same(engine, action_id, limits=(1,))

    with patch.object(reason_counts, "MAX_GROUPS", groups), patch.object(failures, "_GROUPS_KEPT", 2):
        asyncio.run(scenario())


def test_counts_are_kept_of_no_more_groups_than_there_is_room_for(database_url: str) -> None:
    rows = [{"code": f"F{number}", "type": f"T{number}"} for number in range(4)]
    taken = [{"code": f"F{number}", "type": "GIFT_VOUCHER", "gift": {"amount": 1}} for number in range(4)]

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            await engine.finish(await engine.submit_json(taken))
            with patch.object(reason_counts, "MAX_GROUPS", 3):
                # «Voucher with code F0 already exists»: each is a group of its own.
                action_id = (await engine.finish(await engine.submit_json(taken)))["id"]
                kept = "SELECT reason, count FROM reason_counts WHERE action_id = %s ORDER BY reason"
                assert len(await engine.query(kept, action_id)) == 2
                assert not await are_complete(engine, action_id)
                with patch.object(failures, "_GROUPS_KEPT", 3):
                    assert len((await reasons(engine, action_id, 2))["reasons"]) == 2
                assert [row["count"] for row in await engine.query(kept, action_id)] == [1, 1, 1, 1]
                assert [row["reason"] for row in await engine.query(kept, action_id)][-1] is None
                assert await are_complete(engine, action_id)
                # Reasons that differ by their values are one.
                action_id = (await engine.finish(await engine.submit_json(rows)))["id"]
                assert [row["count"] for row in await engine.query(kept, action_id)] == [4]

    asyncio.run(scenario())


def test_counts_that_are_not_complete_stay_as_they_are(database_url: str) -> None:
    """What adds nothing to them costs nothing, and can never look complete by chance."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            action_id = await engine.submit_csv(file_of([("A", "", "1")] * 6))
            await engine.advance()
            await forget_groups(engine, action_id)
            await engine.finish(action_id)
            assert await engine.query("SELECT FROM reason_counts WHERE action_id = %s", action_id) == []

    asyncio.run(scenario())


def test_what_was_counted_is_not_counted_again(database_url: str) -> None:
    """Failures are left out of the table behind the counts' back: these tell what they told."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            action_id = (await engine.finish(await engine.submit_csv(file_of([("A", "", "1")] * 5))))["id"]
            before = await reasons(engine, action_id)
            assert [group["count"] for group in before["reasons"]] == [5]
            await forget_groups(engine, action_id)
            assert await reasons(engine, action_id) == before
            async with engine.pool.connection() as connection:
                await connection.execute("DELETE FROM failures WHERE action_id = %s", (action_id,))
            assert await reasons(engine, action_id) == before

    asyncio.run(scenario())


def test_where_nothing_can_be_written_failures_are_counted_each_time(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = (await engine.finish(await engine.submit_csv(file_of([("A", "", "1")] * 3))))["id"]
            before = await reasons(engine, action_id)
            await forget_groups(engine, action_id)
            async with engine.pool.connection() as connection:
                await connection.execute("SET default_transaction_read_only = on")
                key = (engine.project_id, action_id)
                assert await page_of_reasons(connection, *key, limit=100, reason=None) == before
                await connection.execute("RESET default_transaction_read_only")
            assert not await are_complete(engine, action_id)

    asyncio.run(scenario())


def test_counts_go_with_the_failures(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = (await engine.finish(await engine.submit_csv(file_of([("A", "", "1")] * 3))))["id"]
            await aged(engine, action_id, timedelta(days=2))
            await pruner(engine, keep_failures_days=1).prune()
            page = await reasons(engine, action_id)
            assert (page["reasons"], page["failures_kept"]) == ([], False)
            assert await engine.query("SELECT FROM reason_counts WHERE action_id = %s", action_id) == []
            with pytest.raises(NotFoundError):
                await reasons(engine, "aa_none")

    asyncio.run(scenario())


PARTS = st.lists(st.sampled_from([" (actual value is '", "')", "'", " ", "(", "a", "\n", "é", "'') "]), max_size=9)


@settings(FEW, max_examples=examples(50))
@given(st.lists(PARTS.map("".join), min_size=20, max_size=40))
def test_a_bare_reason_is_the_same_in_python_and_in_sql(database_url: str, texts: list[str]) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(f"SELECT {BARE} FROM unnest(%s::text[]) AS reason", [texts]).fetchall()
    assert [row[0] for row in rows] == list(map(bare_reason, texts))


def test_a_bare_reason_takes_time_in_proportion_to_its_length() -> None:
    """However many values begin in it that never end."""
    begun = " (actual value is '"
    assert bare_reason(begun * 100_000) == begun * 100_000
    assert bare_reason(f"a{begun * 100_000}')b") == "ab"


def test_failures_of_before_the_migration_are_answered_as_before(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier version has recorded has no groups, and was not counted."""
    upgrade = command.upgrade
    with fresh_database(postgres) as url:
        monkeypatch.setattr(command, "upgrade", lambda config, _: upgrade(config, "0021"))
        migrate.migrate(url)
        with psycopg.connect(url) as connection:
            connection.execute(
                "INSERT INTO async_actions (project_id, id, type, status, operation_status, request_id, source,"
                " total_count, failed_count, open_batches, created_at, updated_at, finished_at, ended_by)"
                " VALUES (1, 'aa_old', 'VOUCHERS.IMPORT', 'DONE', 'SUCCESS', 'v', '{}', 9, 9, 0, now(), now(), now(),"
                " 'COMPLETED')"
            )
            connection.execute(
                "INSERT INTO failures (project_id, action_id, \"row\", key, reason, line) SELECT 1, 'aa_old', n, 'k',"
                " CASE WHEN n % 2 = 0 THEN 'Value: wrong (actual value is ''' || n || ''')' ELSE 'None' END, n"
                " FROM generate_series(1, 9) AS n"
            )
        monkeypatch.setattr(command, "upgrade", upgrade)
        migrate.migrate(url)
        asyncio.run(_require_same_of_old(url))


async def _require_same_of_old(url: str) -> None:
    async with open_engine(url) as engine:
        old = replace(engine, project_id=1)
        await require_same(old, "aa_old")
        assert await are_complete(old, "aa_old")
