"""Campaigns, and the actions that make, change and delete their vouchers."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import Context, FromContext
from tallykeep.api.dependencies.parameters import Limit, LongPage, parameters_of
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers, takes
from tallykeep.api.requests.bodies import json_object
from tallykeep.api.requests.submission_options import PARAMETERS, read_submission_options
from tallykeep.api.requests.upload import submission
from tallykeep.api.responses.answers import Json, answer_accepted
from tallykeep.api.schemas.campaigns import Campaign, CampaignList, CampaignUpdate, NewCampaign
from tallykeep.api.schemas.values import AcceptedAction
from tallykeep.api.schemas.vouchers import CampaignVoucher, Voucher
from tallykeep.core.action_type import Submission
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.errors import InvalidPayloadError, InvalidQueryError, NotFoundError
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.db.connections.pool import Connection
from tallykeep.engine.intake.idempotency import Accepted
from tallykeep.resources.campaigns import store
from tallykeep.resources.campaigns.body import CAMPAIGN_BODY, require_enough_codes, wanted_codes
from tallykeep.resources.campaigns.list_spec import CAMPAIGNS
from tallykeep.resources.campaigns.operations import add_voucher, require_possible
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.resources.vouchers.read import get_voucher
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/campaigns", tags=["Campaigns"], default_response_class=Json)

_MAX_VOUCHERS = 1 << 53

Expand = Annotated[Literal["category"], Query(description="Categories are always shown.")]


def _digits(raw: Any) -> Any:
    if isinstance(raw, str) and not (raw.isascii() and raw.strip().removeprefix("-").isdecimal()):
        # 5.000 may be 5 or 5000, and would be taken for 5.
        raise ValueError("write it in digits alone")
    return raw


Count = Annotated[int, BeforeValidator(_digits), Query(ge=1, le=_MAX_VOUCHERS, description="How many vouchers to add.")]

_READING, _WRITING = needs(Permission.CAMPAIGNS_READ), needs(Permission.CAMPAIGNS_WRITE)
_ABSENT = ("access_settings_assignments", "loyalty_tiers_expiration", "readonly", "referral_program", "validity_hours")
_LIST_COMPATIBILITY = Compatibility(
    query=(
        "limit", "page", "campaign_type", "expand", "campaign_status", "is_referral_code", "order", "filters",
        "access_settings",
    ),
    refused=tuple(CAMPAIGNS.refused),
    absent=_ABSENT,
    differs=("`expand` takes `category` alone; categories are always shown",),
)  # fmt: skip
_SHOWN = Compatibility(empty=("validation_rules_assignments",), absent=("promotion", *_ABSENT))
_BODY = CAMPAIGN_BODY.extra | answers(Campaign)
_DELETED = Compatibility(query=("force",))
_SWITCHED = Compatibility(differs=("answers the campaign, where the reference API answers an empty object",))
_ADDED_TO = Compatibility(query=("vouchers_count",))


@router.get(
    "",
    summary="List campaigns",
    openapi_extra=_READING | parameters_of(CAMPAIGNS) | _LIST_COMPATIBILITY.extra | answers(CampaignList),
)
async def list_(
    request: Request,
    context: FromContext,
    caller: FromCaller,
    limit: Limit = 10,
    page: LongPage = 1,
    expand: Expand | None = None,
) -> Json:
    """List the project's campaigns, newest first unless `order` says otherwise."""
    selection = read_selection(CAMPAIGNS, request.query_params.multi_items())
    async with context.reading(caller, much=selection.is_filtered).connection() as connection:
        return Json(await store.list_campaigns(connection, caller.project_id, selection, limit=limit, page=page))


@router.post("", summary="Create campaign", openapi_extra=_WRITING | _BODY | takes(NewCampaign))
async def create(request: Request, context: FromContext, caller: FromCaller) -> Json:
    """Create a campaign. If more than one voucher is requested, an action generates them in the background."""
    await context.open_actions.admit(caller)
    body = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        campaign_id, draft = await store.create_campaign(connection, caller.project_id, body)
        attempt_of(request).about(campaign_id)
        require_enough_codes(draft.rule, draft.vouchers_count)
        await _fill(request, context, connection, caller, campaign_id, draft.vouchers_count)
        return Json(await store.get_campaign(connection, caller.project_id, campaign_id))

    async with context.generating(caller, wanted_codes(body)):
        return await context.transact(request, caller, write)


@router.get("/{campaign_id:key}", summary="Get campaign", openapi_extra=_READING | _SHOWN.extra | answers(Campaign))
async def get(context: FromContext, caller: FromCaller, campaign_id: str) -> Json:
    """Return one campaign by id or name."""
    async with context.reading(caller).connection() as connection:
        return Json(await store.get_campaign(connection, caller.project_id, campaign_id))


