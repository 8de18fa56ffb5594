"""Dry runs and error policies across batches: what is told, what is written, what stays."""

import asyncio
from typing import Any

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.errors import BatchLostError
from tallykeep.engine.applying.atomic import apply_atomically
from tallykeep.engine.applying.claim import claim_batch
from tests.db.engine import Engine, open_engine
from tests.postgres import quiet_settings

ROWS: list[dict[str, Any]] = [
    {"code": "A", "gift": {"amount": 1}},
    {"code": "B", "gift": {"amount": 1}},
    {"code": "A", "gift": {"amount": 2}},
    {"code": "C"},
    {"code": "D", "gift": {"amount": 1}},
    {"code": "B", "gift": {"amount": 2}},
    {"code": "E", "gift": {"amount": 1}},
]
FAILED = [3, 4, 6]


def counts(action: dict[str, Any]) -> tuple[int, int, int]:
    return action["done_count"], action["failed_count"], action["unprocessed_count"]


async def codes(engine: Engine) -> list[str]:
    return [row["code"] for row in await engine.query("SELECT code FROM vouchers ORDER BY code")]


async def failed_rows(engine: Engine, action_id: str) -> list[int]:
    rows = await engine.query('SELECT "row" FROM failures WHERE action_id = %s ORDER BY 1', action_id)
    return [row["row"] for row in rows]


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 10])
def test_a_dry_run_sees_across_batches_what_it_would_have_written(database_url: str, batch_rows: int) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            dry = await engine.finish(await engine.submit_json(ROWS, dry_run=True))
            assert await codes(engine) == []
            real = await engine.finish(await engine.submit_json(ROWS))
            assert await codes(engine) == ["A", "B", "D", "E"]
            assert await failed_rows(engine, dry["id"]) == await failed_rows(engine, real["id"]) == FAILED
            assert dry["result"] == real["result"]
            assert (dry["created_count"], real["created_count"]) == (4, 4)
            assert await engine.query("SELECT FROM dry_run_keys") == []
            assert await engine.query("SELECT FROM attempts") == []

    asyncio.run(scenario())


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 10])
@pytest.mark.parametrize(
    ("max_failures", "expected", "written"),
    [(1, (2, 1, 4), "AB"), (2, (2, 2, 3), "AB"), (3, (3, 3, 1), "ABD"), (4, (4, 3, 0), "ABDE")],
)
def test_stop_means_the_same_however_batches_are_cut(
    database_url: str, batch_rows: int, max_failures: int, expected: tuple[int, int, int], written: str
) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            action_id = await engine.submit_json(ROWS, on_error="stop", max_failures=max_failures)
            while (action := await engine.get(action_id))["status"] not in ("DONE", "FAILED"):
                await asyncio.gather(*(engine.advance() for _ in range(3)))
            assert counts(action) == expected
            assert "".join(await codes(engine)) == written
            assert await failed_rows(engine, action_id) == FAILED[: expected[1]]

    asyncio.run(scenario())


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 10])
@pytest.mark.parametrize("max_failures", [1, 2, 3])
def test_a_dry_run_stops_where_the_real_run_does(database_url: str, batch_rows: int, max_failures: int) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            stopping = {"on_error": "stop", "max_failures": max_failures}
            dry = await engine.finish(await engine.submit_json(ROWS, **stopping, dry_run=True))
            real = await engine.finish(await engine.submit_json(ROWS, **stopping))
            assert counts(dry) == counts(real)
            assert dry["result"] == real["result"]
            assert dry["created_count"] == real["created_count"]

    asyncio.run(scenario())


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 10])
def test_reject_leaves_nothing_and_tells_all_it_can_see(database_url: str, batch_rows: int) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            rows = [{"code": "X", "gift": {"amount": 1}}, *ROWS, {"code": "Y"}]
            action_id = await engine.submit_json(rows, on_error="reject")
            await asyncio.gather(*(engine.advance() for _ in range(4)))
            action = await engine.finish(action_id)  # a batch that waited for too long has given its place back
            assert (action["status"], action["ended_by"], action["done_count"]) == ("FAILED", "REJECTED", 0)
            assert sum(counts(action)) == len(rows)
            assert await codes(engine) == []
            # Codes that stand in two batches are seen only up to the first batch with a failure.
            assert {5, 9} <= set(await failed_rows(engine, action_id)) <= {4, 5, 7, 9}
            good = [row for number, row in enumerate(ROWS, 1) if number not in FAILED]
            action = await engine.finish(await engine.submit_json(good, on_error="reject"))
            assert (counts(action), action["created_count"]) == ((4, 0, 0), 4)
            assert await codes(engine) == ["A", "B", "D", "E"]

    asyncio.run(scenario())


