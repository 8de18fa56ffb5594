"""NDJSON: one row a line, whatever the chunks; a line that is not JSON fails alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.batch import Batch
from tallykeep.core.errors import InvalidPayloadError
from tallykeep.engine.intake import unique_keys as unique
from tallykeep.engine.intake.unique_keys import UniqueKeys
from tallykeep.formats.json.ndjson_splitter import LinesSplitter
from tallykeep.formats.row_reader import raw_rows, split_rows
from tests.unit.test_split import CUTS, JSON_VALUES, ROW_LIMIT, chunked, rows_of, split


def lines_splitter(batch_rows: int = 3) -> LinesSplitter:
    return LinesSplitter(batch_rows=batch_rows, batch_bytes=10_000, max_row_bytes=ROW_LIMIT)


@given(
    values=st.lists(JSON_VALUES, max_size=10), cuts=CUTS, ending=st.sampled_from(["\n", "\r\n", "\n\n \r\n"]),
    bom=st.booleans(), closed=st.booleans(),
)  # fmt: skip
def test_written_lines_come_back_whatever_the_chunks(
    values: list[Any], cuts: list[int], ending: str, bom: bool, closed: bool
) -> None:
    text = ending.join(json.dumps(value) for value in values) + (ending if closed else "")
    rows = rows_of(lines_splitter(), chunked((b"\xef\xbb\xbf" * 2 if bom else b"") + text.encode(), cuts))
    assert [row.value for row in rows] == values
    assert not any(row.problem for row in rows)


@given(data=st.binary(max_size=200), cuts=CUTS)
def test_any_bytes_give_the_same_rows_in_any_chunks(data: bytes, cuts: list[int]) -> None:
    assert rows_of(lines_splitter(), chunked(data, cuts)) == rows_of(lines_splitter(), [data])


def test_a_line_that_is_no_row_by_itself_fails_alone() -> None:
    rows = rows_of(lines_splitter(10), [b'{"a":1}\n{"a":\n[1\n2]\n3,4\n{"a":2}\n"\\ud800"\n'])
    assert [row.problem is None for row in rows] == [True, False, False, False, False, True, False]
    assert [row.value for row in rows if row.problem is None] == [{"a": 1}, {"a": 2}]
    assert [(row.problem or "").partition(":")[0] for row in rows[4:]] == [
        "the row is not JSON", "", "the row cannot be kept as JSON",
    ]  # fmt: skip


def test_a_line_beyond_the_limit_is_refused_with_its_number() -> None:
    data = b'{"a":1}\n\n{"a":"' + b"x" * ROW_LIMIT + b'"}\n'
    for chunks in ([data], [data[:30], data[30:]], [data[:-1]]):
        with pytest.raises(InvalidPayloadError, match="Row 2 is longer"):
            split(lines_splitter(), chunks)


def test_batches_are_cut_into_smaller_ones_row_by_row() -> None:
    splitter = lines_splitter(10)
    (batch,) = split(splitter, [b"1\n2\n3\n4\n5\n"])
    assert split_rows(batch, splitter.source, 2) == [
        Batch(1, 3, b"1\n2\n3", [1, 1]),
        Batch(4, 2, b"4\n5", [1, 1]),
    ]
    assert raw_rows(batch, splitter.source) == [b"1", b"2", b"3", b"4", b"5"]


def test_keys_are_told_apart_however_many_and_refused_beyond_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unique, "_LOOSE", 3)
    source = lines_splitter().source
    lines = [b'{"code":"%d"}' % number for number in range(10)]
    for again in range(10):
        keys = UniqueKeys("code", 10)
        keys.checked(Batch(1, 10, b"\n".join(lines)), source)
        with pytest.raises(InvalidPayloadError, match=f"Row 11 repeats the code {again}"):
            keys.checked(Batch(11, 1, lines[again]), source)
        with pytest.raises(InvalidPayloadError, match="more than 10 rows"):
            keys.checked(Batch(11, 1, b'{"code":"new"}'), source)


def test_keys_are_unique_over_lines_too() -> None:
    splitter = lines_splitter()
    first, second = split(splitter, [b'{"code":"A"}\nbroken\n{"code":"B"}\n{"code":"A"}\n'])
    keys = UniqueKeys("code")
    assert keys.checked(first, splitter.source) is first
    with pytest.raises(InvalidPayloadError, match="Row 4 repeats the code A"):
        keys.checked(second, splitter.source)
