"""Erasing a customer: through all that is stored, with every tally as it was."""

import asyncio
from typing import Any

import orjson
import pytest

from tests.db.engine import Engine, open_engine
from tests.db.erasing import FAILED, FILE, MARKER, ROWS_OF_ANN, erase, imported, source_ids, stored


def test_rows_are_erased_and_every_tally_and_number_stays(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=3) as engine:
            action_id = await imported(engine)
            before = await engine.finish(action_id)
            assert (before["done_count"], before["failed_count"]) == (2, FAILED)
            batches = await engine.query("SELECT first_row, row_count, done_count, failed_count, lines FROM batches")
            erasure = await erase(engine, "C-7")
            ended = await engine.finish(erasure)
            assert (ended["status"], ended["done_count"], ended["failed_count"]) == ("DONE", ROWS_OF_ANN, 0)
            assert ended["result"] == {"message": "Erased 2 record(s) of a customer.", "done_count": 2}
            assert await stored(engine, action_id) == ["C-1,Joe,joe@example.com", MARKER, "C-2,,no address", MARKER]
            after = await engine.get(action_id)
            assert {**after, "result": None} == {**before, "result": None}
            again = "SELECT first_row, row_count, done_count, failed_count, lines FROM batches WHERE action_id = %s"
            assert await engine.query(again, action_id) == batches
            failed = [(each["source_id"], each["row"]) for each in after["result"]["failed"]]
            assert failed == [("C-2", 3), ("erased", 4)]
            reasons = [each["reason"] for each in after["result"]["failed"]]
            assert reasons[0].startswith(reasons[1])
            assert "(actual value" not in reasons[1]
            assert await source_ids(engine) == ["C-1"]

    asyncio.run(scenario())


