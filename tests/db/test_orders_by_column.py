"""Orders written by column leave what other ways leave, also beside somebody else."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tallykeep.resources.orders.by_column import import_operation
from tests.db.engine import open_engine
from tests.db.test_change_sets import contents, imported
from tests.db.test_generation import somebody
from tests.db.test_serial import make_product
from tests.documents import SURE_ORDERS, written
from tests.sizes import examples

_FILES = st.lists(st.lists(SURE_ORDERS, min_size=1, max_size=6), min_size=2, max_size=3)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking against a database takes minutes
)
@given(files=_FILES, batch_rows=st.sampled_from([2, 1000]))
def test_orders_by_column_and_one_after_the_other_leave_the_same(
    database_url: str, files: list[list[Any]], batch_rows: int
) -> None:
    bodies = [f"[{','.join(map(written, rows))}]".encode() for rows in files]

    async def outcome() -> Any:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            ended = [await imported(engine, "ORDERS.IMPORT", body) for body in bodies]
            return ended, await contents(engine)

    by_column = asyncio.run(outcome())
    with patch.object(import_operation, "read_orders", lambda _: None):
        other = asyncio.run(outcome())
    assert by_column == other


_NEW = {"source_id": "P", "name": "Pen"}
_SKU = {"source_id": "S", "sku": "M", "override": True}


def test_what_one_batch_has_made_the_next_one_changes(database_url: str) -> None:
    first = {"source_id": "O1", "status": "PAID", "customer": {"source_id": "C", "name": "Ada", "phone": "1"},
             "items": [{"product": _NEW, "sku": _SKU, "quantity": 2}], "metadata": {"a": 1}}  # fmt: skip
    second = {"source_id": "O1", "customer": {"source_id": "C", "name": "Bob", "address": {"city": "X"}},
              "items": [{"product": {**_NEW, "name": "Ink", "price": 3}, "sku": {**_SKU, "price": 5}}],
              "metadata": {"b": 2}}  # fmt: skip

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            for order in (first, second):
                with _only_by_column():
                    action = await imported(engine, "ORDERS.IMPORT", orjson.dumps([order, {"source_id": "O2"}]))
                assert (action["done_count"], action["created_count"]) == (2, 2 if order is first else 0)
            (customer,) = await engine.query("SELECT id, name, phone, address FROM customers")
            assert (customer.pop("id")[:5], customer) == (
                "cust_",
                {"name": "Bob", "phone": "1", "address": {"city": "X"}},
            )
            (product,) = await engine.query("SELECT id, name, price FROM products")
            assert (product["name"], product["price"]) == ("Pen", None)
            (sku,) = await engine.query("SELECT id, product_id, sku, price FROM skus")
            assert (sku["product_id"], sku["sku"], sku["price"]) == (product["id"], "M", 5)
            (order,) = await engine.query("SELECT status, amount, items, metadata FROM orders WHERE source_id = 'O1'")
            assert (order["status"], order["amount"], order["metadata"]) == ("PAID", 5, {"a": 1, "b": 2})
            (item,) = order["items"]
            assert (item["product_id"], item["sku_id"]) == (product["id"], sku["id"])
            assert item["product"] == {"id": product["id"], "source_id": "P", "name": "Ink", "price": 3}
            assert item["sku"] == {"id": sku["id"], "source_id": "S", "sku": "M", "price": 5}

    asyncio.run(scenario())


def test_null_takes_away_what_a_customer_had(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            for customer in ({"name": "Ada", "phone": "1"}, {"name": None}):
                order = {"source_id": "O", "customer": {"source_id": "C", **customer}}
                with _only_by_column():
                    await imported(engine, "ORDERS.IMPORT", orjson.dumps([order]))
            assert await engine.query("SELECT name, phone FROM customers") == [{"name": None, "phone": "1"}]
            (order,) = await engine.query("SELECT customer_id FROM orders")
            assert order["customer_id"].startswith("cust_")

    asyncio.run(scenario())


def test_a_sku_whose_product_is_nowhere_fails_its_order_alone(database_url: str) -> None:
    orders = [
        {"source_id": "O1", "items": [{"product_id": "nowhere", "sku": _SKU}]},
        {"source_id": "O2", "items": [{"product": _NEW}]},
        {"source_id": "O3", "items": "none"},
    ]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action = await imported(engine, "ORDERS.IMPORT", orjson.dumps(orders))
            assert (action["done_count"], action["failed_count"]) == (1, 2)
            assert [row["reason"] for row in action["failed"]] == [
                "items[0].sku: Cannot find product with id nowhere", "items: must be an array (actual value is 'none')",
            ]  # fmt: skip

    asyncio.run(scenario())


@contextmanager
def _only_by_column() -> Iterator[None]:
    """Whatever is not written by column is a failure."""
    inner = import_operation.read_orders

    def read_orders(rows: Any) -> Any:
        read = inner(rows)
        assert read is not None
        return read

    carefully = patch.object(import_operation.OrderImport, "_write_carefully", side_effect=AssertionError)
    with patch.object(import_operation, "read_orders", read_orders), carefully:
        yield


@contextmanager
def _before(name: str, work: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Somebody else's work is done before this function is called for the first time."""
    inner, left = getattr(import_operation, name), [work]

    async def late(*args: Any) -> Any:
        if left:
            await left.pop()()
        return await inner(*args)

    with patch.object(import_operation, name, late):
        yield
    assert not left


def test_a_product_made_while_orders_are_written_is_referred_to(database_url: str) -> None:
    order = {"source_id": "O", "items": [{"source_id": "P", "related_object": "product"}]}

    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:

            async def make() -> None:
                await make_product(other, engine, "P")
                await other.commit()

            action_id = await engine.submit("ORDERS.IMPORT", orjson.dumps([order]))
            with _only_by_column(), _before("_items", make):
                await engine.advance()
            assert (await engine.get(action_id))["done_count"] == 0
            assert (await engine.finish(action_id))["done_count"] == 1
            (held,) = await engine.query("SELECT items #>> '{0,product_id}' AS product_id FROM orders")
            assert held["product_id"] == "prod_P"

    asyncio.run(scenario())


def test_a_product_deleted_before_its_sku_is_written_is_missing(database_url: str) -> None:
    order = {"source_id": "O", "items": [{"product_id": "P", "sku": _SKU}]}

    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            await make_product(other, engine, "P")
            await other.commit()

            async def delete() -> None:
                await other.execute("DELETE FROM products")
                await other.commit()

            action_id = await engine.submit("ORDERS.IMPORT", orjson.dumps([order]))
            with _only_by_column(), _before("lock_referred", delete):
                await engine.advance()
            assert (await engine.get(action_id))["failed_count"] == 0
            assert (await engine.finish(action_id))["failed_count"] == 1
            assert await engine.query("SELECT FROM skus") == []

    asyncio.run(scenario())
