"""Campaigns: create, fill with codes, change, delete."""

import secrets
import string
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.form_errors import form_message
from tallykeep.dashboard.kit.labels import last_day
from tallykeep.dashboard.kit.numbers import number_of
from tallykeep.dashboard.kit.render import page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit

router = APIRouter(prefix="/campaigns")

_PER_PAGE, _MAX_PAGES = 20, 100

Form = dict[str, str]
# The API's names of these forms' fields.
_LABELS = {
    "name": "Name",
    "vouchers_count": "How many codes to generate",
    "code_config": "How codes look",
    "redemption.quantity": "May be redeemed",
    "voucher: redemption.quantity": "May be redeemed",
    "expiration_date": "Last day",
    "start_date": "First day",
    "category": "Category",
}
_UNMISTAKABLE = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
# The choices for a # of the pattern: by name, the label and the characters.
CHARACTERS = {
    "unmistakable": ("capitals and digits, without 0 O 1 I", _UNMISTAKABLE),
    "digits": ("digits", string.digits),
    "capitals": ("capitals and digits", string.digits + string.ascii_uppercase),
    "any": ("capitals, small letters and digits", string.digits + string.ascii_letters),
}


@dataclass(frozen=True, slots=True)
class Worth:
    """One type of value that a campaign's vouchers may have, and where its number is in JSON."""

    label: str
    type: str
    part: str
    number: str
    in_cents: bool = False
    discount_type: str | None = None

    def voucher(self, text: str) -> dict[str, Any]:
        """Return the voucher that this number makes; the API refuses a text that is no number."""
        number = number_of(text, f"{self.part}.{self.number}", 100 if self.in_cents else 1)
        made: dict[str, Any] = {self.number: number}
        if self.discount_type:
            made["type"] = self.discount_type
        return {"type": self.type, self.part: made}


WORTHS = {
    "amount": Worth("an amount off", "DISCOUNT_VOUCHER", "discount", "amount_off", True, "AMOUNT"),
    "percent": Worth("percent off", "DISCOUNT_VOUCHER", "discount", "percent_off", False, "PERCENT"),
    "gift": Worth("a gift of an amount", "GIFT_VOUCHER", "gift", "amount", True),
    "loyalty": Worth("loyalty points", "LOYALTY_CARD", "loyalty_card", "points"),
}  # fmt: skip


