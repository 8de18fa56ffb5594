"""Two that write at once end as one after the other would: who has waited for somebody looks at what that has made."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import orjson
import pytest

from tallykeep.core.errors import OvertakenError, ServiceUnavailableError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.retry import in_transaction
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products.delete import delete_product
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts import operation
from tallykeep.resources.upserts.operation import Upsert
from tallykeep.resources.upserts.single import upsert_one
from tallykeep.resources.upserts.spec import UpsertSpec
from tallykeep.resources.vouchers.single import create_voucher
from tests.db.engine import Engine, open_engine
from tests.db.holding import caller
from tests.db.test_applying import HEADER
from tests.db.test_generation import somebody, take, tally
from tests.db.waiting import until_waiting

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}


async def make_customer(connection: Any, engine: Engine, source_id: str) -> str:
    """A customer of somebody else's transaction; its id."""
    made = f"cust_{source_id}"
    await connection.execute(
        "INSERT INTO customers (project_id, id, source_id, created_at) VALUES (%s, %s, %s, now())",
        (engine.project_id, made, source_id),
    )
    return made


async def make_product(connection: Any, engine: Engine, source_id: str, name: str = "Theirs") -> None:
    await connection.execute(
        "INSERT INTO products (project_id, id, source_id, name, created_at) VALUES (%s, %s, %s, %s, now())",
        (engine.project_id, f"prod_{source_id}", source_id, name),
    )


async def upsert(engine: Engine, spec: UpsertSpec, body: dict[str, Any]) -> str:
    async with engine.pool.connection() as connection:
        return await upsert_one(connection, engine.project_id, spec, body)


@pytest.mark.parametrize(
    ("action_type", "body"),
    [
        ("VOUCHERS.BULK_UPDATE", [{"code": code, "metadata": {"a": 1}} for code in "ABC"]),
        ("VOUCHERS.METADATA_UPDATE", {"codes": ["A", "B", "C"], "metadata": {"a": 1}}),
    ],
)
def test_a_bulk_update_that_waits_for_an_import_finds_what_it_has_created(
    database_url: str, action_type: str, body: Any
) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            await take(other, engine, "B")
            await other.commit()
            await other.execute("UPDATE vouchers SET active = false WHERE code = 'B'")
            await take(other, engine, "A")
            await take(other, engine, "C")
            action_id = await engine.submit(action_type, orjson.dumps(body))
            worker = asyncio.create_task(engine.advance())
            await until_waiting(engine, other.info.backend_pid)
            await other.commit()
            await worker
            assert tally(await engine.get(action_id)) == (3, 0, 0)
            assert await engine.query("SELECT DISTINCT metadata FROM vouchers") == [{"metadata": {"a": 1}}]

    asyncio.run(scenario())


