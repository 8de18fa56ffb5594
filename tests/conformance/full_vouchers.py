"""Vouchers with every field of the wire format, each with the place where GET shows it."""

from typing import Any

from tests.conformance.case import FieldCase, FullRow

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
        "code": FieldCase(code, "code"),
        "category": FieldCase("New", "category"),
        "active": FieldCase(False, "active"),
        "start_date": FieldCase("2020-12-01T23:00:00Z", "start_date", "2020-12-01T23:00:00.000Z"),
        "expiration_date": FieldCase("2023-12-19T23:00:00+01:00", "expiration_date", "2023-12-19T22:00:00.000Z"),
        "redemption": FieldCase({"quantity": 7}, "redemption"),
        "additional_info": FieldCase("secret-code1", "additional_info"),
        "metadata": FieldCase({"unit": "EUR", "sizes": [1, 2]}, "metadata"),
        "validity_timeframe": FieldCase({"duration": "PT1H", "interval": "P2D"}, "validity_timeframe"),
        "validity_day_of_week": FieldCase([0, 6], "validity_day_of_week"),
    }


def discounts() -> list[FullRow]:
    """One voucher for each type of discount."""
    return [
        base(f"FULL{number}")
        | {"type": FieldCase("DISCOUNT_VOUCHER", "type"), "discount": FieldCase(discount, "discount")}
        for number, discount in enumerate(DISCOUNTS)
    ]


def gift() -> FullRow:
    return base("FULL-GIFT") | {"type": FieldCase("GIFT_VOUCHER", "type"), "gift": FieldCase(GIFT, "gift")}


def loyalty() -> FullRow:
    return base("FULL-LOYALTY") | {
        "type": FieldCase("LOYALTY_CARD", "type"),
        "loyalty_card": FieldCase(LOYALTY_CARD, "loyalty_card"),
    }


_COLUMNS: FullRow = {
    "Category": FieldCase("New", "category"),
    "Active": FieldCase("FALSE", "active", False),
    "Start Date": FieldCase("2022-09-19", "start_date", "2022-09-19T00:00:00.000Z"),
    "Expiration Date": FieldCase("2022-11-30T23:59:00+01:00", "expiration_date", "2022-11-30T22:59:00.000Z"),
    "Redemption Limit": FieldCase("3", "redemption.quantity", 3),
    "Redeemed Quantity": FieldCase("1", "redemption.redeemed_quantity", 1),
    "Additional Info": FieldCase("Planned, for Fall", "additional_info"),
    "Validation Rule ID": FieldCase("val_1", "validation_rules", ["val_1"]),
    "Region": FieldCase("Europe", "metadata.Region"),
}
CSV_ROWS: tuple[FullRow, ...] = (
    {
        "Code": FieldCase("FULL1", "code"),
        "Voucher Type": FieldCase("DISCOUNT_VOUCHER", "type"),
        "Discount Type": FieldCase("PERCENT", "discount.type"),
        "Discount effect": FieldCase("APPLY_TO_ORDER", "discount.effect"),
        "Value": FieldCase("12.5", "discount.percent_off", 12.5),
        "Redeemed Amount": FieldCase("2.5", "redemption.redeemed_amount", 250),
        **_COLUMNS,
    },
    {
        "Code": FieldCase("FULL2", "code"),
        "Voucher Type": FieldCase("GIFT_VOUCHER", "type"),
        "Value": FieldCase("12.5", "gift.amount", 1250),
        "Redeemed Amount": FieldCase("2.5", "gift.balance", 1000),
        **_COLUMNS,
    },
    {
        "Code": FieldCase("FULL3", "code"),
        "Voucher Type": FieldCase("LOYALTY_CARD", "type"),
        "Value": FieldCase("100", "loyalty_card.points", 100),
        "Redeemed Amount": FieldCase("2.5", "redemption.redeemed_amount", 250),
        **_COLUMNS,
    },
)
