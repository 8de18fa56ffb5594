"""The process that reads a workbook ends with what it was started for."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator

import psutil
import pytest
import xlsxwriter

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.formats.csv.header import header_score
from tallykeep.formats.xlsx import workbook as workbook_module
from tallykeep.formats.xlsx.workbook import SheetSize, Taken, Workbooks
from tests.postgres import quiet_settings
from tests.unit.test_sheet import workbook

NO_TITLES = frozenset[str]()
NOBODY = (1, "")
TITLES = frozenset({"code", "vouchertype", "value"})


def readers() -> list[psutil.Process]:
    """The processes that read workbooks for this one."""
    return [child for child in psutil.Process().children() if "tallykeep.formats.xlsx.process" in _words_of(child)]


def _words_of(process: psutil.Process) -> list[str]:
    """Its command line; none where it has ended meanwhile."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


async def stream(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 10_000):
        yield content[start : start + 10_000]


def test_reading_that_is_broken_off_ends_its_process() -> None:
    large = workbook([["Code"], *([f"C{number}" * 20] for number in range(20_000))]).getvalue()

    async def scenario() -> None:
        with pytest.raises(InvalidPayloadError, match="seen enough"):
            async with Workbooks(quiet_settings()).as_csv(stream(large), None, NO_TITLES, NOBODY) as (_, rows):
                assert (await anext(aiter(rows))).startswith(b"Code\r\nC0C0")
                assert len(readers()) == 1
                raise InvalidPayloadError("seen enough")
        assert readers() == []

    asyncio.run(scenario())


@pytest.mark.parametrize(("projects", "concurrency"), [(1, 1), (3, 2)])
def test_many_at_a_time_wait_for_their_turn_and_one_project_has_one(
    projects: int, concurrency: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_module, "_TIMEOUT_SECONDS", 120.0)
    small = workbook([["Code"], ["A"]]).getvalue()

    async def scenario() -> None:
        workbooks = Workbooks(quiet_settings())
        maximum = 0

        async def read(number: int) -> bytes:
            nonlocal maximum
            async with workbooks.as_csv(stream(small), None, NO_TITLES, (number % projects, "")) as (_, rows):
                maximum = max(maximum, len(readers()))
                return b"".join([chunk async for chunk in rows])

        assert await asyncio.gather(*map(read, range(6))) == [b"Code\r\nA\r\n"] * 6
        assert maximum == concurrency

    asyncio.run(scenario())


def taken(content: bytes, sheet: str | None = None, titles: frozenset[str] = NO_TITLES) -> tuple[Taken, list[str]]:
    """What is taken of a workbook, and the lines of its CSV."""

    async def read() -> tuple[Taken, list[str]]:
        async with Workbooks(quiet_settings()).as_csv(stream(content), sheet, titles, NOBODY) as (read, rows):
            return read, b"".join([chunk async for chunk in rows]).decode().splitlines()

    return asyncio.run(read())


