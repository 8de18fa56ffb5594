"""The columns that a file of vouchers may have, and what those that belong together make of a voucher."""

from dataclasses import dataclass

from tallykeep.core import exact_json
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.fields import numerals
from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields import validators as cleaning
from tallykeep.resources.fields.validators import Cleaner, Problem
from tallykeep.resources.vouchers.domain import (
    DISCOUNT,
    DISCOUNT_TYPES,
    EFFECTS,
    GIFT,
    LOYALTY,
    VOUCHER_TYPES,
    WORTH,
    take,
)
from tallykeep.resources.vouchers.importing.draft import Values

_EFFECT_NAMES = tuple(dict.fromkeys(name for names in EFFECTS.values() for name in names))
TYPE_CELL = spellings.choice(
    VOUCHER_TYPES,
    {
        **dict.fromkeys(
            (
                "discount",
                "coupon",
                "discount coupon",
                "discount code",
                "rabatt",
                "rabattgutschein",
                "rabattcode",
                "remise",
                "réduction",
                "bon de réduction",
                "descuento",
                "cupón de descuento",
                "rabat",
                "zniżka",
                "kupon rabatowy",
            ),
            DISCOUNT,
        ),
        **dict.fromkeys(
            (
                "gift",
                "gift card",
                "geschenkkarte",
                "geschenkgutschein",
                "wertgutschein",
                "carte cadeau",
                "bon cadeau",
                "chèque cadeau",
                "tarjeta regalo",
                "tarjeta de regalo",
                "karta podarunkowa",
                "bon podarunkowy",
            ),
            GIFT,
        ),
        **dict.fromkeys(
            (
                "loyalty",
                "loyalty points",
                "treuekarte",
                "kundenkarte",
                "treuepunkte",
                "carte de fidélité",
                "tarjeta de fidelidad",
                "karta lojalnościowa",
            ),
            LOYALTY,
        ),
    },
)
DISCOUNT_TYPE_CELL = spellings.choice(
    DISCOUNT_TYPES,
    {
        **dict.fromkeys(
            (
                "%",
                "percentage",
                "percent off",
                "percentage off",
                "prozent",
                "pourcentage",
                "pour cent",
                "porcentaje",
                "por ciento",
                "procent",
                "procentowy",
            ),
            "PERCENT",
        ),
        **dict.fromkeys(
            (
                "€",
                "$",
                "£",
                "amount off",
                "fixed amount",
                "fixed amount off",
                "betrag",
                "montant",
                "importe",
                "kwota",
                "kwotowy",
            ),
            "AMOUNT",
        ),
        "fixed price": "FIXED",
        "units": "UNIT",
        "free shipping": "SHIPPING",
    },
)
EFFECT_CELL = spellings.choice(_EFFECT_NAMES)


def effect_cell(cell: str) -> str:
    """An effect as we write it; one that is not known as it stands: only a discount's effect matters."""
    try:
        return str(EFFECT_CELL(cell))
    except Problem:
        return cell


@dataclass(frozen=True, slots=True)
class Column:
    """One known column of a file: its title, the name of what it holds, the reader of its cells, and their choices."""

    title: str
    name: str
    clean: Cleaner
    choices: tuple[str, ...] = ()


COLUMNS = (
    Column("Code", "code", cleaning.key_text),
    Column("Voucher Type", "type", TYPE_CELL, VOUCHER_TYPES),
    Column("Value", "value", str),
    Column("Discount Type", "discount_type", DISCOUNT_TYPE_CELL, DISCOUNT_TYPES),
    Column("Discount Effect", "discount_effect", effect_cell, _EFFECT_NAMES),
    Column("Validation Rule ID", "validation_rule", cleaning.text),
    Column("Category", "category", cleaning.text),
    Column("Active", "active", spellings.boolean, spellings.BOOLEANS),
    Column("Start Date", "start_date", spellings.timestamp),
    Column("Expiration Date", "expiration_date", spellings.timestamp),
    Column("Redemption Limit", "redemption_quantity", numerals.whole_number),
    Column("Redeemed Quantity", "redeemed_quantity", numerals.whole_number),
    Column("Redeemed Amount", "redeemed_amount", numerals.cents),
    Column("Additional Info", "additional_info", cleaning.text),
)
WORTH_FIELDS = ("discount", "gift", "loyalty_card")
BOUGHT = ("type", "discount_type", "discount_effect", "value")  # what a voucher is worth takes these together

_CELL_VALUES: dict[str, tuple[str, Cleaner]] = {
    "AMOUNT": ("amount_off", numerals.cents),
    "FIXED": ("fixed_amount", numerals.cents),
    "PERCENT": ("percent_off", numerals.percent),
    "UNIT": ("unit_off", numerals.whole_number),
    "SHIPPING": ("unit_off", numerals.whole_number),
    GIFT: ("amount", numerals.cents),
    LOYALTY: ("points", numerals.whole_number),
}


KNOWN_TITLES = {normal_title(column.title): column for column in COLUMNS}


def worth_of(
    kind: str, discount_type: str | None, effect: str | None, value: str | None, mark: str | None = None
) -> tuple[Values, list[str]]:
    """What Voucher Type, Discount Type, Discount Effect and Value together make: {"discount": …} or {"gift": …}.

    Without a Discount Type, the sign of the Value tells: 15 % or 25 €. `mark` stands before the decimals of Values.
    """
    if kind == DISCOUNT and discount_type is None and value is not None:
        discount_type = numerals.symbol_of(value)
    if kind == DISCOUNT and discount_type is None:
        return {}, ["Discount Type is required"]
    name, clean = _CELL_VALUES[discount_type if kind == DISCOUNT and discount_type else kind]
    if mark is not None:
        clean = numerals.marked(clean, mark)
    made: Values = {}
    problems: list[str] = []
    take(made, problems, name, value, clean, label="Value", required=discount_type != "SHIPPING")
    if kind != DISCOUNT:
        return {WORTH[kind][0]: exact_json.dumps(made).decode()}, problems
    if effect is not None:
        take(made, problems, "effect", effect, cleaning.one_of(*EFFECTS[str(discount_type)]), label="Discount Effect")
    return {"discount": exact_json.dumps({"type": discount_type, **made}).decode()}, problems
