"""The worth of a voucher, from its wire format into the columns that files have for it."""

from typing import Any

from tallykeep.resources.fields.numerals import units
from tallykeep.resources.vouchers.domain import DISCOUNT, GIFT

Shown = dict[str, Any]

# Where a discount has its value, and whether that is an amount.
_DISCOUNT_VALUES = {"AMOUNT": "amount_off", "FIXED": "fixed_amount", "PERCENT": "percent_off"}
_AMOUNTS = ("AMOUNT", "FIXED")


def value(voucher: Shown) -> Any:
    """Return what stands as Value: amounts in units, not in cents."""
    if voucher["type"] == GIFT:
        return units((voucher["gift"] or {}).get("amount"))
    if voucher["type"] != DISCOUNT:
        return (voucher["loyalty_card"] or {}).get("points")
    discount = voucher["discount"] or {}
    number = discount.get(_DISCOUNT_VALUES.get(str(discount.get("type")), "unit_off"))
    return units(number) if discount.get("type") in _AMOUNTS else number


def discount_type(voucher: Shown) -> Any:
    """Return its discount's type; None where it has no discount."""
    return (voucher["discount"] or {}).get("type")


def discount_effect(voucher: Shown) -> Any:
    """Return its discount's effect; None where it has none."""
    return (voucher["discount"] or {}).get("effect")


def validation_rule(voucher: Shown) -> Any:
    """Return the first validation rule: a cell holds one."""
    rules = voucher.get("validation_rules") or [None]
    return rules[0] if isinstance(rules[0], str) else None
