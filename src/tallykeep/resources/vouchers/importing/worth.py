"""The worth of a voucher, made from the columns of a file that belong together."""

from tallykeep.core import exact_json
from tallykeep.resources.fields import cleaning, numerals
from tallykeep.resources.fields.cleaning import Cleaner
from tallykeep.resources.vouchers.domain import DISCOUNT, EFFECTS, GIFT, LOYALTY, WORTH, Values, take

WORTH_FIELDS = ("discount", "gift", "loyalty_card")
WORTH_COLUMNS = ("type", "discount_type", "discount_effect", "value")  # of a file: its worth is made from these

_CELL_VALUES: dict[str, tuple[str, Cleaner]] = {
    "AMOUNT": ("amount_off", numerals.cents),
    "FIXED": ("fixed_amount", numerals.cents),
    "PERCENT": ("percent_off", numerals.percent),
    "UNIT": ("unit_off", numerals.integer),
    "SHIPPING": ("unit_off", numerals.integer),
    GIFT: ("amount", numerals.cents),
    LOYALTY: ("points", numerals.integer),
}


def value_field(voucher_type: str, discount_type: str | None) -> tuple[str, Cleaner]:
    """Return where the Value of such a voucher stands in its worth, and what reads it."""
    return _CELL_VALUES[discount_type if voucher_type == DISCOUNT and discount_type else voucher_type]


def worth_of(
    voucher_type: str, discount_type: str | None, effect: str | None, value: str | None, mark: str | None = None
) -> tuple[Values, list[str]]:
    """Make {"discount": …} or {"gift": …} out of Voucher Type, Discount Type, Discount Effect and Value.

    Without a Discount Type, the symbol of the Value tells: 15 % or 25 €. `mark` stands before the decimals of Values.
    """
    if voucher_type == DISCOUNT and discount_type is None and value is not None:
        discount_type = numerals.symbol_of(value)
    if voucher_type == DISCOUNT and discount_type is None:
        return {}, ["Discount Type is required"]
    name, clean = value_field(voucher_type, discount_type)
    if mark is not None:
        clean = numerals.marked(clean, mark)
    made: Values = {}
    problems: list[str] = []
    take(made, problems, name, value, clean, label="Value", required=discount_type != "SHIPPING")
    if voucher_type != DISCOUNT:
        return {WORTH[voucher_type][0]: exact_json.dumps(made).decode()}, problems
    if effect is not None:
        take(made, problems, "effect", effect, cleaning.one_of(*EFFECTS[str(discount_type)]), label="Discount Effect")
    return {"discount": exact_json.dumps({"type": discount_type, **made}).decode()}, problems
