"""Batches side by side: rows with the same key end as if their batches had been written one after another."""

import asyncio

import psycopg
import pytest

from tests.db.engine import Engine, open_engine
from tests.db.test_applying import HEADER


def test_batches_side_by_side_that_share_codes_end_as_if_written_in_order(database_url: str) -> None:
    """Copied beside each other they meet in a circle, which PostgreSQL breaks; each is tried again, in order."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=3, batches_in_flight=3) as engine:
            for batches in range(2, 5):
                name = f"{batches}"
                rows = [(f"C{name}-{(row + row // 3) % 3}", row + 1) for row in range(3 * batches)]
                file = HEADER + "".join(f"{code},GIFT_VOUCHER,{value}\n" for code, value in rows)
                action_id = await engine.submit_csv(file)
                await _side_by_side(engine, action_id)
                action = await engine.get(action_id)
                assert (action["done_count"], action["failed_count"]) == (len(rows), 0)
                assert await _values(engine, name) == {code: 100 * value for code, value in rows}

    asyncio.run(scenario())


def test_of_codes_in_json_batches_side_by_side_the_first_is_written(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=3, batches_in_flight=3) as engine:
            rows = [(f"C1-{(row + row // 3) % 3}", row + 1) for row in range(9)]
            objects = [{"code": code, "type": "GIFT_VOUCHER", "gift": {"amount": value}} for code, value in rows]
            action_id = await engine.submit_json(objects)
            await _side_by_side(engine, action_id)
            action = await engine.get(action_id)
            assert (action["done_count"], action["failed_count"]) == (3, 6)
            failed = await engine.query("SELECT row FROM failures WHERE action_id = %s ORDER BY row", action_id)
            assert [failure["row"] for failure in failed] == [4, 5, 6, 7, 8, 9]
            assert await _values(engine, "1") == dict(rows[:3])

    asyncio.run(scenario())


async def _side_by_side(engine: Engine, action_id: str) -> None:
    async with asyncio.timeout(60):
        while (await engine.get(action_id))["status"] != "DONE":
            await asyncio.gather(*(engine.advance() for _ in range(3)))


async def _values(engine: Engine, name: str) -> dict[str, int]:
    rows = await engine.query(
        "SELECT code, (gift ->> 'amount')::int AS amount FROM vouchers WHERE code LIKE %s", f"C{name}-%"
    )
    return {row["code"]: row["amount"] for row in rows}


def test_keys_are_written_in_order(database_url: str) -> None:
    """Whoever waits for a key has all the keys before it: two who wait for each other cannot be."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as other:
            insert = (
                "INSERT INTO vouchers (project_id, code, id, type, created_at)"
                f" VALUES ({engine.project_id}, %s, %s, 'GIFT_VOUCHER', now())"
            )
            await engine.submit_csv(HEADER + "Z,GIFT_VOUCHER,1\nM,GIFT_VOUCHER,1\nA,GIFT_VOUCHER,1\n")
            async with engine.pool.connection() as holder, holder.transaction(force_rollback=True):
                await holder.execute(insert, ("M", "v_1"))
                worker = asyncio.create_task(engine.advance())
                await _until_waiting(engine)
                await other.execute("SET lock_timeout = '200ms'")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    await other.execute(insert, ("A", "v_2"))
                async with other.transaction(force_rollback=True):
                    await other.execute(insert, ("Z", "v_3"))
                await other.execute("RESET lock_timeout")
            await worker
            assert len(await engine.query("SELECT FROM vouchers")) == 3

    asyncio.run(scenario())


def test_a_batch_waits_for_the_one_before_it(database_url: str) -> None:
    """JSON imports keep the first of two rows with the same code, wherever the batches are cut."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            rows = [{"code": "SAME", "gift": {"amount": amount}} for amount in (1, 2)]
            action_id = await engine.submit_json(rows)
            async with engine.pool.connection() as holder:
                async with holder.transaction():
                    await holder.execute("SELECT FROM batches WHERE first_row = 1 FOR UPDATE")
                    second = asyncio.create_task(engine.advance())
                    await _until_waiting(engine)
                    assert (await engine.get(action_id))["done_count"] == 0
                # The first batch was given back without being applied: the second must not go ahead.
                await second
            assert (await engine.get(action_id))["done_count"] == 0
            action = await engine.finish(action_id)
            assert action["result"]["failed"] == [{"code": "SAME", "reason": "Voucher with code SAME already exists"}]
            (voucher,) = await engine.query("SELECT gift FROM vouchers")
            assert voucher["gift"]["amount"] == 1

    asyncio.run(scenario())


async def _until_waiting(engine: Engine) -> None:
    async with asyncio.timeout(60):
        while not await engine.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            await asyncio.sleep(0.01)