@router.get("")
async def list_campaigns(request: Request, visit: FromVisit, q: str = "", number: int = 1) -> Response:
    """List the newest campaigns, or those whose names contain the search text."""
    at = min(max(number, 1), _MAX_PAGES)
    query: dict[str, Any] = {"limit": _PER_PAGE, "page": at, "filters[name][conditions][$contains]": q.strip()}
    answer = await visit.api.ask("GET", "/v1/campaigns", query)
    pages = min(-(-answer["total"] // _PER_PAGE), _MAX_PAGES)
    return page(request, "pages/campaigns/list.html", campaigns=answer["campaigns"], total=answer["total"], q=q.strip(),
                number=at, pages=pages)  # fmt: skip


@router.get("/new")
async def ask_for_new(request: Request, visit: FromVisit) -> Response:
    """Show the form for a new campaign."""
    return _form(request, {"worth": "amount", "pattern": "########", "characters": "unmistakable"})


def _form(request: Request, values: dict[str, str], problem: str | None = None) -> Response:
    return page(
        request, "pages/campaigns/new.html", status=422 if problem else 200, worths=WORTHS, character_sets=CHARACTERS,
        values=defaultdict(str, values), problem=problem,
    )  # fmt: skip


@router.post("")
async def create(request: Request, visit: FromVisit) -> Response:
    """Create a campaign and have its codes generated; show the form again where something is wrong."""
    values = _texts(await request.form())
    try:
        made = await visit.api.ask("POST", "/v1/campaigns", json=_campaign(values))
    except RefusedError as refused:
        return _form(request, values, _form_message(refused.details))
    return redirect(request, f"/campaigns/{segment(made['id'])}", notice=f"The campaign {made['name']} was created.")


def _form_message(details: str) -> str:
    """Return a refusal in the words of the form."""
    values = {f"{before}{worth.part}.{worth.number}": "How much" for worth in WORTHS.values() for before in _VOUCHER}
    return form_message(details, {**_LABELS, **values})


_VOUCHER = ("", "voucher: ")


def _campaign(values: Form) -> dict[str, Any]:
    voucher = WORTHS.get(values.get("worth", ""), WORTHS["amount"]).voucher(values.get("value", ""))
    _, charset = CHARACTERS.get(values.get("characters", ""), CHARACTERS["unmistakable"])
    voucher["code_config"] = {"pattern": values.get("pattern", ""), "charset": charset}
    if "limit" in values:
        voucher["redemption"] = {"quantity": number_of(values["limit"], "redemption.quantity")}
    own: dict[str, Any] = {name: values[name] for name in ("name", "start_date", "category") if name in values}
    if "last_day" in values:
        own["expiration_date"] = _end_of(values["last_day"])
    count = number_of(values.get("vouchers_count", "0"), "vouchers_count")
    return {**own, "voucher": voucher, "vouchers_count": count}


def _end_of(day: str) -> str:
    """Return the end of a day, which is included; the API refuses a text that is no day."""
    return f"{day}T23:59:59.999Z"


def _texts(form: FormData) -> Form:
    """Return the fields that were filled in."""
    return {name: value.strip() for name, value in form.items() if isinstance(value, str) and value.strip()}


@router.get("/{campaign_id}")
async def show_campaign(request: Request, visit: FromVisit, campaign_id: str, task: str = "") -> Response:
    """Show one campaign and what can be done with it; `task` is the one that was just started for it."""
    return await _shown(request, visit, campaign_id, task=task)


async def _shown(
    request: Request, visit: Visit, campaign_id: str, problem: str | None = None, values: Form | None = None,
    task: str = "",
) -> Response:  # fmt: skip
    campaign = await visit.api.get(f"/v1/campaigns/{segment(campaign_id)}")
    worth = next((each for each in WORTHS.values() if _is_worth(campaign, each)), None)
    limit = (campaign["voucher"].get("redemption") or {}).get("quantity")
    now = {
        "value": _value(campaign, worth), "limit": str(limit or ""), "category": campaign["category"] or "",
        "start_date": (campaign.get("start_date") or "")[:10], "last_day": last_day(campaign.get("expiration_date")),
        "count": "",
    }  # fmt: skip
    return page(
        request, "pages/campaigns/one.html", status=422 if problem else 200, campaign=campaign, worth=worth,
        limit=limit,
        values=defaultdict(str, now if values is None else values), key=secrets.token_hex(16),
        problem=problem, task=task,
    )  # fmt: skip


def _is_worth(campaign: dict[str, Any], worth: Worth) -> bool:
    part = campaign["voucher"].get(worth.part) or {}
    return campaign["voucher"].get("type") == worth.type and part.get(worth.number) is not None


def _value(campaign: dict[str, Any], worth: Worth | None) -> str:
    if worth is None:
        return ""
    number = Decimal(str(campaign["voucher"][worth.part][worth.number]))
    return f"{number / 100 if worth.in_cents else number:f}"


@router.post("/{campaign_id}/generate")
async def generate(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """Generate more codes, once however often the form is sent; on to the task, if it takes one."""
    values = _texts(await request.form())
    try:
        count = str(number_of(values.get("count", ""), "vouchers_count"))
    except RefusedError as refused:
        return await _shown(request, visit, campaign_id, _form_message(refused.details), values)
    headers = {"Idempotency-Key": values["key"]} if "key" in values and count != "1" else {}
    path = f"/v1/campaigns/{segment(campaign_id)}/vouchers"
    try:
        answer = await visit.api.ask("POST", path, {"vouchers_count": count}, headers=headers)
    except RefusedError as refused:
        return await _shown(request, visit, campaign_id, _form_message(refused.details), values)
    here = f"/campaigns/{segment(campaign_id)}"
    if "async_action_id" in answer:
        return redirect(request, f"{here}?task={segment(answer['async_action_id'])}")
    return redirect(request, here, notice=f"The code {answer['code']} was generated.")


@router.post("/{campaign_id}/update")
async def update(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """Change what was filled in; the campaign's vouchers follow by a task."""
    values, path = _texts(await request.form()), f"/v1/campaigns/{segment(campaign_id)}"
    campaign = await visit.api.get(path)
    try:
        await visit.api.ask("PUT", path, json=_change(campaign, values))
    except RefusedError as refused:
        return await _shown(request, visit, campaign_id, _form_message(refused.details), values)
    notice = "The campaign was changed. A task is updating its vouchers."
    return redirect(request, f"/campaigns/{segment(campaign_id)}", notice=notice)


def _change(campaign: dict[str, Any], values: Form) -> dict[str, Any]:
    """Return what the form changes; an end that was not edited stays as it is, to the second."""
    change: dict[str, Any] = {name: values[name] for name in ("category",) if name in values}
    if values.get("start_date", "") not in ("", (campaign.get("start_date") or "")[:10]):
        change["start_date"] = values["start_date"]
    if "no_end" in values:
        change["expiration_date"] = None
    elif values.get("last_day", "") not in ("", last_day(campaign.get("expiration_date"))):
        change["expiration_date"] = _end_of(values["last_day"])
    worth = next((each for each in WORTHS.values() if _is_worth(campaign, each)), None)
    if worth and values.get("value", "") not in ("", _value(campaign, worth)):
        change |= {name: part for name, part in worth.voucher(values["value"]).items() if name != "type"}
    before = (campaign["voucher"].get("redemption") or {}).get("quantity")
    if "no_limit" in values:
        change["voucher"] = {"redemption": {"quantity": None}}
    elif values.get("limit", "") not in ("", str(before or "")):
        change["voucher"] = {"redemption": {"quantity": number_of(values["limit"], "redemption.quantity")}}
    return change


@router.post("/{campaign_id}/switch")
async def switch(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """Switch the campaign on or off."""
    on = (await request.form()).get("active") == "true"
    await visit.api.ask("POST", f"/v1/campaigns/{segment(campaign_id)}/{'enable' if on else 'disable'}")
    notice = f"The campaign is {'on' if on else 'off'} now."
    return redirect(request, f"/campaigns/{segment(campaign_id)}", notice=notice)


@router.get("/{campaign_id}/delete")
async def ask_to_delete(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """Show what a deletion means, to be confirmed by typing the campaign's name."""
    campaign = await visit.api.get(f"/v1/campaigns/{segment(campaign_id)}")
    return page(request, "pages/campaigns/delete.html", campaign=campaign, key=secrets.token_hex(16), problem=None)


@router.post("/{campaign_id}/delete")
async def delete(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """Delete a campaign whose name was typed; on to the task that deletes its vouchers."""
    values = _texts(await request.form())
    path = f"/v1/campaigns/{segment(campaign_id)}"
    if values.get("typed") != values.get("name"):
        campaign = await visit.api.get(path)
        problem = "That is not the campaign's name. Nothing was deleted."
        return page(
            request,
            "pages/campaigns/delete.html",
            status=422,
            campaign=campaign,
            key=values.get("key"),
            problem=problem,
        )
    query = {"force": "true"} if values.get("force") else {}
    headers = {"Idempotency-Key": values["key"]} if "key" in values else {}
    accepted = await visit.api.ask("DELETE", path, query, headers=headers)
    return redirect(request, f"/tasks/{accepted['async_action_id']}", notice="The campaign was deleted.")
