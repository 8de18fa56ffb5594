"""Types inside an order's JSON."""

from typing import Any, Literal

from typing_extensions import TypedDict

from tallykeep.resources.fields.json_types import Cents, Metadata

OrderStatus = Literal["CREATED", "PAID", "CANCELED", "FULFILLED"]


class OrderItem(TypedDict, total=False):
    """A line of an order; further fields are kept as they come."""

    object: Literal["order_item"]
    source_id: str | None
    product_id: str | None
    sku_id: str | None
    related_object: Literal["product", "sku"] | None
    quantity: int | None
    initial_quantity: int | None
    discount_quantity: int | None
    price: Cents
    amount: Cents
    initial_amount: Cents
    discount_amount: Cents
    subtotal_amount: Cents
    product: dict[str, Any] | None
    sku: dict[str, Any] | None
    metadata: Metadata | None


class Person(TypedDict):
    """A customer, by id."""

    id: str
    object: Literal["customer"]


class NewPerson(TypedDict, total=False):
    """A customer, who is created or updated along with the order; takes the fields of a customer."""

    id: str | None
    source_id: str | None
    name: str | None
    email: str | None
    metadata: Metadata | None
