"""Webhooks: list, create, switch on and off, delete; deliveries, and sending one again."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.form_errors import form_message
from tallykeep.dashboard.kit.numbers import number_of
from tallykeep.dashboard.kit.render import page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit

router = APIRouter(prefix="/webhooks")

# What can be chosen here: of every type of task. The API also takes those of single types.
EVENTS = {
    "async_action.started": "a task starts",
    "async_action.failures_exceeded": "many rows of a task fail",
    "async_action.ended": "a task ends",
}
STATUSES = {"PENDING": ("Pending", "busy"), "DELIVERED": ("Delivered", "good"), "GIVEN_UP": ("Given up", "bad")}
_PER_PAGE, _MAX_PAGES = 20, 100
_LABELS = {"target_url": "Where to", "events": "When", "failure_threshold": "Many are more than"}
_EMPTY = {"target_url": "", "failure_threshold": "10", "events": list(EVENTS)}


async def _path(visit: Visit, *segments: str) -> str:
    project = (await visit.api.get("/management/v1/projects"))["data"][0]["id"]
    return "/".join([f"/management/v1/projects/{segment(project)}/webhooks", *map(segment, segments)])


@router.get("")
async def list_webhooks(request: Request, visit: FromVisit) -> Response:
    """List the webhooks."""
    return await _list(request, visit)


async def _list(
    request: Request, visit: Visit, problem: str | None = None, values: dict[str, Any] | None = None
) -> Response:
    answer = await visit.api.get(await _path(visit))
    return page(
        request, "pages/webhooks/list.html", status=422 if problem else 200, webhooks=answer["data"], events=EVENTS,
        problem=problem, values=values or _EMPTY,
    )  # fmt: skip


@router.post("")
async def create(request: Request, visit: FromVisit) -> Response:
    """Make a webhook and show its secret, this once."""
    form = await request.form()
    values: dict[str, Any] = {name: str(form.get(name, "")).strip() for name in ("target_url", "failure_threshold")}
    values["events"] = [str(name) for name in form.getlist("events")]
    try:
        body = {**values, "failure_threshold": number_of(values["failure_threshold"], "failure_threshold")}
        made = await visit.api.ask("POST", await _path(visit), json=body)
    except RefusedError as refused:
        return await _list(request, visit, form_message(refused.details, _LABELS), values)
    return page(request, "pages/webhooks/secret.html", webhook=made, rotated=False)


@router.get("/{webhook_id}")
async def show(request: Request, visit: FromVisit, webhook_id: str, number: int = 1, status: str = "") -> Response:
    """Show one webhook with its deliveries, newest first."""
    number = min(max(number, 1), _MAX_PAGES)
    webhook = await visit.api.get(await _path(visit, webhook_id))
    wanted = status if status in STATUSES else ""
    answer = await visit.api.get(
        await _path(visit, webhook_id, "deliveries"), limit=_PER_PAGE, page=number, status=wanted
    )
    pages = number + 1 if answer["has_more"] and number < _MAX_PAGES else number
    return page(
        request, "pages/webhooks/one.html", webhook=webhook, deliveries=answer["data"], number=number, pages=pages,
        wanted=wanted, statuses=STATUSES, events=EVENTS,
    )  # fmt: skip


@router.post("/{webhook_id}/active")
async def switch(request: Request, visit: FromVisit, webhook_id: str) -> Response:
    """Switch a webhook on or off."""
    form = await request.form()
    active = form.get("active") == "true"
    path = await _path(visit, webhook_id)
    webhook = await visit.api.get(path)
    body = {"target_url": webhook["target_url"], "events": webhook["events"], "active": active}
    await visit.api.ask("PUT", path, json=body)
    notice = "Events are sent again." if active else "No more events are sent; those that are pending wait."
    return redirect(request, f"/webhooks/{segment(webhook_id)}", notice=notice)


@router.post("/{webhook_id}/test")
async def send_test(request: Request, visit: FromVisit, webhook_id: str) -> Response:
    """Send an event that tells of nothing."""
    await visit.api.ask("POST", await _path(visit, webhook_id, "test"))
    return redirect(
        request, f"/webhooks/{segment(webhook_id)}", notice="A test event is on its way. Reload in a moment."
    )


@router.post("/{webhook_id}/secret")
async def rotate_secret(request: Request, visit: FromVisit, webhook_id: str) -> Response:
    """Make a new secret and show it, this once."""
    made = await visit.api.ask("POST", await _path(visit, webhook_id, "secret"))
    return page(request, "pages/webhooks/secret.html", webhook=made, rotated=True)


@router.post("/{webhook_id}/resend")
async def send_again(request: Request, visit: FromVisit, webhook_id: str) -> Response:
    """Send an event again."""
    form = await request.form()
    await visit.api.ask("POST", await _path(visit, webhook_id, "deliveries", str(form.get("event_id", "")), "resend"))
    shown = {name: str(form.get(name, "")) for name in ("status", "number") if form.get(name)}
    path = f"/webhooks/{segment(webhook_id)}" + (f"?{urlencode(shown)}" if shown else "")
    return redirect(request, path, notice="The event is sent again. Reload in a moment.")


@router.post("/{webhook_id}/delete")
async def delete(request: Request, visit: FromVisit, webhook_id: str) -> Response:
    """Delete a webhook, for good."""
    await visit.api.ask("DELETE", await _path(visit, webhook_id))
    return redirect(request, "/webhooks", notice="The webhook was deleted. Nothing more is sent to it.")
