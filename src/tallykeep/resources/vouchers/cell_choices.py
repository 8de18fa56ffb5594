"""The words of files for types of vouchers and discounts: cells of columns that hold one of a set of choices."""

from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.vouchers.domain import DISCOUNT, DISCOUNT_TYPES, EFFECTS, GIFT, LOYALTY, VOUCHER_TYPES

EFFECT_NAMES = tuple(dict.fromkeys(name for names in EFFECTS.values() for name in names))
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
EFFECT_CELL = spellings.choice(EFFECT_NAMES)


def effect_cell(cell: str) -> str:
    """Return an effect as we write it; one that is not known as it stands: only a discount's effect matters."""
    try:
        return str(EFFECT_CELL(cell))
    except Problem:
        return cell
