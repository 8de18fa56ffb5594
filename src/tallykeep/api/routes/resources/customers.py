"""Single customers and lists of them."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.parameters import Limit, Page, parameters_of
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.customers import Customer, CustomerList, CustomerUpdate, GivenCustomer
from tallykeep.core.compatibility import Compatibility
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.customers.list_spec import CUSTOMERS
from tallykeep.resources.customers.read import delete_customer, get_customer, list_customers
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.resources.upserts.single import upsert_one

router = APIRouter(prefix="/v1/customers", tags=["Customers"], default_response_class=Json)

_EMPTY = ("summary", "loyalty", "referrals", "system_metadata")
_LIST_SPEC = Compatibility(
    query=(
        "limit", "page", "email", "city", "name", "segment_id", "created_at[before]", "created_at[after]",
        "updated_at[before]", "updated_at[after]", "order", "starting_after",
    ),
    refused=tuple(CUSTOMERS.refused),
    empty=_EMPTY,
)  # fmt: skip
_SHOWN = Compatibility(empty=_EMPTY, absent=("assets",))


@router.get(
    "", summary="List customers", openapi_extra=parameters_of(CUSTOMERS) | _LIST_SPEC.extra | answers(CustomerList)
)
async def list_(request: Request, context: FromContext, caller: FromCaller, limit: Limit = 10, page: Page = 1) -> Json:
    """The project's customers, newest first unless `order` says otherwise."""
    selection = read_selection(CUSTOMERS, request.query_params.multi_items())
    async with context.reading(caller, much=selection.is_filtered).connection() as connection:
        return Json(await list_customers(connection, caller.project_id, selection, limit=limit, page=page))


@router.post("", summary="Create customer", openapi_extra=takes(GivenCustomer) | answers(Customer))
async def create(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Create a customer, or update the one with this source_id or id."""
    given = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        customer_id = await upsert_one(connection, caller.project_id, CUSTOMER, given)
        return Json(await get_customer(connection, caller.project_id, customer_id))

    return await context.transact(caller, write)


@router.get("/{customer_id:key}", summary="Get customer", openapi_extra=_SHOWN.extra | answers(Customer))
async def get(context: FromContext, caller: FromCaller, customer_id: str) -> Json:
    """One customer by id or source_id."""
    async with context.reading(caller).connection() as connection:
        return Json(await get_customer(connection, caller.project_id, customer_id))


@router.put("/{customer_id:key}", summary="Update customer", openapi_extra=takes(CustomerUpdate) | answers(Customer))
async def update(request: Request, context: FromContext, caller: FromCaller, customer_id: str) -> Json:
    """Update a customer: fields left out stay, metadata is added to."""
    given = await json_object(request, context.settings.max_row_bytes)
    own = {name: value for name, value in given.items() if name != "source_id"}

    async def write(connection: Connection) -> Json:
        found = await get_customer(connection, caller.project_id, customer_id)
        await upsert_one(connection, caller.project_id, CUSTOMER, {**own, "id": found["id"]})
        return Json(await get_customer(connection, caller.project_id, found["id"]))

    return await context.transact(caller, write)


@router.delete("/{customer_id:key}", status_code=204, summary="Delete customer")
async def delete(context: FromContext, caller: FromCaller, customer_id: str) -> Response:
    """Delete a customer for good."""
    async with context.writing(caller) as connection:
        await delete_customer(connection, caller.project_id, customer_id)
    return Response(status_code=204)
