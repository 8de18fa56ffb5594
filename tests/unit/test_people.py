"""Rows about a person: which they are, and batches without them, of every format."""

import json
from typing import Any

import orjson
import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.batch import Batch, Source
from tallykeep.engine.erasing.report_lines import ReportLines
from tallykeep.engine.erasing.values_in_reasons import reason_without_values
from tallykeep.formats.csv.writer import csv_lines
from tallykeep.formats.people.person import Person, texts_in
from tallykeep.formats.people.rows import rows_about, values_of, without_rows
from tallykeep.formats.row_reader import raw_rows, read_rows

ANN = Person(keys=frozenset({"C-7"}), traces=frozenset({"ann@example.com", "cust_00ab"}))
CSV = Source("csv", header=["Source_id", "Email", "Note"])
CUSTOMERS = ACTION_TYPES["CUSTOMERS.IMPORT_CSV"].people
ORDERS = ACTION_TYPES["ORDERS.IMPORT"].people


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com", "Ann <ANN@Example.com>", "mailto:ann@example.com", "(ann@example.com)", "ann@example.com.",
        '"ann@example.com"', "ann@example.com, joe@example.com", "/v1/customers/cust_00ab", "is =ann@example.com",
    ],
)  # fmt: skip
def test_a_trace_counts_wherever_it_stands(text: str) -> None:
    assert ANN.is_in(text)
    assert "ann@example.com" not in ANN.without(text).lower()
    assert "erased" in ANN.without(text)


@pytest.mark.parametrize(
    "text",
    [
        "mary.ann@example.com", "ann@example.com.au", "joann@example.com", "ann@example.common", "ann+x@example.com",
        "éann@example.com", "cust_00abc", "xcust_00ab", "C-7", "", "ann@example.org",
    ],
)  # fmt: skip
def test_a_part_of_a_longer_address_is_somebody_else(text: str) -> None:
    assert not ANN.is_in(text)
    assert ANN.without(text) == text


@pytest.mark.parametrize("written", ["ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ａnn@example.com", "ⓐnn＠example.com"])
def test_rows_are_found_whose_letters_stand_for_others(written: str) -> None:
    lines = ["C-1,joe@example.com,é", f"C-2,,{written}", "C-3,ｊｏａｎｎ@example.com,", f'C-4,"{written}",']
    batch = _batch(*(f"{line}\n" for line in lines), first_row=1)
    assert rows_about(ANN, batch, CSV, CUSTOMERS) == [2, 4]
    rows = [{"note": "é"}, {"note": f"is {written}"}, {"note": [written]}]
    lines = [*(orjson.dumps(row).decode() for row in rows), json.dumps({"note": written})]
    assert rows_about(ANN, Batch(1, 4, ",\n".join(lines).encode()), Source("json"), None) == [2, 3, 4]


def test_json_is_kept_but_for_texts_with_a_trace() -> None:
    value = {"a": ["ann@example.com", 1, None], "to ann@example.com": {"b": "joe@example.com"}, "key": "C-7"}
    assert ANN.without_in(value) == {"a": ["erased", 1, None], "erased": {"b": "joe@example.com"}, "key": "C-7"}
    assert set(texts_in(value)) == {
        "ann@example.com", "a", "to ann@example.com", "b", "joe@example.com", "key", "C-7"
    }  # fmt: skip
    assert set(texts_in(value, names=False)) == {"ann@example.com", "joe@example.com", "C-7"}


def test_a_person_is_stored_and_joined() -> None:
    assert Person.from_json(ANN.to_json()) == ANN
    assert Person.from_json({}) == Person()
    joined = ANN.joined([Person(keys=frozenset({"8"}))])
    assert (joined.keys, joined.traces) == ({"C-7", "8"}, ANN.traces)
    assert joined.shares(ANN)
    assert not ANN.shares(Person(keys=frozenset({"ann@example.com"})))


def _batch(*rows: str, first_row: int = 11, **more: Any) -> Batch:
    return Batch(first_row, len(rows), "".join(rows).encode(), **more)


