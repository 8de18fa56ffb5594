"""Vouchers with every field of the wire format, each with the place where GET shows it."""

from typing import Any

from tests.conformance.case import FullRow, Sent

SAME_PRODUCT = {"id": "prod_5h1pp1ng", "source_id": "test_prod_id_1", "name": "T-shirt"}
SAME_SKU = {"id": "sku_0a41e31c7b41c28358", "source_id": "test_sku_id_1", "name": "Blue"}
AMOUNT = {
    "type": "AMOUNT", "amount_off": 3000, "amount_off_formula": "1 + 2", "aggregated_amount_limit": 9000,
    "effect": "APPLY_TO_ITEMS", "is_dynamic": False,
}  # fmt: skip
DISCOUNTS: tuple[dict[str, Any], ...] = (
    AMOUNT,
    {"type": "PERCENT", "percent_off": 12.5, "percent_off_formula": "10 + 2.5", "amount_limit": 500,
     "aggregated_amount_limit": 900,
     "effect": "APPLY_TO_ORDER", "is_dynamic": True},
    {"type": "FIXED", "fixed_amount": 700, "fixed_amount_formula": "7 * 100", "effect": "APPLY_TO_ITEMS",
     "is_dynamic": False},
    {"type": "UNIT", "unit_off": 2, "unit_off_formula": "1 + 1", "effect": "ADD_MISSING_ITEMS",
     "unit_type": "prod_5h1pp1ng", "product": SAME_PRODUCT, "sku": SAME_SKU, "is_dynamic": False},
    {"type": "UNIT", "effect": "ADD_MANY_ITEMS", "is_dynamic": False, "units": [
        {"unit_off": 1, "unit_off_formula": "2 - 1", "effect": "ADD_NEW_ITEMS", "unit_type": "sku_0a41e31c7b41c28358",
         "product": SAME_PRODUCT, "sku": SAME_SKU},
        {"unit_off": 3, "effect": "ADD_MISSING_ITEMS", "unit_type": "prod_5h1pp1ng", "product": SAME_PRODUCT},
    ]},
)  # fmt: skip
GIFT = {"amount": 5000, "subtracted_amount": 1000, "balance": 4000, "effect": "APPLY_TO_ITEMS"}
LOYALTY_CARD = {
    "points": 300, "subtracted_points": 50, "expired_points": 30, "balance": 220, "pending_points": 10,
    "next_expiration_date": "2030-01-01", "next_expiration_points": 25,
}  # fmt: skip


def base(code: str) -> FullRow:
    """What vouchers of every type have."""
    return {
        "code": Sent(code, "code"),
        "category": Sent("New", "category"),
        "active": Sent(False, "active"),
        "start_date": Sent("2020-12-01T23:00:00Z", "start_date", "2020-12-01T23:00:00.000Z"),
        "expiration_date": Sent("2023-12-19T23:00:00+01:00", "expiration_date", "2023-12-19T22:00:00.000Z"),
        "redemption": Sent({"quantity": 7}, "redemption"),
        "additional_info": Sent("secret-code1", "additional_info"),
        "metadata": Sent({"unit": "EUR", "sizes": [1, 2]}, "metadata"),
        "validity_timeframe": Sent({"duration": "PT1H", "interval": "P2D"}, "validity_timeframe"),
        "validity_day_of_week": Sent([0, 6], "validity_day_of_week"),
    }


def discounts() -> list[FullRow]:
    """One voucher for each type of discount."""
    return [
        base(f"FULL{number}") | {"type": Sent("DISCOUNT_VOUCHER", "type"), "discount": Sent(discount, "discount")}
        for number, discount in enumerate(DISCOUNTS)
    ]


def gift() -> FullRow:
    return base("FULL-GIFT") | {"type": Sent("GIFT_VOUCHER", "type"), "gift": Sent(GIFT, "gift")}


def loyalty() -> FullRow:
    return base("FULL-LOYALTY") | {
        "type": Sent("LOYALTY_CARD", "type"),
        "loyalty_card": Sent(LOYALTY_CARD, "loyalty_card"),
    }


_COLUMNS: FullRow = {
    "Category": Sent("New", "category"),
    "Active": Sent("FALSE", "active", False),
    "Start Date": Sent("2022-09-19", "start_date", "2022-09-19T00:00:00.000Z"),
    "Expiration Date": Sent("2022-11-30T23:59:00+01:00", "expiration_date", "2022-11-30T22:59:00.000Z"),
    "Redemption Limit": Sent("3", "redemption.quantity", 3),
    "Redeemed Quantity": Sent("1", "redemption.redeemed_quantity", 1),
    "Additional Info": Sent("Planned, for Fall", "additional_info"),
    "Validation Rule ID": Sent("val_1", "validation_rules", ["val_1"]),
    "Region": Sent("Europe", "metadata.Region"),
}
CSV_ROWS: tuple[FullRow, ...] = (
    {
        "Code": Sent("FULL1", "code"),
        "Voucher Type": Sent("DISCOUNT_VOUCHER", "type"),
        "Discount Type": Sent("PERCENT", "discount.type"),
        "Discount effect": Sent("APPLY_TO_ORDER", "discount.effect"),
        "Value": Sent("12.5", "discount.percent_off", 12.5),
        "Redeemed Amount": Sent("2.5", "redemption.redeemed_amount", 250),
        **_COLUMNS,
    },
    {
        "Code": Sent("FULL2", "code"),
        "Voucher Type": Sent("GIFT_VOUCHER", "type"),
        "Value": Sent("12.5", "gift.amount", 1250),
        "Redeemed Amount": Sent("2.5", "gift.balance", 1000),
        **_COLUMNS,
    },
    {
        "Code": Sent("FULL3", "code"),
        "Voucher Type": Sent("LOYALTY_CARD", "type"),
        "Value": Sent("100", "loyalty_card.points", 100),
        "Redeemed Amount": Sent("2.5", "redemption.redeemed_amount", 250),
        **_COLUMNS,
    },
)
