"""What an order is: its fields in JSON (public API documentation, schemas OrderBase and OrderItem)."""

from typing import Any

from tallykeep.core.batch import ClaimedBatch
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import PRODUCTS, PROJECT, SCHEMAS
from tallykeep.resources.fields import validators as cleaning
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.validators import Cleaner, Problem, actual
from tallykeep.resources.metadata.purge import Purge
from tallykeep.resources.orders.embedded import upsert_parts
from tallykeep.resources.upserts.operation import Upsert, begin_upsert
from tallykeep.resources.upserts.spec import UpsertSpec

ORDER_PURGE = Purge("orders", key="id")

ORDER_STATUSES = ("CREATED", "PAID", "CANCELED", "FULFILLED")

_ITEM_NUMBERS = (
    "quantity", "initial_quantity", "discount_quantity", "price", "amount", "initial_amount", "discount_amount",
)  # fmt: skip
# What is said of goods inside an item, be they changed or not.
_GOODS: dict[str, Cleaner] = {
    "name": cleaning.text, "sku": cleaning.text, "price": cleaning.integer, "override": cleaning.json_boolean,
    "metadata": cleaning.json_object,
}  # fmt: skip
_RELATED = cleaning.one_of("product", "sku")


def _items(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise Problem(f"must be an array {actual(value)}")
    return [_item(number, item) for number, item in enumerate(value)]


def _item(number: int, item: Any) -> dict[str, Any]:
    try:
        cleaned = dict(cleaning.json_object(item))
        for name in _ITEM_NUMBERS:
            if cleaned.get(name) is not None:
                cleaned[name] = _named(name, cleaning.integer, cleaned[name])
        cleaned |= _keys(cleaned, ("source_id", "product_id", "sku_id"))
        if cleaned.get("related_object") is not None:
            _named("related_object", _RELATED, cleaned["related_object"])
        for name in ("product", "sku"):
            if cleaned.get(name) is not None:
                held = cleaning.json_object(cleaned[name])
                cleaned[name] = held | _keys(held, ("id", "source_id", "product_id"))
                for part, clean in _GOODS.items():
                    if held.get(part) is not None:
                        _named(f"{name}.{part}", clean, held[part])
    except Problem as problem:
        raise Problem(f"[{number}] {problem}") from None
    return {"object": "order_item", **cleaned}


def _keys(given: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    """Those of these keys that are given, cleaned."""
    return {name: _named(name, cleaning.key_text, given[name]) for name in names if given.get(name) is not None}


def _person(value: Any) -> dict[str, Any]:
    """A customer within an order, whose keys are those of the customer."""
    given = cleaning.json_object(value)
    return given | _keys(given, ("id", "source_id"))


def _named(name: str, clean: Cleaner, value: Any) -> Any:
    try:
        return clean(value)
    except Problem as problem:
        raise Problem(f"{name} {problem}") from None


def _json(name: str, clean: Cleaner, *, stored: bool = True, default: Any = None) -> Field:
    return Field(name=name, clean=clean, stored=stored, default=default)


ORDER = UpsertSpec(
    noun="order",
    prefix="ord_",
    source_id=Field(name="source_id"),
    fields=(
        _json("status", cleaning.one_of(*ORDER_STATUSES), default="CREATED"),
        _json("amount", cleaning.integer),
        _json("initial_amount", cleaning.integer),
        _json("discount_amount", cleaning.integer),
        _json("items", _items, default=[]),
        _json("customer", _person, stored=False),
        _json("customer_id", cleaning.key_text),
        _json("referrer", _person, stored=False),
        _json("referrer_id", cleaning.key_text),
    ),
    table_name="orders",
    resolve=upsert_parts,
    depends_on=(PROJECT, SCHEMAS, PRODUCTS),
)  # fmt: skip


async def upsert_orders(connection: Connection, claimed: ClaimedBatch) -> Upsert:
    """Begin one batch of an import of orders."""
    return await begin_upsert(connection, claimed, ORDER)
