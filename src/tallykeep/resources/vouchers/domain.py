"""The domain of vouchers: their types, discounts and worth, and the checks that JSON and files share.

Sources: the public API documentation's schemas VoucherImportBase, VoucherCreateBase and Discount*.
"""

from decimal import Decimal
from typing import Any

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem
from tallykeep.resources.vouchers import validity

Values = dict[str, Any]

DISCOUNT, GIFT, LOYALTY = "DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD"

ORDER_EFFECTS = ("APPLY_TO_ORDER", "APPLY_TO_ITEMS")
EFFECTS: dict[str, tuple[str, ...]] = {
    "AMOUNT": (
        *ORDER_EFFECTS, "APPLY_TO_ITEMS_PROPORTIONALLY", "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY",
        "APPLY_TO_ITEMS_BY_QUANTITY",
    ),
    "PERCENT": ORDER_EFFECTS,
    "FIXED": ORDER_EFFECTS,
    "UNIT": ("ADD_MISSING_ITEMS", "ADD_NEW_ITEMS", "ADD_MANY_ITEMS", "ADD_SAME_ITEMS"),
    "SHIPPING": ("ADD_MISSING_ITEMS", "ADD_NEW_ITEMS", "ADD_MANY_ITEMS", "ADD_SAME_ITEMS", *ORDER_EFFECTS),
}  # fmt: skip
VOUCHER_TYPES = (DISCOUNT, GIFT, LOYALTY)
DISCOUNT_TYPES = tuple(EFFECTS)

# Which field of a discount carries its value, and what reads it.
DISCOUNT_VALUES: dict[str, tuple[str, Cleaner]] = {
    "AMOUNT": ("amount_off", cleaning.number),
    "PERCENT": ("percent_off", cleaning.percent),
    "FIXED": ("fixed_amount", cleaning.number),
    "UNIT": ("unit_off", cleaning.integer),
}
# The other fields of a discount of any type, and of each unit of a discount with several.
DISCOUNT_BESIDE: dict[str, Cleaner] = {
    "amount_limit": cleaning.number, "aggregated_amount_limit": cleaning.integer,
    **dict.fromkeys(
        ("amount_off_formula", "percent_off_formula", "fixed_amount_formula", "unit_off_formula"), cleaning.text
    ),
}  # fmt: skip
UNIT_EFFECTS = ("ADD_NEW_ITEMS", "ADD_MISSING_ITEMS")
# The object that a voucher of each type must have, and the number within it that says how much it is worth.
WORTH: dict[str, tuple[str, str, Cleaner]] = {
    GIFT: ("gift", "amount", cleaning.number),
    LOYALTY: ("loyalty_card", "points", cleaning.integer),
}
# The other numbers within it; the balance is what the first ones leave of it.
WORTH_LESS: dict[str, tuple[str, ...]] = {
    GIFT: ("subtracted_amount",),
    LOYALTY: ("subtracted_points", "expired_points"),
}
GIFT_EFFECT = cleaning.one_of(*ORDER_EFFECTS)
WORTH_BESIDE: dict[str, tuple[str, ...]] = {GIFT: (), LOYALTY: ("pending_points", "next_expiration_points")}
EXTRA_FIELDS: tuple[tuple[str, Cleaner], ...] = (
    ("validity_timeframe", validity.timeframe),
    ("validity_day_of_week", cleaning.days_of_week),
    ("validity_hours", validity.hours),
    ("validation_rules", validity.rules),
)
EXTRA_NAMES = tuple(name for name, _ in EXTRA_FIELDS)
VOUCHER_TYPE = cleaning.one_of(*VOUCHER_TYPES)
DISCOUNT_TYPE = cleaning.one_of(*DISCOUNT_TYPES)


def take(
    values: Values, problems: list[str], name: str, raw: Any, clean: Cleaner, *,
    label: str | None = None, required: bool = False,
) -> None:  # fmt: skip
    """Put the cleaned value among `values`, or what is wrong with it among `problems`; None is no value."""
    if raw is None:
        if required:
            problems.append(f"{label or name} is required")
        return
    try:
        values[name] = clean(raw)
    except Problem as problem:
        problems.append(f"{label or name}: {problem}")


def balance_of(voucher_type: str, worth: Values, spent: int | None = None) -> Any:
    """Return what is left of a gift or a loyalty card, whose numbers have been checked."""
    _, total, _ = WORTH[voucher_type]
    parts = [worth[total], *(worth.get(name) or 0 for name in WORTH_LESS[voucher_type]), spent or 0]
    if any(isinstance(part, Decimal) for part in parts):
        parts = [Decimal(str(part)) for part in parts]
    return parts[0] - sum(parts[1:])


def without_nulls(value: Any) -> Any:
    """Return a discount, a gift or a loyalty card without the parts that are null, however deep."""
    if isinstance(value, dict):
        return {name: without_nulls(part) for name, part in value.items() if part is not None}
    return list(map(without_nulls, value)) if isinstance(value, list) else value


def without_balance(worth: Values) -> Values:
    """Return a gift or a loyalty card without what follows from the rest of it."""
    return {name: value for name, value in worth.items() if name != "balance"}


def take_dates(values: Values, problems: list[str], label: str) -> None:
    """Add the problem of an expiration date before the start date, where both were taken; `label` names the former."""
    if "start_date" in values and "expiration_date" in values:
        problem = cleaning.order_problem(values["start_date"], values["expiration_date"])
        problems.extend([f"{label}: {problem}"] if problem else [])


def shown_key(value: Any) -> str | None:
    """Return the key of a failed row, as far as it can be shown; None when the row has none."""
    if not isinstance(value, str):
        return None if value is None else cleaning.actual(value)[len("(actual value is '") : -2]
    return value[: cleaning.MAX_KEY_BYTES].translate(_HARMLESS).encode("utf-8", "replace").decode()


_HARMLESS = {0: "\N{REPLACEMENT CHARACTER}"}