def test_who_rejects_an_action_that_was_rejected_meanwhile_has_lost_its_batch(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await engine.submit_json([{"code": "A"}, {"code": "B"}], on_error="reject")
            async with engine.pool.connection() as connection:
                async with connection.transaction(force_rollback=True):
                    late = await claim_batch(connection, engine.project_id, action_id, quiet_settings())
                assert late is not None
                rejected = await engine.finish(action_id)
                with pytest.raises(BatchLostError):
                    async with connection.transaction():
                        await apply_atomically(connection, ACTION_TYPES["VOUCHERS.IMPORT"], late)
            assert await engine.get(action_id) == rejected
            assert await failed_rows(engine, action_id) == [1, 2]

    asyncio.run(scenario())


def test_a_row_that_needs_one_of_an_earlier_batch_does_not_reject_the_action(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            rows = b"source_id,name,price\nP1,Shirt,10\nP1,,12\n"
            action = await engine.finish(await engine.submit("PRODUCTS.IMPORT_CSV", rows, on_error="reject"))
            assert (action["status"], counts(action)) == ("DONE", (2, 0, 0))
            assert await engine.query("SELECT FROM failures") == []
            flawed = b"source_id,name,price\nP2,Shirt,10\nP2,,12\nP3,,14\n"
            action_id = await engine.submit("PRODUCTS.IMPORT_CSV", flawed, on_error="reject")
            action = await engine.finish(action_id)
            assert (action["ended_by"], await failed_rows(engine, action_id)) == ("REJECTED", [3])
            assert await engine.query("SELECT source_id FROM products") == [{"source_id": "P1"}]

    asyncio.run(scenario())


def test_an_action_that_is_being_rejected_holds_up_no_other(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            await engine.finish(await engine.submit_json([{"code": "X", "gift": {"amount": 1}}]))
            flawed = await engine.submit_csv("Code,Voucher Type,Value\nW,,1\nX,GIFT_VOUCHER,2\n", on_error="reject")
            async with engine.pool.connection() as holder, holder.transaction():
                # Failures of the first batch are recorded, the check of the second one takes its time.
                await holder.execute("SELECT FROM vouchers WHERE code = 'X' FOR UPDATE")
                rejecting = asyncio.create_task(engine.advance())
                while not await engine.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
                    await asyncio.sleep(0.01)
                small = await engine.submit_json([{"code": "S", "gift": {"amount": 1}}])
                for _ in range(2):  # the second one comes upon the action that is being rejected
                    await asyncio.wait_for(engine.advance(), 10)
                assert (await engine.get(small))["status"] == "DONE"
            await rejecting
            assert (await engine.get(flawed))["ended_by"] == "REJECTED"

    asyncio.run(scenario())


_VOUCHER = (
    "INSERT INTO vouchers (project_id, code, id, type, created_at) VALUES (%s, 'V1', 'v_1', 'GIFT_VOUCHER', now())"
)


def test_a_canceled_action_takes_no_batch_any_more(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            good = [{"code": f"V{number}", "gift": {"amount": 1}} for number in range(3)]
            action_id = await engine.submit_json(good)
            await engine.advance()
            async with engine.pool.connection() as holder, holder.transaction():
                # The next batch is in hand, and blocked in the middle of its write.
                await holder.execute(_VOUCHER, (engine.project_id,))
                busy = asyncio.create_task(engine.advance())
                while not await engine.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
                    await asyncio.sleep(0.01)
                await engine.controller.cancel(engine.project_id, action_id, "a-key")
                await holder.execute("DELETE FROM vouchers WHERE code = 'V1'")
            await busy
            await engine.advance()
            assert counts(await engine.get(action_id)) == (1, 0, 2)
            assert await codes(engine) == ["V0"]

    asyncio.run(scenario())