def test_rows_of_a_file_are_erased_and_all_others_stay_by_the_byte() -> None:
    rows = (
        "C-1,joe@example.com,x\n", "C-7,,y\r\n", 'C-2,,"with, ""quotes""\nand ANN@EXAMPLE.com"\n', "C-70,,C-7\n",
        " C-7 ,,\n", "C-3,,last",
    )  # fmt: skip
    batch = _batch(*rows, lines=[11, 12])
    assert rows_about(ANN, batch, CSV, CUSTOMERS) == [12, 13, 15]
    erased = without_rows(batch, CSV, [12, 13, 15])
    kept = [raw.decode() for raw in raw_rows(erased, CSV)]
    assert [kept[at] for at in (0, 3, 5)] == [rows[at] for at in (0, 3, 5)]
    assert {kept[at] for at in (1, 2, 4)} == {",,,erased\n"}
    assert (erased.first_row, erased.row_count, erased.lines) == (11, 6, [11, 12])
    assert rows_about(ANN, erased, CSV, CUSTOMERS) == []
    assert without_rows(erased, CSV, []).body == erased.body


def test_a_key_counts_only_where_a_row_names_a_customer() -> None:
    batch = _batch("C-7,,\n", "C-1,,C-7\n")
    assert rows_about(ANN, batch, CSV, CUSTOMERS) == [11]
    assert rows_about(ANN, batch, CSV, None) == []
    titled = Source("csv", header=["Note", "SOURCE ID"], kept=[2, 0], width=3)
    assert rows_about(ANN, _batch("C-7,x,n\n", "C-1,x,C-7\n"), titled, CUSTOMERS) == [11]


def test_lines_that_cannot_be_read_are_erased_and_others_stay_broken() -> None:
    rows = ('C-1,"open\n', "C-2,,x\n", 'C-3,"ann@example.com\n', 'C-4,"open\n')
    starts = [0, len(rows[0] + rows[1]), len(rows[0] + rows[1] + rows[2])]
    batch = _batch(*rows, broken=starts)
    assert rows_about(ANN, batch, CSV, CUSTOMERS) == [13]
    erased = without_rows(batch, CSV, [13])
    assert [row.problem is None for row in read_rows(erased, CSV)] == [False, True, True, False]
    assert values_of(batch, CSV, [13]) == {13: 'C-3,"ann@example.com'}


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_rows_of_json_are_erased_be_they_escaped_or_not(form: str) -> None:
    rows = [
        b'{"source_id": "C-1"}', b'{"source_id": "C-7"}', b'{"source_id": "x", "email": "ann\\u0040example.com"}',
        b'{"metadata": {"C-7": "C-7"}}', b'{"note": "\\nann@example.com"}', b'{"cust_00ab": 1}', b'"C-7', b"17",
    ]  # fmt: skip
    separator = b",\n" if form == "json" else b"\n"
    if form == "json":
        rows.remove(b'"C-7')
    source, batch = Source(form), Batch(1, len(rows), separator.join(rows))
    unread = [7] if form == "ndjson" else []
    assert rows_about(ANN, batch, source, CUSTOMERS) == [2, 3, 5, 6, *unread]
    erased = without_rows(batch, source, [2, 3, 5, 6])
    assert raw_rows(erased, source) == [b'["erased"]' if at in (1, 2, 4, 5) else row for at, row in enumerate(rows)]
    assert len(read_rows(erased, source)) == len(rows)


def test_orders_name_customers_and_referrers() -> None:
    rows: list[dict[str, Any]] = [
        {"customer": {"source_id": "C-7"}}, {"referrer": {"source_id": " C-7"}}, {"customer_id": "C-7"},
        {"customer": {"email": "ann@example.com"}}, {"source_id": "C-7", "items": [{"product": {"source_id": "C-7"}}]},
        {"customer": {"source_id": "C-8"}},
    ]  # fmt: skip
    batch = Batch(1, len(rows), b",\n".join(map(orjson.dumps, rows)))
    assert rows_about(ANN, batch, Source("json"), ORDERS) == [1, 2, 3, 4]


