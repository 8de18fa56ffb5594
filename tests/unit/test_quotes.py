"""Quotes that need no parser: where they are said to be around whole cells, the parser reads the same."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallykeep.core.batch import Batch, Source
from tallykeep.core.rows import Table
from tallykeep.formats.csv import quotes
from tallykeep.formats.csv.records import count_records
from tallykeep.formats.row_reader import read_rows
from tests.sizes import examples

_CELLS = st.one_of(st.text(st.sampled_from('",; \n\ra'), max_size=4), st.sampled_from(["", '""', '"a"', '"a,""b"']))
_ROWS = st.lists(st.lists(_CELLS, min_size=1, max_size=3), min_size=1, max_size=5)


@pytest.mark.parametrize("block_bytes", [1, 8, 1 << 16])
@given(rows=_ROWS, ending=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=examples(600))
def test_what_needs_no_parser_is_what_the_parser_reads(block_bytes: int, rows: list[list[str]], ending: str) -> None:
    block = "".join([",".join(row) + ending for row in rows]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotes, "_BLOCK_BYTES", block_bytes)
        patch.setattr(quotes, "_BYTES_A_QUOTE", 1)
        is_sure, without = quotes.are_around_cells(block, ","), quotes.without_quotes(block, ",")
    assert (without is not None) == is_sure
    if without is not None:
        assert count_records(block, ",") == block.count(b"\n")
        parsed = csv.reader(io.StringIO(block.decode(), newline=""), strict=True)
        lines = without.decode().replace("\r\n", "\n").split("\n")[:-1]
        assert [line.split(quotes.SEPARATOR) for line in lines] == [row or [""] for row in parsed]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@given(
    rows=st.lists(st.lists(st.text(st.sampled_from('",;\t| aé\x01'), max_size=4), min_size=3, max_size=3), min_size=1),
    ending=st.sampled_from(["\n", "\r\n"]),
    kept=st.sampled_from([None, [0, 2], [1]]),
)
@settings(max_examples=examples(200))
def test_rows_with_quotes_are_the_same_without_a_parser(
    delimiter: str, rows: list[list[str]], ending: str, kept: list[int] | None
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ending, delimiter=delimiter).writerows([["a" * 40, "b" * 40, "c" * 40], *rows])
    body = text.getvalue().encode()
    titles = ["A", "B", "C"] if kept is None else ["A"] * len(kept)
    source = Source("csv", header=titles, kept=kept, width=3, delimiter=delimiter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotes, "_BYTES_A_QUOTE", 1)
        table = read_rows(Batch(7, len(rows) + 1, body), source)
    assert isinstance(table, Table) == ('"' not in text.getvalue() or "\x01" not in text.getvalue())
    assert [row.value for row in table][1:] == [[row[at] for at in kept or range(3)] for row in rows]
    if isinstance(table, Table):
        columns = [column for block in table.blocks() for column in zip(*block.columns(), strict=True)]
        assert columns == [tuple(row.value) for row in table]


@pytest.mark.parametrize(("lines", "are_around"), [
    ('"a","b"\n"c",d\r\n', True),
    ('a,"",c\n', True),
    ('"a, b",c\n', True),
    ('"a ""b""",c\n', True),
    ('"""a""",c\n"",d\n', True),
    ('"a\nb",c\n', False),
    ('5" pipe,c\n6" pipe,d\n', False),
    ('"a" ,b\n', False),
    ('"a"b,c\n', False),
    ('a"b",c\n', False),
    ('"a;b";c\n', False),
    ('"a,b\n', False),
])  # fmt: skip
def test_quotes_are_told_apart(lines: str, are_around: bool) -> None:
    others = b"x,y\n" * 400  # with which they are few enough to be looked at
    assert quotes.are_around_cells(others + lines.encode() + others, ",") == are_around


def test_many_quotes_are_left_to_the_parser() -> None:
    assert not quotes.are_around_cells(b'"a","b"\n' * 100, ",")
