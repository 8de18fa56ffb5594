"""The API's refusals in the words of forms."""

import pytest

from tallykeep.dashboard.kit.form_errors import form_message

LABELS = {"discount.amount_off": "How much", "voucher: redemption.quantity": "May be redeemed", "name": "Name",
          "vouchers_count": "How many", "expiration_date": "Last day"}  # fmt: skip


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ("discount.amount_off: must be a number (actual value is 'abc')", "How much: must be a number, not «abc»"),
        ("discount.amount_off: must be a number (actual value is '')", "How much: must be a number"),
        ("name is required; vouchers_count: bad", "Name is required. How many: bad"),
        ("voucher: redemption.quantity: bad", "May be redeemed: bad"),
        ("Property .vouchers_count: should be more", "How many: should be more"),
        ("code_config allows only 3844 different codes, but 9000 are wanted",
         "The pattern allows only 3,844 different codes, but 9,000 are wanted:"
         " put more # into it, or ask for fewer codes"),
        ("expiration_date: must not lie before the start, 2030-01-01T00:00:00.000+00:00"
         " (actual value is '2029-12-31T23:59:59.999+00:00')",
         "Last day: must not lie before the start, 2030-01-01, not «2029-12-31»"),
        ("A campaign named Fall name exists already", "A campaign named Fall name exists already"),
    ],
)  # fmt: skip
def test_fields_are_said_as_the_form_calls_them(details: str, expected: str) -> None:
    assert form_message(details, LABELS) == expected
