"""Types of what a voucher may be worth: what decodes into them has none of the problems of worth_checks.

They are narrower than these checks, for the sake of speed: what does not decode may be right nevertheless.
"""

from typing import Annotated, Any, Literal, Union

from msgspec import Meta, defstruct

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import MAX_INTEGER, Cleaner
from tallykeep.resources.fields.json_columns import Integer
from tallykeep.resources.vouchers.domain import (
    DISCOUNT,
    DISCOUNT_BESIDE,
    DISCOUNT_VALUES,
    EFFECTS,
    GIFT,
    ORDER_EFFECTS,
    WORTH,
    WORTH_BESIDE,
    WORTH_LESS,
)

_NUMBERS: dict[Cleaner, Any] = {
    cleaning.integer: Integer,
    cleaning.number: Integer | Annotated[float, Meta(ge=0, le=MAX_INTEGER)],
    cleaning.percent: Annotated[int, Meta(ge=0, le=100)] | Annotated[float, Meta(ge=0, le=100)],
    cleaning.text: str,
}
_Never = Annotated[int, Meta(gt=0, lt=0)]  # where something stands that takes more than a look at its type


def _discount(discount_type: str) -> Any:
    fields: list[Any] = []
    if discount_type in DISCOUNT_VALUES:
        name, clean = DISCOUNT_VALUES[discount_type]
        fields.append((name, _NUMBERS[clean]))
    if discount_type == "UNIT":
        fields += [("unit_type", str), ("units", _Never | None, None)]
    fields.append(("effect", Literal[EFFECTS[discount_type]] | None, None))
    fields += [(name, _NUMBERS[clean] | None, None) for name, clean in DISCOUNT_BESIDE.items()]
    return defstruct(f"_{discount_type}", fields, tag_field="type", tag=discount_type, gc=False)


def _worth(voucher_type: str) -> Any:
    name, total, clean = WORTH[voucher_type]
    others = (*WORTH_LESS[voucher_type], *WORTH_BESIDE[voucher_type])
    effect = [("effect", Literal[ORDER_EFFECTS] | None, None)] if voucher_type == GIFT else []
    fields: list[Any] = [(other, _NUMBERS[clean] | None, None) for other in others]
    return defstruct(f"_{name}", [(total, _NUMBERS[clean]), *fields, *effect, ("balance", _Never, 0)], gc=False)


# By the voucher's type.
TYPES: dict[str, Any] = {
    DISCOUNT: Union[tuple(map(_discount, EFFECTS))],  # noqa: UP007
    **{voucher_type: _worth(voucher_type) for voucher_type in WORTH},
}