@router.put("/{campaign_id:key}", summary="Update campaign", openapi_extra=_WRITING | _BODY | takes(CampaignUpdate))
async def update(request: Request, context: FromContext, caller: FromCaller, campaign_id: str) -> Json:
    """Update a campaign. An action in the background applies the change to its vouchers that are not redeemed."""
    await context.open_actions.admit(caller)
    body = await json_object(request, context.settings.max_row_bytes)

    async def write(connection: Connection) -> Json:
        campaign_key, change = await store.change_campaign(connection, caller.project_id, campaign_id, body)
        attempt_of(request).about(campaign_key)
        options = {"campaign_id": campaign_key, "change": change}
        await _start(request, context, connection, caller, "CAMPAIGN.VOUCHERS_UPDATE", options)
        return Json(await store.get_campaign(connection, caller.project_id, campaign_key))

    return await context.transact(request, caller, write)


@router.delete(
    "/{campaign_id:key}",
    status_code=202,
    summary="Delete campaign",
    openapi_extra=_WRITING | _DELETED.extra | answers(AcceptedAction, code=202),
)
async def delete(
    request: Request, context: FromContext, caller: FromCaller, campaign_id: str, force: bool = False
) -> Json:
    """Delete a campaign at once, and its vouchers by an action: into the bin, or with `force` for good."""
    await context.open_actions.admit(caller)
    submitted = _submission(request, context, caller, "CAMPAIGN.VOUCHERS_DELETE", {}, force)
    submission_options = _really(request)
    attempt = attempt_of(request)

    async def write(connection: Connection) -> Accepted:
        if accepted := await _replayed(request, context, connection, submitted, submission_options):
            return accepted
        try:
            campaign_key, name = await store.take_out_campaign(connection, caller, campaign_id, force=force)
        except NotFoundError:
            # Perhaps this very request deleted it a moment ago, sent a first time.
            if accepted := await _replayed(request, context, connection, submitted, submission_options):
                return accepted
            raise
        parameters = {"campaign_id": campaign_key, "force": force, "deleted_by": caller.key_id}
        started = await context.acceptance.accept_planned(
            connection, replace(submitted, parameters=parameters), submission_options
        )
        attempt.about(campaign_key, action_id=started.action_id, name=name, force=force)
        return started

    return answer_accepted(await context.transact(request, caller, write), 202)


@router.post(
    "/{campaign_id:key}/enable", summary="Enable campaign", openapi_extra=_WRITING | _SWITCHED.extra | answers(Campaign)
)
async def enable(request: Request, context: FromContext, caller: FromCaller, campaign_id: str) -> Json:
    """Switch a campaign on."""
    return await _switched(request, context, caller, campaign_id, active=True)


@router.post(
    "/{campaign_id:key}/disable",
    summary="Disable campaign",
    openapi_extra=_WRITING | _SWITCHED.extra | answers(Campaign),
)
async def disable(request: Request, context: FromContext, caller: FromCaller, campaign_id: str) -> Json:
    """Switch a campaign off."""
    return await _switched(request, context, caller, campaign_id, active=False)


@router.post(
    "/{campaign_id:key}/vouchers",
    summary="Add vouchers to campaign",
    openapi_extra={
        **_WRITING,
        **takes(CampaignVoucher, required=False),
        **answers(Voucher, more={202: AcceptedAction}),
        "parameters": PARAMETERS,
        **_ADDED_TO.extra,
    },
)
async def add_vouchers(
    request: Request, context: FromContext, caller: FromCaller, campaign_id: str, vouchers_count: Count = 1
) -> Json:
    """Add one voucher and return it, or add more by an action in the background and return the action's id."""
    if vouchers_count > 1:
        await context.open_actions.admit(caller)
    body = await json_object(request, context.settings.max_row_bytes, may_be_empty=True)
    submitted = _submission(request, context, caller, "CAMPAIGN.VOUCHERS_GENERATE", {}, [body, vouchers_count])
    submission_options = read_submission_options(request.query_params)

    async def write(connection: Connection) -> Json:
        if accepted := await _replayed(request, context, connection, submitted, submission_options):
            return answer_accepted(accepted, 202)
        campaign = await store.find_campaign(connection, caller.project_id, campaign_id)
        require_enough_codes(store.rule_of(campaign, body), vouchers_count)
        await require_possible(connection, caller.project_id, campaign, body)
        if vouchers_count > 1:
            _refuse_one_code_for_several(body)
            parameters = {"campaign_id": campaign["id"], "count": vouchers_count, "overrides": body}
            planned = replace(submitted, parameters=parameters)
            started = await context.acceptance.accept_planned(connection, planned, submission_options)
            attempt_of(request).about(campaign["id"], action_id=started.action_id, count=vouchers_count)
            return answer_accepted(started, 202)
        _require_no_option(submitted, submission_options)
        code = await add_voucher(connection, caller.project_id, campaign["id"], body)
        attempt_of(request).about(campaign["id"], code=code)
        return Json(await get_voucher(connection, caller.project_id, code))

    if accepted := await _accepted_before(request, context, caller, submitted, submission_options):
        return answer_accepted(accepted, 202)
    async with context.generating(caller, vouchers_count if vouchers_count > 1 else 0) as allowance:
        answer = await context.transact(request, caller, write)
        if allowance is not None and not attempt_of(request).is_done:
            allowance.give_back()
        return answer


