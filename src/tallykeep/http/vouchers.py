"""Single vouchers and lists of them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from tallykeep.errors import InvalidPayloadError, InvalidVoucherError
from tallykeep.http.answers import Json
from tallykeep.http.auth import FromCaller
from tallykeep.http.bodies import json_object
from tallykeep.http.context import FromContext
from tallykeep.http.parameters import Limit, Moment, Page
from tallykeep.resources.vouchers.imports import create_voucher
from tallykeep.resources.vouchers.read import VoucherFilter, get_voucher, list_vouchers

router = APIRouter(prefix="/v1/vouchers", tags=["Vouchers"], default_response_class=Json)

_NOT_YET = ("campaign", "campaign_id", "category_id")

Order = Literal["created_at", "-created_at", "updated_at", "-updated_at", "code", "-code"]


@router.get("", summary="List vouchers")
async def list_(
    context: FromContext,
    caller: FromCaller,
    limit: Limit = 10,
    page: Page = 1,
    order: Order = "-created_at",
    code: str | None = None,
    category: str | None = None,
    ids: Annotated[list[str] | None, Query()] = None,
    created_before: Annotated[Moment | None, Query(alias="created_at[before]")] = None,
    created_after: Annotated[Moment | None, Query(alias="created_at[after]")] = None,
    updated_before: Annotated[Moment | None, Query(alias="updated_at[before]")] = None,
    updated_after: Annotated[Moment | None, Query(alias="updated_at[after]")] = None,
) -> Json:
    """The project's vouchers, newest first unless `order` says otherwise."""
    chosen = VoucherFilter(
        code=code, category=category, ids=ids, created_before=created_before, created_after=created_after,
        updated_before=updated_before, updated_after=updated_after,
    )  # fmt: skip
    async with context.pool.connection() as connection:
        return Json(await list_vouchers(connection, caller.project_id, chosen, order=order, limit=limit, page=page))


@router.get("/{code:path}", summary="Get voucher")
async def get(context: FromContext, caller: FromCaller, code: str) -> Json:
    """One voucher by its code, or else by its id."""
    async with context.pool.connection() as connection:
        return Json(await get_voucher(connection, caller.project_id, code))


@router.post("/{code:path}", summary="Create voucher")
async def create(request: Request, context: FromContext, caller: FromCaller, code: str) -> Json:
    """Create a standalone voucher with this code."""
    given = await json_object(request, context.settings.max_row_bytes)
    _refuse_what_is_missing(given)
    given_code = given.setdefault("code", code)
    if given_code != code:
        raise InvalidPayloadError(f"code: the body says {given_code!r}, but the path says {code!r}")
    async with context.pool.connection() as connection:
        await create_voucher(connection, caller.project_id, given)
        return Json(await get_voucher(connection, caller.project_id, code))


def _refuse_what_is_missing(given: dict[str, Any]) -> None:
    for name in _NOT_YET:
        if given.get(name) is not None:
            raise InvalidVoucherError(f"{name}: not supported by this version; leave it out")
