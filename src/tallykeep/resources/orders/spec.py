"""The fields of an order, in JSON (public API documentation, schemas OrderBase and OrderItem)."""

from typing import Any

from tallykeep.core.compatibility import Compatibility
from tallykeep.db.gates import PRODUCTS, PROJECT, SCHEMAS
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner, Problem, actual
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.json_types import Cents
from tallykeep.resources.orders.embedded import upsert_parts
from tallykeep.resources.orders.json_types import NewPerson, OrderItem, OrderStatus, Person
from tallykeep.resources.upserts.declaring.declarations import Computed, Recognition
from tallykeep.resources.upserts.declaring.field_types import amount_field, choice_field, key_field
from tallykeep.resources.upserts.spec import UpsertSpec

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


def _keys(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    """Return those of these keys that it has, cleaned."""
    return {name: _named(name, cleaning.key_text, values[name]) for name in names if values.get(name) is not None}


def _person(value: Any) -> dict[str, Any]:
    """A customer within an order, whose keys are those of the customer."""
    values = cleaning.json_object(value)
    return values | _keys(values, ("id", "source_id"))


def _named(name: str, clean: Cleaner, value: Any) -> Any:
    try:
        return clean(value)
    except Problem as problem:
        raise Problem(f"{name} {problem}") from None


def _embedded(name: str, clean: Cleaner, **more: Any) -> Field:
    return Field(name=name, clean=clean, **more)


def _shown_person(name: str) -> Computed:
    """The customer's id, where there is a customer."""
    return Computed(
        name=name,
        compute=lambda row: {"id": row[f"{name}_id"], "object": "customer"} if row[f"{name}_id"] else None,
        json_type=Person,
        optional=True,
    )


_ABSENT = (
    "redemptions", "items_discount_amount", "total_discount_amount", "applied_discount_amount",
    "items_applied_discount_amount", "total_applied_discount_amount",
)  # fmt: skip

ORDER = UpsertSpec(
    noun="order",
    prefix="ord_",
    source_id=Field(name="source_id"),
    fields=(
        choice_field("status", *ORDER_STATUSES, json_type=OrderStatus, default="CREATED", in_summary=True),
        amount_field("amount", in_summary=True),
        amount_field("initial_amount"),
        amount_field("discount_amount"),
        _embedded("items", _items, default=[], json_type=list[OrderItem], in_summary=True),
        _embedded("customer", _person, stored=False, json_type=NewPerson),
        key_field("customer_id", in_summary=True, searched=True),
        _embedded("referrer", _person, stored=False, json_type=NewPerson),
        key_field("referrer_id"),
    ),
    table_name="orders",
    resolve=upsert_parts,
    depends_on=(PROJECT, SCHEMAS, PRODUCTS),
    computed=(
        Computed(name="total_amount", compute=lambda row: row["amount"], json_type=Cents),
        _shown_person("customer"),
        _shown_person("referrer"),
    ),
    recognition=Recognition(
        prefixes=("bestellung", "zamowienie", "commande", "pedido"),
        expected=(("items", "amount", "status", "initial_amount"),),
        needs_little=True,
    ),
    endpoints=("list", "create", "get", "update"),
    brings="customers, products and SKUs inside come along",
    update_rule="fields left out stay, items are replaced, metadata is added to",
    compatibility={
        "list": Compatibility(query=("limit", "page", "order"), absent=_ABSENT),
        "get": Compatibility(absent=_ABSENT),
    },
)
