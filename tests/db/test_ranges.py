"""Planned work: whatever is written meanwhile, it leaves nothing out, and its tally counts what it has written."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from tallykeep.core.options.submission_options import OnError, SubmissionOptions
from tests.db.engine import Engine, open_engine
from tests.db.holding import tally, wait_for_blocked

CHANGE = {"discount": {"type": "PERCENT", "percent_off": 25}}
CODES = [f"C{number}" for number in range(10, 20)]


@dataclass(frozen=True)
class Work:
    """Planned work of one kind: over which table and key, and which of its rows are still to be written."""

    name: str
    parameters: dict[str, Any]
    table: str
    key: str
    reached: str

    async def plan(self, engine: Engine, **submission_options: Any) -> str:
        submission = engine.submission(self.name, parameters=self.parameters)
        async with engine.pool.connection() as connection, connection.transaction():
            return (
                await engine.acceptance.accept_planned(connection, submission, SubmissionOptions(**submission_options))
            ).action_id

    async def make(self, engine: Engine, keys: list[str]) -> None:
        """Rows that the work is to write."""
        await engine.query(*self.insertion(engine, keys))

    def insertion(self, engine: Engine, keys: list[str]) -> tuple[Any, ...]:
        if self.table == "vouchers":
            columns, values = "code, id, type, campaign_id, discount, metadata", "key, 'v_' || key, 'DISCOUNT_VOUCHER'"
            values += """, 'camp_1', '{"percent_off": 10}', '{"old": 1}'"""
        else:
            columns, values = "id, source_id, metadata", """key, key, '{"old": 1}'"""
        sql = (
            f"INSERT INTO {self.table} (project_id, created_at, {columns})"
            f" SELECT %s, now(), {values} FROM unnest(%s::text[]) AS key RETURNING 1"
        )
        return sql, engine.project_id, keys

    async def left(self, engine: Engine) -> list[str]:
        rows = await engine.query(f"SELECT {self.key} AS key FROM {self.table} WHERE {self.reached} ORDER BY 1")
        return [row["key"] for row in rows]


CAMPAIGN = {"campaign_id": "camp_1"}
OLD_DISCOUNT = "redeemed_quantity = 0 AND discount ->> 'percent_off' = '10'"
WORKS = [
    Work("VOUCHERS.METADATA_KEY_PURGE", {"key": "old"}, "vouchers", "code", "metadata ? 'old'"),
    Work("CUSTOMERS.METADATA_KEY_PURGE", {"key": "old"}, "customers", "id", "metadata ? 'old'"),
    Work("CAMPAIGN.VOUCHERS_UPDATE", {**CAMPAIGN, "change": CHANGE}, "vouchers", "code", OLD_DISCOUNT),
    Work("CAMPAIGN.VOUCHERS_DELETE", {**CAMPAIGN, "force": True, "deleted_by": "k"}, "vouchers", "code", "true"),
    Work("CAMPAIGN.VOUCHERS_DELETE", {**CAMPAIGN, "force": False, "deleted_by": "k"}, "vouchers", "code", "true"),
]
every_work = pytest.mark.parametrize("work", WORKS, ids=lambda work: f"{work.name}-{work.parameters.get('force', '')}")

Scenario = Callable[[Engine], Awaitable[None]]


def _run(database_url: str, scenario: Scenario, **settings: Any) -> None:
    async def run() -> None:
        async with open_engine(database_url, **{"batch_rows": 4, **settings}) as engine:
            await scenario(engine)

    asyncio.run(run())


@every_work
def test_ranges_touch_each_other_and_have_no_ends(database_url: str, work: Work) -> None:
    async def scenario(engine: Engine) -> None:
        await work.make(engine, CODES)
        action_id = await work.plan(engine)
        rows = await engine.query("SELECT body FROM batches ORDER BY first_row")
        bodies = [orjson.loads(batch["body"]) for batch in rows]
        assert [body["behind"] for body in bodies] == [None, *(body["up_to"] for body in bodies[:-1])]
        assert bodies[-1]["up_to"] is None
        await work.make(engine, ["A", "C105", "C135", "Z"])
        assert await tally(engine, action_id) == (14, 14, 0)
        assert await work.left(engine) == []

    _run(database_url, scenario)


@pytest.mark.parametrize("work", WORKS[:3], ids=lambda work: work.name)
def test_what_is_committed_while_a_range_is_gone_through_is_not_left_out(database_url: str, work: Work) -> None:
    """A statement does not see it, though it waits for the same transaction at another row."""

    async def scenario(engine: Engine) -> None:
        await work.make(engine, CODES)
        action_id = await work.plan(engine)
        async with engine.pool.connection() as other:
            async with other.transaction():
                await other.execute(f"UPDATE {work.table} SET updated_at = now() WHERE {work.key} = 'C15'")
                sql, *parameters = work.insertion(engine, ["C11x", "C15x"])
                await other.execute(sql, parameters)
                worker = asyncio.create_task(engine.advance())
                await wait_for_blocked(engine, 1)
            await worker
        assert await tally(engine, action_id) == (12, 12, 0)
        assert await work.left(engine) == []

    _run(database_url, scenario, batch_rows=10)


@every_work
def test_what_is_gone_by_then_is_not_counted(database_url: str, work: Work) -> None:
    async def scenario(engine: Engine) -> None:
        await work.make(engine, CODES)
        action_id = await work.plan(engine)
        await engine.query(f"DELETE FROM {work.table} WHERE {work.key} <= 'C15' RETURNING 1")
        assert await tally(engine, action_id) == (4, 4, 0)
        (batches,) = await engine.query("SELECT sum(row_count)::int AS rows, sum(done_count)::int AS done FROM batches")
        assert batches == {"rows": 4, "done": 4}

    _run(database_url, scenario)


async def _batches(engine: Engine) -> tuple[int, int]:
    """How many rows the batches have, and how many of them are done."""
    (row,) = await engine.query("SELECT sum(row_count)::int AS rows, sum(done_count)::int AS done FROM batches")
    return row["rows"], row["done"]


@every_work
def test_a_whole_action_counts_what_it_has_written(database_url: str, work: Work) -> None:
    async def scenario(engine: Engine) -> None:
        await work.make(engine, CODES)
        action_id = await work.plan(engine, on_error=OnError.REJECT)
        await engine.query(f"DELETE FROM {work.table} WHERE {work.key} <= 'C15' RETURNING 1")
        await work.make(engine, ["Z"])
        assert await tally(engine, action_id) == (5, 5, 0)
        assert await work.left(engine) == []
        (batches,) = await engine.query("SELECT sum(row_count)::int AS rows, sum(done_count)::int AS done FROM batches")
        assert batches == {"rows": 5, "done": 5}

    _run(database_url, scenario)


@every_work
def test_ranges_that_were_planned_with_gaps_are_gone_through_as_they_were_planned(
    database_url: str, work: Work
) -> None:
    async def scenario(engine: Engine) -> None:
        await work.make(engine, CODES)
        action_id = await work.plan(engine)
        body = orjson.dumps({"first": "C10", "last": "C19"})
        await engine.query("UPDATE batches SET body = %s RETURNING 1", body)
        await work.make(engine, ["A", "C15x", "Z"])
        assert await tally(engine, action_id) == (11, 11, 0)
        assert await work.left(engine) == ["A", "Z"]

    _run(database_url, scenario, batch_rows=10)


def test_of_many_customers_that_came_meanwhile_no_two_have_the_same_moment(database_url: str) -> None:
    async def scenario(engine: Engine) -> None:
        purge = WORKS[1]
        await purge.make(engine, ["C0", "C1", "C2"])
        action_id = await purge.plan(engine)
        await purge.make(engine, CODES)
        assert await tally(engine, action_id) == (13, 13, 0)
        (row,) = await engine.query("SELECT count(DISTINCT updated_at) AS moments FROM customers")
        assert row["moments"] == 13

    _run(database_url, scenario)


def test_a_change_that_meets_no_voucher_still_corrects_what_an_earlier_one_does(database_url: str) -> None:
    """Vouchers made after both changes lie in the earlier one's ranges, too."""

    async def scenario(engine: Engine) -> None:
        earlier = WORKS[2]
        later = Work(earlier.name, {**CAMPAIGN, "change": {"discount": {"percent_off": 50}}}, *_over(earlier))
        await earlier.make(engine, ["A"])
        first = await earlier.plan(engine)
        await engine.query("UPDATE vouchers SET redeemed_quantity = 1 RETURNING 1")
        second = await later.plan(engine)
        planned = await engine.query("SELECT first_row, row_count FROM batches WHERE action_id = %s", second)
        assert planned == [{"first_row": 1, "row_count": 1}]
        await earlier.make(engine, ["B"])
        await engine.query("UPDATE vouchers SET discount = '{\"percent_off\": 50}' WHERE code = 'B' RETURNING 1")
        assert await tally(engine, first) == await tally(engine, second) == (1, 1, 0)
        rows = await engine.query("SELECT discount ->> 'percent_off' AS percent FROM vouchers WHERE code = 'B'")
        assert rows == [{"percent": "50"}]

    _run(database_url, scenario)


