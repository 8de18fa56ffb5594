"""Applying batches: the tally is exact, a batch closes once, a row that breaks the code fails alone."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.batch import Batch, ClaimedBatch, Source
from tallykeep.core.errors import BatchLostError
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.engine.applying.accounting import close_batch
from tallykeep.engine.applying.attempt import BatchOutcome
from tallykeep.engine.applying.claim import claim_batch
from tests.db.engine import open_engine
from tests.postgres import quiet_settings
from tests.sizes import examples

EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = (
    "Code,Voucher Type,Value,Discount Type,Category,Note,Size,Active,Redeemed Quantity,Redeemed Amount,Start Date,"
    "Expiration Date\n"
)


def gifts(count: int, first: int = 0) -> str:
    lines = [f"C{number},GIFT_VOUCHER,1\n" for number in range(first, first + count)]
    return HEADER + "".join(lines)


@pytest.mark.parametrize("ahead", [True, False])
def test_times_of_an_action_never_go_back_where_the_clock_does(database_url: str, ahead: bool) -> None:
    """As if its times so far had been taken an hour later, or a moment ago."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            for submission_options, slots in (({}, 2), ({"on_error": "reject"}, 1), ({}, 0)):
                action_id = await engine.submit_csv(gifts(2), **submission_options)
                offset = "interval '1 hour'" if ahead else "-interval '1 hour'"
                (before,) = await engine.query(
                    f"UPDATE async_actions SET created_at = created_at + {offset}, updated_at = updated_at + {offset}"
                    " WHERE id = %s RETURNING created_at, updated_at",
                    action_id,
                )
                for _ in range(slots):
                    await engine.advance()
                if not slots:
                    await engine.controller.cancel(engine.project_id, action_id, "a key")
                (after,) = await engine.query(
                    "SELECT updated_at, finished_at, started_at, now() AS present FROM async_actions WHERE id = %s",
                    action_id,
                )
                assert after["finished_at"] == after["updated_at"] >= before["updated_at"]
                assert (after["updated_at"] == before["updated_at"]) is ahead
                assert (after["started_at"] is not None) is (slots > 0)

    asyncio.run(scenario())


