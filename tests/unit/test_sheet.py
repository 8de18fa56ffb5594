"""Workbooks: what a sheet shows, as a CSV file would hold it."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import load_workbook

from tallykeep.formats.xlsx.cell_marks import NEVER_CALCULATED
from tallykeep.formats.xlsx.cell_text import cell_text
from tallykeep.formats.xlsx.process import BROKEN, first_rows, numeric_columns, reason_of, write_csv
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
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "\0digits:1000000000000000"),
        (123456789012345678.0, "\0digits:123456789012346000"),
        (-1e22, "\0digits:-10000000000000000000000"),
        (1e15 + 0.5, "1000000000000000"),
        (float("inf"), "\0error:#NUM!"),
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
    timestamp = datetime(2022, 9, 26, 13, 0, 1, tzinfo=UTC).replace(tzinfo=None)
    midnight = timestamp.replace(hour=0, minute=0, second=0)
    rows = list(first_rows(workbook([["Code", "When", "On"], ["A", timestamp, True], ["B", midnight, False]])))
    assert rows == [["Code", "When", "On"], ["A", "2022-09-26T13:00:01", "true"], ["B", "2022-09-26", "false"]]


def test_each_row_of_the_sheet_is_a_record_and_blank_edges_are_left_out() -> None:
    sheet = [["Code", "Note", ""], [None], ["A", " "], ["", "", None], [None, "b"], [" "], [None]]
    rows = [[], [], [], ["Code", "Note"], [], ["A"], [], ["", "b"]]
    assert list(first_rows(workbook(sheet, at=(3, 2)))) == rows
    written = io.StringIO(newline="")
    write_csv([rows], written, 2)
    assert written.getvalue() == "\r\n\r\n\r\nCode,Note\r\n\r\nA,\r\n\r\n,b\r\n"


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
    write_csv([[header, *([] if not any(cell.strip() for cell in row) else row for row in rows)]], written, 3)
    splitter = csv_splitter()
    read = rows_of(splitter, [written.getvalue().encode()])
    assert splitter.source.header == header
    assert [row.value for row in read] == [row for row in rows if any(cell.strip() for cell in row)]


def test_short_rows_are_filled_up_and_long_ones_stay_long() -> None:
    written = io.StringIO(newline="")
    write_csv([[["A", "B"], ["1"], [], ["1", "2", "3"]]], written, 2)
    assert written.getvalue() == "A,B\r\n1,\r\n\r\n1,2,3\r\n"


def formatted(*cells: tuple[Any, str | None], **options: Any) -> io.BytesIO:
    """A workbook with a header and these cells below it, each with its number format."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "Value")
        for down, (cell, code) in enumerate(cells, 1):
            sheet.write(down, 0, cell, None if code is None else book.add_format({"num_format": code}))
    file.seek(0)
    return file


def rewritten(file: io.BytesIO, change: Callable[[str], str], part: str = "xl/worksheets/sheet1.xml") -> io.BytesIO:
    """The same workbook with the text of one part changed."""
    changed = io.BytesIO()
    with zipfile.ZipFile(file) as book, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in book.namelist():
            content = book.read(name)
            if name == part:
                after = change(content.decode()).encode()
                assert after != content
                content = after
            target.writestr(name, content)
    changed.seek(0)
    return changed


MIXED = [
    (0.15, "0%"), (123, "00000"), (14.567, "0.00"), (25.5, '0.00\\ "€"'), ("text", "00000"), (True, "00000"),
    (45_000, "dd.mm.yyyy"), (45_000.5, "yyyy-mm-dd hh:mm"), (14.567, None), (0, '0;0;"none"'), ("x", '"ID-"@'),
    (1e17, "00000"), (1234567, "\\+0"),
]  # fmt: skip
SHOWN = [
    "15%", "00123", "14.57", "25.5 €", "text", "true", "2023-03-15", "2023-03-15T12:00:00", "14.567", "none", "ID-x",
    "\0digits:100000000000000000", "+1234567",
]  # fmt: skip


