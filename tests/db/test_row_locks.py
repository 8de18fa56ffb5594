"""Row locks: what is read to be written back is locked, so that no change made meanwhile by others is lost."""

import asyncio
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

import orjson
import psycopg
import pytest

from tallykeep.resources.upserts import operation
from tallykeep.resources.vouchers.single import update_voucher
from tests.db.engine import Engine, open_engine
from tests.db.meeting import meeting
from tests.db.test_applying import HEADER

CUSTOMERS = "Source_id,Name\nC,Ada\n"
LOCK = "SELECT FROM {table} WHERE project_id = %s AND {key} = 'C' FOR UPDATE"
LOCK_VOUCHER = LOCK.format(table="vouchers", key="code")
LOCK_CUSTOMER = LOCK.format(table="customers", key="source_id")


async def _vouchers(engine: Engine, *lines: str) -> None:
    await engine.finish(await engine.submit_csv(HEADER + "".join(f"{line}\n" for line in lines)))


async def _one(engine: Engine, columns: str) -> dict[str, Any]:
    (row,) = await engine.query(f"SELECT {columns} WHERE project_id = %s", engine.project_id)
    return row


def test_a_bulk_update_adds_to_what_somebody_else_has_just_written(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await _vouchers(engine, "C,GIFT_VOUCHER,1")
            rows = [{"code": "C", "metadata": {"mine": 1}}]
            action_id = await engine.submit("VOUCHERS.BULK_UPDATE", orjson.dumps(rows))
            async with meeting(engine) as other:
                await other.execute(LOCK_VOUCHER, engine.project_id)
                worker = asyncio.create_task(engine.advance())
                await other.until_waited_for()
                await other.execute("UPDATE vouchers SET metadata = '{\"theirs\": 2}'")
            await worker
            assert (await engine.get(action_id))["done_count"] == 1
            assert await _one(engine, "metadata FROM vouchers") == {"metadata": {"theirs": 2, "mine": 1}}

    asyncio.run(scenario())


def _as(way: str) -> Any:
    """Changes are written as a set, unless row by row is asked for."""
    return patch.object(operation, "change_set", lambda *_: None) if "row by row" in way else nullcontext()


@pytest.mark.parametrize("way", ["source_id", "source_id, row by row", "id"])
def test_a_change_of_a_customer_keeps_what_somebody_else_has_just_written(database_url: str, way: str) -> None:
    key = way.partition(",")[0]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await engine.submit("CUSTOMERS.IMPORT_CSV", CUSTOMERS.encode()))
            customer = await _one(engine, "id, source_id FROM customers")
            rows = [{key: customer[key], "email": "ada@example.com"}]
            action_id = await engine.submit("CUSTOMERS.BULK_UPDATE", orjson.dumps(rows))
            async with meeting(engine) as other:
                await other.execute(LOCK_CUSTOMER, engine.project_id)
                worker = asyncio.create_task(engine.advance())
                await other.until_waited_for()
                await other.execute("UPDATE customers SET name = 'Countess'")
            await worker
            assert (await engine.get(action_id))["done_count"] == 1
            kept = {"name": "Countess", "email": "ada@example.com"}
            assert await _one(engine, "name, email FROM customers") == kept

    with _as(way):
        asyncio.run(scenario())


def test_a_customer_that_somebody_else_deletes_while_it_is_changed_is_made_anew(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await engine.submit("CUSTOMERS.IMPORT_CSV", CUSTOMERS.encode()))
            rows = [{"source_id": "C", "email": "ada@example.com"}]
            action_id = await engine.submit("CUSTOMERS.BULK_UPDATE", orjson.dumps(rows))
            async with meeting(engine) as other:
                await other.execute(LOCK_CUSTOMER, engine.project_id)
                worker = asyncio.create_task(engine.advance())
                await other.until_waited_for()
                await other.execute("DELETE FROM customers")
            await worker
            action = await engine.finish(action_id)
            assert (action["done_count"], action["created_count"]) == (1, 1)
            assert await _one(engine, "name, email FROM customers") == {"name": None, "email": "ada@example.com"}

    asyncio.run(scenario())


