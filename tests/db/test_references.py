"""Imports of SKUs and products: what a row refers to, what a new resource requires, and how many were created."""

import asyncio
from typing import Any
from unittest.mock import patch

import pytest

from tallykeep.resources.metadata.schemas import create_schema
from tallykeep.resources.upserts import operation as writing
from tests.db.engine import Engine, open_engine
from tests.db.test_upserts import SCHEMAS, add_products

_SKUS = "SKUS.IMPORT_CSV"


async def _products_of_skus(engine: Engine) -> dict[str, str]:
    skus = await engine.query("SELECT source_id, product_id FROM skus WHERE project_id = %s", engine.project_id)
    return {sku["source_id"]: sku["product_id"] for sku in skus}


def test_only_rows_that_refer_to_nothing_are_read_by_themselves(database_url: str) -> None:
    read: list[list[int]] = []
    inner = writing.resolve_references

    async def resolve_references(*arguments: Any) -> Any:
        read.append([change.row for change in arguments[-1]])
        return await inner(*arguments)

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await add_products(engine, prod_1="P1", prod_2="P2")
            body = b"source_id,product_id\nA,P1\nB,gone\nC,prod_2\nD,P2\nE,lost\n"
            with patch.object(writing, "resolve_references", resolve_references):
                action = await engine.finish(await engine.submit(_SKUS, body))
            assert (action["done_count"], action["failed_count"], action["created_count"]) == (3, 2, 3)
            assert await _products_of_skus(engine) == {"A": "prod_1", "C": "prod_2", "D": "prod_2"}
            failures = await engine.query("SELECT row, key, reason FROM failures ORDER BY row")
            assert [tuple(each.values()) for each in failures] == [
                (2, "B", "Cannot find product with id gone"),
                (5, "E", "Cannot find product with id lost"),
            ]

    asyncio.run(scenario())
    assert read == [[2, 5]]


@pytest.mark.parametrize("others", [[], ["C,P1,gold"]])
def test_what_the_schema_refuses_fails_if_what_it_refers_to_is_there(database_url: str, others: list[str]) -> None:
    """No row of it is read by itself, and a batch of nothing else is accounted for as well."""
    read: list[int] = []
    inner = writing.csv_reader

    def csv_reader(*arguments: Any) -> Any:
        return lambda row: (read.append(row.number), inner(*arguments)(row))[1]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await add_products(engine, prod_1="P1")
            async with engine.pool.connection() as connection:
                await create_schema(connection, engine.project_id, "sku", *SCHEMAS[0])
            body = "\n".join(["source_id,product_id,Tier", "A,P1,tin", "B,gone,tin", *others, ""])
            with patch.object(writing, "csv_reader", csv_reader):
                action = await engine.finish(await engine.submit(_SKUS, body.encode()))
            assert (action["done_count"], action["failed_count"]) == (len(others), 2)
            failures = await engine.query("SELECT row, key, reason, error_key FROM failures ORDER BY row")
            assert [tuple(each.values()) for each in failures] == [
                (1, "A", "Tier: must be a string, must be equal to one of gold (actual value is 'tin')", "invalid_sku"),
                (2, "B", "Cannot find product with id gone", "invalid_sku"),
            ]
            assert list(await _products_of_skus(engine)) == ["C"] * len(others)

    asyncio.run(scenario())
    assert read == [2]


def test_what_a_row_names_by_id_is_not_what_has_that_id_as_its_source_id(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await add_products(engine, prod_1="P1", prod_2="prod_1", prod_0="prod_2")
            for quickly in (True, False):
                body = b"source_id,product_id\nA,prod_1\nB,P1\nC,prod_2\nD,prod_0\n"
                with patch.object(writing, "file_columns", writing.file_columns if quickly else lambda *_: None):
                    await engine.finish(await engine.submit(_SKUS, body))
                assert await _products_of_skus(engine) == {"A": "prod_1", "B": "prod_1", "C": "prod_2", "D": "prod_0"}

    asyncio.run(scenario())


@pytest.mark.parametrize("action_type", ["PRODUCTS.IMPORT_CSV", _SKUS])
def test_a_file_without_what_is_required_changes_what_is_complete(database_url: str, action_type: str) -> None:
    table, needed = ("skus", "product_id") if action_type == _SKUS else ("products", "name")

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await add_products(engine, prod_1="P1")
            made = f"source_id,{needed}\nA,P1\nB,P1\nC,P1\n"
            await engine.finish(await engine.submit(action_type, made.encode()))
            if table == "products":
                await engine.query("UPDATE products SET name = NULL WHERE source_id = 'B' RETURNING id")
            read = writing.csv_reader
            numbers: list[int] = []

            def csv_reader(*arguments: Any) -> Any:
                return lambda row: (numbers.append(row.number), read(*arguments)(row))[1]

            with patch.object(writing, "csv_reader", csv_reader):
                body = b"source_id,price\nA,1.50\nB,2\nNew,3\nC,4.25\n"
                action = await engine.finish(await engine.submit(action_type, body))
            wrong = {"products": [2, 3], "skus": [3]}[table]
            assert (numbers, action["failed_count"], action["created_count"]) == (wrong, len(wrong), 0)
            failures = await engine.query("SELECT row, reason FROM failures ORDER BY row")
            assert [tuple(each.values()) for each in failures] == [(row, f"{needed} is required") for row in wrong]
            prices = await engine.query(f"SELECT price FROM {table} WHERE price IS NOT NULL ORDER BY source_id")
            assert [row["price"] for row in prices] == ([150, 425] if table == "products" else [150, 200, 425])

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("rows", "created"),
    [
        (["N1,P1", "N2,P1"], 2),
        (["N1,P1", "O1,P1", "N2,P2"], 2),
        (["O1,P1", "O2,P2"], 0),
        (["N1,P1", "N2,gone", "N3,P1"], 2),
        (["N1,P1", "N2,gone", "O1,P2", "N3,null"], 1),
        (["N1,gone"], 0),
    ],
)
def test_what_was_created_is_counted(database_url: str, rows: list[str], created: int) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await add_products(engine, prod_1="P1", prod_2="P2")
            await engine.finish(await engine.submit(_SKUS, b"source_id,product_id\nO1,P1\nO2,P2\n"))
            body = "\n".join(["source_id,product_id", *rows, ""]).encode()
            for dry_run in (True, False):
                action = await engine.finish(await engine.submit(_SKUS, body, dry_run=dry_run))
                assert action["created_count"] == created

    asyncio.run(scenario())
