"""Keys are what is seen of them: blanks around them are no part, and nothing hides within."""

import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.rows import Row, Table
from tallykeep.formats.hidden_characters import hidden_in
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.plain_texts import all_plain, is_plain
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.upserts.by_column.fast_csv import file_columns
from tallykeep.resources.upserts.row_readers import csv_reader, ids_reader, json_reader
from tallykeep.resources.vouchers.importing.csv_rows import CsvVouchers
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers
from tallykeep.resources.vouchers.updating.uniform_update import code_of

ANY = MetadataChecker(None)
HIDDEN = [
    chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp")
]
BLANKS = st.text(alphabet=[chr(code) for code in range(0x3001) if chr(code).isspace() and chr(code) not in "\r\n"])
# Quotes, delimiters and line ends are the reader's matter.
VISIBLE = st.text(
    alphabet=st.characters(exclude_categories=("C", "Z", "M"), exclude_characters="\\,\u115f\u1160\u3164\uffa0\u2800"),
    min_size=1,
    max_size=8,
).filter(lambda key: key != "null")


def readings(key: str) -> list[tuple[str | None, str]]:
    """What every way in makes of a key, or why it is refused."""
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    header = ["Code", "Voucher Type", "Value"]
    cells = [key, "GIFT_VOUCHER", "1"]
    ways: list[tuple[str | None, str]] = []
    for drafts, failures in (
        CsvVouchers(header, ANY, CategoryLabels()).clean([Row(1, cells)]),
        JsonVouchers(ANY, CategoryLabels()).clean([Row(1, {"code": key, **gift})]),
    ):
        ways.append((drafts[0].code, "") if drafts else (None, failures[0].reason))
    for change in (
        csv_reader(CUSTOMER, ["Source_id", "Name"], ANY)(Row(1, [key, "A"])),
        json_reader(CUSTOMER)(Row(1, {"source_id": key})),
        ids_reader("source_ids", {})(Row(1, key)),
    ):
        ways.append((change.source_id, "; ".join(change.problems)))
    order = json_reader(ORDER)(Row(1, {"items": [{"product": {"source_id": key}}], "customer": {"source_id": key}}))
    if order.problems:
        ways += [(None, problem) for problem in order.problems]
    else:
        ways.append((order.values["items"][0]["product"]["source_id"], ""))
        ways.append((order.values["customer"]["source_id"], ""))
    try:
        ways.append((code_of(key), ""))
    except Problem as problem:
        ways.append((None, str(problem)))
    return ways


@given(VISIBLE, BLANKS, BLANKS)
def test_blanks_around_keys_are_no_part_of_them(key: str, before: str, behind: str) -> None:
    assert {made for made, _ in readings(before + key + behind)} == {key}


@given(VISIBLE, st.sampled_from(HIDDEN), VISIBLE)
def test_keys_with_something_hidden_are_refused_by_every_way_in(before: str, hidden: str, behind: str) -> None:
    words = {f"U+{ord(hidden):04X}", *(["control characters"] if unicodedata.category(hidden) == "Cc" else [])}
    for made, reason in readings(before + hidden + behind):
        assert made is None
        assert any(word in reason for word in words), reason


def test_all_that_is_hidden_is_known() -> None:
    assert [hex(ord(character)) for character in HIDDEN if hidden_in(character) is None] == []
    assert hidden_in("Rabatt Ö-1 日本 ❤️ ½ e\u0301") is None


@pytest.mark.parametrize("key", ["ZW\u200b-1", "\ufeffZW-2", "\u2060ZW-4", "A\u00adB", "A\u202eB", "A\u3164", "a\x85b"])
def test_the_quick_way_refuses_them(key: str) -> None:
    assert not is_plain(key)
    assert not all_plain(["A", key])
    table = Table([1, 2], [f"{key},A", "B,B"], delimiter=",", width=2, kept=range(2))
    columns = file_columns(CUSTOMER, ["Source_id", "Name"], ANY)
    assert columns is not None
    ready, failures, _, irregular = columns.sort_out(table)
    assert (ready.keys, [failure.row for failure in failures], irregular) == (["B"], [1], [])
    assert failures[0].reason.startswith("Source_id: must not contain")


@pytest.mark.parametrize("raw", [None, "", " ", "\u00a0\t", 5, {}])
def test_no_key_at_all(raw: Any) -> None:
    change = json_reader(CUSTOMER)(Row(1, {"source_id": raw}))
    assert (change.source_id, bool(change.problems)) == (None, raw in (5, {}))
    assert JsonVouchers(ANY, CategoryLabels()).clean([Row(1, {"code": raw})])[1]
    with pytest.raises(Problem):
        code_of(raw)


def test_names_are_joined_as_their_script_demands() -> None:
    for name in ("می\u200cخواهم", "👨\u200d👩\u200d👧", "क्\u200dष"):
        assert cleaning.name_text(f" {name} ") == name
        with pytest.raises(Problem, match="U\\+200"):
            cleaning.key_text(name)
    for name in ("FALL\u200d26", "\u200cA", "Sale\u200b"):
        with pytest.raises(Problem, match="invisible character U\\+200"):
            cleaning.name_text(name)
        with pytest.raises(Problem, match="invisible character U\\+200"):
            CategoryLabels().named(name)
