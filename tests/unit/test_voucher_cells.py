"""The cells of files of vouchers: what they mean, and what is not guessed."""

from typing import Any

import orjson
import pytest

from tests.unit.test_voucher_fields import from_csv


@pytest.mark.parametrize(
    ("voucher_type", "discount_type", "value", "made"),
    [
        ("DISCOUNT_VOUCHER", "AMOUNT", "14.5", {"discount": {"type": "AMOUNT", "amount_off": 1450}}),
        ("discount_voucher", "percent", "14.5", {"discount": {"type": "PERCENT", "percent_off": 14.5}}),
        ("DISCOUNT_VOUCHER", "FIXED", "10", {"discount": {"type": "FIXED", "fixed_amount": 1000}}),
        ("DISCOUNT_VOUCHER", "UNIT", "2", {"discount": {"type": "UNIT", "unit_off": 2}}),
        ("GIFT_VOUCHER", "", "100", {"gift": {"amount": 10000}}),
        ("LOYALTY_CARD", "", "100", {"loyalty_card": {"points": 100}}),
    ],
)
def test_values_in_files_are_whole_units(
    voucher_type: str, discount_type: str, value: str, made: dict[str, Any]
) -> None:
    draft, problems = from_csv(code="C", voucher_type=voucher_type, discount_type=discount_type, value=value)
    assert problems == []
    assert draft is not None
    assert {name: orjson.loads(text) for name, text in draft.values.items()} == made


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"code": ""}, "Code is required"),
        ({"voucher_type": ""}, "Voucher Type is required"),
        ({"voucher_type": "DISCOUNT_VOUCHER", "discount_type": "FOO"}, "Discount Type: must be one of"),
        ({"voucher_type": "X"}, "Voucher Type: must be one of"),
        ({"value": ""}, "Value is required"),
        ({"value": "1,5,0"}, "Value: must be a number (actual value is '1,5,0')"),
        ({"value": "1.5555"}, "Value: must have at most two decimals"),
        ({"value": "1e400"}, "Value: must be a number"),
        ({"value": "9" * 5000}, "Value: must be a number"),
        ({"active": "maybe"}, "Active: must be true or false (actual value is 'maybe')"),
        ({"start_date": "01/02/2022"}, "Start Date: may be day/month or month/day, write it like"),
        (
            {"start_date": "2022-01-02", "expiration_date": "2022-01-01"},
            "Expiration Date: must not lie before the start, 2022-01-02T00:00:00.000+00:00",
        ),
        ({"redemption_limit": "-1"}, "Redemption Limit: must be between"),
        ({"redeemed_quantity": "two"}, "Redeemed Quantity: must be a number"),
    ],
)
def test_csv_reasons(cells: dict[str, str], reason: str) -> None:
    draft, problems = from_csv(**({"code": "C", "voucher_type": "GIFT_VOUCHER", "value": "10"} | cells))
    assert draft is None
    (problem,) = problems
    assert problem.startswith(reason)


@pytest.mark.parametrize(
    ("cells", "field", "held"),
    [
        ({"voucher_type": "Gift card", "value": "1.250,50 €"}, "gift", {"amount": 125050}),
        ({"voucher_type": "Discount", "value": "15 %"}, "discount", {"type": "PERCENT", "percent_off": 15}),
        ({"voucher_type": "coupon", "value": "$25"}, "discount", {"type": "AMOUNT", "amount_off": 2500}),
        (
            {
                "voucher_type": "discount",
                "value": "5",
                "discount_type": "percentage",
                "discount_effect": "apply to order",
            },
            "discount",
            {"type": "PERCENT", "percent_off": 5, "effect": "APPLY_TO_ORDER"},
        ),
        ({"voucher_type": "loyalty card", "value": "1,250.0"}, "loyalty_card", {"points": 1250}),
    ],
)
def test_csv_in_plain_words(cells: dict[str, str], field: str, held: dict[str, Any]) -> None:
    for extra in ({}, {"category": "null"}):  # the quick way, and the one for rows that need a closer look
        draft, problems = from_csv(**({"code": "C", "active": "yes", "expiration_date": "31.12.2026"} | cells | extra))
        assert (draft is not None, problems) == (True, [])
        assert draft is not None
        assert orjson.loads(draft.values[field]) == held
        assert (draft.values["active"], draft.values["expiration_date"]) == ("t", "2026-12-31T00:00:00.000+00:00")


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"voucher_type": "Discount", "value": "15"}, "Discount Type is required"),
        (
            {"voucher_type": "Discount", "value": "15 %", "discount_type": "AMOUNT"},
            "Value: must be an amount, not a percentage (actual value is '15 %')",
        ),
        (
            {"voucher_type": "Gift card", "value": "15 %"},
            "Value: must be an amount, not a percentage (actual value is '15 %')",
        ),
        (
            {"voucher_type": "Gutschein", "value": "1"},
            "Voucher Type: must be one of DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD (actual value is 'Gutschein')",
        ),
    ],
)
def test_csv_guesses_nothing(cells: dict[str, str], problem: str) -> None:
    assert from_csv(code="C", **cells) == (None, [problem])
