"""The columns that a file of vouchers may have, and what those that belong together make of a voucher."""

from dataclasses import dataclass

import orjson

from tallykeep.model import normal_title
from tallykeep.resources import cleaning
from tallykeep.resources.cleaning import Cleaner
from tallykeep.resources.vouchers.draft import Values
from tallykeep.resources.vouchers.kinds import (
    DISCOUNT,
    DISCOUNT_TYPE,
    EFFECTS,
    GIFT,
    LOYALTY,
    VOUCHER_TYPE,
    WORTH,
    take,
)


def word(clean: Cleaner) -> Cleaner:
    return lambda cell: clean(cell.strip().upper())


@dataclass(frozen=True, slots=True)
class Column:
    """One known column of a file: its title, the name of what it holds, and the reader of its cells."""

    title: str
    name: str
    clean: Cleaner


COLUMNS = (
    Column("Code", "code", cleaning.key_text),
    Column("Voucher Type", "type", word(VOUCHER_TYPE)),
    Column("Value", "value", str),
    Column("Discount Type", "discount_type", word(DISCOUNT_TYPE)),
    Column("Discount Effect", "discount_effect", word(str)),
    Column("Validation Rule ID", "validation_rule", cleaning.text),
    Column("Category", "category", cleaning.text),
    Column("Active", "active", cleaning.boolean),
    Column("Start Date", "start_date", cleaning.moment),
    Column("Expiration Date", "expiration_date", cleaning.moment),
    Column("Redemption Limit", "redemption_quantity", cleaning.cell_whole_number),
    Column("Redeemed Quantity", "redeemed_quantity", cleaning.cell_whole_number),
    Column("Redeemed Amount", "redeemed_amount", cleaning.cell_cents),
    Column("Additional Info", "additional_info", cleaning.text),
)
WORTH_FIELDS = ("discount", "gift", "loyalty_card")
BOUGHT = ("type", "discount_type", "discount_effect", "value")  # what a voucher is worth takes these together

_CELL_VALUES: dict[str, tuple[str, Cleaner]] = {
    "AMOUNT": ("amount_off", cleaning.cell_cents),
    "FIXED": ("fixed_amount", cleaning.cell_cents),
    "PERCENT": ("percent_off", lambda cell: cleaning.percent(cleaning.cell_number(cell))),
    "UNIT": ("unit_off", cleaning.cell_whole_number),
    "SHIPPING": ("unit_off", cleaning.cell_whole_number),
    GIFT: ("amount", cleaning.cell_cents),
    LOYALTY: ("points", cleaning.cell_whole_number),
}


KNOWN_TITLES = {normal_title(column.title): column for column in COLUMNS}


def worth_of(kind: str, discount_type: str | None, effect: str | None, value: str | None) -> tuple[Values, list[str]]:
    """What Voucher Type, Discount Type, Discount Effect and Value together make: {"discount": …} or {"gift": …}."""
    if kind == DISCOUNT and discount_type is None:
        return {}, ["Discount Type is required"]
    name, clean = _CELL_VALUES[discount_type if kind == DISCOUNT and discount_type else kind]
    made: Values = {}
    problems: list[str] = []
    take(made, problems, name, value, clean, label="Value", required=discount_type != "SHIPPING")
    if kind != DISCOUNT:
        return {WORTH[kind][0]: orjson.dumps(made).decode()}, problems
    if effect is not None:
        take(made, problems, "effect", effect, cleaning.one_of(*EFFECTS[str(discount_type)]), label="Discount Effect")
    return {"discount": orjson.dumps({"type": discount_type, **made}).decode()}, problems
