"""Vouchers: a supplier's files, and the same for a campaign, which says by itself what they are worth."""

from collections.abc import Mapping

from benchmarks.files import own_values as own
from benchmarks.files.own_values import Value
from benchmarks.files.sheets import Sheet

_CODE: Mapping[str, Value] = {"Code": own.code}
_WORTH: Mapping[str, Value] = {
    "Voucher Type": lambda _: "DISCOUNT_VOUCHER",
    "Discount Type": lambda _: "AMOUNT",
    "Value": own.amount,
}
_OWN: Mapping[str, Value] = {
    "Active": lambda number: "TRUE" if number % 2 else "FALSE",
    "Start Date": own.start,
    "Expiration Date": own.end,
    "Category": lambda number: f"Season {own.scrambled(number) % 12}",
    "Redemption Limit": own.integer,
    "Additional Info": own.note,
}
_REPEATING: Mapping[str, Value] = {
    "Active": _OWN["Active"],
    "Start Date": lambda _: "2026-01-01T00:00:00.000Z",
    "Expiration Date": lambda _: "2026-12-31T23:59:00.000Z",
    "Category": lambda _: "New",
    "Redemption Limit": lambda number: str(1 + number % 3),
    "Additional Info": lambda number: f"Supplier batch {number % 50}",
    "Region": own.region,
    "Channel": lambda _: "web",
}


def _nothing(_: int) -> str:
    return ""


# The last one has no title: what spreadsheets leave behind the table.
_MORE: Mapping[str, Value] = {
    "Redeemed Quantity": lambda number: str(number % 1_000),
    "Redeemed Amount": own.shifted(own.amount, 500),
    "": _nothing,
}
_FLAWS: tuple[dict[str, str], ...] = (
    {"Active": "perhaps {n}"},
    {"Start Date": "soon {n}"},
    {"Start Date": "2026-02-30"},
    {"Expiration Date": "1999-12-31T00:00:00Z"},
    {"Redemption Limit": "many {n}"},
    {"Redemption Limit": "-{n}"},
)
_WORTH_FLAWS: tuple[dict[str, str], ...] = (
    {"Code": ""},
    {"Voucher Type": "COUPON {n}"},
    {"Value": "cheap {n}"},
)
_CAMPAIGN_FLAWS: tuple[dict[str, str], ...] = (
    {"Redemption Limit": "{n}.5"},
    {"Active": "no {n}", "Start Date": "then {n}"},
    {"Expiration Date": "2026-13-{n}"},
)

VOUCHERS = Sheet(
    "vouchers",
    repeating={**_CODE, **_WORTH, "Value": lambda number: str(5 + number % 20), **_REPEATING},
    own={**_CODE, **_WORTH, **_OWN},
    more={"Discount Effect": lambda _: "APPLY_TO_ORDER", "Validation Rule ID": _nothing, **_MORE},
    flaws=(*_WORTH_FLAWS, *_FLAWS),
)
CAMPAIGN_VOUCHERS = Sheet(
    "campaign-vouchers",
    repeating={**_CODE, **_REPEATING},
    own={**_CODE, **_OWN},
    more=_MORE,
    flaws=(*_FLAWS, *_CAMPAIGN_FLAWS),
)