@router.post(
    "/{campaign_id:key}/vouchers/{code:key}",
    summary="Add voucher with this code",
    openapi_extra=_WRITING | takes(CampaignVoucher, required=False) | answers(Voucher),
)
async def add_with_code(
    request: Request, context: FromContext, caller: FromCaller, campaign_id: str, code: str
) -> Json:
    """Add a voucher with this code."""
    body = await json_object(request, context.settings.max_row_bytes, may_be_empty=True)

    async def write(connection: Connection) -> Json:
        await add_voucher(connection, caller.project_id, campaign_id, {**body, "code": code})
        campaign = await store.find_campaign(connection, caller.project_id, campaign_id)
        attempt_of(request).about(campaign["id"], code=code)
        return Json(await get_voucher(connection, caller.project_id, code))

    return await context.transact(request, caller, write)


def _require_no_option(submitted: Submission, submission_options: SubmissionOptions) -> None:
    """Raise InvalidQueryError for an option of an action: a single voucher is made at once, without one."""
    for requested, name in ((submission_options.dry_run, "dry_run"), (submitted.idempotency_key, "Idempotency-Key")):
        if requested:
            raise InvalidQueryError(
                f"{name} goes with vouchers_count over 1 only; nothing was done."
                " A single voucher with a code is safe to send twice"
            )


def _refuse_one_code_for_several(body: dict[str, Any]) -> None:
    if body.get("code") is not None:
        raise InvalidPayloadError("code: several vouchers cannot have one code; leave it out")


async def _fill(
    request: Request, context: Context, connection: Connection, caller: Caller, campaign_id: str, count: int
) -> None:
    """Make a new campaign's vouchers: a single one at once, more by an action."""
    if count == 1:
        await add_voucher(connection, caller.project_id, campaign_id, {})
    elif count > 1:
        options = {"campaign_id": campaign_id, "count": count, "overrides": {}}
        await _start(request, context, connection, caller, "CAMPAIGN.VOUCHERS_GENERATE", options)


async def _start(
    request: Request, context: Context, connection: Connection, caller: Caller, name: str, options: dict[str, Any]
) -> None:
    submitted = _submission(request, context, caller, name, options)
    # The answer is the campaign, which a second request would find changed: no key makes these two the same.
    planned = replace(submitted, idempotency_key=None)
    started = await context.acceptance.accept_planned(connection, planned, _really(request))
    attempt_of(request).about(action_id=started.action_id)


async def _replayed(
    request: Request, context: Context, connection: Connection, submitted: Submission, options: SubmissionOptions
) -> Accepted | None:
    """Return the action that this request has started before, in which case it changes nothing now."""
    accepted = await context.acceptance.replayed(connection, submitted, options)
    attempt_of(request).is_done = accepted is None
    return accepted


async def _accepted_before(
    request: Request, context: Context, caller: Caller, submitted: Submission, options: SubmissionOptions
) -> Accepted | None:
    """Return the action that this request has started before, and that no quota must keep from being found."""
    if not submitted.idempotency_key or not context.has_row_quotas(caller):
        return None
    async with context.reading(caller).connection() as connection:
        return await _replayed(request, context, connection, submitted, options)


def _submission(
    request: Request, context: Context, caller: Caller, name: str, options: dict[str, Any], body: Any = None
) -> Submission:
    return submission(request, caller, context.action_types[name], options, body=body)


def _really(request: Request) -> SubmissionOptions:
    """Read the options of a request that changes the campaign itself at once, and so refuses a dry run.

    Raises InvalidQueryError for one.
    """
    submission_options = read_submission_options(request.query_params)
    if submission_options.dry_run:
        raise InvalidQueryError("Property .dry_run: the campaign itself is changed at once; nothing was done")
    return submission_options


async def _switched(request: Request, context: Context, caller: Caller, campaign_id: str, *, active: bool) -> Json:
    async def write(connection: Connection) -> Json:
        switched = await store.switch_campaign(connection, caller.project_id, campaign_id, active=active)
        campaign_key, is_unchanged = switched
        attempt_of(request).about(campaign_key, unchanged=is_unchanged or None)
        return Json(await store.get_campaign(connection, caller.project_id, campaign_key))

    return await context.transact(request, caller, write)
