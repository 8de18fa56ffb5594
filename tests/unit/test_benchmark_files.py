"""The files of benchmarks are what the table says of them: values of their own, forty columns, failing rows counted."""

import csv

import pytest
from benchmarks.files import documents
from benchmarks.files.people_and_goods import CUSTOMERS, PRODUCTS, SKUS
from benchmarks.files.sheets import Sheet
from benchmarks.files.sorts import DIRTY, FAILING, OWN, SORTS, WIDE, flawed_rows, numbered
from benchmarks.files.vouchers import CAMPAIGN_VOUCHERS, VOUCHERS

from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.vouchers.fields import BY_TITLE

SHEETS = (VOUCHERS, CAMPAIGN_VOUCHERS, CUSTOMERS, PRODUCTS, SKUS)
ROWS = 1_000
# What people's files repeat, too.
FEW = {
    "Voucher Type", "Discount Type", "Active", "Category", "Region", "Checked", "Address_Country", "product_id",
    "currency",
}  # fmt: skip


def _rows(sheet: Sheet, sort: str, rows: int = ROWS) -> list[dict[str, str]]:
    return list(csv.DictReader(sheet.lines(sort, rows)))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_two_rows_of_own_values_share_one(sheet: Sheet) -> None:
    rows = _rows(sheet, OWN)
    repeated = [title for title in rows[0] if len({row[title] for row in rows}) < ROWS]
    assert set(repeated) <= FEW


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_wide_file_has_forty_columns(sheet: Sheet) -> None:
    assert {len(row) for row in csv.reader(sheet.lines(WIDE, 10))} == {40}


def test_twenty_five_columns_of_a_wide_file_of_vouchers_become_metadata() -> None:
    titles = next(csv.reader(VOUCHERS.lines(WIDE, 1)))
    assert len([title for title in titles if title and normal_title(title) not in BY_TITLE]) == 25


@pytest.mark.parametrize("sort", [*SORTS, FAILING])
def test_as_many_rows_are_flawed_as_are_expected_to_fail(sort: str) -> None:
    for rows in (0, 1, 19, 20, 21, ROWS):
        flaws = [flaw for _, flaw in numbered(sort, rows, 20) if flaw is not None]
        assert len(flaws) == flawed_rows(sort, rows)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_dirty_rows_are_those_of_own_values_but_for_twenty_flaws_in_turns(sheet: Sheet) -> None:
    pairs = list(zip(_rows(sheet, OWN), _rows(sheet, DIRTY), strict=True))
    changed = [{title: cell for title, cell in dirty.items() if cell != own[title]} for own, dirty in pairs]
    flaws = [tuple(cells) for cells in changed if cells]
    assert len(flaws) == ROWS // 20
    assert [set(flaw) for flaw in flaws[:20]] == [set(flaw) for flaw in (*sheet.flaws[1:], sheet.flaws[0])]


def test_json_has_as_many_flaws_as_files() -> None:
    assert len(documents.VOUCHER_FLAWS) == len(VOUCHERS.flaws) == 20
