"""Customers."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Metadata, Time


class Address(TypedDict, total=False):
    """Where a customer lives."""

    city: str | None
    state: str | None
    line_1: str | None
    line_2: str | None
    country: str | None
    postal_code: str | None


class Summary(TypedDict):
    """What the reference API counts of a customer; here it is all zeros."""

    redemptions: dict[str, Any]
    orders: dict[str, Any]


class Loyalty(TypedDict):
    """What the reference API tells of a customer's points; here it is all zeros."""

    points: int
    referred_customers: int
    campaigns: dict[str, Any]


class Referrals(TypedDict):
    """What the reference API tells of a customer's referrals; here there are none."""

    total: int
    campaigns: list[dict[str, Any]]


class Customer(TypedDict):
    """A customer."""

    id: str
    source_id: str | None
    name: str | None
    description: str | None
    email: str | None
    phone: str | None
    birthdate: Annotated[str | None, Field(description="YYYY-MM-DD.")]
    address: Address | None
    summary: Summary
    loyalty: Loyalty
    referrals: Referrals
    metadata: Metadata
    system_metadata: dict[str, Any]
    created_at: Time
    updated_at: Time | None
    object: Literal["customer"]


class CustomerList(TypedDict):
    """One page of customers."""

    object: ListObject
    data_ref: Literal["customers"]
    customers: list[Customer]
    total: int
    has_more: NotRequired[bool]


class CustomerUpdate(TypedDict, total=False):
    """What is to change of a customer: fields left out stay, metadata is added to."""

    name: str | None
    description: str | None
    email: str | None
    phone: str | None
    birthdate: Annotated[str | None, Field(description="YYYY-MM-DD.")]
    birthday: str | None
    address: Address | None
    metadata: Metadata | None


class GivenCustomer(CustomerUpdate, total=False):
    """A customer to be created, or updated where one has this id or source_id."""

    id: str | None
    source_id: str | None


class CustomerRow(CustomerUpdate):
    """One row of a bulk update: the customer with this source_id is updated, or else created."""

    source_id: str
