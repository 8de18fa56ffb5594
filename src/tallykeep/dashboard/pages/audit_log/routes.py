"""The audit log, with its filters, and as a file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from tallykeep.core.audit.events import Event
from tallykeep.dashboard.kit.api_client import segment
from tallykeep.dashboard.kit.filters import ListFilters
from tallykeep.dashboard.kit.render import page
from tallykeep.dashboard.kit.signed_in import FromVisit

router = APIRouter(prefix="/audit-log")

OUTCOMES = {"success": "Done", "failed": "Ended early", "refused": "Refused"}
_ON_A_PAGE = 50


# The pages of resources by the type that entries name; a voucher's id there is its code.
_PAGES = {
    "voucher": "/resources/vouchers/", "customer": "/resources/customers/", "product": "/resources/products/",
    "order": "/resources/orders/", "campaign": "/campaigns/", "webhook": "/webhooks/", "async_action": "/tasks/",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(ListFilters):
    """The filters of the audit log; `about` is the id of a resource or an action."""

    path = "/audit-log"
    texts = ("event", "outcome", "key", "about")

    event: str = ""
    outcome: str = ""
    key: str = ""
    about: str = ""

    def api_query(self) -> dict[str, str]:
        """Return these filters as the API's parameters."""
        about = self.about.strip()
        return {
            "event": self.event,
            "outcome": self.outcome,
            "key": self.key.strip(),
            "action_id" if about.startswith("aa_") else "resource_id": about,
            **self.period("from", "to"),
        }


def page_of(entry: dict[str, Any]) -> str | None:
    """Return the page of what an entry is about; None where there is none, or perhaps not any more."""
    if entry["action_id"]:
        return f"/tasks/{segment(entry['action_id'])}"
    page_path = _PAGES.get(entry["resource_type"] or "")
    is_gone = entry["outcome"] == "refused" or entry["event"].endswith(".delete")
    return f"{page_path}{segment(entry['resource_id'])}" if page_path and entry["resource_id"] and not is_gone else None


async def _filters(
    event: str = "", outcome: str = "", key: str = "", about: str = "", since: str = "", until: str = "", zone: str = ""
) -> Filters:
    return Filters(event=event, outcome=outcome, key=key, about=about, since=since, until=until, zone=zone)


FromFilters = Annotated[Filters, Depends(_filters)]


@router.get("")
async def list_entries(request: Request, visit: FromVisit, filters: FromFilters, after: str = "") -> Response:
    """List the newest entries, or those behind `after`."""
    query = {**filters.api_query(), "limit": _ON_A_PAGE, "starting_after_id": after}
    answer = await visit.api.get("/v1/audit-log", **query)
    return page(
        request, "pages/audit_log/list.html", filters=filters, events={event.value: event.value for event in Event},
        outcomes=OUTCOMES, entries=answer["data"], more_after=answer["more_starting_after"], after=after,
        page_of=page_of,
    )  # fmt: skip


async def _file(visit: FromVisit, filters: FromFilters) -> AsyncIterator[httpx.Response]:
    query = {**filters.api_query(), "for": "spreadsheet"}
    async with visit.api.stream("GET", "/v1/audit-log.csv", query) as content:
        yield content


@router.get("/csv")
async def download(content: Annotated[httpx.Response, Depends(_file)]) -> Response:
    """All entries that match, as a file for a spreadsheet."""
    headers = {"content-disposition": content.headers["content-disposition"]}
    return StreamingResponse(content.aiter_bytes(), media_type=content.headers["content-type"], headers=headers)
