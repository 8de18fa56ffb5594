"""Columns made ready at once, and rows read one by one: the same vouchers and the same failures, whatever the file."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tallykeep.core.batch import Source
from tallykeep.core.rows import Failure
from tallykeep.resources.campaigns.import_rows import CampaignVouchers
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields.numerals import Marks
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.draft import COLUMNS, VoucherDraft
from tallykeep.resources.vouchers.importing.csv_rows import CsvVouchers
from tests.sizes import examples
from tests.unit.csv_files import BLOCKS, DATES, NUMBERS, SCHEMAS, TEXTS, blocks_of, read_file, rows_of, stored_value

_JSON = {"discount", "gift", "loyalty_card", "extras", "metadata"}
_POOLS: dict[str, list[str]] = {
    "Code": ["CODE", "null", "a b", "back\\slash", "\u200bX", "tab\t", "Ä-1", "x" * 300, "x" * 2_000],
    "Voucher Type": ["DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD", "gift card", "Discount", "FOO", "null"],
    "Discount Type": ["AMOUNT", "PERCENT", "FIXED", "UNIT", "SHIPPING", "%", "FOO", "null"],
    "Discount Effect": ["APPLY_TO_ORDER", "apply to items", "ADD_NEW_ITEMS", "FOO", "null"],
    "Value": [*NUMBERS, "null"],
    "Active": ["true", "FALSE", "yes", "ja", "maybe", "null"],
    "Category": ["New", "renamed", "\u200bnew", "null"],
    "Validation Rule ID": ["val_1", *TEXTS],
    "Start Date": [*DATES, "null"],
    "Expiration Date": [*DATES, "null"],
    "Redemption Limit": [*NUMBERS, "null"],
    "Redeemed Quantity": [*NUMBERS],
    "Redeemed Amount": [*NUMBERS],
    "Additional Info": TEXTS,
    "Loyalty Points": [*NUMBERS, "null"],
    "Gift Amount": [*NUMBERS, "null"],
    "Region": TEXTS,
    "Size": [*NUMBERS, "null", "EUR"],
    "Opened": [*DATES, "null"],
    "Tags": ["a,b", '["a","b"]', '["a', "null", "x"],
    "Link": ["https://a.example", "http://", "shop/1.png", "null", "https://a.example/far-too-long"],
    "Place": ["1,2", "91,2", "-1.5, 180", "1;2", '{"lat":1}', "null"],
    "Checked": ["true", "no", "1", "perhaps", "null"],
    "Sizes": ["1,2", "[1,8]", "6.5", "[", "x,1", "null"],
    "Shape": ['{"a":1}', '{"b":1}', '{"a":"x","b":2}', "{", '{"a":' * 40 + "1" + "}" * 40, "null"],
    "": ["", "x"],
}
_CAMPAIGNS: list[dict[str, Any]] = [
    {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}, "metadata": {"Region": "north"}},
    {"type": "GIFT_VOUCHER", "gift": {"amount": 500, "effect": "APPLY_TO_ORDER"}, "redemption": {"quantity": 3}},
    {"type": "LOYALTY_CARD", "loyalty_card": {"points": 7}, "category": "Old", "additional_info": "say \\ hi"},
]  # fmt: skip
_CATEGORIES = CategoryLabels(by_name={"renamed": "label_1"})


@st.composite
def files(draw: st.DrawFn, pools: Mapping[str, list[str]] = _POOLS) -> tuple[list[str], list[list[str]]]:
    """Files of some columns, of which each is mostly of one sort of cell: ordinary, repeated, blank or irregular.

    In some of them every cell of any row may be wrong, in others all rows are, or lack cells, or have too many.
    """
    titles = draw(st.lists(st.sampled_from(sorted(pools.keys() - {"Code"})), unique=True, max_size=10))
    header = [*titles, "Code"] if draw(st.booleans()) else ["Code", *titles]
    if draw(st.integers(0, 9)) == 0:
        header = titles or ["Value"]
    rows = rows_of(draw, header, pools)
    return header, [draw(_misfits(cells)) for cells in rows] if draw(st.integers(0, 4)) == 0 else rows


def _misfits(cells: list[str]) -> st.SearchStrategy[list[str]]:
    """The row as it is, without some of its last cells, or with further ones."""
    return st.sampled_from([cells, cells, cells[:-1] or cells, cells[: len(cells) // 2] or cells, [*cells, " "],
                            [*cells, "x"]])  # fmt: skip


def _outcome(drafts: Sequence[VoucherDraft], failures: Sequence[Failure]) -> tuple[list[Any], list[Any]]:
    shown = [(draft.row, draft.code, draft.type, _values(draft), sorted(draft.cleared)) for draft in drafts]
    return sorted(shown, key=repr), sorted((failure.row, failure.key, failure.reason) for failure in failures)


def _values(draft: VoucherDraft) -> dict[str, str]:
    return {name: stored_value(name, text, _JSON) for name, text in zip(COLUMNS, draft.fields, strict=True)}


@settings(max_examples=examples(400), deadline=None)
@given(files(), st.sampled_from(SCHEMAS), st.booleans(), st.sampled_from([{}, {"Value": ",", "Size": ","}]), BLOCKS)
@example((["Code", "Voucher Type", "Value"], [["A", "GIFT_VOUCHER", "1,50"]]), SCHEMAS[0], False, {}, 8_000)
def test_a_file_of_vouchers(
    file: tuple[list[str], list[list[str]]], checker: MetadataChecker, last_day_counts: bool, marks: Marks, block: int
) -> None:
    header, rows = file

    def cleaner() -> CsvVouchers:
        return CsvVouchers(header, checker, _CATEGORIES, marks=marks, last_day_counts=last_day_counts)

    with blocks_of(block):
        quick = cleaner().clean(read_file(header, rows))
    careful = cleaner().clean_each(list(read_file(header, rows)))
    assert _outcome(*quick) == _outcome(*careful)
    assert [failure.row for failure in quick[1]] == sorted(failure.row for failure in quick[1])


@settings(max_examples=examples(400), deadline=None)
@given(files(), st.sampled_from(SCHEMAS), st.booleans(), st.sampled_from(_CAMPAIGNS), BLOCKS)
def test_a_file_of_a_campaigns_vouchers(
    file: tuple[list[str], list[list[str]]],
    checker: MetadataChecker,
    last_day_counts: bool,
    voucher: dict[str, Any],
    block: int,
) -> None:
    header, rows = file
    source = Source("csv", header=header, delimiter=",", last_day_counts=last_day_counts)
    campaign = {
        "id": "camp_1", "active": True, "settings": {}, "voucher": voucher,
        "start_date": datetime(2026, 3, 1, tzinfo=UTC), "expiration_date": None,
    }  # fmt: skip
    quick, careful = (CampaignVouchers(source, campaign, checker, _CATEGORIES) for _ in range(2))
    with blocks_of(block):
        made = quick.clean(read_file(header, rows))
    assert _outcome(*made) == _outcome(*careful.clean_each(list(read_file(header, rows))))


_ORDINARY = {
    "Code": "C", "Voucher Type": "GIFT_VOUCHER", "Value": "1.25", "Category": "New",
    "Start Date": "2026-01-01T00:00:00Z", "Expiration Date": "2027-01-01", "Redemption Limit": "3",
    "Additional Info": "a note", "Validation Rule ID": "val_1", "Region": "north", "Size": "4",
}  # fmt: skip


@pytest.mark.parametrize("title", _ORDINARY)
@pytest.mark.parametrize(
    "checker", [*SCHEMAS[:3], SCHEMAS[4]], ids=["no schema", "a schema", "one with a required key", "a closed one"]
)
def test_any_cell_in_an_ordinary_file(title: str, checker: MetadataChecker) -> None:
    ordinary = _ORDINARY if checker is not SCHEMAS[4] else {**_ORDINARY, "Region": ""}
    header = list(ordinary)
    for cell in {*_POOLS[title], *TEXTS}:
        rows = [list((ordinary | {"Code": f"C{at}"} | ({title: cell} if at == 1 else {})).values()) for at in range(9)]
        quick = CsvVouchers(header, checker, _CATEGORIES).clean(read_file(header, rows))
        careful = CsvVouchers(header, checker, _CATEGORIES).clean_each(list(read_file(header, rows)))
        assert _outcome(*quick) == _outcome(*careful)
        assert len(quick[0]) >= len(rows) - 1


@pytest.mark.parametrize("rows", [1, 2, 700, 3_000])
def test_cells_that_are_irregular_stand_where_they_stood(rows: int) -> None:
    header = ["Code", "Voucher Type", "Value", "Start Date", "Size"]
    irregular = range(0, rows, 17)
    cells = [
        ["GIFT_VOUCHER", f"{at + 1}.25", f"2026-01-01T00:{at // 60 % 60:02}:{at % 60:02}Z", str(at % 900)]
        for at in range(rows)
    ]
    for at in irregular:
        number = NUMBERS[at % len(NUMBERS)]
        cells[at][1:] = [number, DATES[at % len(DATES)], number]
    cells = [[f"C{at}", *row] for at, row in enumerate(cells)]
    for checker in SCHEMAS[:2]:
        quick = CsvVouchers(header, checker, _CATEGORIES).clean(read_file(header, cells))
        careful = CsvVouchers(header, checker, _CATEGORIES).clean_each(list(read_file(header, cells)))
        assert _outcome(*quick) == _outcome(*careful)
        assert len(quick[0]) >= rows - len(irregular) - rows // 4
