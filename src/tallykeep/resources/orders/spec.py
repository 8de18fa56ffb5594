"""The fields of an order, in JSON (public API documentation, schemas OrderBase and OrderItem)."""

from typing import Any

from tallykeep.core.compatibility import Compatibility
from tallykeep.db.gates import PRODUCTS, PROJECT, SCHEMAS
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Cleaner
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.json_types import Cents
from tallykeep.resources.orders.embedded import upsert_parts
from tallykeep.resources.orders.items import clean_items, clean_keys
from tallykeep.resources.orders.json_types import NewPerson, OrderItem, OrderStatus, Person
from tallykeep.resources.upserts.declaring.declarations import Computed, Recognition
from tallykeep.resources.upserts.declaring.field_types import amount_field, choice_field, key_field
from tallykeep.resources.upserts.spec import UpsertSpec

ORDER_STATUSES = ("CREATED", "PAID", "CANCELED", "FULFILLED")


def _person(value: Any) -> dict[str, Any]:
    """A customer within an order, whose keys are those of the customer."""
    values = cleaning.json_object(value)
    return values | clean_keys(values, ("id", "source_id"))


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
        _embedded("items", clean_items, default=[], json_type=list[OrderItem], in_summary=True),
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
