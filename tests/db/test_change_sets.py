"""JSON that is written as a set leaves what going through the rows would: the same rows, reasons and counts."""

import asyncio
from contextlib import ExitStack, nullcontext
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tallykeep.resources.fields import cleaning
from tallykeep.resources.metadata.schemas import create_schema
from tallykeep.resources.orders import items, parts
from tallykeep.resources.orders.by_column import import_operation
from tallykeep.resources.upserts import operation as writing
from tallykeep.resources.upserts.row_readers import json_reader
from tests.db.engine import Engine, open_engine
from tests.db.test_generation import somebody
from tests.documents import DOCUMENTS, written
from tests.sizes import examples

ACTION_TYPES = {
    "CUSTOMERS.BULK_UPDATE": "customer",
    "PRODUCTS.BULK_UPDATE": "product",
    "ORDERS.IMPORT": "order",
}
TABLES = {
    "customers": "name, email, phone, description, birthdate, address, metadata",
    "products": "name, price, attributes, image_url, metadata",
    "skus": "product_id, sku, price, currency, attributes, image_url, metadata",
    "orders": "status, amount, initial_amount, discount_amount, items, customer_id, referrer_id, metadata",
}
SCHEMAS: list[tuple[str, dict[str, Any]]] = [
    ("customer", {"Tier": {"type": "string", "eq": ["gold"]}}),
    ("product", {"Score": {"type": "number", "optional": False}}),
    ("sku", {"Tier": {"type": "string"}}),
    ("order", {"Score": {"type": "number", "lt": 5}}),
]
_FILES = st.lists(st.sampled_from(sorted(ACTION_TYPES)), min_size=2, max_size=3).flatmap(
    lambda types: st.tuples(
        *(st.tuples(st.just(each), st.lists(DOCUMENTS[ACTION_TYPES[each]], max_size=8)) for each in types)
    )
)


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking against a database takes minutes
)
@given(
    files=_FILES,
    schema=st.sampled_from([None, None, *SCHEMAS]),
    batch_rows=st.sampled_from([3, 1000]),
    by_column=st.booleans(),
)
def test_sets_and_row_by_row_leave_the_same(
    database_url: str, files: Any, schema: Any, batch_rows: int, by_column: bool
) -> None:
    bodies = [(action_type, f"[{','.join(map(written, rows))}]".encode()) for action_type, rows in files]

    async def outcome() -> Any:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            ended = [await imported(engine, *bodies[0])]
            if schema is not None:
                async with engine.pool.connection() as connection:
                    await create_schema(connection, engine.project_id, *schema, None)
            ended += [await imported(engine, *body) for body in bodies[1:]]
            return ended, await contents(engine)

    with nullcontext() if by_column else patch.object(import_operation, "read_orders", lambda _: None):
        as_sets = asyncio.run(outcome())
    with ExitStack() as stack:
        stack.enter_context(patch.object(import_operation, "read_orders", lambda _: None))
        stack.enter_context(patch.object(writing, "change_set", lambda *_: None))
        stack.enter_context(patch.object(writing, "quick_json_reader", json_reader))
        stack.enter_context(patch.object(parts, "quick_json_reader", json_reader))
        stack.enter_context(patch.object(items, "usual_item", lambda _: None))
        stack.enter_context(patch.object(cleaning, "is_flat", lambda _: False))
        stack.enter_context(patch.object(cleaning, "is_usual_key", lambda _: False))
        row_by_row = asyncio.run(outcome())
    assert as_sets[0] == row_by_row[0]
    assert [row for row in as_sets[1] if row not in row_by_row[1]] == [
        row for row in row_by_row[1] if row not in as_sets[1]
    ]
    assert as_sets[1] == row_by_row[1]


async def imported(engine: Engine, action_type: str, body: bytes) -> dict[str, Any]:
    """Import these rows; return the counts, the failures and the report."""
    action_id = await engine.submit(action_type, body)
    action = await engine.finish(action_id)
    shown = {name: action[name] for name in ("total_count", "done_count", "failed_count", "created_count")}
    failed = await engine.query('SELECT "row", key, reason FROM failures WHERE action_id = %s ORDER BY 1', action_id)
    kept = await engine.query("SELECT * FROM report_parts WHERE action_id = %s ORDER BY first_row", action_id)
    reports = [{**part, "project_id": None, "action_id": None} for part in kept]
    return {**shown, "failed": failed, "reports": reports}


