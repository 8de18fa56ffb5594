"""Vouchers' fields from JSON and from files: what is taken, and every reason why not."""

from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.rows import Row
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.metadata.checker import MetadataChecker, MetadataSchema
from tallykeep.resources.metadata.schemas import clean_properties
from tallykeep.resources.vouchers.draft import ABSENT, COLUMNS
from tallykeep.resources.vouchers.importing.csv_rows import CsvVouchers
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers

HEADER = [
    "Code", "Voucher Type", "Value", "Discount Type", "Discount Effect", "Validation Rule ID", "Category", "Active",
    "Start Date", "Expiration Date", "Redemption Limit", "Redeemed Quantity", "Redeemed Amount", "Additional Info",
]  # fmt: skip
GIFT = {"code": "G", "type": "GIFT_VOUCHER", "gift": {"amount": 10000}}
PERCENT = {"code": "P", "type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


@dataclass
class Cleaned:
    """A draft with its fields by name again, read back from COPY's text."""

    code: str
    type: str
    values: dict[str, str]
    cleared: tuple[str, ...]


def cleaned(cleaner: CsvVouchers | JsonVouchers, value: Any) -> tuple[Cleaned | None, list[str]]:
    drafts, failures = cleaner.clean([Row(1, value)])
    if failures:
        assert not drafts
        return None, failures[0].reason.split("; ")
    (draft,) = drafts
    values = {name: text for name, text in zip(COLUMNS, draft.fields, strict=True) if text != ABSENT[name]}
    return Cleaned(draft.code, draft.type, values, draft.cleared), []


def from_json(row: Any) -> tuple[Cleaned | None, list[str]]:
    return cleaned(JsonVouchers(MetadataChecker(None), CategoryLabels()), row)


def from_csv(header: list[str] = HEADER, **cells: str) -> tuple[Cleaned | None, list[str]]:
    titles = {name.lower().replace(" ", "_"): name for name in header}
    row = {titles[name]: cell for name, cell in cells.items()}
    return cleaned(CsvVouchers(header, MetadataChecker(None), CategoryLabels()), [row.get(name, "") for name in header])


def test_a_json_voucher_with_every_field() -> None:
    draft, problems = from_json(
        PERCENT
        | {
            "category": "New",
            "active": False,
            "start_date": "2020-12-10",
            "expiration_date": "2023-12-31T23:00:00+02:00",
            "redemption": {"quantity": 5, "redeemed_quantity": 1},
            "additional_info": "secret",
            "metadata": {"unit": "EUR"},
            "validity_timeframe": {"duration": "PT1H", "interval": "P2D"},
            "validity_day_of_week": [0, 1],
            "something_else": 1,
        }
    )
    assert problems == []
    assert draft is not None
    assert draft.values == {
        "category": "New",
        "active": "f",
        "start_date": "2020-12-10T00:00:00.000+00:00",
        "expiration_date": "2023-12-31T21:00:00.000+00:00",
        "redemption_quantity": "5",
        "additional_info": "secret",
        "metadata": '{"unit":"EUR"}',
        "discount": '{"type":"PERCENT","percent_off":10}',
        "extras": '{"validity_timeframe":{"duration":"PT1H","interval":"P2D"},"validity_day_of_week":[0,1]}',
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": None}, "code is required"),
        ({"code": ""}, "code is required"),
        ({"code": 5}, "code: must be a string (actual value is '5')"),
        ({"code": "a\0b"}, "code: must not contain control characters"),
        ({"code": "x" * 6000}, "code: must be at most 1024 bytes long"),
        ({"type": "COUPON"}, "type: must be one of DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD"),
        ({"type": None, "gift": None}, "Voucher Type is required"),
        ({"gift": None}, "gift is required"),
        ({"gift": 5}, "gift: must be an object"),
        ({"gift": {}}, "gift.amount is required"),
        ({"gift": {"amount": -1}}, "gift.amount: must be between 0 and"),
        ({"gift": {"amount": 1, "subtracted_amount": "abc"}}, "gift.subtracted_amount: must be a number"),
        ({"category": [[[]]] * 3}, "category: must be a string (actual value is '[[[]],[[]],[[]]]')"),
        ({"gift": {"amount": "10"}}, "gift.amount: must be a number (actual value is '10')"),
        ({"active": "yes"}, "active: must be true or false (actual value is 'yes')"),
        ({"start_date": "20201210"}, "start_date: must be a date like"),
        ({"start_date": "2021-02-30"}, "start_date: is not a date that exists"),
        ({"expiration_date": "9999-12-31T23:00:00-05:00"}, "expiration_date: is not a date that exists"),
        (
            {"start_date": "2020-01-01", "expiration_date": "2019-12-31T23:00:00-00:30"},
            "expiration_date: must not lie before the start, 2020-01-01T00:00:00.000+00:00 "
            "(actual value is '2019-12-31T23:30:00.000+00:00')",
        ),
        ({"redemption": 5}, "redemption: must be an object"),
        ({"redemption": {"quantity": 1.5}}, "redemption.quantity: must be a whole number"),
        ({"redemption": {"quantity": 10**30}}, "redemption.quantity: must be between"),
        ({"additional_info": "\ud800"}, "additional_info: must not contain"),
        ({"metadata": []}, "metadata: must be an object"),
        ({"metadata": {"a": "\0"}}, "metadata: must not contain the character U+0000"),
        ({"validity_day_of_week": 5}, "validity_day_of_week: must be an array"),
    ],
)
def test_json_reasons(change: dict[str, Any], reason: str) -> None:
    draft, problems = from_json(GIFT | change)
    assert draft is None
    (problem,) = problems
    assert problem.startswith(reason)


