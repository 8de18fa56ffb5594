"""Single products, their SKUs, and lists of both."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.parameters import Limit, LongPage, parameters_of
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.products import (
    ListedProduct,
    NewProduct,
    NewSku,
    Product,
    ProductList,
    ProductUpdate,
    Sku,
    SkuList,
    SkuUpdate,
)
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.errors import InvalidQueryError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import hold_for_request
from tallykeep.resources.lists.page import FEW
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.resources.products.list_spec import PRODUCTS
from tallykeep.resources.products.read import delete_product, get_product, list_products
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.list_spec import SKUS
from tallykeep.resources.skus.read import delete_sku, get_sku, list_skus
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.single import upsert_one

router = APIRouter(prefix="/v1", tags=["Products"], default_response_class=Json)

_SKUS_SHOWN = 100

_LIST_QUERY = ("limit", "page", "order", "start_date", "end_date")
_LIST_SPEC = Compatibility(query=_LIST_QUERY, absent=("skus",))
_SKUS_LIST_SPEC = Compatibility(query=_LIST_QUERY)
_DELETED = Compatibility(query=("force",))


@router.get(
    "/products",
    summary="List products",
    openapi_extra=parameters_of(PRODUCTS) | _LIST_SPEC.extra | answers(ProductList),
)
async def list_(
    request: Request, context: FromContext, caller: FromCaller, limit: Limit = 10, page: LongPage = 1
) -> Json:
    """The project's products, newest first unless `order` says otherwise."""
    selection = read_selection(PRODUCTS, request.query_params.multi_items())
    async with context.reading(caller, much=selection.is_filtered).connection() as connection:
        return Json(await list_products(connection, caller.project_id, selection, limit=limit, page=page))


@router.post("/products", summary="Create product", openapi_extra=takes(NewProduct) | answers(ListedProduct))
async def create(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Create a product, or update the one with this source_id or id."""
    given = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        product_id = await upsert_one(connection, caller.project_id, PRODUCT, given)
        return Json(await get_product(connection, caller.project_id, product_id))

    return await context.transact(caller, write)


@router.get("/products/{product_id:key}", summary="Get product", openapi_extra=answers(Product))
async def get(context: FromContext, caller: FromCaller, product_id: str) -> Json:
    """One product by id or source_id, with its newest SKUs."""
    async with context.reading(caller).connection() as connection:
        found = await get_product(connection, caller.project_id, product_id)
        return Json(found | {"skus": await _skus_of(connection, caller.project_id, found["id"])})


@router.put(
    "/products/{product_id:key}", summary="Update product", openapi_extra=takes(ProductUpdate) | answers(ListedProduct)
)
async def update(request: Request, context: FromContext, caller: FromCaller, product_id: str) -> Json:
    """Update a product: fields left out stay, metadata is added to."""
    given = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        found = await get_product(connection, caller.project_id, product_id)
        await upsert_one(connection, caller.project_id, PRODUCT, _own(given) | {"id": found["id"]})
        return Json(await get_product(connection, caller.project_id, found["id"]))

    return await context.transact(caller, write)


@router.delete("/products/{product_id:key}", status_code=204, summary="Delete product", openapi_extra=_DELETED.extra)
async def delete(context: FromContext, caller: FromCaller, product_id: str, force: bool = False) -> Response:
    """Delete a product and its SKUs: into the bin, or with `force` for good."""
    async with context.writing(caller) as connection:
        await delete_product(connection, caller, product_id, force=force)
    return Response(status_code=204)


@router.get(
    "/products/{product_id:key}/skus",
    summary="List SKUs of a product",
    openapi_extra=parameters_of(SKUS) | _SKUS_LIST_SPEC.extra | answers(SkuList),
)
async def list_product_skus(
    request: Request, context: FromContext, caller: FromCaller, product_id: str, limit: Limit = 10, page: LongPage = 1
) -> Json:
    """The product's SKUs, newest first unless `order` says otherwise."""
    selection = read_selection(SKUS, request.query_params.multi_items())
    async with context.reading(caller, much=selection.is_filtered).connection() as connection:
        found = await get_product(connection, caller.project_id, product_id)
        return Json(await list_skus(connection, caller.project_id, found["id"], selection, limit=limit, page=page))


@router.post("/products/{product_id:key}/skus", summary="Create SKU", openapi_extra=takes(NewSku) | answers(Sku))
async def create_sku(request: Request, context: FromContext, caller: FromCaller, product_id: str) -> Json:
    """Create a SKU of this product, or update the one with this source_id or id."""
    given = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        await hold_for_request(connection, caller.project_id, *SKU.depends_on)
        found = await get_product(connection, caller.project_id, product_id)
        sku_id = await upsert_one(connection, caller.project_id, SKU, {**given, "product_id": found["id"]})
        return Json(await get_sku(connection, caller.project_id, sku_id))

    return await context.transact(caller, write)


@router.put(
    "/products/{product_id:key}/skus/{sku_id:key}", summary="Update SKU", openapi_extra=takes(SkuUpdate) | answers(Sku)
)
async def update_sku(request: Request, context: FromContext, caller: FromCaller, product_id: str, sku_id: str) -> Json:
    """Update a SKU of this product: fields left out stay."""
    given = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        await hold_for_request(connection, caller.project_id, *SKU.depends_on)
        product = await get_product(connection, caller.project_id, product_id)
        found = await get_sku(connection, caller.project_id, sku_id)
        change = _own(given) | {"id": found["id"], "product_id": product["id"]}
        await upsert_one(connection, caller.project_id, SKU, change)
        return Json(await get_sku(connection, caller.project_id, found["id"]))

    return await context.transact(caller, write)


@router.delete(
    "/products/{product_id:key}/skus/{sku_id:key}", status_code=204, summary="Delete SKU", openapi_extra=_DELETED.extra
)
async def delete_product_sku(
    context: FromContext, caller: FromCaller, product_id: str, sku_id: str, force: bool = False
) -> Response:
    """Delete a SKU of this product: into the bin, or with `force` for good."""
    async with context.writing(caller) as connection:
        product = await get_product(connection, caller.project_id, product_id)
        await delete_sku(connection, caller, product["id"], sku_id, force=force)
    return Response(status_code=204)


@router.get("/skus/{sku_id:key}", summary="Get SKU", openapi_extra=answers(Sku))
async def get_single_sku(context: FromContext, caller: FromCaller, sku_id: str) -> Json:
    """One SKU by id or source_id."""
    async with context.reading(caller).connection() as connection:
        return Json(await get_sku(connection, caller.project_id, sku_id))


async def _skus_of(connection: Connection, project_id: int, product_id: str) -> dict[str, Any]:
    newest = read_selection(SKUS, ())
    try:
        page = await list_skus(connection, project_id, product_id, newest, limit=_SKUS_SHOWN, page=1)
    except InvalidQueryError:  # they are too large, which the product is not to blame for
        page = await list_skus(connection, project_id, product_id, newest, limit=FEW, page=1)
    return {"object": "list", "data_ref": "data", "data": page["skus"], "total": page["total"]}


def _own(given: dict[str, Any]) -> dict[str, Any]:
    """What an update may change: all but the keys that found the resource."""
    return {name: value for name, value in given.items() if name not in ("id", "source_id")}
