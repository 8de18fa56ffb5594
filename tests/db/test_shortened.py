"""Keys that a spreadsheet has shortened: rows that share one fail, wherever in the action they stand."""

import asyncio
import json
from typing import Any

import pytest

from tallykeep.engine.applying.shortened_keys import is_shortened
from tests.db.engine import Engine, open_engine

GIFT = "GIFT_VOUCHER,5"


@pytest.mark.parametrize("key", ["4.00638E+12", "4,00638E+12", "4e+12", "4.00638e12", " 4.00638E+12 ", "1.0E+100"])
def test_what_a_spreadsheet_writes_is_shortened(key: str) -> None:
    assert is_shortened(key)


@pytest.mark.parametrize(
    "key", ["7E42", "4E-12", "44.1E+12", "E+12", "4.00638E+12A", "4006381333931", "", "x", None, 4]
)
def test_other_keys_are_not(key: object) -> None:
    assert not is_shortened(key)


def lines(*keys: str, cells: str = GIFT) -> str:
    return "".join(f"{key},{cells}\n" for key in keys)


CUT, OTHER = "4.00638E+12", "5.1E+12"
FILES: dict[str, tuple[str, str, str]] = {
    "vouchers": ("VOUCHERS.IMPORT_CSV", "Code,Voucher Type,Value\n", GIFT),
    "customers": ("CUSTOMERS.IMPORT_CSV", "Source_id,Name,Tier\n", "Ada,gold"),
    "customers, read row by row": ("CUSTOMERS.IMPORT_CSV", "Source_id,City,Address_City\n", "Kiel,Kiel"),
    "products": ("PRODUCTS.IMPORT_CSV", "source_id,name,price\n", "Shirt,5"),
}


async def failed_rows(engine: Engine, action_id: str) -> list[int]:
    failures = await engine.query("SELECT row, key, reason FROM failures WHERE action_id = %s ORDER BY row", action_id)
    assert all("a spreadsheet has shortened" in each["reason"] and each["key"] for each in failures)
    return [each["row"] for each in failures]


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_rows_of_a_file_that_share_a_shortened_key_fail(database_url: str, name: str, dry_run: bool) -> None:
    async def run() -> None:
        action_type, header, cells = FILES[name]
        async with open_engine(database_url, batch_rows=3) as engine:
            # In one batch all of them fail, behind it all that come again.
            text = header + lines(CUT, "A", CUT, OTHER, "B", "B", "C", CUT, OTHER, cells=cells)
            action_id = await engine.submit(action_type, text.encode(), dry_run=dry_run)
            action = await engine.finish(action_id)
            assert await failed_rows(engine, action_id) == [1, 3, 8, 9]
            assert (action["done_count"], action["failed_count"]) == (5, 4)
            single = await engine.submit(action_type, (header + lines("A", CUT, cells=cells)).encode())
            assert (await engine.finish(single))["done_count"] == 2, "one alone may be meant"

    asyncio.run(run())


@pytest.mark.parametrize("header", ["Code,Voucher Type,Value", "Voucher Type,Code,Value", "Voucher Type,Value,Code"])
@pytest.mark.parametrize("key", ["4.00638E+12", "4.00638e12", " 4.00638E12 "])
@pytest.mark.parametrize("value", ["5", '"5"'])
def test_they_are_found_in_whichever_column_and_form(database_url: str, header: str, key: str, value: str) -> None:
    def line(code: str) -> str:
        cells = {"Code": code, "Voucher Type": "GIFT_VOUCHER", "Value": value}
        return ",".join(cells[title] for title in header.split(","))

    async def run() -> None:
        async with open_engine(database_url) as engine:
            action_id = await engine.submit_csv("\n".join([header, line(key), line("A"), line(key)]))
            await engine.finish(action_id)
            assert await failed_rows(engine, action_id) == [1, 3]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("action_type", "rows"),
    [
        ("VOUCHERS.IMPORT", [{"code": key, "type": "GIFT_VOUCHER", "gift": {"amount": 1}} for key in (CUT, "A", CUT)]),
        ("CUSTOMERS.BULK_UPDATE", [{"source_id": key, "name": "Ada"} for key in (CUT, "A", CUT)]),
        ("PRODUCTS.BULK_UPDATE", [{"source_id": key, "name": "Shirt"} for key in (CUT, "A", CUT)]),
        ("ORDERS.IMPORT", [{"source_id": key, "amount": 1} for key in (CUT, "A", CUT)]),
    ],
)
def test_objects_that_share_a_shortened_key_fail(database_url: str, action_type: str, rows: list[Any]) -> None:
    async def run() -> None:
        async with open_engine(database_url) as engine:
            action_id = await engine.submit(action_type, json.dumps(rows).encode())
            assert (await engine.finish(action_id))["done_count"] == 1
            assert await failed_rows(engine, action_id) == [1, 3]
            parts = await engine.query("SELECT body FROM report_parts WHERE action_id = %s", action_id)
            lines = [line for part in parts for line in part["body"].splitlines()]
            assert [line.split(",")[0] for line in lines] == ([CUT, CUT, "A"] if action_type.endswith("UPDATE") else [])

    asyncio.run(run())


def test_a_file_of_which_nothing_may_fail_is_rejected(database_url: str) -> None:
    async def run() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            text = "Code,Voucher Type,Value\n" + lines(CUT, "A", "B", CUT)
            action = await engine.finish(await engine.submit_csv(text, on_error="reject"))
            assert (action["done_count"], action["failed_count"]) == (0, 1)
            assert await engine.query("SELECT FROM vouchers WHERE project_id = %s", engine.project_id) == []

    asyncio.run(run())
