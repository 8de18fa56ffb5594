"""Quotes that need no parser: where they are said to be around whole cells, the parser counts a record a line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallykeep.formats.csv import quotes
from tallykeep.formats.csv.records import count_records
from tests.sizes import examples

_CELLS = st.one_of(st.text(st.sampled_from('",; \n\ra'), max_size=4), st.sampled_from(["", '""', '"a"', '"a,""b"']))
_ROWS = st.lists(st.lists(_CELLS, min_size=1, max_size=3), min_size=1, max_size=5)


@pytest.mark.parametrize("block_bytes", [1, 8, 1 << 16])
@given(rows=_ROWS, ending=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=examples(600))
def test_what_needs_no_parser_has_a_record_a_line(block_bytes: int, rows: list[list[str]], ending: str) -> None:
    block = "".join([",".join(row) + ending for row in rows]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotes, "_BLOCK_BYTES", block_bytes)
        patch.setattr(quotes, "_BYTES_A_QUOTE", 0)
        if quotes.are_around_cells(block, ","):
            assert count_records(block, ",") == block.count(b"\n")


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
