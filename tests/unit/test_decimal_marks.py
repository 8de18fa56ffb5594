"""What stands before the decimals of a column: told by the first rows, however these come."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.batch import Batch, Source
from tallykeep.core.concurrency.side_thread import directly
from tallykeep.engine.file_rules.column_mapping import choose_columns
from tallykeep.formats.csv import decimal_marks
from tallykeep.formats.csv.decimal_marks import MAX_ROWS, DecimalMarks, with_marks
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.resources.fields.numerals import decimal_marks as decimal_marks_of

CELLS = st.sampled_from(["1.250", "1,250", "12.99", "12,99", "7", "", "x", '"1.250,00"', '"a\nb"', 'open" quote'])


def marks(content: bytes, chunk: int, rows: int, known: dict[int, str] | None = None) -> dict[int, str]:
    splitter = CsvSplitter(batch_rows=rows, batch_bytes=1 << 20, max_row_bytes=1 << 20)
    decimal_marks = DecimalMarks(decimal_marks_of, known)
    batches: list[Batch] = []
    for start in range(0, len(content), chunk):
        batches += splitter.feed(content[start : start + chunk])
    batches += splitter.finish()
    for batch in batches:
        assert decimal_marks.take(batch, splitter.source) is batch

    async def batch_at(first_row: int) -> Batch | None:
        return next(batch for batch in batches if batch.first_row == first_row)

    marks_by_column = asyncio.run(decimal_marks.resolve(splitter.source, batch_at, directly))
    assert decimal_marks.resolve_now(splitter.source, batches) == marks_by_column
    return marks_by_column


@given(st.lists(st.tuples(CELLS, CELLS), max_size=30), st.integers(1, 50), st.integers(1, 20))
def test_neither_chunks_nor_batches_matter(rows: list[tuple[str, str]], chunk: int, batch_rows: int) -> None:
    content = ("Price;Fee\n" + "".join(f"{price};{fee}\n" for price, fee in rows)).encode()
    assert marks(content, chunk, batch_rows) == marks(content, len(content), 10_000)


@pytest.mark.parametrize("batch_rows", [10_000, 9_999, 3_000, 20_000])
def test_only_the_first_rows_tell(batch_rows: int) -> None:
    within = ["1.250", *["7"] * (MAX_ROWS - 2), "12.99"]
    beyond = ["1.250", *["7"] * (MAX_ROWS - 1), "12.99"]
    contradicting = ["1.250", *["7"] * (MAX_ROWS - 2), "12.99", "12,99"]
    for cells, expected in ((within, {0: "."}), (beyond, {}), (contradicting, {0: "."})):
        content = ("Price;X\n" + "".join(f"{cell};\n" for cell in cells)).encode()
        assert marks(content, 30_000, batch_rows) == expected


@pytest.mark.parametrize("batch_rows", [10_000, 7, 1])
def test_only_so_many_bytes_tell(batch_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decimal_marks, "MAX_BYTES", len("1.250;\n") + 8 * len("7.000;\n") + len("12.99;\n"))
    for others, expected in ((8, {0: "."}), (9, {})):
        content = ("Price;X\n1.250;\n" + "7.000;\n" * others + "12.99;\n").encode()
        assert marks(content, 10, batch_rows) == expected


def test_what_a_workbook_knows_stays_and_columns_without_unclear_cells_have_no_mark() -> None:
    content = b"A;B;C\n1.250;12,99;1.250\n3,5;1;2.5\n"
    assert marks(content, 100, 10) == {0: ",", 2: "."}
    assert marks(content, 100, 10, {0: "."}) == {0: ".", 2: "."}
    assert marks(b"A\n7\n", 100, 10, {0: "."}) == {0: "."}
    assert marks(content, 100, 10, {0: "", 1: ""}) == {2: "."}
    assert marks(b"A\n7\n", 100, 10, {0: ""}) == {}


def test_marks_go_by_the_titles_of_columns_and_a_retry_keeps_them() -> None:
    source = choose_columns(Source("csv", ["Preis", "Note", "Fee"]), {"Preis": "price", "Note": None}, ())
    marked = with_marks(source, {0: ",", 1: ".", 2: "."}, None)
    assert marked.decimal_marks == {"price": ",", "Fee": "."}
    assert with_marks(source, {0: "."}, marked).decimal_marks == marked.decimal_marks
    assert with_marks(Source("json"), {}, None).decimal_marks == {}


@pytest.mark.parametrize("zone", ["Z", "+02:00", ""])
def test_the_milliseconds_of_times_are_no_numbers_that_may_mean_two(zone: str) -> None:
    decimal_marks = DecimalMarks(decimal_marks_of)
    splitter = CsvSplitter(batch_rows=10, batch_bytes=1 << 20, max_row_bytes=1 << 20)
    content = f"Start;Price\n2026-01-01T00:00:23.250{zone};12.99\n2026-01-01T00:00:23,250{zone};1:30.250\n".encode()
    for batch in [*splitter.feed(content), *splitter.finish()]:
        decimal_marks.take(batch, splitter.source)
    assert list(decimal_marks._scans()) == []
    assert marks(content.replace(b"1:30.250", b"30.250"), 100, 10) == {1: "."}


@given(st.lists(st.text("0123.,:-x ٣", max_size=12), max_size=8))
def test_a_number_that_may_mean_two_is_found_in_any_cell(cells: list[str]) -> None:
    """By its mark: a file's cells are searched for it many times more often than they hold one."""
    by_its_digits = re.compile(r"(?<![\d.,:])[1-9]\d{0,2}[.,]\d{3}(?![\d.,])", re.ASCII)
    assert decimal_marks._is_any_two_way(cells) == any(map(by_its_digits.search, cells))
