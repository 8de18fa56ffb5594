"""Cells filled with defaults and other texts, when rows are read to be applied."""

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import InvalidQueryError
from tallykeep.core.options.submission_options import OPTIONS
from tallykeep.core.rows import Table
from tallykeep.engine.file_rules.cell_rules import choose_cell_rules, filled_header, read_filled
from tallykeep.engine.file_rules.column_mapping import choose_columns
from tallykeep.formats.row_reader import read_rows

VOUCHERS = ACTION_TYPES["VOUCHERS.IMPORT_CSV"]
CUSTOMERS = ACTION_TYPES["CUSTOMERS.IMPORT_CSV"]


def filled(header: list[str], body: str, defaults: dict[str, str], values: dict[str, dict[str, str]]) -> list[Any]:
    source = choose_cell_rules(Source("csv", header), defaults, values, VOUCHERS)
    rows = read_filled(Batch(1, len(body.splitlines()), body.encode()), source, VOUCHERS)
    return [filled_header(source), *(row.problem or row.value for row in rows)]


def test_empty_cells_and_missing_columns_get_the_default() -> None:
    rows = filled(["Code", "Value"], "a,1\nb, \n", {"Value": "5", "discount_type": "PERCENT"}, {})
    assert rows == [["Code", "Value", "Discount Type"], ["a", "1", "PERCENT"], ["b", "5", "PERCENT"]]


def test_texts_are_compared_without_their_case_and_replaced_before_defaults() -> None:
    values = {"voucher type": {" gutSchein": "GIFT_VOUCHER", "-": ""}}
    rows = filled(["Code", "Voucher Type"], "a,Gutschein \nb,-\nc,x\n", {"Voucher Type": "LOYALTY_CARD"}, values)
    assert rows[1:] == [["a", "GIFT_VOUCHER"], ["b", "LOYALTY_CARD"], ["c", "x"]]


@pytest.mark.parametrize("text", ["plain", "a,b", 'a "quoted" one', ";|"])
def test_any_text_can_be_a_default(text: str) -> None:
    rows = filled(["Code"], "a\nb\n", {"Category": text}, {})
    assert rows[1:] == [["a", text], ["b", text]]


def test_rows_of_another_width_are_filled_or_refused_by_the_width_of_the_file() -> None:
    rows = filled(["Code", "Value"], 'a\nb,1,,\nc,1,x\n"d,d",2\n', {"Category": "C"}, {})
    assert rows[1:] == [
        ["a", "", "C"],
        ["b", "1", "C"],
        "the row has 3 cells, but the header has 2",
        ["d,d", "2", "C"],
    ]


def test_without_these_wishes_a_file_is_read_as_it_is() -> None:
    batch = Batch(1, 2, b"a,1\nb,2\n")
    source = choose_cell_rules(Source("csv", ["Code", "Value"]), {}, {}, VOUCHERS)
    assert isinstance(read_filled(batch, source, VOUCHERS), Table)
    with_rules = choose_cell_rules(source, {"Category": "C"}, {"Value": {"1": "2"}}, VOUCHERS)
    assert isinstance(read_filled(batch, with_rules, VOUCHERS), Table)  # the quick way is theirs too
    assert [row.value for row in read_rows(batch, with_rules)] == [["a", "1"], ["b", "2"]]


CELLS = st.text(alphabet='ab ,;"xÄ', max_size=5)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8), CELLS.filter(str.strip))
def test_the_quick_way_and_the_other_fill_alike(rows: list[list[str]], default: str) -> None:
    rows = [["k", *cells] for cells in rows]
    body = io.StringIO()
    csv.writer(body, lineterminator="\n").writerows(rows)
    header = ["Code", "Value", "Skipped", "Category"]
    source = choose_columns(Source("csv", header), {"Skipped": None}, ())
    with_rules = choose_cell_rules(
        source, {"Category": default, "Active": default}, {"Value": {"A": default}}, VOUCHERS
    )
    got = [row.value for row in read_filled(Batch(1, len(rows), body.getvalue().encode()), with_rules, VOUCHERS)]
    assert got == [
        [code, default if value.strip() in ("a", "A") else value, category if category.strip() else default, default]
        for code, value, _, category in rows
    ]


