"""The checks of a discount, a gift or a loyalty card that comes as JSON."""

from typing import Any

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem, actual
from tallykeep.resources.vouchers.domain import (
    DISCOUNT_BESIDE,
    DISCOUNT_TYPE,
    DISCOUNT_VALUES,
    EFFECTS,
    GIFT,
    GIFT_EFFECT,
    UNIT_EFFECTS,
    WORTH,
    WORTH_BESIDE,
    WORTH_LESS,
    Values,
    balance_of,
    take,
)

_MAX_PROBLEMS = 100  # problems of one list: more are nobody's to read


def worth_problems(voucher_type: str, worth: Values, spent: int | None) -> list[str]:
    """List what is wrong with a gift or a loyalty card of which so much has been `spent`."""
    name, total, clean = WORTH[voucher_type]
    problems: list[str] = []
    take({}, problems, total, worth.get(total), clean, label=f"{name}.{total}", required=True)
    for other in (*WORTH_LESS[voucher_type], *WORTH_BESIDE[voucher_type]):
        take({}, problems, other, worth.get(other), clean, label=f"{name}.{other}")
    if voucher_type == GIFT:
        take({}, problems, "effect", worth.get("effect"), GIFT_EFFECT, label="gift.effect")
    if not problems and worth.get("balance") is not None:
        left = balance_of(voucher_type, worth, spent)
        if worth["balance"] != left:
            problems.append(f"{name}.balance: must be {left}, as the other numbers say {actual(worth['balance'])}")
    return problems


def discount_problems(discount: Values) -> list[str]:
    """List what is wrong with a discount."""
    problems: list[str] = []
    if discount.get("type") is None:
        return ["discount.type is required"]
    try:
        voucher_type: str = DISCOUNT_TYPE(discount["type"])
    except Problem as problem:
        return [f"discount.type: {problem}"]
    effect = discount.get("effect")
    if effect is not None:
        take({}, problems, "effect", effect, cleaning.one_of(*EFFECTS[voucher_type]), label="discount.effect")
    for name, clean in DISCOUNT_BESIDE.items():
        take({}, problems, name, discount.get(name), clean, label=f"discount.{name}")
    if voucher_type == "UNIT" and effect == "ADD_MANY_ITEMS" and discount.get("units"):
        return problems + _units_problems(discount["units"])
    if voucher_type in DISCOUNT_VALUES:
        name, clean = DISCOUNT_VALUES[voucher_type]
        needed = not discount.get(f"{name}_formula")
        take({}, problems, name, discount.get(name), clean, label=f"discount.{name}", required=needed)
    if voucher_type == "UNIT":
        take({}, problems, "unit_type", discount.get("unit_type"), cleaning.text, label="discount.unit_type",
              required=True)  # fmt: skip
    return problems


def _units_problems(units: Any) -> list[str]:
    if not isinstance(units, list):
        return [f"discount.units: must be an array {actual(units)}"]
    problems: list[str] = []
    for at, unit in enumerate(units):
        if len(problems) >= _MAX_PROBLEMS:
            return [*problems, "discount.units has more problems than these"]
        label = f"discount.units[{at}]"
        if not isinstance(unit, dict):
            problems.append(f"{label}: must be an object {actual(unit)}")
            continue
        needed = not unit.get("unit_off_formula")
        take({}, problems, "unit_off", unit.get("unit_off"), cleaning.number, label=f"{label}.unit_off",
             required=needed)  # fmt: skip
        take({}, problems, "unit_type", unit.get("unit_type"), cleaning.text, label=f"{label}.unit_type")
        take({}, problems, "effect", unit.get("effect"), cleaning.one_of(*UNIT_EFFECTS), label=f"{label}.effect")
    return problems