def test_changes_that_wait_for_others_find_what_these_have_created(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            ids = [await make_customer(other, engine, "B")]
            await other.commit()
            await other.execute("UPDATE customers SET name = 'Theirs' WHERE source_id = 'B'")
            ids += [await make_customer(other, engine, "A"), await make_customer(other, engine, "C")]
            body = [{"id": made, "metadata": {"a": 1}} for made in ids]
            action_id = await engine.submit("CUSTOMERS.BULK_UPDATE", orjson.dumps(body))
            worker = asyncio.create_task(engine.advance())
            await until_waiting(engine, other.info.backend_pid)
            await other.commit()
            await worker
            assert tally(await engine.get(action_id)) == (3, 0, 0)

    asyncio.run(scenario())


def test_of_two_that_make_the_same_customer_the_second_updates_it(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            made = await make_customer(other, engine, "A")
            second = asyncio.create_task(upsert(engine, CUSTOMER, {"source_id": "A", "name": "Ada"}))
            await until_waiting(engine, other.info.backend_pid)
            await other.commit()
            assert await second == made
            assert await engine.query("SELECT name FROM customers") == [{"name": "Ada"}]

    asyncio.run(scenario())


def test_a_voucher_whose_code_is_freed_meanwhile_is_created(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            await take(other, engine, "A")
            await other.commit()
            await other.execute("SELECT FROM vouchers WHERE code = 'A' FOR UPDATE")

            async def create() -> str:
                async with engine.pool.connection() as connection:
                    return await create_voucher(connection, engine.project_id, {**GIFT, "code": "A"})

            creation = asyncio.create_task(create())
            await until_waiting(engine, other.info.backend_pid)
            await other.execute("DELETE FROM vouchers WHERE code = 'A'")
            await other.commit()
            assert await creation == "A"
            assert len(await engine.query("SELECT FROM vouchers WHERE id <> 'v_A'")) == 1

    asyncio.run(scenario())


def test_who_meets_others_in_a_circle_goes_again(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            await take(other, engine, "A")
            await take(other, engine, "B")
            await other.commit()
            await other.execute("SET LOCAL deadlock_timeout = '1h'")  # it is not the other that is broken off
            await other.execute("SELECT FROM vouchers WHERE code = 'B' FOR UPDATE")
            tries = []
            async with engine.pool.connection() as connection:

                async def work() -> str:
                    tries.append(await connection.execute("SELECT FROM vouchers WHERE code = 'A' FOR UPDATE"))
                    if len(tries) == 1:
                        tasks.append(asyncio.create_task(_lock_and_commit(other, "A")))
                        await until_waiting(engine, connection.info.backend_pid)
                    await connection.execute("SELECT FROM vouchers WHERE code = 'B' FOR UPDATE")
                    return "done"

                tasks: list[asyncio.Task[None]] = []
                assert await in_transaction(connection, work) == "done"
                assert len(tries) > 1
                await tasks[0]

    asyncio.run(scenario())


async def _lock_and_commit(other: Any, code: str) -> None:
    await other.execute("SELECT FROM vouchers WHERE code = %s FOR UPDATE", (code,))
    await other.commit()


def test_who_is_overtaken_again_and_again_is_told_so(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:

            async def work() -> None:
                await connection.execute("UPDATE projects SET name = 'Changed'")
                raise OvertakenError("it was created meanwhile")

            with pytest.raises(ServiceUnavailableError, match="it was created meanwhile"):
                await in_transaction(connection, work)
            assert await engine.query("SELECT name FROM projects") == [{"name": "Engine"}]

    asyncio.run(scenario())


def test_what_is_lost_within_a_transaction_is_done_again_from_its_beginning(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            begun = []

            async def inner() -> str:
                if len(begun) == 1:
                    raise OvertakenError("it was created meanwhile")
                return "done"

            async def outer() -> str:
                begun.append(await connection.execute("UPDATE projects SET name = name || '!'"))
                return await in_transaction(connection, inner)

            assert await in_transaction(connection, outer) == "done"
            assert len(begun) == 2
            assert await engine.query("SELECT name FROM projects") == [{"name": "Engine!"}]

    asyncio.run(scenario())


def test_a_product_of_a_name_is_made_once(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as first:
            order = {"items": [{"product": {"name": "Chair"}, "quantity": 1}]}
            async with first.transaction():
                await upsert_one(first, engine.project_id, ORDER, {**order, "source_id": "one"})
                second = asyncio.create_task(upsert(engine, ORDER, {**order, "source_id": "two"}))
                await until_waiting(engine, first.info.backend_pid)
            await second
            (product,) = await engine.query("SELECT id FROM products")
            orders = await engine.query("SELECT items FROM orders")
            assert [held["items"][0]["product_id"] for held in orders] == [product["id"]] * 2

    asyncio.run(scenario())


@contextmanager
def overtaken(other: Any, work: Awaitable[None]) -> Iterator[None]:
    """Somebody else's work is done and committed just before an upsert looks at what exists, the first time."""
    inner, left = Upsert._lock_existing, [work]

    async def lock_existing(upsert: Upsert) -> Any:
        if left:
            await left.pop()
            await other.commit()
        return await inner(upsert)

    with patch.object(Upsert, "_lock_existing", lock_existing):
        yield


def test_a_product_made_meanwhile_is_not_changed_by_an_order_that_does_not_say_so(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            order = {"items": [{"product": {"source_id": "P", "name": "Ours"}}]}
            row_by_row = patch.object(operation, "change_set", lambda *_: None)
            with row_by_row, overtaken(other, make_product(other, engine, "P")):
                await upsert(engine, ORDER, order)
            assert await engine.query("SELECT name FROM products") == [{"name": "Theirs"}]
            (held,) = await engine.query("SELECT items FROM orders")
            assert held["items"][0]["product_id"] == "prod_P"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("spec", "body"),
    [
        (SKU, {"source_id": "S", "product_id": "P"}),
        (ORDER, {"items": [{"source_id": "P", "related_object": "product"}]}),
    ],
)
def test_a_product_made_meanwhile_is_referred_to(database_url: str, spec: UpsertSpec, body: dict[str, Any]) -> None:
    """What was missed at first would be of another moment than what is locked afterwards."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            with overtaken(other, make_product(other, engine, "P")):
                await upsert(engine, spec, body)
            table = "skus" if spec is SKU else "orders"
            column = "product_id" if spec is SKU else "items #>> '{0,product_id}'"
            assert await engine.query(f"SELECT {column} AS product_id FROM {table}") == [{"product_id": "prod_P"}]

    asyncio.run(scenario())


def test_a_product_made_meanwhile_is_referred_to_by_a_file_whose_other_rows_are_merged(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            await upsert(engine, PRODUCT, {"source_id": "Q", "name": "Ours"})
            action_id = await engine.submit("SKUS.IMPORT_CSV", b"source_id,product_id\nR,Q\nS,P\nT,Q\nU,none\n")
            with overtaken(other, make_product(other, engine, "P")):
                await engine.advance()
            assert (await engine.get(action_id))["done_count"] == 0
            assert tally(await engine.finish(action_id)) == (3, 1, 3)
            (sku,) = await engine.query("SELECT product_id FROM skus WHERE source_id = 'S'")
            assert sku["product_id"] == "prod_P"

    asyncio.run(scenario())


def test_a_customer_that_another_part_of_the_order_makes_overtakes_nobody(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            lost = {"source_id": "O1", "customer": {"id": "cust_C"}}
            valid = {"source_id": "O2", "referrer": {"id": "cust_C", "source_id": "C"}}
            body = [lost, valid]
            action = await engine.finish(await engine.submit("ORDERS.IMPORT", orjson.dumps(body)))
            assert tally(action)[:2] == (1, 1)

    asyncio.run(scenario())


def test_an_order_refused_for_a_customer_that_was_there_before_was_not_overtaken(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            for source_id in "AB":
                await make_customer(connection, engine, source_id)
            order = {"source_id": "O", "customer": {"source_id": "A", "id": "cust_B"}}
            action = await engine.finish(await engine.submit("ORDERS.IMPORT", orjson.dumps([order])))
            assert tally(action)[:2] == (0, 1)

    asyncio.run(scenario())


REPEATED = HEADER + (
    "A,GIFT_VOUCHER,1,,,,,,,,,2022-06-01T00:00:00Z\nA,GIFT_VOUCHER,1,,,,,,,,2022-01-01T00:00:00Z,2022-07-01T00:00:00Z\n"
)


@pytest.mark.parametrize("is_new", [True, False])
def test_rows_of_one_code_are_held_to_what_it_is_when_they_are_written(database_url: str, is_new: bool) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            await take(other, engine, "A")
            if not is_new:
                await other.commit()
            await other.execute("UPDATE vouchers SET start_date = '2022-12-01' WHERE code = 'A'")
            action_id = await engine.submit_csv(REPEATED)
            worker = asyncio.create_task(engine.advance())
            await until_waiting(engine, other.info.backend_pid)
            await other.commit()
            await worker
            assert tally(await engine.finish(action_id)) == (1, 1, 0)

    asyncio.run(scenario())


def test_what_is_in_the_bin_is_what_was_deleted(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            await upsert(engine, PRODUCT, {"source_id": "P", "name": "Old"})
            await other.execute("UPDATE products SET name = 'New'")

            async def delete(connection: Connection) -> None:
                await delete_product(connection, caller(engine), "P", force=False)

            async with engine.pool.connection() as connection:
                deletion = asyncio.create_task(delete(connection))
                await until_waiting(engine, other.info.backend_pid)
                await other.commit()
                await deletion
            entries = await engine.query("SELECT resource_name, content ->> 'name' AS name FROM bin_entries")
            assert entries == [{"resource_name": "New", "name": "New"}]

    asyncio.run(scenario())