def test_a_title_of_the_same_meaning_is_the_one_that_the_file_has() -> None:
    source = choose_cell_rules(Source("csv", ["Source_id", "Birthday"]), {"Birthdate": "2000-01-01"}, {}, CUSTOMERS)
    assert (filled_header(source), source.defaults) == (["Source_id", "Birthday"], {"Birthday": "2000-01-01"})


@pytest.mark.parametrize(
    ("defaults", "values", "words"),
    [
        ({"Discount Typ": "x"}, {}, "names the column 'Discount Typ', which is not known; perhaps 'Discount Type'"),
        ({}, {"Qqqq": {}}, ".values names the column 'Qqqq', which is not known; known are Code, Voucher Type,"),
        ({"Value": "1", "value": "2"}, {}, ".defaults names the column 'Value' twice"),
        ({"Code": "A"}, {}, ".defaults cannot give 'Code': it tells the rows apart"),
    ],
)  # fmt: skip
def test_wishes_that_do_not_fit_are_refused(
    defaults: dict[str, str], values: dict[str, dict[str, str]], words: str
) -> None:
    with pytest.raises(InvalidQueryError, match=re.escape(words)):
        choose_cell_rules(Source("csv", ["Code", "Value"]), defaults, values, VOUCHERS)


def test_rows_without_columns_cannot_be_filled() -> None:
    with pytest.raises(InvalidQueryError, match="have none"):
        choose_cell_rules(Source("json"), {"Value": "1"}, {}, VOUCHERS)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("defaults", "{", ".defaults is not JSON"),
        ("defaults", "[]", ".defaults should be a JSON object"),
        (
            "defaults",
            '{"Value": 5}',
            ".defaults should be a JSON object: field to text, of one line; 'Value' is not",
        ),
        ("defaults", '{"Value": "a\\nb"}', "of one line"),
        ("values", '{"Value": "5"}', ".values should be a JSON object: field to an object of texts; 'Value' is not"),
        ("values", '{"Value": {"a": null}}', "'Value' is not"),
        ("values", '{"Value": {"a\\u0000": "1"}}', ".values holds the character U+0000"),
        ("mapping", '{"Va\\u0000lue": null}', ".mapping holds the character U+0000"),
        ("sheet", "\0", ".sheet holds the character U+0000"),
        ("values", '{"Value": {"a": "1", "A ": "2"}}', ".values gives a text of 'Value' twice"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(name: str, text: str, words: str) -> None:
    with pytest.raises(InvalidQueryError, match=re.escape(words)):
        OPTIONS[name].read(text)


@pytest.mark.parametrize(
    ("value", "expected"), [("15 %", ""), ("€5", ""), ("5 EUR", ""), ("-5", "AMOUNT"), ("7.50", "AMOUNT")]
)
@pytest.mark.parametrize("header", [["Code", "Value"], ["Code", "Value", "Discount Type"]])
def test_a_default_discount_type_yields_to_the_sign_of_a_value(header: list[str], value: str, expected: str) -> None:
    line = f"a,{value}" if len(header) == 2 else f"a,{value},"
    assert filled(header, f"{line}\n", {"Discount Type": "AMOUNT"}, {})[1:] == [["a", value, expected]]
    quoted = f'"a",{value}' if len(header) == 2 else f'"a",{value},'  # read row by row
    assert filled(header, f"{quoted}\n", {"Discount Type": "AMOUNT"}, {})[1:] == [["a", value, expected]]


def test_a_discount_type_that_a_row_has_does_not_yield() -> None:
    rows = filled(["Code", "Value", "Discount Type"], "a,15 %,AMOUNT\n", {"Discount Type": "PERCENT"}, {})
    assert rows[1:] == [["a", "15 %", "AMOUNT"]]