def book_of_many() -> bytes:
    """A workbook whose header is on the third of its worksheets, behind a cover and a chart, before a hidden list."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("Empty")
        book.add_worksheet("Cover").write_column(1, 1, ["Vouchers of 2026", "Value"])
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Cover!$A$1:$A$2"})
        book.add_chartsheet("Chart").set_chart(chart)
        codes = book.add_worksheet("2")
        codes.write_row(2, 0, ["Code", "Voucher Type", "Value"])
        codes.write_row(4, 0, ["A", "GIFT_VOUCHER", 1.5])
        lists = book.add_worksheet("Lists é")
        lists.write_row(0, 0, ["Code", "Voucher Type", "Value", "Note"])
        lists.hide()
    return file.getvalue()


MANY = book_of_many()
CODES = ["", "", "Code,Voucher Type,Value", "", "A,GIFT_VOUCHER,1.5"]
COVER = ["", "Vouchers of 2026", "Value"]


def test_what_is_taken_is_told_before_the_rows() -> None:
    read, lines = taken(MANY, "2")
    sizes = [("Empty", 0, 0), ("Cover", 3, 1), ("Chart", 0, 0), ("2", 5, 3), ("Lists é", 1, 4)]
    assert read == Taken("2", [SheetSize(*size) for size in sizes], [2])
    assert lines == CODES


@pytest.mark.parametrize(
    ("sheet", "titles", "name", "lines"),
    [
        (None, NO_TITLES, "Cover", COVER),
        (None, TITLES, "2", CODES),
        (None, frozenset({"value"}), "Cover", COVER),
        ("Cover", TITLES, "Cover", COVER),
        (" cover ", TITLES, "Cover", COVER),
        ("2", NO_TITLES, "2", CODES),  # a name wins over a number
        ("4", NO_TITLES, "2", CODES),
        ("5", NO_TITLES, "Lists é", ["Code,Voucher Type,Value,Note"]),
        ("lists É", NO_TITLES, "Lists é", ["Code,Voucher Type,Value,Note"]),
        ("Chart", TITLES, "Chart", []),
        ("Empty", TITLES, "Empty", []),
    ],
)
def test_the_sheet_is_the_one_wanted_or_the_best_known(
    sheet: str | None, titles: frozenset[str], name: str, lines: list[str]
) -> None:
    read, written = taken(MANY, sheet, titles)
    assert (read.name, written) == (name, lines)


@pytest.mark.parametrize("sheet", ["0", "6", "", "x\0y", "x" * 100_000])
def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(sheet: str) -> None:
    with pytest.raises(
        InvalidPayloadError, match=r"has no sheet .*1 'Empty', 2 'Cover', 3 'Chart', 4 '2', 5 'Lists é'"
    ):
        taken(MANY, sheet)


def test_the_first_of_sheets_known_alike_is_read() -> None:
    sheets = [["Code"]], [["Code", "Value"]], [["Code", "Value"]], [["Code", "Value", "Voucher Type"]]
    assert taken(workbook(*sheets).getvalue(), None, frozenset({"code", "value"}))[0].name == "Sheet2"
    assert taken(workbook(*sheets, hidden=1).getvalue(), None, frozenset({"code", "value"}))[0].name == "Sheet3"
    assert taken(workbook(*sheets, hidden=3).getvalue(), None, TITLES)[0].name == "Sheet2"
    assert taken(workbook([]).getvalue())[0] == Taken("Sheet1", [SheetSize("Sheet1", 0, 0)], [])


def test_headers_are_scored_by_known_titles() -> None:
    assert header_score(["Code", " voucher_type ", "", "Note"], TITLES) == 2
    assert header_score([], TITLES) == header_score(["Code"], NO_TITLES) == 0


def far_away(rows: int, column: int) -> bytes:
    """A workbook whose second sheet has one cell far from the others."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("Codes").write_column(0, 0, ["Code", "A"])
        other = book.add_worksheet("Far")
        other.write(0, 0, "Code")
        other.write(rows - 1, column, "far")
    return file.getvalue()


def test_another_sheet_that_is_too_large_is_only_a_number() -> None:
    content = far_away(1_048_576, 16_383)
    read, lines = taken(content, None, TITLES)
    assert read == Taken("Codes", [SheetSize("Codes", 2, 1), SheetSize("Far", 1_048_576, 16_384)], [])
    assert lines == ["Code", "A"]
    with pytest.raises(InvalidPayloadError, match="far from the others"):
        taken(content, "Far")


def test_a_million_blank_rows_are_records_only_above_others() -> None:
    read, lines = taken(far_away(1_048_576, 0), "Far")
    assert read.sheets[1] == SheetSize("Far", 1_048_576, 1)
    assert lines == ["Code", *[""] * 1_048_574, "far"]


def test_what_is_no_workbook_of_this_kind_is_refused() -> None:
    binary = io.BytesIO()
    with zipfile.ZipFile(binary, "w") as archive:
        archive.writestr("xl/workbook.bin", b"x")
    with pytest.raises(InvalidPayloadError, match=r"save it as \.xlsx"):
        taken(binary.getvalue())