@pytest.mark.parametrize(("work", "expected"), [(WORKS[2], 8), (WORKS[3], 9)], ids=lambda case: str(case)[:40])
def test_only_what_the_work_reaches_is_planned_and_written(database_url: str, work: Work, expected: int) -> None:
    async def scenario(engine: Engine) -> None:
        await work.make(engine, CODES)
        await engine.query("UPDATE vouchers SET campaign_id = 'camp_2' WHERE code = 'C10' RETURNING 1")
        await engine.query("UPDATE vouchers SET redeemed_quantity = 1 WHERE code IN ('C10', 'C11') RETURNING 1")
        await engine.query("UPDATE vouchers SET campaign_id = 'camp_2' WHERE code = 'C12' RETURNING 1")
        action_id = await work.plan(engine)
        planned = expected - 1
        (planned_rows,) = await engine.query("SELECT total_count FROM async_actions WHERE id = %s", action_id)
        assert planned_rows["total_count"] == (await _batches(engine))[0] == planned
        assert await tally(engine, action_id) == (planned, planned, 0)

    _run(database_url, scenario)


UPDATE = WORKS[2]
BESIDE = [
    Work(UPDATE.name, {**UPDATE.parameters, "campaign_id": "camp_2"}, "vouchers", "code", "true"),
    Work("CAMPAIGN.VOUCHERS_GENERATE", {**CAMPAIGN, "count": 1}, "vouchers", "code", "true"),
    Work("CAMPAIGN.VOUCHERS_DELETE", WORKS[3].parameters, "vouchers", "code", "true"),
]


