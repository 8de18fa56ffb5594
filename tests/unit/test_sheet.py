"""Workbooks: what a sheet shows, as a CSV file would hold it."""

import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from tallykeep.engine.sheet import cell_text, first_rows, write_csv
from tests.unit.test_split import csv_splitter, rows_of

Sheets = list[list[list[Any]]]


def workbook(*sheets: list[list[Any]], hidden: int | None = None, at: tuple[int, int] = (0, 0)) -> io.BytesIO:
    """A workbook with these sheets, their rows beginning at a cell; None leaves a cell out."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd hh:mm:ss", "strings_to_urls": False}) as book:
        for number, rows in enumerate(sheets):
            sheet = book.add_worksheet()
            if number == hidden:
                sheet.hide()
            for down, row in enumerate(rows):
                for across, cell in enumerate(row):
                    if cell is not None:
                        sheet.write(at[0] + down, at[1] + across, cell)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (14.5, "14.5"),
        (100.0, "100"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (123456789012345.0, "123456789012345"),
        (1.2345678901234568e16, "12345678901234568"),
        (1e22, "10000000000000000000000"),
        (-5.0, "-5"),
        (3.0000000000000004, "3"),
        (0.0, "0"),
        (7, "7"),
        (True, "true"),
        (False, "false"),
        ("007 ", "007 "),
        (date(2022, 9, 26), "2022-09-26"),
        (datetime(2022, 9, 26), "2022-09-26"),
        (datetime(2022, 9, 26, 13, 0, 1), "2022-09-26T13:00:01"),
        (datetime(2022, 9, 26, 23, 59, 59, 999_000), "2022-09-26T23:59:59.999"),
        (time(13, 30), "13:30:00"),
        (timedelta(hours=36, seconds=5), "36:00:05"),
    ],
)
def test_cells_as_they_would_stand_in_a_file(cell: Any, text: str) -> None:
    assert cell_text(cell) == text


def test_what_a_spreadsheet_program_wrote_comes_back() -> None:
    moment = datetime(2022, 9, 26, 13, 0, 1, tzinfo=UTC).replace(tzinfo=None)
    rows = list(first_rows(workbook([["Code", "When", "On"], ["A", moment, True], ["B", moment.replace(hour=0, minute=0,
                                     second=0), False]])))  # fmt: skip
    assert rows == [["Code", "When", "On"], ["A", "2022-09-26T13:00:01", "true"], ["B", "2022-09-26", "false"]]


def test_blank_rows_and_blank_edges_are_left_out() -> None:
    sheet = [["Code", "Note", ""], [None], ["A", " "], ["", "", None], [None, "b"]]
    assert list(first_rows(workbook(sheet, at=(3, 2)))) == [["Code", "Note"], ["A"], ["", "b"]]


def test_the_first_visible_sheet_with_rows_is_read() -> None:
    assert list(first_rows(workbook([], [["hidden"]], [[""]], [["Code"], ["A"]], [["later"]], hidden=1))) == [
        ["Code"], ["A"],
    ]  # fmt: skip
    assert list(first_rows(workbook([], [[" "]]))) == []


TEXTS = st.text(st.sampled_from("a1 ,;|\"'\n\r\té=\u2028"), max_size=6)


@settings(deadline=None)
@given(rows=st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=6))
def test_rows_come_through_csv_as_they_are(rows: list[list[str]]) -> None:
    header = ["Code;x;y", "a,b", 'quoted "']
    written = io.StringIO(newline="")
    write_csv([header, *rows], written)
    splitter = csv_splitter()
    read = rows_of(splitter, [written.getvalue().encode()])
    assert splitter.source.header == header
    assert [row.value for row in read] == rows


def test_short_rows_are_filled_up_and_long_ones_stay_long() -> None:
    written = io.StringIO(newline="")
    write_csv([["A", "B"], ["1"], ["1", "2", "3"]], written)
    assert written.getvalue() == '"A","B"\r\n1,\r\n1,2,3\r\n'
