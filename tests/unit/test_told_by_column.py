"""Rows that fail are told why out of their columns: none of them is read by itself, however many they are."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from benchmarks.files import metadata
from benchmarks.files.people_and_goods import CUSTOMERS, PRODUCTS, SKUS
from benchmarks.files.sheets import Sheet
from benchmarks.files.sorts import DIRTY, FAILING
from benchmarks.files.vouchers import CAMPAIGN_VOUCHERS, VOUCHERS

from tallykeep.core.batch import Batch, Source
from tallykeep.core.rows import Row
from tallykeep.formats.row_reader import read_rows
from tallykeep.resources.campaigns.import_rows import CampaignVouchers
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.metadata.checker import MetadataChecker, MetadataSchema
from tallykeep.resources.metadata.schemas import clean_properties
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.by_column.fast_csv import file_columns
from tallykeep.resources.upserts.spec import UpsertSpec
from tallykeep.resources.vouchers.importing.csv_rows import CsvVouchers

_SCHEMA = MetadataChecker(MetadataSchema(clean_properties(metadata.SCHEMA)))
_CAMPAIGN: dict[str, Any] = {
    "id": "camp_1", "active": True, "settings": {}, "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "expiration_date": None, "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5}},
}  # fmt: skip
_ROWS = 2_000
_SORTS = pytest.mark.parametrize(("sort", "failed"), [(DIRTY, _ROWS // 20), (FAILING, _ROWS)])


def _read(sheet: Sheet, sort: str) -> tuple[list[str], Sequence[Row]]:
    header, *lines = sheet.lines(sort, _ROWS)
    titles = header.strip().split(",")
    return titles, read_rows(Batch(1, _ROWS, "".join(lines).encode()), Source("csv", header=titles, delimiter=","))


def _none(self: Any, rows: Sequence[Row]) -> Any:
    assert not rows
    return [], []


@_SORTS
def test_of_vouchers(sort: str, failed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CsvVouchers, "clean_each", _none)
    header, rows = _read(VOUCHERS, sort)
    drafts, failures = CsvVouchers(header, _SCHEMA, CategoryLabels()).clean(rows)
    assert (len(drafts), len(failures)) == (_ROWS - failed, failed)


@_SORTS
def test_of_a_campaigns_vouchers(sort: str, failed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CampaignVouchers, "clean_each", _none)
    header, rows = _read(CAMPAIGN_VOUCHERS, sort)
    source = Source("csv", header=header, delimiter=",")
    drafts, failures = CampaignVouchers(source, _CAMPAIGN, _SCHEMA, CategoryLabels()).clean(rows)
    assert (len(drafts), len(failures)) == (_ROWS - failed, failed)


@_SORTS
@pytest.mark.parametrize(("sheet", "spec"), [(CUSTOMERS, CUSTOMER), (PRODUCTS, PRODUCT), (SKUS, SKU)])
def test_of_what_is_upserted(sheet: Sheet, spec: UpsertSpec, sort: str, failed: int) -> None:
    """Only of what lacks something nobody can tell before it is known what exists."""
    header, rows = _read(sheet, sort)
    columns = file_columns(spec, header, _SCHEMA)
    assert columns is not None
    ready, failures, if_there, irregular = columns.sort_out(rows)
    explained = [*failures, *(failure for _, failure in if_there)]
    assert len(ready.keys) + len(explained) + len(irregular) == _ROWS
    assert _ROWS - failed <= len(ready.keys) <= _ROWS - failed + failed // 10  # products that are not there
    lacking = [row.value for row in irregular]
    assert all("" in cells for cells in lacking)
    assert len(lacking) < failed / 7


def test_of_rows_of_separators() -> None:
    header = ["Code", "Voucher Type", "Value", "Discount Type"]
    rows = [Row(number, ["", ";"]) for number in range(1, _ROWS + 1)]
    cleaner = CsvVouchers(header, MetadataChecker(None), CategoryLabels())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(CsvVouchers, "clean_each", _none)
        _, failures = cleaner.clean(rows)
    assert {(failure.key, failure.reason) for failure in failures} == {
        ("", "Code is required; Voucher Type: must be one of DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD"
             " (actual value is ';')")
    }  # fmt: skip
    assert [failure.row for failure in failures] == [row.number for row in rows]


def test_one_cell_of_which_its_column_does_not_know_leaves_the_row_to_the_careful_way() -> None:
    too_deep = '{"a":' * 40 + "1" + "}" * 40
    cells = ["A", "GIFT_VOUCHER", "5", "maybe", too_deep]
    checker = MetadataChecker(MetadataSchema(clean_properties({"Shape": {"type": "object"}})))
    cleaner = CsvVouchers(["Code", "Voucher Type", "Value", "Active", "Shape"], checker, CategoryLabels())
    _, [failure] = cleaner.clean([Row(1, cells)])
    assert failure.reason == (
        "Active: must be true or false (actual value is 'maybe'); metadata must not be nested deeper than 32 levels"
    )
