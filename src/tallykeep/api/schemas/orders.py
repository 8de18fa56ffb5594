"""Orders."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Metadata, Time

OrderStatus = Literal["CREATED", "PAID", "CANCELED", "FULFILLED"]
Cents = Annotated[int | None, Field(description="In cents.")]


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


class Order(TypedDict):
    """An order."""

    id: str
    source_id: str | None
    status: OrderStatus
    amount: Cents
    total_amount: Cents
    initial_amount: Cents
    discount_amount: Cents
    items: list[OrderItem]
    metadata: Metadata
    customer_id: str | None
    referrer_id: str | None
    customer: NotRequired[Person]
    referrer: NotRequired[Person]
    created_at: Time
    updated_at: Time | None
    object: Literal["order"]


class OrderList(TypedDict):
    """One page of orders."""

    object: ListObject
    data_ref: Literal["orders"]
    orders: list[Order]
    total: int


class GivenPerson(TypedDict, total=False):
    """A customer, who is created or updated along with the order; takes the fields of a customer."""

    id: str | None
    source_id: str | None
    name: str | None
    email: str | None
    metadata: Metadata | None


class OrderUpdate(TypedDict, total=False):
    """What is to change of an order: fields left out stay, items are replaced, metadata is added to."""

    status: OrderStatus | None
    amount: Cents
    initial_amount: Cents
    discount_amount: Cents
    items: list[OrderItem] | None
    customer: GivenPerson | None
    customer_id: str | None
    referrer: GivenPerson | None
    referrer_id: str | None
    metadata: Metadata | None


class GivenOrder(OrderUpdate, total=False):
    """An order to be created, or updated where one has this id or source_id."""

    id: str | None
    source_id: str | None
