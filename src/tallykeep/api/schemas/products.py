"""Products and their SKUs."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, Metadata, Time

Price = Annotated[int | None, Field(description="In cents.")]


class Sku(TypedDict):
    """A SKU: one variant of a product."""

    id: str
    source_id: str | None
    product_id: str
    sku: Annotated[str | None, Field(description="What it is called.")]
    price: Price
    currency: str | None
    attributes: dict[str, Any]
    image_url: str | None
    metadata: Metadata
    created_at: Time
    updated_at: Time | None
    object: Literal["sku"]


class SkuList(TypedDict):
    """One page of a product's SKUs."""

    object: ListObject
    data_ref: Literal["skus"]
    skus: list[Sku]
    total: int


class ShownSkus(TypedDict):
    """A product's newest SKUs."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[Sku]
    total: int


class ListedProduct(TypedDict):
    """A product as lists, and answers to changes, show it."""

    id: str
    source_id: str | None
    name: str | None
    price: Price
    attributes: Annotated[list[str], Field(description="What its SKUs differ in.")]
    metadata: Metadata
    image_url: str | None
    created_at: Time
    updated_at: Time | None
    object: Literal["product"]


class Product(ListedProduct):
    """A product with its newest SKUs."""

    skus: ShownSkus


class ProductList(TypedDict):
    """One page of products."""

    object: ListObject
    data_ref: Literal["products"]
    products: list[ListedProduct]
    total: int


class ProductUpdate(TypedDict, total=False):
    """What is to change of a product: fields left out stay, metadata is added to."""

    name: str | None
    price: Price
    attributes: list[str] | None
    image_url: str | None
    metadata: Metadata | None


class NewProduct(ProductUpdate, total=False):
    """A product to be created, or updated where one has this id or source_id."""

    id: str | None
    source_id: str | None


class ProductRow(ProductUpdate):
    """One row of a bulk update: the product with this source_id is updated, or else created."""

    source_id: str


class SkuUpdate(TypedDict, total=False):
    """What is to change of a SKU: fields left out stay, metadata is added to."""

    sku: str | None
    price: Price
    currency: str | None
    attributes: dict[str, Any] | None
    image_url: str | None
    metadata: Metadata | None


class NewSku(SkuUpdate):
    """A SKU to be created, or updated where one has this id or source_id."""

    id: NotRequired[str | None]
    source_id: str
