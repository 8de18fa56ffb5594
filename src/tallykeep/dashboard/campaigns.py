"""Campaigns: made, filled with codes, changed, deleted."""

import secrets
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from tallykeep.dashboard.api import RefusedError, segment
from tallykeep.dashboard.pages import page, redirect
from tallykeep.dashboard.visit import FromVisit, Visit

router = APIRouter(prefix="/campaigns")

_PER_PAGE, _MOST_PAGES = 20, 100
# What the API calls the fields of the form for a new campaign.
_LABELS = {
    "vouchers_count": "How many codes to generate",
    "code_config": "How codes look",
    "voucher: redemption.quantity": "May be redeemed",
    "expiration_date": "Valid until",
    "start_date": "Valid from",
}


@dataclass(frozen=True, slots=True)
class Worth:
    """One thing that a campaign's vouchers may be worth: where its number stands in JSON."""

    label: str
    type: str
    part: str
    number: str
    in_cents: bool = False
    discount_type: str | None = None

    def voucher(self, text: str) -> dict[str, Any]:
        """The voucher that this number makes; what is no number is left to the API to refuse."""
        made: dict[str, Any] = {self.number: _number(text, 100 if self.in_cents else 1)}
        if self.discount_type:
            made["type"] = self.discount_type
        return {"type": self.type, self.part: made}


WORTHS = {
    "amount": Worth("an amount off", "DISCOUNT_VOUCHER", "discount", "amount_off", True, "AMOUNT"),
    "percent": Worth("percent off", "DISCOUNT_VOUCHER", "discount", "percent_off", False, "PERCENT"),
    "gift": Worth("a gift of an amount", "GIFT_VOUCHER", "gift", "amount", True),
    "loyalty": Worth("loyalty points", "LOYALTY_CARD", "loyalty_card", "points"),
}  # fmt: skip


def _number(text: str, factor: int) -> Any:
    """What people write, 14.50 or 14,50, as a number of JSON."""
    try:
        number = round(float(text.replace(",", ".")) * factor, 6)
    except (ValueError, OverflowError):
        return text
    return int(number) if number.is_integer() else number