def test_failures_are_counted_by_reason_as_before(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await imported(engine)
            await engine.finish(action_id)
            await engine.finish(await erase(engine, "C-7"))
            counts = "SELECT digest FROM reason_counts WHERE action_id = %s"
            assert await engine.query(counts, action_id) == []
            groups = await engine.query(
                "SELECT count(DISTINCT reason_group) AS groups, count(*) AS failures FROM failures"
                " WHERE action_id = %s",
                action_id,
            )
            assert groups == [{"groups": 1, "failures": FAILED}]

    asyncio.run(scenario())


def test_somebody_gone_is_found_by_what_rows_say(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await imported(engine)
            await engine.finish(action_id)
            await engine.query("DELETE FROM customers WHERE source_id = 'C-7' RETURNING 1")
            assert (await engine.finish(await erase(engine, "nobody@example.com", gone=True)))["done_count"] == 0
            assert (await engine.finish(await erase(engine, "ann@EXAMPLE.com", gone=True)))["done_count"] == 1
            assert (await engine.finish(await erase(engine, "C-7", gone=True)))["done_count"] == 1
            assert (await stored(engine, action_id)).count(MARKER) == ROWS_OF_ANN

    asyncio.run(scenario())


def test_orders_go_and_those_that_they_referred_lose_them(database_url: str) -> None:
    orders = [
        {"source_id": "o1", "customer": {"source_id": "C-7"}},
        {"source_id": "o2", "customer": {"source_id": "C-1"}, "referrer": {"source_id": "C-7"}},
        {"source_id": "o3", "customer": {"source_id": "C-1"}},
    ]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await engine.submit("ORDERS.IMPORT", orjson.dumps(orders)))
            ended = await engine.finish(await erase(engine, "C-7"))
            assert ended["done_count"] == 2  # rows: the order itself is deleted with the customer
            left = await engine.query(
                "SELECT source_id, referrer_id, customer_id IS NOT NULL AS is_linked FROM orders ORDER BY 1"
            )
            assert left == [
                {"source_id": "o2", "referrer_id": None, "is_linked": True},
                {"source_id": "o3", "referrer_id": None, "is_linked": True},
            ]

    asyncio.run(scenario())


def test_orders_that_a_request_leaves_are_deleted_by_the_action(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallykeep.catalog.personal_data.erasure._ORDERS_AT_A_TIME", 2)
    orders = [{"source_id": f"o{number}", "customer": {"source_id": "C-7"}} for number in range(5)]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await engine.submit("ORDERS.IMPORT", orjson.dumps(orders)))
            erasure = await erase(engine, "C-7")
            assert len(await engine.query("SELECT id FROM orders")) == 3
            assert (await engine.finish(erasure))["done_count"] == 3 + len(orders)
            assert await engine.query("SELECT id FROM orders") == []

    asyncio.run(scenario())


def test_reports_keep_a_line_for_each_row(database_url: str) -> None:
    rows = [{"source_id": "C-1", "name": "Joe"}, {"source_id": "C-7", "email": "none"}, {"source_id": "C-7"}]

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            update = await engine.submit("CUSTOMERS.BULK_UPDATE", orjson.dumps(rows))
            await engine.finish(update)
            await engine.finish(await erase(engine, "C-7"))
            (part,) = await engine.query("SELECT body FROM report_parts WHERE action_id = %s", update)
            keys = [line.split(",")[0] for line in part["body"].splitlines()]
            assert keys == ["C-1", "erased", "erased"]
            assert "none" not in part["body"]

    asyncio.run(scenario())


def test_what_is_said_of_all_rows_goes_with_the_only_ones(database_url: str) -> None:
    async def update(engine: Engine, *keys: str) -> str:
        body = orjson.dumps({"source_ids": list(keys), "metadata": {"nickname": "Annie"}})
        action_id = await engine.submit("CUSTOMERS.METADATA_UPDATE", body)
        await engine.query("UPDATE async_actions SET file_name = 'Ann.json' WHERE id = %s RETURNING 1", action_id)
        await engine.finish(action_id)
        return action_id

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            of_ann, of_both = await update(engine, "C-7"), await update(engine, "C-1", "C-7")
            await engine.finish(await erase(engine, "C-7"))
            kept = "SELECT file_name, source #> '{parameters,metadata}' AS metadata FROM async_actions WHERE id = %s"
            assert await engine.query(kept, of_ann) == [{"file_name": "erased", "metadata": {}}]
            assert await engine.query(kept, of_both) == [{"file_name": "Ann.json", "metadata": {"nickname": "Annie"}}]

    asyncio.run(scenario())


def test_traces_are_taken_out_of_what_actions_say_of_themselves(database_url: str) -> None:
    """A file without a header has taken its first row for one."""
    text = "Source_id,Name,ann@example.com\nC-1,Joe,x\n"

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await imported(engine))
            action_id = await imported(engine, text, defaults={"Email": "ann@example.com"})
            await engine.query(
                "UPDATE async_actions SET file_name = 'for ann@example.com.csv' WHERE id = %s RETURNING 1", action_id
            )
            await engine.finish(action_id)
            await engine.finish(await erase(engine, "C-7"))
            (held,) = await engine.query(
                "SELECT source::text || submission_options::text AS kept, file_name FROM async_actions WHERE id = %s",
                action_id,
            )
            assert "ann@example.com" not in held["kept"]
            assert held["file_name"] == "for erased.csv"
            assert await stored(engine, action_id) == ["C-1,Joe,x"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("action_type", "rows"),
    [
        ("CUSTOMERS.BULK_UPDATE", [{"source_id": "C-7", "email": "none"}]),
        ("CUSTOMERS.METADATA_UPDATE", {"source_ids": ["C-7"], "metadata": {"a": 1}}),
        ("ORDERS.IMPORT", [{"source_id": "o", "status": "?", "customer": {"source_id": "C-7"}}]),
    ],
)
def test_what_stands_in_place_of_a_row_cannot_be_imported(database_url: str, action_type: str, rows: Any) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await imported(engine))
            action_id = await engine.submit(action_type, orjson.dumps(rows))
            await engine.finish(action_id)
            await engine.finish(await erase(engine, "C-7"))
            (batch,) = await engine.query("SELECT body FROM batches WHERE action_id = %s", action_id)
            assert bytes(batch["body"]) == b'["erased"]'
            body = b'{"source_ids":[["erased"]],"metadata":{"a":1}}' if isinstance(rows, dict) else b'[["erased"]]'
            before = await source_ids(engine)
            again = await engine.finish(await engine.submit(action_type, body))
            assert (again["done_count"], again["failed_count"]) == (0, 1)
            assert await source_ids(engine) == before

    asyncio.run(scenario())


def test_many_small_steps_come_to_the_same(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            actions = [await imported(engine, FILE.replace("Joe", f"Joe {number}")) for number in range(4)]
            for action_id in actions:
                await engine.finish(action_id)
            erasure = await erase(engine, "C-7")
            (steps,) = await engine.query("SELECT count(*) AS steps FROM batches WHERE action_id = %s", erasure)
            assert steps["steps"] > 4 * 4
            assert (await engine.finish(erasure))["done_count"] == 4 * ROWS_OF_ANN
            for number, action_id in enumerate(actions):
                assert (await stored(engine, action_id))[0] == f"C-1,Joe {number},joe@example.com"

    asyncio.run(scenario())
