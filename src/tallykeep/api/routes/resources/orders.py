"""Single orders and lists of them."""

from fastapi import APIRouter, Request

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.parameters import Limit, LongPage, parameters_of
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.orders import GivenOrder, Order, OrderList, OrderUpdate
from tallykeep.core.compatibility import Compatibility
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.resources.orders.list_spec import ORDERS
from tallykeep.resources.orders.read import get_order, list_orders
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.upserts.single import upsert_one

router = APIRouter(prefix="/v1/orders", tags=["Orders"], default_response_class=Json)

_ABSENT = (
    "redemptions", "items_discount_amount", "total_discount_amount", "applied_discount_amount",
    "items_applied_discount_amount", "total_applied_discount_amount",
)  # fmt: skip
_LIST_SPEC = Compatibility(query=("limit", "page", "order"), absent=_ABSENT)
_SHOWN = Compatibility(absent=_ABSENT)


@router.get("", summary="List orders", openapi_extra=parameters_of(ORDERS) | _LIST_SPEC.extra | answers(OrderList))
async def list_(
    request: Request, context: FromContext, caller: FromCaller, limit: Limit = 10, page: LongPage = 1
) -> Json:
    """The project's orders, newest first unless `order` says otherwise."""
    selection = read_selection(ORDERS, request.query_params.multi_items())
    async with context.reading(caller, much=selection.is_filtered).connection() as connection:
        return Json(await list_orders(connection, caller.project_id, selection, limit=limit, page=page))


@router.post("", summary="Create order", openapi_extra=takes(GivenOrder) | answers(Order))
async def create(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Create an order, or update the one with this source_id or id; customers, products and SKUs inside come along."""
    given = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        order_id = await upsert_one(connection, caller.project_id, ORDER, given)
        return Json(await get_order(connection, caller.project_id, order_id))

    return await context.transact(caller, write)


@router.get("/{order_id:key}", summary="Get order", openapi_extra=_SHOWN.extra | answers(Order))
async def get(context: FromContext, caller: FromCaller, order_id: str) -> Json:
    """One order by id or source_id."""
    async with context.reading(caller).connection() as connection:
        return Json(await get_order(connection, caller.project_id, order_id))


@router.put("/{order_id:key}", summary="Update order", openapi_extra=takes(OrderUpdate) | answers(Order))
async def update(request: Request, context: FromContext, caller: FromCaller, order_id: str) -> Json:
    """Update an order: fields left out stay, items are replaced, metadata is added to."""
    given = await json_object(request, context.settings.max_row_bytes)
    own = {name: value for name, value in given.items() if name not in ("id", "source_id")}

    async def write(connection: Connection) -> Json:
        found = await get_order(connection, caller.project_id, order_id)
        await upsert_one(connection, caller.project_id, ORDER, own | {"id": found["id"]})
        return Json(await get_order(connection, caller.project_id, found["id"]))

    return await context.transact(caller, write)