@pytest.mark.parametrize(
    ("discount", "reason"),
    [
        ({"type": "AMOUNT", "amount_off": 300}, None),
        ({"type": "AMOUNT", "amount_off_formula": "1+1"}, None),
        ({"type": "FIXED", "fixed_amount": 300, "effect": "APPLY_TO_ORDER"}, None),
        ({"type": "UNIT", "unit_off": 1, "unit_type": "prod_1", "effect": "ADD_NEW_ITEMS"}, None),
        ({"type": "UNIT", "effect": "ADD_MANY_ITEMS", "units": [{"unit_off": 1}]}, None),
        ({"type": "SHIPPING", "unit_off": 1, "unit_type": "prod_5h1pp1ng"}, None),
        ({}, "discount.type is required"),
        ({"type": "HALF"}, "discount.type: must be one of AMOUNT, PERCENT, FIXED, UNIT, SHIPPING"),
        ({"type": "AMOUNT"}, "discount.amount_off is required"),
        ({"type": "PERCENT", "percent_off": 101}, "discount.percent_off: must be between 0 and 100"),
        ({"type": "PERCENT", "percent_off": 1, "effect": "ADD_NEW_ITEMS"}, "discount.effect: must be one of"),
        ({"type": "UNIT", "unit_off": 1}, "discount.unit_type is required"),
    ],
)
def test_discounts(discount: dict[str, Any], reason: str | None) -> None:
    draft, problems = from_json(PERCENT | {"discount": discount})
    if reason is None:
        assert problems == []
        assert draft is not None
        assert orjson.loads(draft.values["discount"]) == discount
    else:
        assert [problem[: len(reason)] for problem in problems] == [reason]


def test_the_type_is_told_by_gift_or_discount() -> None:
    for complete in (GIFT, PERCENT):
        draft, _ = from_json({name: value for name, value in complete.items() if name != "type"})
        assert draft is not None
        assert draft.type == complete["type"]


def test_every_problem_of_a_row_is_told() -> None:
    _, problems = from_json({"active": 1, "start_date": "x", "type": "GIFT_VOUCHER", "metadata": 5})
    assert [problem.split(":")[0].split(" is")[0] for problem in problems] == [
        "code", "active", "start_date", "gift", "metadata",
    ]  # fmt: skip
    for nonsense in (None, 5, "x", ["x"]):
        draft, (problem,) = from_json(nonsense)
        assert draft is None
        assert problem.startswith("the row must be an object")


def test_headers_match_in_any_case_and_unknown_ones_become_metadata() -> None:
    header = [" CODE", "voucher_type", "vAlUe", "Region", "null col", ""]
    draft, problems = cleaned(
        CsvVouchers(header, MetadataChecker(None), CategoryLabels()), ["C", "GIFT_VOUCHER", "1", "Europe", "null", ""]
    )
    assert problems == []
    assert draft is not None
    assert orjson.loads(draft.values["metadata"]) == {"Region": "Europe", "null col": None}


def test_rows_shorter_or_longer_than_the_header() -> None:
    cleaner = CsvVouchers(["Code", "Voucher Type", "Value", ""], MetadataChecker(None), CategoryLabels())
    assert cleaned(cleaner, ["C", "GIFT_VOUCHER", "1"])[1] == []
    assert cleaned(cleaner, ["C", "GIFT_VOUCHER", "1", "", "", " "])[1] == []
    assert cleaned(cleaner, ["C", "GIFT_VOUCHER", "1", "", "x"])[1] == ["the row has 5 cells, but the header has 4"]
    assert cleaned(cleaner, ["C", "GIFT_VOUCHER", "1", "x"])[1] == ["column 4 has a value, but no name in the header"]


def test_null_clears_and_empty_leaves_alone() -> None:
    draft, _ = from_csv(code="C", voucher_type="GIFT_VOUCHER", value="1", category="null", additional_info="")
    assert draft is not None
    assert draft.cleared == ("category",)
    assert "additional_info" not in draft.values