def test_keys_by_themselves_name_customers() -> None:
    source = Source("json", parameters={"by": "source_ids", "metadata": {}})
    batch = Batch(1, 3, b'"C-7",\n"C-70",\n"cust_00ab"')
    assert rows_about(ANN, batch, source, ACTION_TYPES["CUSTOMERS.METADATA_UPDATE"].people) == [1, 3]


def test_a_batch_that_nobody_can_split_is_erased_as_a_whole() -> None:
    batch = Batch(1, 5, b'{"email": "ann@example.com"}')
    assert rows_about(ANN, batch, Source("json"), CUSTOMERS) == [1, 2, 3, 4, 5]
    assert without_rows(batch, Source("json"), [1, 2, 3, 4, 5]).body == b",\n".join([b'["erased"]'] * 5)
    assert rows_about(ANN, Batch(1, 5, b'{"email": "joe@example.com"}'), Source("json"), CUSTOMERS) == []


def test_contents_are_shown_by_title() -> None:
    batch = _batch("C-7,a@b,n\n", "C-7,a@b,n,more\n")
    assert values_of(batch, CSV, [11, 12]) == {
        11: {"Source_id": "C-7", "Email": "a@b", "Note": "n"},
        12: {"Source_id": "C-7", "Email": "a@b", "Note": "n", "": ["more"]},
    }
    assert values_of(Batch(1, 1, b'{"a": [1]}'), Source("json"), [1]) == {1: {"a": [1]}}


def test_reasons_lose_what_the_row_held() -> None:
    row = {"email": "ann at example", "name": "Ann Smith", "phone": 123456}
    for reason, left in (
        ("email: must be an email address (actual value is 'ann at example')", "email: must be an email address"),
        ("email: must be an email address (actual value is 'ann", "email: must be an email address"),
        ("a: x (actual value is 'y'), b: z (actual value is 'q')", "a: x, b: z"),
        ("there is an Ann Smith already", "there is an erased already"),
        ("Ann Smithson is there", "Ann Smithson is there"),
        ("Cannot find customer with id C-7", "Cannot find customer with id erased"),
        ("written to ann@example.com.", "written to erased."),
        ("name: must be a string", "name: must be a string"),
    ):
        assert reason_without_values(reason, row, ANN) == left


def test_lines_of_reports_lose_their_key() -> None:
    body = "C-1,true,true\nC-7,false,false,no such thing as C-7 (actual value is 'x')\nC-70,true,true\n"
    assert ReportLines(body, of_customers=True).without(ANN) == (
        "C-1,true,true\nerased,false,false,no such thing as erased\nC-70,true,true\n"
    )
    assert ReportLines(body, of_customers=False).without(ANN) is None
    assert ReportLines("C-1,true,true\n", of_customers=True).without(ANN) is None
    assert ReportLines("ann@example.com,true,true\n", of_customers=False).without(ANN) == "erased,true,true\n"


def test_lines_of_reports_without_a_key_lose_the_one_that_they_show() -> None:
    said = "source_id: must be a string (actual value is '{}')"
    for shown, is_about in (
        ("C-7", True),
        ('["C-7"]', True),
        ("C-7<U+200B>", True),
        ("C-70", False),
        ("x') C-7", False),
    ):
        body = csv_lines([["", "false", "false", said.format(shown)]])
        left = ReportLines(body, of_customers=True).without(ANN)
        assert left == ("erased,false,false,source_id: must be a string\n" if is_about else None)
    other = csv_lines([["", "false", "false", "zip: must be a number (actual value is 'C-7')"]])
    assert ReportLines(other, of_customers=True).without(ANN) is None


def test_markers_are_rows_that_no_action_type_takes() -> None:
    """A file's marker is a cell too wide, one of JSON no object and no key."""
    ((cells,),) = [[row.value for row in read_rows(_batch(",,,erased\n"), CSV)]]
    assert len(cells) == len(CSV.header) + 1
    somebody = Person(keys=frozenset({"erased"}))
    assert rows_about(somebody, Batch(1, 2, b'["erased"],\n"erased"'), Source("json"), CUSTOMERS) == [2]
