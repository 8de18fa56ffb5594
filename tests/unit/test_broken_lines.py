"""Lines whose quotes do not match up: each is a row that fails, any number of them stand in a batch, and reading them
takes the splitter's word for it."""

import csv
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.batch import Batch, Source
from tallykeep.formats.csv.decimal_marks import DecimalMarks
from tallykeep.formats.csv.records import is_blank
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.row_reader import first_rows, raw_rows, read_rows, split_rows

UNMATCHED = "the quotes in this line do not match up"
LINES = st.lists(
    st.sampled_from(
        ['a","b', '"', '""', '"a', 'b"', '",""', '"",""', '"x"y', '"x,y"', "x,y", '"""', " ", "", ',"', "é\x00"]
    ),
    max_size=25,
)  # fmt: skip


def cut(data: bytes, *, chunk: int = 1 << 20, rows: int = 10_000, maximum: int = 1 << 20) -> tuple[list[Batch], Source]:
    splitter = CsvSplitter(batch_rows=rows, batch_bytes=8 << 20, max_row_bytes=maximum)
    batches = [each for at in range(0, len(data), chunk) for each in splitter.feed(data[at : at + chunk])]
    return [*batches, *splitter.finish()], splitter.source


def one_by_one(lines: list[str]) -> list[tuple[str, list[str] | None]]:
    """The rows of these lines, slowly: each record begun anew behind the one before it, or behind a line at fault."""
    rows: list[tuple[str, list[str] | None]] = []
    at = 0
    while at < len(lines):
        left = iter(lines[at:])
        reader = csv.reader(left, strict=True)
        try:
            cells = next(reader)
            end = len(lines) - len(list(left))
            raw = "".join(lines[at:end])
            if not is_blank(raw.encode(), ","):
                rows.append((raw, cells))
            at = end
        except csv.Error:
            rows.append((lines[at], None))
            at += 1
    return rows


@given(
    lines=LINES,
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    rows=st.sampled_from([3, 10_000]),
    chunk=st.integers(1, 40),
)
def test_rows_are_those_found_one_by_one(lines: list[str], ending: str, rows: int, chunk: int) -> None:
    written = [line + ending for line in lines]
    batches, source = cut(b"Code,Note" + ending.encode() + "".join(written).encode(), rows=rows, chunk=chunk)
    expected = one_by_one(written)
    read = [row for batch in batches for row in read_rows(batch, source)]
    assert [row.value for row in read] == [cells for _, cells in expected]
    assert {row.problem for row in read if row.value is None} <= {UNMATCHED}
    assert [raw.decode() for batch in batches for raw in raw_rows(batch, source)] == [raw for raw, _ in expected]


@given(lines=LINES, parts=st.integers(1, 9))
def test_parts_of_a_batch_are_read_as_it_was(lines: list[str], parts: int) -> None:
    batches, source = cut("".join(f"{line}\n" for line in ["Code,Note", *lines]).encode())
    for batch in batches:
        expected = [(row.number, row.value, row.problem) for row in read_rows(batch, source)]
        some = split_rows(batch, source, parts)
        assert [(row.number, row.value, row.problem) for part in some for row in read_rows(part, source)] == expected
        raw = raw_rows(batch, source)
        for count in range(1, len(raw) + 1):
            first = first_rows(batch, raw[:count])
            assert [(row.number, row.value, row.problem) for row in read_rows(first, source)] == expected[:count]


@pytest.mark.parametrize("line", ['x","y', '"a', '"a"b'])
def test_any_number_of_them_stand_in_one_batch(line: str) -> None:
    (batch,), source = cut(f"Code,Note\n{line}\n".encode() + f"{line}\n".encode() * 4_999)
    assert batch.row_count == 5_000
    assert batch.broken == [at * (len(line) + 1) for at in range(5_000)]
    assert {row.problem for row in read_rows(batch, source)} == {UNMATCHED}


def test_what_was_noted_is_not_decided_again() -> None:
    """A line that would be a row, were it looked at, and one that would take others with it."""
    batch = Batch(1, 3, b'A,1\n"B,2\nC",3\n', [1, 2], broken=[4, 9])
    source = Source("csv", header=["Code", "Note"])
    assert [row.value for row in read_rows(batch, source)] == [["A", "1"], None, None]
    assert raw_rows(batch, source) == [b"A,1\n", b'"B,2\n', b'C",3\n']
    plain = replace(batch, body=b"A,1\nB,2\nC,33\n", broken=[4, 8])
    assert [row.value for row in read_rows(plain, source)] == [["A", "1"], None, None]


def test_a_batch_of_an_older_version_is_one_line_that_fails() -> None:
    (row,) = read_rows(Batch(7, 1, b'"B,2\n'), Source("csv", header=["Code", "Note"]))
    assert (row.number, row.value, row.problem) == (7, None, UNMATCHED)


@pytest.mark.parametrize("chunk", [100, 70_000, 1 << 20])
def test_a_quote_that_is_open_for_longer_than_a_row_fails_its_line_alone(chunk: int) -> None:
    """Each of these lines leaves a quote open that is closed by none of the others."""
    data = b"Code,Note\n" + b'a","b\n' * 60_000 + b"Z,1\n"
    batches, source = cut(data, chunk=chunk, maximum=50_000)
    read = [row for batch in batches for row in read_rows(batch, source)]
    assert len(read) == 60_001
    assert [row.value for row in read if row.problem is None] == [["Z", "1"]]


def test_the_first_rows_that_tell_decimals_may_be_broken() -> None:
    batches, source = cut(b"Code,Value\n" + b'"a","b"c\n"x","1,5"\n' * 6_000)
    marks = DecimalMarks(lambda cells: frozenset({","}) if "1,5" in list(cells) else frozenset())
    for batch in batches:
        marks.take(batch, source)
    assert marks.resolve_now(source, batches) == {}  # nothing in here may mean two numbers
