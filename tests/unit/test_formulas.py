"""Files for a spreadsheet to open: whatever a cell holds, and however the file is taken apart, no cell is a formula."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.core.options.file_limits import DELIMITERS
from tallykeep.formats.csv.formulas import (
    COPY_TITLE,
    copy_titles,
    for_spreadsheet,
    harmless,
    refuse_copy,
    spreadsheet_lines,
)
from tallykeep.formats.csv.writer import csv_lines

OPERATORS = "=+-@＝＋－＠"
BLANKS = " \t\r\n\x00\u00a0\u200b\ufeff\u2060"

characters = st.sampled_from(OPERATORS + BLANKS + ",;|\"'a1(") | st.characters(codec="utf-8")
cells = st.text(characters, max_size=8)
tables = st.lists(st.lists(cells, min_size=1, max_size=3), min_size=1, max_size=4)


@given(tables, st.sampled_from(DELIMITERS), st.sampled_from(DELIMITERS))
@example([["a;=1"]], ",", ";")
@example([['a\n"=1']], ",", ";")
@example([["a\r \u200b＝1"]], ",", "\t")
def test_no_cell_is_a_formula_whatever_separates_cells(table: list[list[str]], delimiter: str, taken_for: str) -> None:
    content = spreadsheet_lines(table, delimiter)
    rows = csv.reader(io.StringIO(content, newline=""), delimiter=taken_for)
    assert [cell for row in rows for cell in row if cell.lstrip(BLANKS).startswith(tuple(OPERATORS))] == []


@given(tables)
def test_apostrophes_are_all_that_is_added(table: list[list[str]]) -> None:
    rows = list(csv.reader(io.StringIO(spreadsheet_lines(table), newline=""), strict=True))
    assert [[cell.replace("'", "") for cell in row] for row in rows] == [
        [cell.replace("'", "") for cell in row] for row in table
    ]
    assert for_spreadsheet(spreadsheet_lines(table)) == spreadsheet_lines(table)


@pytest.mark.parametrize(
    "titles", [[COPY_TITLE], ["Code", f" {COPY_TITLE.upper()} "], ["copy for a\u00a0spreadsheet (not to be imported)"]]
)
def test_a_copy_is_known_by_its_titles(titles: list[str]) -> None:
    with pytest.raises(InvalidPayloadError, match="for=spreadsheet"):
        refuse_copy(titles)
    refuse_copy(["Code", "Copy", "Note (not to be imported)"])
    assert (copy_titles(spreadsheet_lines), copy_titles(csv_lines)) == ([COPY_TITLE], [])


@pytest.mark.parametrize(
    "cell", ["", "Ann", "31.12.2026", "10,5", "a=b", "ann@example.com", "2-3", "O'Neil-Smith", "x; y"]
)
def test_cells_that_none_would_run_stay_as_they_are(cell: str) -> None:
    assert harmless(cell) == cell


@pytest.mark.parametrize("start", [*OPERATORS, "\t", "\r", "\n", " =", "\ufeff="])
def test_every_start_of_a_formula_is_made_text(start: str) -> None:
    assert harmless(f"{start}1") == f"'{start}1"
    assert csv_lines([[f"{start}1"]]).count("'") == 0, "the usual files are exact"
