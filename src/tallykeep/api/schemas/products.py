"""A product together with its SKUs."""

from typing import Any, Literal

from typing_extensions import TypedDict

from tallykeep.api.schemas.nouns import schemas_of
from tallykeep.api.schemas.values import ListObject
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU

_Product: Any = schemas_of(PRODUCT).shown
_Sku: Any = schemas_of(SKU).shown


class ShownSkus(TypedDict):
    """A product's newest SKUs."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[_Sku]
    total: int


class ProductWithSkus(_Product):  # type: ignore[misc]
    """A product with its newest SKUs."""

    skus: ShownSkus