def test_nobody_is_given_a_batch_of_an_action_that_has_ended(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            action_id = await engine.submit_csv(gifts(2))
            await engine.controller.cancel(engine.project_id, action_id, "a key")
            async with engine.pool.connection() as connection, connection.transaction():
                assert await claim_batch(connection, engine.project_id, action_id, quiet_settings()) is None

    asyncio.run(scenario())


def test_the_tally_is_exact_after_every_batch(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=4) as engine:
            action_id = await engine.submit_csv(gifts(6) + "BAD,,1\n" + gifts(3, 6).removeprefix(HEADER))
            seen = []
            for _ in range(3):
                await engine.advance()
                action = await engine.get(action_id)
                seen.append((action["done_count"], action["failed_count"], action["status"], action["progress"]))
            assert seen == [(4, 0, "IN_PROGRESS", 40), (7, 1, "IN_PROGRESS", 80), (9, 1, "DONE", 100)]
            await engine.advance()
            assert await engine.get(action_id) == action

    asyncio.run(scenario())


def test_many_jobs_at_once_apply_each_batch_once(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=3, batches_in_flight=4) as engine:
            action_id = await engine.submit_csv(gifts(40))
            while (await engine.get(action_id))["status"] != "DONE":
                await asyncio.gather(*(engine.advance() for _ in range(6)))
            action = await engine.get(action_id)
            assert (action["done_count"], action["failed_count"]) == (40, 0)
            (row,) = await engine.query("SELECT count(*) AS vouchers FROM vouchers")
            assert row["vouchers"] == 40

    asyncio.run(scenario())


def test_a_batch_that_is_closed_cannot_be_closed_again(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await engine.submit_csv(gifts(2))
            await engine.finish(action_id)
            again = ClaimedBatch(
                engine.project_id, action_id, "", Source("csv"), Batch(1, 2, b""), timestamp=datetime.now(UTC)
            )
            async with engine.pool.connection() as connection:
                with pytest.raises(BatchLostError):
                    async with connection.transaction():
                        await close_batch(connection, again, BatchOutcome())
            assert (await engine.get(action_id))["done_count"] == 2

    asyncio.run(scenario())


def test_a_batch_is_closed_once_while_its_action_goes_on(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            action_id = await engine.submit_csv(gifts(4))
            await engine.advance()
            again = ClaimedBatch(
                engine.project_id, action_id, "", Source("csv"), Batch(1, 2, b""), timestamp=datetime.now(UTC)
            )
            async with engine.pool.connection() as connection:
                with pytest.raises(BatchLostError):
                    async with connection.transaction():
                        await close_batch(connection, again, BatchOutcome())
            assert (await engine.get(action_id))["done_count"] == 2

    asyncio.run(scenario())


def test_a_batch_in_hand_is_given_to_nobody_else(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            action_id = await engine.submit_csv(gifts(8))

            async def claim(connection: Connection) -> int | None:
                claimed = await claim_batch(connection, engine.project_id, action_id, quiet_settings())
                return claimed and claimed.batch.first_row

            async with engine.pool.connection() as one, engine.pool.connection() as two, one.transaction():
                assert await claim(one) == 1
                async with two.transaction():
                    assert [await claim(two), await claim(two)] == [3, 3]
                    async with engine.pool.connection() as three, three.transaction():
                        assert await claim(three) == 5
                        async with engine.pool.connection() as four, four.transaction():
                            assert await claim(four) is None  # three are in hand

    asyncio.run(scenario())


class _Explosive:
    """An operation that breaks on certain rows, in every way it can."""

    def __init__(self, inner: Any, fuse: str) -> None:
        self._inner = inner
        self._fuse = fuse
        self._rows: list[Row] = []

    def check(self, rows: list[Row]) -> list[Failure]:
        self._rows = rows
        self._burn("check")
        return list(self._inner.check(rows))

    async def stage(self) -> None:
        await self._inner.stage()
        self._burn("stage")

    async def write(self) -> list[Failure]:
        failures = await self._inner.write()
        self._burn("write")
        return list(failures)

    def created(self) -> Any:
        return self._inner.created()

    def report(self) -> str:
        return str(self._inner.report())

    def met(self) -> int | None:
        return None

    def _burn(self, stage: str) -> None:
        if self._fuse == stage and any(row.value[0].startswith("BOOM") for row in self._rows):
            raise RuntimeError("a defect")


@pytest.mark.parametrize("fuse", ["check", "stage", "write"])
def test_a_row_that_breaks_the_code_fails_alone(database_url: str, fuse: str) -> None:
    action_type = ACTION_TYPES["VOUCHERS.IMPORT_CSV"]

    async def begin(*arguments: Any) -> _Explosive:
        return _Explosive(await action_type.begin(*arguments), fuse)

    async def scenario() -> None:
        action_types = {action_type.name: replace(action_type, begin=begin)}
        async with open_engine(database_url, action_types) as engine:
            rows = ["A", "BOOM1", "B", "A", "C", "BOOM2", "D"]
            action_id = await engine.submit_csv(HEADER + "".join(f"{code},GIFT_VOUCHER,1\n" for code in rows))
            action = await engine.finish(action_id)
            assert (action["done_count"], action["failed_count"]) == (5, 2)
            assert [failure["row"] for failure in action["result"]["failed"]] == [2, 6]
            for failure in action["result"]["failed"]:
                assert failure["reason"].startswith("Internal error (log id ")
            codes = [row["code"] for row in await engine.query("SELECT code FROM vouchers ORDER BY code")]
            assert codes == ["A", "B", "C", "D"]

    asyncio.run(scenario())


def test_failures_can_always_be_recorded(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            rows: list[Any] = [
                {"code": "A\0B"}, {"code": "x" * 50_000}, {"code": ["list"]}, {"code": "M", "metadata": {"k\0": 1}},
                None, 5, "text", [], {"code": "\t\\N\n", "type": "x" * 50_000},
            ]  # fmt: skip
            action = await engine.finish(await engine.submit_json(rows))
            assert (action["done_count"], action["failed_count"]) == (0, len(rows))
            assert len(action["result"]["failed"]) == len(rows)

    asyncio.run(scenario())


ROW = st.tuples(
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from(["GIFT_VOUCHER", "LOYALTY_CARD", "BROKEN"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["", "null", "red", "blue"]),
    st.sampled_from(["", "null", "x", "y"]),
    st.sampled_from(["", "1", "2"]),
    st.sampled_from(["", "null", "true", "false"]),
    st.sampled_from(["", "null", "3"]),
    st.sampled_from(["", "null", "4"]),
    st.sampled_from(["", "", "null", "2022-01-02", "2022-01-04"]),
    st.sampled_from(["", "", "null", "2022-01-01", "2022-01-03"]),
)


@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking against a database takes minutes
)
@given(rows=st.lists(ROW, min_size=1, max_size=14), before=st.lists(ROW, max_size=3))
def test_one_batch_has_the_effect_of_its_rows_one_by_one(
    database_url: str, rows: list[tuple[str, ...]], before: list[tuple[str, ...]]
) -> None:
    def text(lines: list[tuple[str, ...]]) -> str:
        return HEADER + "".join(f"{','.join([*line[:3], '', *line[3:]])}\n" for line in lines)

    async def outcome(batch_rows: int) -> tuple[Any, Any]:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            await engine.finish(await engine.submit_csv(text(before)))
            action = await engine.finish(await engine.submit_csv(text(rows)))
            vouchers = await engine.query(
                "SELECT code, type, gift, loyalty_card, category, metadata, active, redeemed_quantity, redeemed_amount,"
                " start_date, expiration_date"
                " FROM vouchers WHERE project_id = %s"
                " ORDER BY code",
                engine.project_id,
            )
            return action["result"], vouchers

    assert asyncio.run(outcome(1000)) == asyncio.run(outcome(1))