async def contents(engine: Engine) -> list[str]:
    """All rows, with ids as what they are the ids of."""
    rows: list[tuple[str, dict[str, Any]]] = []
    for table, columns in TABLES.items():
        query = f"SELECT id, source_id, updated_at IS NULL AS is_new, {columns} FROM {table} WHERE project_id = %s"
        rows += [(table, row) for row in await engine.query(query, engine.project_id)]
    names = {row["id"]: f"<{table} {row['source_id'] or row.get('name')}>" for table, row in rows}
    shown = [f"{table} {orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS).decode()}" for table, row in rows]
    for row_id, name in names.items():
        if len(row_id) > 20:
            shown = [text.replace(row_id, name) for text in shown]
    return sorted(shown)


@pytest.mark.parametrize("way", ["by column", "as changes"])
def test_products_that_somebody_else_is_making_are_taken_as_they_are(database_url: str, way: str) -> None:
    """An order that does not override leaves what exists, also what exists only since its batch has begun."""
    orders = [
        {"source_id": f"O{at}", "items": [{"product": {"source_id": key, "name": "Ours", "price": 5}}]}
        for at, key in enumerate("PQ")
    ]

    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            await other.execute(
                "INSERT INTO products (project_id, id, source_id, name, created_at)"
                " VALUES (%s, 'prod_P', 'P', 'Theirs', now())",
                (engine.project_id,),
            )
            action_id = await engine.submit("ORDERS.IMPORT", orjson.dumps(orders))
            finishing = asyncio.create_task(engine.finish(action_id))
            async with asyncio.timeout(60):
                while not await engine.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
                    await asyncio.sleep(0.01)
            await other.commit()
            assert (await finishing)["done_count"] == 2
            named = await engine.query("SELECT name FROM products ORDER BY source_id")
            assert [row["name"] for row in named] == ["Theirs", "Ours"]
            held = await engine.query("SELECT items #>> '{0,product_id}' AS id FROM orders ORDER BY source_id")
            assert held[0]["id"] == "prod_P"

    changes_only = patch.object(import_operation, "read_orders", lambda _: None)
    with changes_only if way == "as changes" else nullcontext():
        asyncio.run(scenario())


@pytest.mark.parametrize(
    "columns",
    [{"status": "CREATED"}, {"status": None, "customer": None, "metadata": {"b": None}}],
    ids=["default", "null"],
)
def test_what_a_row_says_counts_though_it_is_the_default(database_url: str, columns: dict[str, Any]) -> None:
    first = {"source_id": "O", "status": "PAID", "customer": {"source_id": "C"}, "metadata": {"a": 1}}

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            for order in (first, {"source_id": "O", **columns}):
                await engine.finish(await engine.submit("ORDERS.IMPORT", orjson.dumps([order, {"source_id": "new"}])))
            (row,) = await engine.query("SELECT status, customer_id, metadata FROM orders WHERE source_id = 'O'")
            assert row["status"] == "CREATED"
            assert (row["customer_id"] is None) == ("customer" in columns)
            assert row["metadata"] == {"a": 1, **columns.get("metadata", {})}

    asyncio.run(scenario())


def test_orders_without_a_key_are_all_new(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            rows = [{"status": "PAID"}, {"source_id": "A"}, {"status": "CREATED"}, {"source_id": "A", "amount": 5}]
            for made in (3, 2):
                action = await engine.finish(await engine.submit("ORDERS.IMPORT", orjson.dumps(rows)))
                assert (action["done_count"], action["created_count"]) == (4, made)
            (counted,) = await engine.query("SELECT count(*) AS orders, max(amount) AS amount FROM orders")
            assert counted == {"orders": 5, "amount": 5}

    asyncio.run(scenario())