@pytest.mark.parametrize("beside", [None, *BESIDE], ids=lambda work: work.name if work else "")
def test_a_change_that_meets_no_voucher_and_no_earlier_change_is_done_at_once(
    database_url: str, beside: Work | None
) -> None:
    async def scenario(engine: Engine) -> None:
        await UPDATE.make(engine, ["A"])
        if beside is not None:
            await engine.query("UPDATE vouchers SET campaign_id = %s RETURNING 1", beside.parameters["campaign_id"])
            unfinished = await beside.plan(engine)
            assert (await engine.get(unfinished))["status"] == "ENQUEUED"
        await engine.query("UPDATE vouchers SET campaign_id = 'camp_3' RETURNING 1")
        action_id = await UPDATE.plan(engine)
        action = await engine.get(action_id)
        assert (action["status"], action["total_count"]) == ("DONE", 0)
        assert await engine.query("SELECT FROM batches WHERE action_id = %s", action_id) == []

    _run(database_url, scenario)


def test_a_change_that_meets_no_voucher_when_earlier_ones_have_ended_is_done_at_once(database_url: str) -> None:
    async def scenario(engine: Engine) -> None:
        await UPDATE.make(engine, ["A"])
        assert await tally(engine, await UPDATE.plan(engine)) == (1, 1, 0)
        await engine.query("DELETE FROM vouchers RETURNING 1")
        assert (await engine.get(await UPDATE.plan(engine)))["status"] == "DONE"

    _run(database_url, scenario)


def test_a_change_that_meets_vouchers_is_planned_once_behind_an_unfinished_one(database_url: str) -> None:
    async def scenario(engine: Engine) -> None:
        await UPDATE.make(engine, ["A"])
        first = await UPDATE.plan(engine)
        second = await UPDATE.plan(engine)
        assert await tally(engine, first) == await tally(engine, second) == (1, 1, 0)

    _run(database_url, scenario)


def _over(work: Work) -> tuple[str, str, str]:
    return work.table, work.key, work.reached
