"""What we write as CSV reads back to the same cells: by our own splitter and reader, and by Python's."""

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from tallykeep.core.options.file_limits import DELIMITERS
from tallykeep.formats.csv.header import HeaderHints
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.csv.titles import normal_title
from tallykeep.formats.csv.writer import BYTE_ORDER_MARK, csv_line, csv_lines, header_line
from tallykeep.formats.row_reader import raw_rows, read_rows
from tallykeep.resources.upserts.report_lines import ReportLine, report_text

characters = st.sampled_from("\r\n\",;\t| =+-@'\x0b\x0c\x1c\x85\u2028\ufeffaé🙂0") | st.characters(codec="utf-8")
cells = st.text(characters, max_size=6)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6)
)
delimiters = st.sampled_from(DELIMITERS)


def read_back(content: str, *, chunk: int, delimiter: str | None = None) -> tuple[list[str], list[list[str]]]:
    """Header and rows, as an import of it would have them."""
    splitter = CsvSplitter(
        batch_rows=2, batch_bytes=1 << 20, max_row_bytes=1 << 20, charset="utf-8", hints=HeaderHints(delimiter)
    )
    data = content.encode()
    batches = [each for at in range(0, len(data), chunk) for each in splitter.feed(data[at : at + chunk])]
    batches += splitter.finish()
    rows = [row for batch in batches for row in read_rows(batch, splitter.source)]
    assert [row.problem for row in rows] == [None] * len(rows)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert sum(len(raw_rows(batch, splitter.source)) for batch in batches) == len(rows)
    return splitter.source.header, [row.value for row in rows]


def filled(table: list[list[str]]) -> list[list[str]]:
    """The rows that an import takes for some: those of blanks alone are none."""
    return [row for row in table if any(cell.strip() for cell in row)]


@given(tables, delimiters, st.integers(1, 9))
@example([["\r"]], ",", 9)
@example([["a\rb", ""]], ",", 9)
@example([[""]], ";", 9)
@example([[" "], ["\x0b"]], ",", 1)
@example([["", ""], [" ", "\t"]], "\t", 3)
def test_any_cells_come_back(table: list[list[str]], delimiter: str, chunk: int) -> None:
    titles = [f"t{at}" for at in range(len(table[0]))]
    content = csv_line(titles, delimiter) + csv_lines(table, delimiter)
    assert read_back(BYTE_ORDER_MARK + content, chunk=chunk, delimiter=delimiter) == (titles, filled(table))
    assert list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)) == [titles, *table]


@given(tables, delimiters)
def test_a_line_is_the_same_alone_and_among_others(table: list[list[str]], delimiter: str) -> None:
    assert csv_lines(table, delimiter) == "".join(csv_line(row, delimiter) for row in table)


titles = st.text(st.sampled_from(",;\t| abé=" + '"'), min_size=1, max_size=5).filter(
    lambda title: title.strip() == title
)


@given(
    st.lists(titles, min_size=1, max_size=5, unique_by=normal_title),
    delimiters,
)
def test_a_header_shows_its_delimiter_whatever_its_titles_hold(header: list[str], delimiter: str) -> None:
    wanted = delimiter if len(header) > 1 else None
    content = BYTE_ORDER_MARK + header_line(header, delimiter) + csv_line(["x"] * len(header), delimiter)
    if wanted:
        assert read_back(content, chunk=100) == (header, [["x"] * len(header)])
    else:
        assert read_back(content, chunk=100)[0] == header


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_a_report_has_a_line_for_each_row_whatever_keys_and_reasons_hold(failures: list[tuple[str, str]]) -> None:
    lines = [ReportLine(row, key, found=False, updated=False, error=why) for row, (key, why) in enumerate(failures, 1)]
    content = "code,found,updated,error\n" + report_text(lines)
    _, rows = read_back(content, chunk=100)
    assert [(key.removeprefix("'"), why.removeprefix("'")) for key, _, _, why in rows] == [
        (key.removeprefix("'"), why.removeprefix("'")) for key, why in failures
    ]