@pytest.mark.parametrize("as_set", [True, False])
def test_a_customer_that_somebody_else_has_just_created_is_changed_and_not_passed_over(
    database_url: str, as_set: bool
) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            rows = [{"source_id": "C", "email": "ada@example.com"}]
            action_id = await engine.submit("CUSTOMERS.BULK_UPDATE", orjson.dumps(rows))
            async with meeting(engine) as other:
                await other.execute(
                    "INSERT INTO customers (project_id, id, source_id, name, created_at)"
                    " VALUES (%s, 'cust_other', 'C', 'Ada', now())",
                    engine.project_id,
                )
                worker = asyncio.create_task(engine.advance())
                await other.until_waited_for()
            await worker
            action = await engine.finish(action_id)
            assert (action["done_count"], action["created_count"]) == (1, 0)
            row = {"id": "cust_other", "name": "Ada", "email": "ada@example.com"}
            assert await _one(engine, "id, name, email FROM customers") == row

    with _as("as a set" if as_set else "row by row"):
        asyncio.run(scenario())


def test_an_import_judges_a_voucher_by_what_somebody_else_has_just_written(database_url: str) -> None:
    """It has ended before the start that the import gives it, by the time the import may write."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await _vouchers(engine, "C,GIFT_VOUCHER,1,,,,,,,,,2026-01-04")
            action_id = await engine.submit_csv(HEADER + "C,GIFT_VOUCHER,1,,,,,,,,2026-01-03,\n")
            async with meeting(engine) as other:
                await other.execute(LOCK_VOUCHER, engine.project_id)
                worker = asyncio.create_task(engine.advance())
                await other.until_waited_for()
                await other.execute("UPDATE vouchers SET expiration_date = '2026-01-02T00:00Z'")
            await worker
            (failure,) = (await engine.get(action_id))["result"]["failed"]
            assert failure["reason"].startswith("Expiration Date: would lie before the Start Date")
            assert await _one(engine, "start_date FROM vouchers") == {"start_date": None}

    asyncio.run(scenario())


def test_a_voucher_that_somebody_else_deletes_in_the_middle_of_its_update_is_imported_anew(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await _vouchers(engine, "C,GIFT_VOUCHER,1", "D,GIFT_VOUCHER,1")
            action_id = await engine.submit_csv(HEADER + "C,GIFT_VOUCHER,2\nD,GIFT_VOUCHER,2\n")
            async with meeting(engine) as other:
                await other.execute(LOCK_VOUCHER, engine.project_id)
                worker = asyncio.create_task(engine.advance())
                await other.until_waited_for()  # it knows by now that both are there
                await engine.query("DELETE FROM vouchers WHERE code = 'D' RETURNING 1")
            await worker
            action = await engine.finish(action_id)
            assert (action["done_count"], action["created_count"]) == (2, 1)
            row = await engine.query("SELECT code, gift ->> 'amount' AS amount FROM vouchers ORDER BY code")
            assert row == [{"code": "C", "amount": "200"}, {"code": "D", "amount": "200"}]

    asyncio.run(scenario())


def test_a_single_update_keeps_what_somebody_else_has_just_written(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await _vouchers(engine, "C,GIFT_VOUCHER,1")

            async def update() -> None:
                async with engine.pool.connection() as connection:
                    await update_voucher(connection, engine.project_id, "C", {"additional_info": "a note"})

            async with meeting(engine) as other:
                await other.execute(LOCK_VOUCHER, engine.project_id)
                updating = asyncio.create_task(update())
                await other.until_waited_for()
                await other.execute("UPDATE vouchers SET gift = '{\"amount\": 700}', metadata = '{\"theirs\": 2}'")
            await updating
            row = await _one(engine, "gift ->> 'amount' AS amount, metadata, additional_info FROM vouchers")
            assert row == {"amount": "700", "metadata": {"theirs": 2}, "additional_info": "a note"}

    asyncio.run(scenario())


def _csv(header: str, *lines: str) -> bytes:
    return (header + "".join(f"{line}\n" for line in lines)).encode()


# What locks several rows of a table, in an order that is not theirs: the type of action, and its rows.
ORDERED = {
    "vouchers imported": ("VOUCHERS.IMPORT_CSV", _csv(HEADER, *(f"{key},GIFT_VOUCHER,2" for key in "ZMA"))),
    "vouchers updated": (
        "VOUCHERS.BULK_UPDATE",
        orjson.dumps([{"code": key, "metadata": {"mine": 1}} for key in "ZMA"]),
    ),
    "customers imported": ("CUSTOMERS.IMPORT_CSV", _csv("Source_id,Name\n", "Z,Ada", "M,Ada", "A,Ada")),
    "customers updated": ("CUSTOMERS.BULK_UPDATE", orjson.dumps([{"source_id": key, "name": "Ada"} for key in "ZMA"])),
    "customers updated by id": (
        "CUSTOMERS.BULK_UPDATE",
        orjson.dumps([{"id": f"cust_{key}", "name": "Ada"} for key in "ZMA"]),
    ),
}


@pytest.mark.parametrize("way", ORDERED)
def test_rows_are_locked_in_the_order_of_their_keys(database_url: str, way: str) -> None:
    """So whoever waits for a row has those before it and none behind it: two cannot wait for each other."""
    action_type, body = ORDERED[way]
    table, key = ("vouchers", "code") if action_type.startswith("VOUCHERS") else ("customers", "source_id")

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await _vouchers(engine, *(f"{code},GIFT_VOUCHER,1" for code in "ZMA"))
            await engine.query(
                "INSERT INTO customers (project_id, id, source_id, created_at)"
                " SELECT %s, 'cust_' || key, key, now() FROM unnest(ARRAY['Z', 'M', 'A']) AS key RETURNING id",
                engine.project_id,
            )
            action_id = await engine.submit(action_type, body)
            free = f"SELECT {key} AS key FROM {table} ORDER BY {key} FOR UPDATE SKIP LOCKED"
            async with meeting(engine) as other:
                await other.execute(f"SELECT FROM {table} WHERE {key} = 'M' FOR UPDATE")
                worker = asyncio.create_task(engine.advance())
                await other.until_waited_for()
                assert [row["key"] for row in await engine.query(free)] == ["Z"]
            await worker
            assert (await engine.get(action_id))["done_count"] == 3

    asyncio.run(scenario())


NEW = {
    "vouchers imported": ORDERED["vouchers imported"],
    "customers imported": ORDERED["customers imported"],
    "customers updated": ORDERED["customers updated"],
    # One of its codes is there already, and so all of them go by the staging table.
    "vouchers imported beside others": (
        "VOUCHERS.IMPORT_CSV",
        _csv(HEADER, *(f"{key},GIFT_VOUCHER,2" for key in ("Z", "M", "A", "0"))),
    ),
}


@pytest.mark.parametrize("way", NEW)
def test_new_rows_are_written_in_the_order_of_their_keys(database_url: str, way: str) -> None:
    action_type, body = NEW[way]
    table, key = ("vouchers", "code") if action_type.startswith("VOUCHERS") else ("customers", "source_id")
    columns, values = ("type, ", "'GIFT_VOUCHER', ") if table == "vouchers" else ("", "")
    insert = f"INSERT INTO {table} (project_id, id, {key}, {columns}created_at) VALUES (%s, %s, %s, {values}now())"

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await _vouchers(engine, "0,GIFT_VOUCHER,1")
            action_id = await engine.submit(action_type, body)
            async with meeting(engine) as other:
                await other.execute(insert, engine.project_id, "v_other", "M")
                worker = asyncio.create_task(engine.advance())
                await other.until_waited_for()
                for name, is_free in (("A", False), ("Z", True)):
                    assert await _is_free(engine, insert, name) is is_free
                await other.connection.rollback()
            await worker
            action = await engine.get(action_id)
            assert (action["done_count"], action["created_count"]) == (action["total_count"], 3)

    asyncio.run(scenario())


async def _is_free(engine: Engine, insert: str, name: str) -> bool:
    """Whether nobody is just writing the key."""
    async with engine.pool.connection() as connection, connection.transaction(force_rollback=True):
        await connection.execute("SET LOCAL lock_timeout = '200ms'")
        try:
            await connection.execute(insert, (engine.project_id, "v_another", name))
        except psycopg.errors.LockNotAvailable:
            return False
    return True