IRREGULAR_CELLS = st.sampled_from(
    ["", " ", "null", "1", "x", "TRUE", "2022-01-01", "a\\b", "t\tb", "GIFT_VOUCHER", "UNIT"]
)


@given(rows=st.lists(st.lists(IRREGULAR_CELLS, min_size=16, max_size=16), max_size=6))
def test_columns_and_single_rows_come_to_the_same(rows: list[list[str]]) -> None:
    """What is cleaned column by column is what each row gives when it is looked at alone."""
    header = [*HEADER, "Region", "Size"]
    schema = MetadataSchema(clean_properties({"Size": {"type": "number"}}))
    for number, row in enumerate(rows):
        row[0] = row[0] or f"C{number}"
        row[9] = row[9].replace("2022", "2021") if number % 2 else row[9]
        row[1] = "GIFT_VOUCHER" if number % 3 else row[1]
    source = [Row(n, row) for n, row in enumerate(rows, 1)]
    together = CsvVouchers(header, MetadataChecker(schema), CategoryLabels()).clean(source)
    one_by_one = CsvVouchers(header, MetadataChecker(schema), CategoryLabels())
    drafts: list[Any] = []
    failures = [
        failure for n, row in enumerate(rows, 1) for failure in one_by_one._clean_irregular(Row(n, row), drafts)
    ]
    assert (list(together[0]), together[1]) == (drafts, failures)


def test_dates_in_the_wrong_order_fail_only_their_own_rows() -> None:
    header = ["Code", "Voucher Type", "Value", "Start Date", "Expiration Date"]
    pairs = [
        ("2022-01-01", "2022-01-01"), ("2022-01-02", "2022-01-01"), ("", "2022-01-01"), ("2022-01-02", ""),
        ("2022-01-02T00:00:00+02:00", "2022-01-01T23:00:00Z"), ("2022-01-01T23:00:00Z", "2022-01-02T00:30:00+02:00"),
    ]  # fmt: skip
    rows = [Row(number, [f"C{number}", "GIFT_VOUCHER", "1", *pair]) for number, pair in enumerate(pairs)]
    drafts, failures = CsvVouchers(header, MetadataChecker(None), CategoryLabels()).clean(rows)
    assert [draft.row for draft in drafts] == [0, 2, 3, 4]
    assert [failure.row for failure in failures] == [1, 5]


def test_a_category_is_given_by_name_or_by_id() -> None:
    labels = CategoryLabels(by_name={"Old": "label_1"}, by_id={"cat_1": "Summer"})

    def read(**category: Any) -> tuple[str | None, list[str]]:
        draft, problems = cleaned(JsonVouchers(MetadataChecker(None), labels), GIFT | category)
        return draft.values.get("category") if draft else None, problems

    assert read(category="Anything") == ("Anything", [])
    assert read(category="Old") == ("label_1", [])
    assert read(category_id="cat_1") == ("Summer", [])
    assert read(category="Summer", category_id="cat_1") == ("Summer", [])
    assert read(category=None, category_id=None) == (None, [])
    missing = "category_id: no category of this project has this id (actual value is 'cat_2')"
    assert read(category_id="cat_2") == (None, [missing])
    wrong = ["category: must be a string (actual value is '1')", "category_id: must be a string (actual value is '2')"]
    assert read(category=1, category_id=2) == (None, wrong)
    unlike = "category_id: is not the category that category names, give only one of them (actual value is 'cat_1')"
    assert read(category="Fall", category_id="cat_1") == (None, [unlike])


def test_a_files_category_is_written_as_its_label() -> None:
    labels = CategoryLabels(by_name={"Old": "label_1"})
    cleaner = CsvVouchers(["Code", "Voucher Type", "Value", "Category"], MetadataChecker(None), labels)
    rows = [["A", "GIFT_VOUCHER", "1", " Old "], ["B", "GIFT_VOUCHER", "1", "New"], ["C", "GIFT_VOUCHER", "1", ""]]
    drafts, failures = cleaner.clean([Row(n, row) for n, row in enumerate(rows, 1)])
    assert not failures
    assert [draft.fields[COLUMNS.index("category")] for draft in drafts] == ["label_1", "New", ABSENT["category"]]
    # A cell that makes its row odd, here a null, is read the other way, with the same outcome.
    irregular = ["D", "GIFT_VOUCHER", "1", "Old", "null"]
    with_info = CsvVouchers(["Code", "Voucher Type", "Value", "Category", "Region"], MetadataChecker(None), labels)
    ((draft,), _) = with_info.clean([Row(1, irregular)])
    assert draft.fields[COLUMNS.index("category")] == "label_1"
