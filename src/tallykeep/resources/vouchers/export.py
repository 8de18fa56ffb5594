"""The list of vouchers as a file: the columns that imports of vouchers read."""

from collections.abc import Callable
from typing import Any

from tallykeep.db.connections.pool import Connection
from tallykeep.resources.categories.labels import category_fields
from tallykeep.resources.fields.numerals import units
from tallykeep.resources.lists.export import Export, Shown
from tallykeep.resources.vouchers.domain import DISCOUNT, GIFT
from tallykeep.resources.vouchers.list_spec import VOUCHERS
from tallykeep.resources.vouchers.read import shown

# Where a discount has its value, and whether that is an amount.
_DISCOUNT_VALUES = {"AMOUNT": "amount_off", "FIXED": "fixed_amount", "PERCENT": "percent_off"}
_AMOUNTS = ("AMOUNT", "FIXED")


def _plain(name: str) -> Callable[[Shown], Any]:
    return lambda voucher: voucher[name]


def _of_discount(name: str) -> Callable[[Shown], Any]:
    return lambda voucher: (voucher["discount"] or {}).get(name)


def _redeemed(name: str) -> Callable[[Shown], Any]:
    return lambda voucher: voucher["redemption"].get(name)


def _value(voucher: Shown) -> Any:
    """What is given as Value: amounts in whole units."""
    if voucher["type"] == GIFT:
        return units((voucher["gift"] or {}).get("amount"))
    if voucher["type"] != DISCOUNT:
        return (voucher["loyalty_card"] or {}).get("points")
    discount = voucher["discount"] or {}
    value = discount.get(_DISCOUNT_VALUES.get(str(discount.get("type")), "unit_off"))
    return units(value) if discount.get("type") in _AMOUNTS else value


def _rule(voucher: Shown) -> Any:
    """The first validation rule: a cell holds one."""
    rules = voucher.get("validation_rules") or [None]
    return rules[0] if isinstance(rules[0], str) else None


async def _shown(connection: Connection, project_id: int, rows: list[dict[str, Any]]) -> list[Shown]:
    return list(map(shown, rows, await category_fields(connection, project_id, rows)))


VOUCHER_EXPORT = Export(
    list_spec=VOUCHERS,
    show=_shown,
    columns={
        "Code": _plain("code"),
        "Voucher Type": _plain("type"),
        "Value": _value,
        "Discount Type": _of_discount("type"),
        "Discount Effect": _of_discount("effect"),
        "Validation Rule ID": _rule,
        "Category": _plain("category"),
        "Active": _plain("active"),
        "Start Date": _plain("start_date"),
        "Expiration Date": _plain("expiration_date"),
        "Redemption Limit": _redeemed("quantity"),
        "Redeemed Quantity": _redeemed("redeemed_quantity"),
        "Redeemed Amount": lambda voucher: units(voucher["redemption"].get("redeemed_amount")),
        "Additional Info": _plain("additional_info"),
    },
)
