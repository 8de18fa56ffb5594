"""Imports of customers and products: what PostgreSQL merges by itself is what going through the rows would leave."""

import asyncio
import csv
import io
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tallykeep.resources.upserts import writing
from tests.db.engine import Engine, open_engine


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
    "": mostly([""], "surplus"),
}
HEADERS = {
    "CUSTOMERS.IMPORT_CSV": (
        ["Source_id", "Name", "Email", "City", "Address_line_1", "Tier", "Birthdate"],
        ["Tier", "Name", "Source_id", "Birthday", "Birthdate"],
        ["Name", "Source_id", ""],
        ["Name", "Tier"],
    ),
    "PRODUCTS.IMPORT_CSV": (
        ["Source_id", "Name", "price", "attributes", "image_url", "Tier"],
        ["Source_id", "attributes", "Tier"],
    ),
}
TABLES = {
    "CUSTOMERS.IMPORT_CSV": "source_id, name, email, phone, description, birthdate, address, metadata FROM customers",
    "PRODUCTS.IMPORT_CSV": "source_id, name, price, attributes, image_url, metadata FROM products",
}


@st.composite
def imports(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A type of action, and files one after another."""
    kind = draw(st.sampled_from(sorted(HEADERS)))
    return kind, draw(st.lists(files(HEADERS[kind]), min_size=2, max_size=3))


@st.composite
def files(draw: st.DrawFn, headers: tuple[list[str], ...]) -> str:
    """A file of up to twelve rows, with quotes or without, some of the rows shorter or longer than others."""
    header = draw(st.sampled_from(headers))
    rows = draw(st.lists(st.tuples(*[CELLS[title] for title in header]), max_size=12))
    text = io.StringIO()
    writer = csv.writer(text, quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])))
    writer.writerow(header)
    for row in rows:
        kept = draw(st.sampled_from([*[len(row)] * 10, *range(1, len(row))]))
        writer.writerow([*row[:kept], *draw(st.sampled_from([[]] * 10 + [["more"], [" "]]))])
    return text.getvalue()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking against a database takes minutes
)
@given(given=imports(), portion_rows=st.sampled_from([3, 1000]))
def test_the_quick_way_and_row_by_row_leave_the_same(
    database_url: str, given: tuple[str, list[str]], portion_rows: int
) -> None:
    kind, texts = given

    async def outcome(*, row_by_row: bool) -> tuple[Any, ...]:
        way = patch.object(writing, "file_columns", lambda *_: None) if row_by_row else nullcontext()
        async with open_engine(database_url, portion_rows=portion_rows) as engine:
            with way:
                ended = [await _imported(engine, kind, text) for text in texts]
            return ended, await _contents(engine, TABLES[kind])

    assert asyncio.run(outcome(row_by_row=False)) == asyncio.run(outcome(row_by_row=True))


async def _imported(engine: Engine, kind: str, text: str) -> dict[str, Any]:
    action = await engine.finish(await engine.submit(kind, text.encode()))
    return {name: action[name] for name in ("result", "total_count", "done_count", "failed_count", "created_count")}


async def _contents(engine: Engine, table: str) -> list[str]:
    rows = await engine.query(f"SELECT updated_at IS NULL AS is_new, {table} WHERE project_id = %s", engine.project_id)
    return sorted(map(repr, rows))
