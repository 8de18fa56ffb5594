"""Single vouchers and lists of them."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.parameters import Limit, Page, parameters_of
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.vouchers import NewVoucher, Voucher, VoucherList, VoucherUpdate
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.errors import InvalidPayloadError, InvalidVoucherError
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.campaigns.single import create_in_campaign, names_campaign
from tallykeep.resources.fields.cleaning import actual
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.resources.vouchers.domain import EXTRA_NAMES
from tallykeep.resources.vouchers.list_spec import VOUCHERS
from tallykeep.resources.vouchers.read import get_voucher, list_vouchers
from tallykeep.resources.vouchers.single import (
    create_voucher,
    delete_voucher,
    hold_voucher,
    switch_voucher,
    update_voucher,
)
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/vouchers", tags=["Vouchers"], default_response_class=Json)

_READING, _WRITING = needs(Permission.VOUCHERS_READ), needs(Permission.VOUCHERS_WRITE)
_EMPTY = ("assets", "holder_id", "publish", "validation_rules_assignments")
_LIST_COMPATIBILITY = Compatibility(
    query=(
        "limit", "page", "order", "code", "category", "campaign", "campaign_id", "customer", "ids", "filters",
        "created_at[before]", "created_at[after]", "updated_at[before]", "updated_at[after]",
    ),
    empty=_EMPTY[:-1],
    absent=("referrer_id",),
    differs=("no voucher has a holder, so `customer` finds none",),
)  # fmt: skip
_SHOWN = Compatibility(empty=_EMPTY, absent=("referrer_id",))
_CREATED = (
    takes(NewVoucher)
    | answers(Voucher)
    | Compatibility(
        kept=EXTRA_NAMES,
        differs=("`type` and `discount` beside a campaign have to be the campaign's",),
    ).extra
)
_UPDATED = (
    takes(VoucherUpdate)
    | answers(Voucher)
    | Compatibility(
        kept=EXTRA_NAMES, differs=("`campaign` and `campaign_id` are taken where they are the voucher's own",)
    ).extra
)
_DELETED = Compatibility(query=("force",))


@router.get(
    "",
    summary="List vouchers",
    openapi_extra=_READING | parameters_of(VOUCHERS) | _LIST_COMPATIBILITY.extra | answers(VoucherList),
)
async def list_(request: Request, context: FromContext, caller: FromCaller, limit: Limit = 10, page: Page = 1) -> Json:
    """List the project's vouchers, newest first unless `order` says otherwise."""
    selection = read_selection(VOUCHERS, request.query_params.multi_items())
    async with context.reading(caller, much=selection.is_filtered).connection() as connection:
        return Json(await list_vouchers(connection, caller.project_id, selection, limit=limit, page=page))


@router.post("", summary="Create voucher with a given or a random code", openapi_extra=_WRITING | _CREATED)
async def create_with_any_code(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Create a voucher, standalone or in the campaign it names, which then determines its values; without a code in the
    body, one is made by its `code_config`.
    """
    body = await json_object(request, context.settings.max_row_bytes)
    return await _created(request, context, caller, body)


@router.post("/{code:key}/enable", summary="Enable voucher", openapi_extra=_WRITING | answers(Voucher))
async def enable(request: Request, context: FromContext, caller: FromCaller, code: str) -> Json:
    """Switch a voucher on."""
    return await _switched(request, context, caller, code, active=True)


@router.post("/{code:key}/disable", summary="Disable voucher", openapi_extra=_WRITING | answers(Voucher))
async def disable(request: Request, context: FromContext, caller: FromCaller, code: str) -> Json:
    """Switch a voucher off."""
    return await _switched(request, context, caller, code, active=False)


@router.put("/{code:key}", summary="Update voucher", openapi_extra=_WRITING | _UPDATED)
async def update(request: Request, context: FromContext, caller: FromCaller, code: str) -> Json:
    """Update a voucher: fields left out stay, null clears, metadata is added to."""
    body = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        await hold_voucher(connection, caller.project_id, code)
        before = await get_voucher(connection, caller.project_id, code)
        _refuse_another_campaign(before, body)
        voucher_code = await update_voucher(connection, caller.project_id, code, body)
        updated = await get_voucher(connection, caller.project_id, voucher_code)
        attempt_of(request).about(voucher_code)
        attempt_of(request).compare(before, updated)
        return Json(updated)

    return await context.transact(request, caller, write)


@router.delete("/{code:key}", status_code=204, summary="Delete voucher", openapi_extra=_WRITING | _DELETED.extra)
async def delete(
    request: Request, context: FromContext, caller: FromCaller, code: str, force: bool = False
) -> Response:
    """Delete a voucher: into the bin, or with `force` for good."""
    attempt_of(request).about(force=force)
    async with context.changing(request, caller) as connection:
        await delete_voucher(connection, caller, code, force=force)
    return Response(status_code=204)


@router.get("/{code:key}", summary="Get voucher", openapi_extra=_READING | _SHOWN.extra | answers(Voucher))
async def get(context: FromContext, caller: FromCaller, code: str) -> Json:
    """Get one voucher by its code, or else by its id."""
    async with context.reading(caller).connection() as connection:
        return Json(await get_voucher(connection, caller.project_id, code))


@router.post("/{code:key}", summary="Create voucher", openapi_extra=_WRITING | _CREATED)
async def create(request: Request, context: FromContext, caller: FromCaller, code: str) -> Json:
    """Create a voucher with this code, standalone or in the campaign it names."""
    body = await json_object(request, context.settings.max_row_bytes)
    body_code = body.setdefault("code", code)
    if body_code != code:
        raise InvalidPayloadError(f"code: the body says {body_code!r}, but the path says {code!r}")
    return await _created(request, context, caller, body)


async def _created(request: Request, context: Context, caller: Caller, body: dict[str, Any]) -> Json:
    create_one = create_in_campaign if names_campaign(body) else create_voucher

    async def write(connection: Connection) -> Json:
        code = await create_one(connection, caller.project_id, body)
        attempt_of(request).about(code)
        return Json(await get_voucher(connection, caller.project_id, code))

    return await context.transact(request, caller, write)


async def _switched(request: Request, context: Context, caller: Caller, code: str, *, active: bool) -> Json:
    async def write(connection: Connection) -> Json:
        voucher_code, is_unchanged = await switch_voucher(connection, caller.project_id, code, active=active)
        attempt_of(request).about(voucher_code, unchanged=is_unchanged or None)
        return Json(await get_voucher(connection, caller.project_id, voucher_code))

    return await context.transact(request, caller, write)


def _refuse_another_campaign(voucher: dict[str, Any], body: dict[str, Any]) -> None:
    for name in ("campaign", "campaign_id"):
        if body.get(name) not in (None, voucher[name]):
            raise InvalidVoucherError(f"{name}: cannot be changed {actual(body[name])}")