@router.get("")
async def list_campaigns(request: Request, visit: FromVisit, q: str = "", number: int = 1) -> Response:
    """The newest campaigns, or those whose names hold what is searched."""
    at = min(max(number, 1), _MOST_PAGES)
    query: dict[str, Any] = {"limit": _PER_PAGE, "page": at, "filters[name][conditions][$contains]": q.strip()}
    found = await visit.api.ask("GET", "/v1/campaigns", query)
    pages = min(-(-found["total"] // _PER_PAGE), _MOST_PAGES)
    return page(request, "campaigns/list.html", found=found["campaigns"], total=found["total"], q=q.strip(),
                number=at, pages=pages)  # fmt: skip


@router.get("/new")
async def ask_for_new(request: Request, visit: FromVisit) -> Response:
    """The form for a new campaign."""
    given = defaultdict(str, worth="amount", pattern="########")
    return page(request, "campaigns/new.html", worths=WORTHS, given=given, problem=None)


@router.post("")
async def create(request: Request, visit: FromVisit) -> Response:
    """Make a campaign and have its codes generated; the form again where something is wrong."""
    form = await request.form()
    try:
        made = await visit.api.ask("POST", "/v1/campaigns", json=_campaign(form))
    except RefusedError as refused:
        given = defaultdict(str, _texts(form))
        return page(
            request, "campaigns/new.html", status=422, worths=WORTHS, given=given, problem=_told(refused.details)
        )
    return redirect(request, f"/campaigns/{segment(made['id'])}", notice=f"The campaign {made['name']} was made.")


def _told(details: str) -> str:
    """A refusal in the words of the form."""
    for worth in WORTHS.values():
        details = details.replace(f"voucher: {worth.part}.{worth.number}", "How much")
    for name, label in _LABELS.items():
        details = details.replace(name, label)
    return details


def _campaign(form: FormData) -> dict[str, Any]:
    given = _texts(form)
    voucher = WORTHS[given.get("worth", "amount")].voucher(given.get("value", ""))
    voucher["code_config"] = {"pattern": given.get("pattern", "")}
    if "limit" in given:
        voucher["redemption"] = {"quantity": _number(given["limit"], 1)}
    own: dict[str, Any] = {
        name: given[name] for name in ("name", "start_date", "expiration_date", "category") if name in given
    }
    return {**own, "voucher": voucher, "vouchers_count": _number(given.get("vouchers_count", "0"), 1)}


def _texts(form: FormData) -> dict[str, str]:
    """The fields that were filled in."""
    return {name: value.strip() for name, value in form.items() if isinstance(value, str) and value.strip()}


@router.get("/{campaign_id}")
async def look_at(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """One campaign, and what can be done with it."""
    return await _shown(request, visit, campaign_id)


async def _shown(request: Request, visit: Visit, campaign_id: str, problem: str | None = None) -> Response:
    campaign = await visit.api.get(f"/v1/campaigns/{segment(campaign_id)}")
    worth = next((each for each in WORTHS.values() if _is_worth(campaign, each)), None)
    return page(
        request, "campaigns/one.html", status=422 if problem else 200, campaign=campaign, worth=worth,
        value=_value(campaign, worth), key=secrets.token_hex(16), problem=problem,
    )  # fmt: skip


def _is_worth(campaign: dict[str, Any], worth: Worth) -> bool:
    part = campaign["voucher"].get(worth.part) or {}
    return campaign["voucher"].get("type") == worth.type and part.get(worth.number) is not None


def _value(campaign: dict[str, Any], worth: Worth | None) -> str:
    if worth is None:
        return ""
    number = campaign["voucher"][worth.part][worth.number]
    return f"{number / 100:g}" if worth.in_cents else f"{number:g}"


@router.post("/{campaign_id}/generate")
async def generate(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """Have further codes generated, once however often the form is sent; on to the task, if it takes one."""
    given = _texts(await request.form())
    count = given.get("count", "")
    headers = {"Idempotency-Key": given["key"]} if "key" in given and count != "1" else {}
    path = f"/v1/campaigns/{segment(campaign_id)}/vouchers"
    try:
        answer = await visit.api.ask("POST", path, {"vouchers_count": count}, headers=headers)
    except RefusedError as refused:
        return await _shown(request, visit, campaign_id, refused.details)
    if "async_action_id" in answer:
        return redirect(request, f"/tasks/{answer['async_action_id']}")
    return redirect(request, f"/campaigns/{segment(campaign_id)}", notice=f"The code {answer['code']} was made.")


@router.post("/{campaign_id}/update")
async def update(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """Change what was filled in; the campaign's vouchers follow by a task."""
    given = _texts(await request.form())
    change: dict[str, Any] = {name: given[name] for name in ("start_date", "expiration_date") if name in given}
    if "category" in given:
        change["category"] = given["category"]
    worth = next((each for each in WORTHS.values() if each.label == given.get("worth")), None)
    if worth and "value" in given:
        change |= {name: part for name, part in worth.voucher(given["value"]).items() if name != "type"}
    try:
        await visit.api.ask("PUT", f"/v1/campaigns/{segment(campaign_id)}", json=change)
    except RefusedError as refused:
        return await _shown(request, visit, campaign_id, refused.details)
    told = "The campaign was changed. A task brings the change to its vouchers."
    return redirect(request, f"/campaigns/{segment(campaign_id)}", notice=told)


@router.post("/{campaign_id}/switch")
async def switch(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """Switch the campaign on or off."""
    on = (await request.form()).get("active") == "true"
    await visit.api.ask("POST", f"/v1/campaigns/{segment(campaign_id)}/{'enable' if on else 'disable'}")
    told = f"The campaign is {'on' if on else 'off'} now."
    return redirect(request, f"/campaigns/{segment(campaign_id)}", notice=told)


@router.get("/{campaign_id}/delete")
async def ask_to_delete(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """What a deletion means, to be confirmed by typing the campaign's name."""
    campaign = await visit.api.get(f"/v1/campaigns/{segment(campaign_id)}")
    return page(request, "campaigns/delete.html", campaign=campaign, key=secrets.token_hex(16), problem=None)


@router.post("/{campaign_id}/delete")
async def delete(request: Request, visit: FromVisit, campaign_id: str) -> Response:
    """Delete a campaign whose name was typed; on to the task that deletes its vouchers."""
    given = _texts(await request.form())
    path = f"/v1/campaigns/{segment(campaign_id)}"
    if given.get("typed") != given.get("name"):
        campaign = await visit.api.get(path)
        told = "That is not the campaign's name. Nothing was deleted."
        return page(request, "campaigns/delete.html", status=422, campaign=campaign, key=given.get("key"), problem=told)
    query = {"force": "true"} if given.get("force") else {}
    headers = {"Idempotency-Key": given["key"]} if "key" in given else {}
    accepted = await visit.api.ask("DELETE", path, query, headers=headers)
    return redirect(request, f"/tasks/{accepted['async_action_id']}", notice="The campaign was deleted.")
