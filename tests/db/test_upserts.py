"""Imports of customers, products and SKUs: what PostgreSQL merges is what going through the rows would leave."""

import asyncio
import csv
import io
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tallykeep.resources.metadata.schemas import create_schema
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.upserts import operation as writing
from tests.db.engine import Engine, open_engine
from tests.sizes import examples


def mostly(usual: list[str], *others: str) -> st.SearchStrategy[str]:
    """As a rule one of the usual cells, now and then one of those that need a closer look."""
    return st.sampled_from([*usual * (3 * len(others) // len(usual) + 1), *others])


KEYS = mostly(["A", "B", "C", "D", "E", "F", "G"], " A", "ü", "", "null", "back\\slash", "long" * 70, "con\x01trol")
TEXTS = mostly(["", "Ada", "Bob"], " Eve ", "null", "\\N", "a\tb", "ünïcode", "nul\0", "x\\.", " ", 'say "hi", you')
CELLS = {
    "Source_id": KEYS,
    "Name": TEXTS,
    "Email": mostly(["", "ada@example.com"], "nobody", "null", "a b@c"),
    "Birthdate": mostly(["", "2022-01-01"], "2022-01-02T10:00:00Z", "yesterday", "null"),
    "Birthday": mostly(["", "2022-01-01"]),
    "City": TEXTS,
    "Address_line_1": TEXTS,
    "price": mostly(["", "1.50", "0"], "1.234", "null", "-1"),
    "attributes": mostly(["", "size", "size, colour", ","], "null", "nul\0"),
    "image_url": TEXTS,
    "Tier": mostly(["", "gold"], "null", " silver ", "nul\0", "t\tt", "\\"),
    "Score": mostly(["", "1", "2.5"], "7", "many", "1,250", "null"),
    "product_id": mostly(["P1", "P2", "prod_1", "prod_2"], " P1", "P3", "gone", "", "null", "P\x01", "back\\slash"),
    "sku": TEXTS,
    "options": mostly(
        ["", "{'size':'XS'}", "{'size':'M','n':2}", '{"cut":"slim"}'], "{}", "{'size':null}", "XS", "null"
    ),
    "": mostly([""], "surplus"),
}
HEADERS = {
    "CUSTOMERS.IMPORT_CSV": (
        ["Source_id", "Name", "Email", "City", "Address_line_1", "Tier", "Birthdate"],
        ["Tier", "Name", "Source_id", "Birthday", "Birthdate"],
        ["Name", "Source_id", ""],
        ["Source_id", "Tier", "Score"],
        ["Source_id", "Score"],
        ["Name", "Tier"],
    ),
    "PRODUCTS.IMPORT_CSV": (
        ["Source_id", "Name", "price", "attributes", "image_url", "Tier"],
        ["Source_id", "attributes", "Tier"],
        ["Source_id", "Name", "Score"],
    ),
    "SKUS.IMPORT_CSV": (
        ["Source_id", "product_id", "sku", "price", "attributes", "image_url", "Tier"],
        ["product_id", "Source_id", "attributes"],
        ["Source_id", "product_id", "Score", "Tier", ""],
        ["Source_id", "price"],
    ),
}
# Where a title means something else than elsewhere.
CELLS_OF = {"SKUS.IMPORT_CSV": {**CELLS, "attributes": CELLS["options"]}}
NOUNS = {"CUSTOMERS.IMPORT_CSV": "customer", "PRODUCTS.IMPORT_CSV": "product", "SKUS.IMPORT_CSV": "sku"}
# With whether other keys are refused.
SCHEMAS: list[tuple[dict[str, Any], bool | None]] = [
    ({"Tier": {"type": "string", "eq": ["gold"]}}, None),
    ({"Tier": {"type": "string", "ne": ["tin", " silver "]}, "Score": {"type": "number", "lt": 5}}, None),
    ({"Score": {"type": "number", "optional": False}}, None),
    ({"Tier": {"type": "string"}}, True),
]
TABLES = {
    "CUSTOMERS.IMPORT_CSV": "source_id, name, email, phone, description, birthdate, address, metadata FROM customers",
    "PRODUCTS.IMPORT_CSV": "source_id, name, price, attributes, image_url, metadata FROM products",
    "SKUS.IMPORT_CSV": "source_id, product_id, sku, price, attributes, image_url, metadata FROM skus",
}


@st.composite
def imports(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A type of action, and files one after another."""
    action_type = draw(st.sampled_from(sorted(HEADERS)))
    return action_type, draw(st.lists(files(action_type), min_size=2, max_size=3))


@st.composite
def files(draw: st.DrawFn, action_type: str) -> str:
    """A file of up to twelve rows, with quotes or without, some of the rows shorter or longer than others."""
    header = draw(st.sampled_from(HEADERS[action_type]))
    cells = CELLS_OF.get(action_type, CELLS)
    rows = draw(st.lists(st.tuples(*[cells[title] for title in header]), max_size=12))
    text = io.StringIO()
    writer = csv.writer(text, quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])))
    writer.writerow(header)
    for row in rows:
        kept = draw(st.sampled_from([*[len(row)] * 10, *range(1, len(row))]))
        writer.writerow([*row[:kept], *draw(st.sampled_from([[]] * 10 + [["more"], [" "]]))])
    return text.getvalue()


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking against a database takes minutes
)
@given(
    files=imports(),
    schema=st.sampled_from([None, *SCHEMAS]),
    batch_rows=st.sampled_from([3, 1000]),
    concurrency=st.sampled_from([1, 3]),
)
def test_the_quick_way_and_row_by_row_leave_the_same(
    database_url: str, files: tuple[str, list[str]], schema: Any, batch_rows: int, concurrency: int
) -> None:
    """With a schema that is made when there are resources already, which it may find fault with."""
    action_type, (first, *others) = files

    async def outcome(concurrency: int) -> tuple[Any, ...]:
        async with open_engine(database_url, batch_rows=batch_rows) as engine:
            if action_type == "SKUS.IMPORT_CSV":
                await add_products(engine, prod_1="P1", prod_2="prod_1", prod_3="P2")
            ended = [await _imported(engine, action_type, first, concurrency)]
            if action_type == "SKUS.IMPORT_CSV":
                await add_products(engine, prod_4="P3")
            if schema is not None:
                async with engine.pool.connection() as connection:
                    await create_schema(connection, engine.project_id, NOUNS[action_type], schema[0], schema[1])
            ended += [await _imported(engine, action_type, text, concurrency) for text in others]
            return ended, await _contents(engine, TABLES[action_type])

    quickly = asyncio.run(outcome(concurrency))
    with patch.object(writing, "file_columns", lambda *_: None):
        assert quickly == asyncio.run(outcome(1))


async def _imported(engine: Engine, action_type: str, text: str, concurrency: int) -> dict[str, Any]:
    """Import the file, so many batches at once."""
    action_id = await engine.submit(action_type, text.encode())
    while (action := await engine.get(action_id))["status"] not in ("DONE", "FAILED"):
        await asyncio.gather(*(engine.advance() for _ in range(concurrency)))
    return {name: action[name] for name in ("result", "total_count", "done_count", "failed_count", "created_count")}


async def add_products(engine: Engine, **source_ids: str) -> None:
    """Add products by their ids."""
    for made, source_id in source_ids.items():
        await engine.query(
            "INSERT INTO products (project_id, id, source_id, name, created_at) VALUES (%s, %s, %s, 'Shoe', now())"
            " RETURNING id",
            engine.project_id, made, source_id,
        )  # fmt: skip


async def _contents(engine: Engine, table: str) -> list[str]:
    rows = await engine.query(f"SELECT updated_at IS NULL AS is_new, {table} WHERE project_id = %s", engine.project_id)
    return sorted(map(repr, rows))


def test_metadata_that_a_change_leaves_as_it_is_has_to_fit_the_schema_too(database_url: str) -> None:
    first = "Source_id,Tier,Score\nA,tin,7\nB,gold,7\nC,tin,1\n"

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await _imported(engine, ACTION_TYPE, first, concurrency=1)
            async with engine.pool.connection() as connection:
                await create_schema(connection, engine.project_id, "customer", *SCHEMAS[0])
            action_id = await engine.submit(ACTION_TYPE, b"Source_id,Name,Tier\nA,Ada,gold\nB,Bob,\nC,Cy,\nD,Di,\n")
            await engine.finish(action_id)
            failed = await engine.query("SELECT key, reason FROM failures WHERE action_id = %s", action_id)
            assert [row["key"] for row in failed] == ["C"]
            assert failed[0]["reason"].startswith("Tier: must be a string")
            named = await engine.query(
                "SELECT name FROM customers WHERE project_id = %s ORDER BY source_id", engine.project_id
            )
            assert [row["name"] for row in named] == ["Ada", "Bob", None, "Di"]

    asyncio.run(scenario())


def customers(*named: tuple[str, str]) -> str:
    return "Source_id,Name\n" + "".join(f"{key},{name}\n" for key, name in named)


def test_batches_are_written_beside_earlier_ones_unless_they_have_a_key_in_common(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine, engine.pool.connection() as other:
            await _imported(engine, ACTION_TYPE, customers(("A", "0"), ("B", "0"), ("C", "0")), concurrency=1)
            action_id = await engine.submit(
                ACTION_TYPE, customers(("A", "1"), ("B", "1"), ("A", "2"), ("C", "1")).encode()
            )
            async with asyncio.timeout(60):
                async with other.transaction():
                    await other.execute(_HOLD_A, (engine.project_id,))
                    slots = [asyncio.create_task(engine.advance()) for _ in range(3)]
                    while (free := await _not_locked(engine)) != ["C"]:
                        assert free == ["B", "C"]
                        await asyncio.sleep(0.01)
                await asyncio.gather(*slots)
            await engine.finish(action_id)
            named = await engine.query(
                "SELECT name FROM customers WHERE project_id = %s ORDER BY id", engine.project_id
            )
            assert [row["name"] for row in named] == ["2", "1", "1"]

    asyncio.run(scenario())


ACTION_TYPE = "CUSTOMERS.IMPORT_CSV"
_HOLD_A = "SELECT FROM customers WHERE project_id = %s AND source_id = 'A' FOR UPDATE"


async def _not_locked(engine: Engine) -> list[str]:
    sql = "SELECT source_id FROM customers WHERE project_id = %s ORDER BY source_id FOR UPDATE SKIP LOCKED"
    return [row["source_id"] for row in await engine.query(sql, engine.project_id)]


def test_no_two_customers_of_imports_have_the_same_moment(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=40) as engine:
            made = customers(*((f"C{number}", "null" if number % 3 else "Ada") for number in range(400)))
            for _ in range(2):
                await _imported(engine, ACTION_TYPE, made, concurrency=3)
            (row,) = await engine.query(
                "SELECT count(*) AS all, count(DISTINCT created_at) AS created, count(DISTINCT updated_at) AS updated"
                " FROM customers WHERE project_id = %s",
                engine.project_id,
            )
            assert row == {"all": 400, "created": 400, "updated": 400}

    asyncio.run(scenario())


def test_no_two_customers_of_a_purge_have_the_same_moment(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=40) as engine:
            made = customers(*((f"C{number}", "Ada") for number in range(400)))
            await _imported(engine, ACTION_TYPE, made, concurrency=3)
            await engine.query("UPDATE customers SET metadata = '{\"gone\": 1}' RETURNING id")
            submission = engine.submission("CUSTOMERS.METADATA_KEY_PURGE", parameters={"key": "gone"})
            async with engine.pool.connection() as connection, connection.transaction():
                accepted = await engine.acceptance.accept_planned(connection, submission)
            while (await engine.get(accepted.action_id))["status"] != "DONE":
                await asyncio.gather(*(engine.advance() for _ in range(3)))
            (row,) = await engine.query(
                "SELECT count(*) AS all, count(DISTINCT updated_at) AS updated FROM customers WHERE metadata = '{}'"
            )
            assert row == {"all": 400, "updated": 400}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        (
            "take_out_unchecked",
            {"columns": ["Tier"], "elsewhere": ["Score"], "defined": ["Tier"], "only_defined": True},
        ),
        ("take_out_incomplete", {}),
    ],
)
def test_what_changes_meet_is_looked_up_by_key_however_much_there_is(
    database_url: str, statement: str, parameters: dict[str, Any]
) -> None:
    statements = PRODUCT.statements

    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO products (project_id, id, source_id, name, metadata, created_at)"
                " SELECT %s, 'prod_' || number, 'P' || number, 'Shoe', '{\"Tier\": \"gold\"}', now()"
                " FROM generate_series(1, 20000) AS number",
                (engine.project_id,),
            )
            async with connection.transaction():
                await connection.execute(statements.create_changes)
                await connection.execute(
                    "INSERT INTO products_changes (source_id, id, row) SELECT source_id, id, 1 FROM products LIMIT 5000"
                )
                explain = b"EXPLAIN (FORMAT JSON) " + getattr(statements, statement)
                plan = await connection.execute(explain, {"project_id": engine.project_id, **parameters})
                (row,) = await plan.fetchall()
            conditions = _index_conditions(row["QUERY PLAN"][0]["Plan"], "products_project_id_source_id_key")
            assert conditions
            assert all("source_id = ANY" in condition for condition in conditions)

    asyncio.run(scenario())


def _index_conditions(plan: dict[str, Any], index: str) -> list[str]:
    """The conditions of all scans of an index; no other way to the table may be in the plan."""
    assert (plan["Node Type"], plan.get("Relation Name")) != ("Seq Scan", "products")
    own = [plan["Index Cond"]] if plan.get("Index Name") == index else []
    return [*own, *(each for part in plan.get("Plans", []) for each in _index_conditions(part, index))]
