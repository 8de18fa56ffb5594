"""Erasing rows that do not show the person as they were sent, and rows that nobody can split."""

import asyncio
from typing import Any

import orjson

from tallykeep.catalog.personal_data.export import PEOPLE
from tallykeep.engine.erasing.reading import stored_rows
from tallykeep.formats.people.person import Person
from tests.db.engine import Engine, open_engine
from tests.db.test_erasing import erase, imported, stored

FILE = "Source_id,Name,Email\nA1,Ann,x\nA2,Joe,x\nA3,Sue,\n"
VALUES = {"Source_id": {"a1": "1001", "A2": "1002"}}


async def _exported(engine: Engine, person: Person) -> list[dict[str, Any]]:
    return [row async for rows in stored_rows(engine.pool, engine.project_id, person, PEOPLE) for row in rows]


def test_a_customer_whose_key_other_texts_gave_is_found_in_its_rows(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await imported(engine, FILE, values=VALUES)
            before = await engine.finish(action_id)
            assert [each["source_id"] for each in before["result"]["failed"]] == ["1001", "1002"]
            (row,) = await _exported(engine, Person(keys=frozenset({"1001"})))
            assert row["content"] == {"Source_id": "A1", "Name": "Ann", "Email": "x"}
            assert (row["row"], row["failed"]) == (1, True)
            assert (await engine.finish(await erase(engine, "1001", gone=True)))["done_count"] == 1
            assert await stored(engine, action_id) == [",,,erased", "A2,Joe,x", "A3,Sue,"]
            after = await engine.get(action_id)
            assert [each["source_id"] for each in after["result"]["failed"]] == ["erased", "1002"]

    asyncio.run(scenario())


def test_an_address_that_other_texts_gave_is_found_in_its_rows(database_url: str) -> None:
    values = {"Email": {"x": "ann@example.com"}, "Source_id": {"A2": "C-2"}}

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await imported(engine, FILE, values=values)
            await engine.finish(action_id)
            await engine.finish(await erase(engine, "ann@example.com", gone=True))
            assert await stored(engine, action_id) == [",,,erased", ",,,erased", "A3,Sue,"]

    asyncio.run(scenario())


def test_a_key_that_other_texts_replaced_is_somebody_else(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await imported(engine, FILE, values=VALUES)
            await engine.finish(action_id)
            await engine.finish(await erase(engine, "A1", gone=True))
            assert await stored(engine, action_id) == FILE.splitlines()[1:]

    asyncio.run(scenario())


def test_a_batch_that_splits_into_fewer_rows_is_exported_and_erased(database_url: str) -> None:
    """Such as rows of another version, or of a damaged table; an error would fail the erasure for ever."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await imported(engine)
            await engine.finish(action_id)
            body = b"C-7,Ann,ann@example.com\n"
            await engine.query("UPDATE batches SET body = %s WHERE action_id = %s RETURNING 1", body, action_id)
            rows = await _exported(engine, Person(traces=frozenset({"ann@example.com"})))
            assert [row["content"] for row in rows] == [body.decode(), "", "", ""]
            ended = await engine.finish(await erase(engine, "C-7"))
            assert (ended["status"], ended["failed_count"]) == ("DONE", 0)
            assert await stored(engine, action_id) == [",,,erased"] * 4

    asyncio.run(scenario())


def test_rows_that_failed_before_anybody_knew_whose_they_are_go_with_their_reasons(database_url: str) -> None:
    lines = ['1001,"open,1', "1001\u200b,x,1", "1001,x,,more", "1002,x,x", "1001,x,'79') in Secretville"]
    text = "Source_id,Name,Birthdate\n" + "".join(f"{line}\n" for line in lines)
    rows = [{"source_id": 1001, "name": "x"}, {"source_id": ["1001"]}, {"source_id": "1002", "birthdate": "x"}]
    orders = [{"source_id": "o", "customer": {"source_id": 1001}}]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            actions = [
                await imported(engine, text), await engine.submit("CUSTOMERS.BULK_UPDATE", orjson.dumps(rows)),
                await engine.submit("ORDERS.IMPORT", orjson.dumps(orders)),
            ]  # fmt: skip
            for action_id in actions:
                await engine.finish(action_id)
            assert (await engine.finish(await erase(engine, "1001", gone=True)))["done_count"] == 4 + 2 + 1
            assert [line for action_id in actions for line in await stored(engine, action_id)] == [
                ",,,erased", ",,,erased", ",,,erased", "1002,x,x", ",,,erased",
                '["erased"],', '["erased"],', '{"source_id":"1002","birthdate":"x"}', '["erased"]',
            ]  # fmt: skip
            reports = await engine.query("SELECT body FROM report_parts")
            assert not any("1001" in each["body"] for each in reports), reports
            reasons = await engine.query("SELECT reason FROM failures WHERE key = 'erased' OR key IS NULL")
            assert len(reasons) == 4 + 2 + 1
            for each in reasons:
                assert not any(word in each["reason"] for word in ("1001", "Secret", "actual")), each

    asyncio.run(scenario())


def test_a_source_id_like_the_id_of_another_takes_none_of_their_rows(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await imported(engine, "Source_id,Name\nC-1,Joe\n"))
            (joe,) = await engine.query("SELECT id FROM customers")
            evil = await imported(engine, f"Source_id,Name\n{joe['id']},Evil\n")
            await engine.finish(evil)
            order = orjson.dumps([{"source_id": "o", "customer": {"id": joe["id"]}}])
            orders = await engine.submit("ORDERS.IMPORT", order)
            await engine.finish(orders)
            (other,) = await engine.query("SELECT id FROM customers WHERE name = 'Evil'")
            assert (await engine.finish(await erase(engine, other["id"])))["done_count"] == 1
            assert await stored(engine, orders) == [order.decode().strip("[]")]
            assert await stored(engine, evil) == [",,erased"]
            assert await engine.query("SELECT name FROM customers") == [{"name": "Joe"}]

    asyncio.run(scenario())


def test_the_very_row_that_made_a_customer_is_found_whatever_is_around_its_address(database_url: str) -> None:
    rows = ["\u00a0solo@example.com\u00a0", "o'solo@example.com", "x=solo@example.com"]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await imported(engine, "Name,Email\n" + "".join(f"A,{email}\n" for email in rows))
            await engine.finish(action_id)
            (solo,) = await engine.query("SELECT id FROM customers WHERE email = 'solo@example.com'")
            exported = await _exported(engine, Person(traces=frozenset({"solo@example.com"})))
            assert [row["row"] for row in exported] == [1]
            await engine.finish(await erase(engine, solo["id"]))
            assert await stored(engine, action_id) == [",,erased", *(f"A,{email}" for email in rows[1:])]

    asyncio.run(scenario())
