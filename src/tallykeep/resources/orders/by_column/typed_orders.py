"""Orders decoded into types that are made of the fields of orders and of all that comes inside them.

Items are kept with whatever else stands in them: the types have the further names that a batch turns out to hold.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from tallykeep.formats.json.typed_rows import TypedRows
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields.json_columns import Integer
from tallykeep.resources.fields.plain_texts import is_literal
from tallykeep.resources.orders.goods import DESCRIBING
from tallykeep.resources.orders.items import KEYS, NUMBERS, RELATED_WORDS
from tallykeep.resources.orders.spec import ORDER_STATUSES
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.by_column.typed_members import (
    REQUIRED,
    Member,
    is_none,
    made_of,
    may_be,
    members_of,
    raw,
)
from tallykeep.resources.upserts.spec import UpsertSpec

# Names that are not declared: in what they stand (an item, its product, its SKU, a person), and the name.
Further = frozenset[tuple[str, str]]

PEOPLE = ("customer", "referrer")
AMOUNTS = ("amount", "initial_amount", "discount_amount")
GOODS = {"product": PRODUCT, "sku": SKU}
_OF_GOODS = DESCRIBING | {"id", "source_id", "product_id"}  # names that mean something in goods, or are cleaned there


def _goods(spec: UpsertSpec) -> list[Member]:
    key = ("source_id", str | UnsetType, UNSET)
    return [is_none("id"), key, *members_of(spec.fields), may_be("override", bool)]


_ITEM: list[Member] = [
    ("object", Literal["order_item"], "order_item"),
    *(may_be(name, str) for name in KEYS),
    may_be("related_object", Literal[RELATED_WORDS]),
    *(may_be(name, Integer) for name in NUMBERS),
    may_be("subtotal_amount", int),
    raw("metadata"),
]
_MEMBERS = {
    "item": _ITEM,
    "person": [("source_id", str, REQUIRED), is_none("id"), *members_of(CUSTOMER.fields)],
    **{noun: _goods(spec) for noun, spec in GOODS.items()},
}
_NAMES = {holder: frozenset(name for name, *_ in members) for holder, members in _MEMBERS.items()}


@lru_cache(maxsize=64)
def typed_orders(further: Further) -> TypedRows:
    """Return what decodes orders in which these further names occur."""

    def made(holder: str, *members: Member) -> type[Struct]:
        names = sorted(name for within, name in further if within == holder)
        return made_of(f"_{holder}", [*_MEMBERS[holder], *members], names)

    item = made("item", *(may_be(noun, made(noun)) for noun in GOODS))
    person = made("person")
    members = [
        may_be("source_id", str),
        is_none("id"),
        may_be("status", Literal[ORDER_STATUSES]),
        *(may_be(name, Integer) for name in AMOUNTS),
        may_be("items", list[item]),  # type: ignore[valid-type]
        *(may_be(name, person) for name in PEOPLE),
        *(is_none(f"{name}_id") for name in PEOPLE),
        raw("metadata"),
    ]
    strict = made_of("_order", members)
    return TypedRows(strict, strict, made_of("_order_and_more", members, strict=False))


def further_in(order: Any) -> Further:
    """Return the further names in an order as it is read: none that means something, or has to be escaped in JSON."""
    return frozenset(
        (holder, name) for holder, values in _parts_of(order) for name in values.keys() - _NAMES[holder]
        if is_literal(name) and not (holder in GOODS and name in _OF_GOODS)
    )  # fmt: skip


def _parts_of(order: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(order, dict):
        return
    yield from (("person", person) for name in PEOPLE if isinstance(person := order.get(name), dict))
    items = order.get("items")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield "item", {name: value for name, value in item.items() if name not in GOODS}
            yield from ((noun, goods) for noun in GOODS if isinstance(goods := item.get(noun), dict))
