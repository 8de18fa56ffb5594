"""The header of a file: found below titles and blank rows, or named; never a row of data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.batch import Source
from tallykeep.core.errors import InvalidPayloadError
from tallykeep.core.rows import Row
from tallykeep.formats.csv.header import LARGEST_HEADER, HeaderHints, find_header
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.csv.titles import normal_title
from tests.unit.test_split import rows_in, split

TITLES = frozenset(map(normal_title, ("Code", "Voucher Type", "Discount Type", "Value", "Expiration Date")))


def splitter(**hints: object) -> CsvSplitter:
    wanted = HeaderHints(**{"titles": TITLES, **hints})
    return CsvSplitter(batch_rows=100, batch_bytes=1 << 20, max_row_bytes=1 << 20, hints=wanted)


def read(data: str | bytes, **hints: object) -> tuple[Source, list[Row], list[int | None]]:
    made = splitter(**hints)
    batches = split(made, [data.encode() if isinstance(data, str) else data])
    lines = [batch.line_of(batch.first_row + at) for batch in batches for at in range(batch.row_count)]
    return made.source, rows_in(made, batches), lines


@pytest.mark.parametrize(
    ("data", "row", "skipped", "delimiter"),
    [
        ("Code,Value\nA,1\n", 1, 0, ","),
        ("\n\nCode,Value\nA,1\n", 3, 0, ","),
        (",,\n ; ;\nCode;Value\nA;1\n", 3, 0, ";"),
        ("Vouchers of spring\n\nCode;Value\nA;1\n", 3, 1, ";"),
        ("Vouchers, coupons, and gift cards\nof spring, 2026\nCode;Voucher Type;Value\nA;1;1\n", 3, 2, ";"),
        ('"A title\nof two lines"\nCode\tValue\tNote\nA\t1\tx\n', 3, 1, "\t"),
        ("Made on;1.11.2026\nCode;Value;Note\nA;1;x\n", 2, 1, ";"),
        ("Spring\nCode;Region\nA;North\n", 2, 1, ";"),
        ("sep=;\r\nCode;Value\r\nA;1\r\n", 2, 0, ";"),
        ('"sep=|"\nCode|Value, net\nA|1\n', 2, 0, "|"),
        ("SEP=,\nCode,Value;x\nA,1\n", 2, 0, ","),
        ("sep=;\n\nSpring\nCode;Value\nA;1\n", 4, 1, ";"),
    ],
)
def test_the_header_is_found(data: str, row: int, skipped: int, delimiter: str) -> None:
    source, rows, lines = read(data)
    assert (source.header_row, source.skipped_rows, source.delimiter) == (row, skipped, delimiter)
    assert source.header[0] == "Code"
    assert [row.value[0] for row in rows] == ["A"]
    assert lines == [row + 1]


@pytest.mark.parametrize(
    "data",
    [
        "Gutschein;Art;Wert\nCode;Voucher Type;Value\n",  # a row of data may hold our words
        "Gutschein;Art\nCode;Value\n",
        "Name\nCode\n",
        "Gutschein;Art\n\nA;1\nCode;1\n",
    ],
)
def test_a_row_of_data_is_never_taken_for_the_header(data: str) -> None:
    assert read(data)[0].header_row == 1


@given(
    width=st.integers(1, 6),
    rows=st.lists(st.lists(st.sampled_from(["", "Code", "Value", "Voucher Type", "x"]), max_size=6), max_size=20),
)
def test_below_a_full_header_nothing_is_taken_for_one(width: int, rows: list[list[str]]) -> None:
    header = [f"Spalte {column}" for column in range(width)]
    assert find_header([header, *(row[:width] for row in rows)], TITLES) == 0


@pytest.mark.parametrize(
    ("data", "rows", "options"),
    [
        ("Code,Value\nA,1\n\nCode,Voucher Type,Value\nB,GIFT_VOUCHER,2\n", "row 1 and in row 4", {}),
        ("Spring\n\nCode;Value\nA;1\nCode;Voucher Type;Value\nB;1;2\n", "row 3 and in row 5", {}),
        ('Code,Value\n"A\nB",1\nCode,Voucher Type,Value\n', "row 1 and in row 3", {"by_record": True}),
    ],
)
def test_of_two_tables_none_is_skipped_silently(data: str, rows: str, options: dict[str, object]) -> None:
    with pytest.raises(InvalidPayloadError, match=f"titles in {rows}; say with header_row"):
        read(data, **options)
    assert len(read(data, header_row=1 if "row 1" in rows else 3, **options)[1]) >= 2


def test_titles_of_groups_of_columns_are_no_table() -> None:
    assert read("Code,,Value,\nCode,Note,Voucher Type,Value\nA,x,1,1\n")[0].header_row == 2


@pytest.mark.parametrize("row", [1, 3, 5])
def test_a_header_that_was_named_is_taken(row: int) -> None:
    data = "Code;Value\nA;1\nName;Note\n\nfirst;second\nB;2\n"
    source, rows, lines = read(data, header_row=row)
    assert source.header == data.split("\n")[row - 1].split(";")
    assert source.header_row == row
    assert rows[-1].value == ["B", "2"]
    assert lines[-1] == 6


@pytest.mark.parametrize(("row", "words"), [(2, "no titles in that row"), (9, "ends before it"), (1, "no titles")])
def test_a_header_that_was_named_wrongly_is_refused(row: int, words: str) -> None:
    with pytest.raises(InvalidPayloadError, match=words):
        read("sep=;\n\nCode;Value\nA;1\n", header_row=row)


def test_rows_of_a_sheet_are_counted_as_records() -> None:
    data = '"A title\nof two lines"\n\nCode,Value\n\n"A\nB",1\nC,2\n'
    source, rows, lines = read(data, delimiter=",", by_record=True)
    assert (source.header_row, source.skipped_rows) == (3, 1)
    assert [row.value[0] for row in rows] == ["A\nB", "C"]
    assert lines == [5, 6]
    assert read(data, delimiter=",", by_record=True, header_row=3)[0].header == ["Code", "Value"]


def test_columns_of_the_same_title_are_told_apart() -> None:
    source, _, _ = read("Code,Note,note,Note (2),NOTE,,\nA,1,2,3,4,5,6\n")
    assert source.header == ["Code", "Note", "note (3)", "Note (2)", "NOTE (4)", "", ""]
    assert source.repeated == [2, 4]


@pytest.mark.parametrize(
    "title",
    ["voucher type", "VOUCHER_TYPE", "voucher-type", "Voucher\N{NO-BREAK SPACE}Type", "Voucher\nType", "Voucher  Type",
     "Voucher\N{EN DASH}Type", "\N{ZERO WIDTH SPACE}Voucher Type\N{ZERO WIDTH NO-BREAK SPACE}", "Voucher\tType",
     "\N{FULLWIDTH LATIN CAPITAL LETTER V}oucher Type", "Voucher\N{SOFT HYPHEN} Type", " Voucher \r\n Type "],
)  # fmt: skip
def test_titles_are_compared_by_their_words(title: str) -> None:
    assert normal_title(title) == normal_title("Voucher Type")


def test_composed_and_decomposed_titles_are_the_same() -> None:
    assert normal_title("Gültig ab") == normal_title("Gu\N{COMBINING DIAERESIS}ltig ab")


def test_titles_are_kept_as_they_are_seen() -> None:
    words = (
        "\ufeffCode",
        "\u200bNo\u00adte\u200b",
        "\u200b",
        "Gro\u0308\u00dfe",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    )
    assert read(",".join(("x", *words)) + "\nA,1,2,3,4,5\n")[0].header == [
        "x", "Code", "Note", "", "Gr\u00f6\u00dfe", words[-1],
    ]  # fmt: skip


def test_an_error_in_the_header_is_told_by_its_column() -> None:
    with pytest.raises(InvalidPayloadError, match="column 2 is #N/A"):
        read("Code,\0error:#N/A\nA,1\n", delimiter=",", by_record=True)


@pytest.mark.parametrize("chunk", [100, 1 << 20])
@pytest.mark.parametrize("blank", [b"\n", b";;\n", b" , ,\r\n"])
def test_blank_lines_without_end_are_not_kept_until_a_header_comes(blank: bytes, chunk: int) -> None:
    made = CsvSplitter(batch_rows=100, batch_bytes=1 << 20, max_row_bytes=3_000)
    data = blank * 70_000 + b"Code\nA\n"
    with pytest.raises(InvalidPayloadError, match="no header in the first 3000 bytes"):
        split(made, [data[start : start + chunk] for start in range(0, len(data), chunk)])
    assert read(blank * 900 + b"Code\nA\n")[0].header == ["Code"]


def test_a_title_of_marks_is_read_in_linear_time_and_not_without_end() -> None:
    """Composed, it takes a minute for half a million of these."""
    for pairs, refusal in ((499, None), (60_000, "has 120001 characters"), (500_000, "has 2000007 bytes")):
        marks = "a" + "\u0316\u0301" * pairs
        made = CsvSplitter(batch_rows=1, batch_bytes=1 << 20, max_row_bytes=1 << 23)
        file = f"Code,{marks}\nA,1\n".encode()
        if refusal is None:
            split(made, [file])
            assert made.source.header == ["Code", marks]
        else:
            with pytest.raises(InvalidPayloadError, match=refusal):
                split(made, [file])


@pytest.mark.parametrize(
    ("title", "refusal"),
    [("x" * 1_001, "column 2 has 1001 characters"), ("x" * LARGEST_HEADER, f"at most {LARGEST_HEADER} are")],
)
def test_what_is_too_long_for_a_header_is_refused(title: str, refusal: str) -> None:
    made = CsvSplitter(batch_rows=1, batch_bytes=1 << 20, max_row_bytes=1 << 23)
    with pytest.raises(InvalidPayloadError, match=refusal):
        split(made, [f"Code,{title}\nA,1\n".encode()])