def shown(file: io.BytesIO) -> list[str]:
    return [row[0] if row else "" for row in list(first_rows(file))[1:]]


def test_cells_take_the_value_that_the_sheet_shows() -> None:
    assert shown(formatted(*MIXED)) == SHOWN
    assert shown(formatted(*MIXED, constant_memory=True)) == SHOWN
    assert shown(formatted((1, "0%"), date_1904=True)) == ["100%"]


PREFIXED = re.compile(r"<(/?)(?=[a-z])")
UNUSUAL_SPELLINGS: dict[str, Callable[[str], str]] = {
    "prefixes": lambda xml: PREFIXED.sub(r"<\1x:", xml).replace("xmlns=", "xmlns:x=", 1),
    "no references": lambda xml: re.sub(r' r="[A-Z]*[0-9]+"', "", xml),
    "no references of cells": lambda xml: re.sub(r' r="[A-Z]+[0-9]+"', "", xml),
    "the style first": lambda xml: re.sub(r'(<c) (r="[^"]*") (s="[^"]*")', r"\1 \3 \2", xml),
    "single quotes": lambda xml: re.sub(r'(<c) r="([^"]*)" s="([^"]*)"', r"\1 r='\2' s='\3'", xml),
    "spaces in tags": lambda xml: xml.replace(" s=", "\n\ts = ").replace("<c ", "<c\t"),
    "comments": lambda xml: xml.replace("<sheetData>", '<sheetData><!-- <c r="A3" s="1"/> -->'),
    "rows upside down": lambda xml: re.sub(
        r"(<sheetData>)(.*)(</sheetData>)",
        lambda match: match[1] + "".join(reversed(re.findall(r"<row.*?</row>", match[2]))) + match[3], xml,
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", UNUSUAL_SPELLINGS.values(), ids=UNUSUAL_SPELLINGS)
def test_however_a_program_spells_its_xml(change: Callable[[str], str]) -> None:
    assert shown(rewritten(formatted(*MIXED), change)) == SHOWN


def test_styles_are_found_in_their_list_of_many() -> None:
    cells = [(number, f'"{number}-"0') for number in range(200)]
    assert shown(formatted(*cells)) == [f"{number}-{number}" for number in range(200)]


ERRORS = ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!"]


def with_formulas(*formulas: tuple[str, Any]) -> io.BytesIO:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Code", "Value"])
        for down, (formula, value) in enumerate(formulas, 1):
            sheet.write(down, 0, f"C{down}")
            sheet.write_formula(down, 1, formula, None, value)
    file.seek(0)
    return file


def test_cells_with_an_error_say_so() -> None:
    errors = with_formulas(("=1", 5), *(("=X1", error) for error in ERRORS))
    assert list(first_rows(errors)) == [
        ["Code", "Value"], ["C1", "5"], *([f"C{at}", f"\0error:{error}"] for at, error in enumerate(ERRORS, 2)),
    ]  # fmt: skip
    quoted = rewritten(errors, lambda xml: xml.replace('t="e"', "t = 'e'"))
    assert list(first_rows(quoted))[2] == ["C2", "\0error:#N/A"]


def test_an_error_that_no_reader_knows_is_told() -> None:
    broken = rewritten(with_formulas(("=1", "#N/A")), lambda xml: xml.replace("#N/A", "#SPILL!"))
    with pytest.raises(BROKEN) as raised:
        list(first_rows(broken))
    assert reason_of(raised.value) == "a cell holds the error '#SPILL!'; correct it, or empty the cell"
    assert reason_of(ValueError("it is torn")) == "it is torn"


@pytest.mark.parametrize("value", ["", "<v/>", "<v></v>", "<v> </v>"])
def test_formulas_without_a_value_say_so(value: str) -> None:
    file = rewritten(with_formulas(("=1+1", 777)), lambda xml: xml.replace("<v>777</v>", value))
    assert list(first_rows(file)) == [["Code", "Value"], ["C1", f"\0error:{NEVER_CALCULATED}"]]
    rewritten_file = rewritten(file, lambda xml: re.sub('<c r="A2".*?</c>', "", xml))
    assert list(first_rows(rewritten_file)) == [["Code", "Value"], ["", f"\0error:{NEVER_CALCULATED}"]]
    text = rewritten(file, lambda xml: xml.replace('<c r="B2"', '<c r="B2" t="str"'))
    assert list(first_rows(text)) == [["Code", "Value"], ["C1"]]


def test_a_document_type_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><'
    for part in ("xl/styles.xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"):
        file = rewritten(formatted((0.5, "0%")), lambda xml: re.sub(r"<(?=[a-z])", bomb, xml, count=1), part)
        with pytest.raises(ValueError, match="document type"):
            list(first_rows(file))


def test_number_formats_have_limits() -> None:
    file = rewritten(
        formatted((5, '"x"0')), lambda xml: xml.replace("&quot;x&quot;0", "0" * 100_000), "xl/styles.xml"
    )  # fmt: skip
    with pytest.raises(ValueError, match="a number format has 100000 characters"):
        list(first_rows(file))


def test_styles_and_tags_have_limits() -> None:
    many = "".join(f'<numFmt numFmtId="{at}" formatCode="{at}"/>' for at in range(200, 1_400))
    used = "".join(f'<xf numFmtId="{at}"/>' for at in range(200, 1_400))
    styles = {"</cellXfs>": f"{used}</cellXfs>", "</numFmts>": f"{many}</numFmts>"}
    file = rewritten(formatted((5, '"x"0')), lambda xml: _replaced(xml, styles), "xl/styles.xml")
    with pytest.raises(ValueError, match="number formats; at most"):
        list(first_rows(file))
    long = rewritten(formatted((5, '"x"0')), lambda xml: xml.replace("<row", f"<{'x' * 10_000_000}/><row", 1))
    with pytest.raises(ValueError, match="a tag of more than"):
        list(first_rows(long))
    beyond = rewritten(formatted((5, '"x"0')), lambda xml: xml.replace('r="A2"', 'r="A9999999"'))
    with pytest.raises(ValueError, match="there is no row 9999999"):
        list(first_rows(beyond))


def _replaced(text: str, others: dict[str, str]) -> str:
    for old, new in others.items():
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("column", "numeric", "unclear"),
    [
        (["Value", 1.5], True, False),
        (["Value", 1, "n/a", "12.50", "1.5 kg", "12,99"], True, False),
        (["Value", 1, "1.250"], False, True),
        (["Value", 1, "1,250"], False, True),
        (["Value", "1.250 €", 1], False, True),
        (["Value", "1.250"], False, False),
        (["Value", "1"], False, False),
        (["Value", True], False, False),
        (["Value", *["x"] * 5_000, "1.250", 2], False, True),
    ],
)
def test_columns_of_numbers(column: list[Any], numeric: bool, unclear: bool) -> None:
    with load_workbook(workbook([["Code", cell] for cell in column])) as book:
        assert numeric_columns(book.get_sheet_by_index(0)) == ([1] * numeric, [1] * unclear)


def cut(text: str) -> str:
    return text[: len(text) // 2]


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("change", [cut, lambda _: "", lambda _: "no XML"], ids=["cut", "empty", "no XML"])
def test_broken_parts_raise_what_is_told(part: str, change: Callable[[str], str]) -> None:
    file = rewritten(formatted((0.5, "0%"), ("=X1", None)), change, part)
    with pytest.raises(BROKEN):
        list(first_rows(file))


def test_broken_compression_raises_what_is_told() -> None:
    with zipfile.ZipFile(file := formatted(*((number, "0%") for number in range(1_000)))) as book:
        start = book.getinfo("xl/worksheets/sheet1.xml").header_offset
    content = bytearray(file.getvalue())
    content[start + 500 : start + 510] = bytes(10)
    with pytest.raises(BROKEN):
        list(first_rows(io.BytesIO(content)))
