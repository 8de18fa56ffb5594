"""Products with their SKUs, and what is below a product."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.parameters import Limit, LongPage, parameters_of
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.routes.resources.upserted import changes_of
from tallykeep.api.schemas.nouns import schemas_of
from tallykeep.api.schemas.products import ProductWithSkus
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.errors import InvalidQueryError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import hold_for_request
from tallykeep.resources.lists.page import FEW
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.resources.products.delete import delete_product, delete_sku
from tallykeep.resources.products.listing import CATALOGUE_QUERY
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.read import get_one, list_page
from tallykeep.resources.upserts.single import held_one, upsert_one
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1", tags=["Products"], default_response_class=Json)

_READING, _WRITING = needs(Permission.SKUS_READ), needs(Permission.SKUS_WRITE)
_SKUS_SHOWN = 100

_SKU_LIST = Compatibility(query=CATALOGUE_QUERY)
_DELETED = Compatibility(query=("force",))
_SKU = schemas_of(SKU)


@router.get(
    "/products/{product_id:key}",
    summary="Get product",
    openapi_extra=needs(Permission.PRODUCTS_READ) | answers(ProductWithSkus),
)
async def get(context: FromContext, caller: FromCaller, product_id: str) -> Json:
    """One product by id or source_id, with its newest SKUs."""
    async with context.reading(caller).connection() as connection:
        product = await get_one(connection, caller.project_id, PRODUCT, product_id)
        return Json(product | {"skus": await _skus_of(connection, caller.project_id, product["id"])})


@router.delete(
    "/products/{product_id:key}",
    status_code=204,
    summary="Delete product",
    openapi_extra=needs(Permission.PRODUCTS_WRITE) | _DELETED.extra,
)
async def delete(
    request: Request, context: FromContext, caller: FromCaller, product_id: str, force: bool = False
) -> Response:
    """Delete a product and its SKUs: into the bin, or with `force` for good."""
    async with context.changing(request, caller) as connection:
        attempt_of(request).about(await delete_product(connection, caller, product_id, force=force), force=force)
    return Response(status_code=204)


@router.get(
    "/products/{product_id:key}/skus",
    summary="List SKUs of a product",
    openapi_extra=_READING | parameters_of(SKU.list_spec) | _SKU_LIST.extra | answers(_SKU.page),
)
async def list_product_skus(
    request: Request, context: FromContext, caller: FromCaller, product_id: str, limit: Limit = 10, page: LongPage = 1
) -> Json:
    """The product's SKUs, newest first unless `order` says otherwise."""
    selection = read_selection(SKU.list_spec, request.query_params.multi_items())
    async with context.reading(caller, much=selection.is_filtered).connection() as connection:
        product = await get_one(connection, caller.project_id, PRODUCT, product_id)
        return Json(
            await list_page(
                connection, caller.project_id, SKU, selection, limit=limit, page=page, product_id=product["id"]
            )
        )


@router.post(
    "/products/{product_id:key}/skus",
    summary="Create SKU",
    openapi_extra=_WRITING | takes(_SKU.new) | answers(_SKU.shown),
)
async def create_sku(request: Request, context: FromContext, caller: FromCaller, product_id: str) -> Json:
    """Create a SKU of this product, or update the one with this source_id or id."""
    values = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        await hold_for_request(connection, caller.project_id, *SKU.depends_on)
        product = await get_one(connection, caller.project_id, PRODUCT, product_id)
        return await _written(request, connection, caller, {**values, "product_id": product["id"]})

    return await context.transact(request, caller, write)


@router.put(
    "/products/{product_id:key}/skus/{sku_id:key}",
    summary="Update SKU",
    openapi_extra=_WRITING | takes(_SKU.update) | answers(_SKU.shown),
)
async def update_sku(request: Request, context: FromContext, caller: FromCaller, product_id: str, sku_id: str) -> Json:
    """Update a SKU of this product: fields left out stay."""
    values = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        await hold_for_request(connection, caller.project_id, *SKU.depends_on)
        product = await get_one(connection, caller.project_id, PRODUCT, product_id)
        sku = await get_one(connection, caller.project_id, SKU, sku_id)
        change = changes_of(values) | {"id": sku["id"], "product_id": product["id"]}
        return await _written(request, connection, caller, change)

    return await context.transact(request, caller, write)


async def _written(request: Request, connection: Connection, caller: Caller, values: dict[str, Any]) -> Json:
    """Write a SKU, of a product whose gate is held, and answer with it."""
    before = await held_one(connection, caller.project_id, SKU, values)
    sku_id = await upsert_one(connection, caller.project_id, SKU, values)
    shown = await get_one(connection, caller.project_id, SKU, sku_id)
    attempt_of(request).about(sku_id, product_id=values["product_id"])
    attempt_of(request).compare(before, shown)
    return Json(shown)


@router.delete(
    "/products/{product_id:key}/skus/{sku_id:key}",
    status_code=204,
    summary="Delete SKU",
    openapi_extra=_WRITING | _DELETED.extra,
)
async def delete_product_sku(
    request: Request, context: FromContext, caller: FromCaller, product_id: str, sku_id: str, force: bool = False
) -> Response:
    """Delete a SKU of this product: into the bin, or with `force` for good."""
    async with context.changing(request, caller) as connection:
        product = await get_one(connection, caller.project_id, PRODUCT, product_id)
        deleted = await delete_sku(connection, caller, product["id"], sku_id, force=force)
        attempt_of(request).about(deleted, product_id=product["id"], force=force)
    return Response(status_code=204)


@router.get("/skus/{sku_id:key}", summary="Get SKU", openapi_extra=_READING | answers(_SKU.shown))
async def get_single_sku(context: FromContext, caller: FromCaller, sku_id: str) -> Json:
    """One SKU by id or source_id."""
    async with context.reading(caller).connection() as connection:
        return Json(await get_one(connection, caller.project_id, SKU, sku_id))


async def _skus_of(connection: Connection, project_id: int, product_id: str) -> dict[str, Any]:
    newest = read_selection(SKU.list_spec, ())
    try:
        page = await list_page(connection, project_id, SKU, newest, limit=_SKUS_SHOWN, page=1, product_id=product_id)
    except InvalidQueryError:  # they are too large, which the product is not to blame for
        page = await list_page(connection, project_id, SKU, newest, limit=FEW, page=1, product_id=product_id)
    return {"object": "list", "data_ref": "data", "data": page["skus"], "total": page["total"]}
