"""The audit log, with its filters, and as a file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from tallykeep.core.audit.events import Event
from tallykeep.dashboard.kit.render import page
from tallykeep.dashboard.kit.signed_in import FromVisit
from tallykeep.dashboard.kit.zones import in_utc

router = APIRouter(prefix="/audit-log")

OUTCOMES = {"success": "Done", "failed": "Ended early", "refused": "Refused"}
_ON_A_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters, as they are in the URL; empty texts filter nothing. `about` is the id of a resource or an action."""

    event: str = ""
    outcome: str = ""
    key: str = ""
    about: str = ""
    since: str = ""
    until: str = ""
    zone: str = ""

    @property
    def active(self) -> int:
        """How many there are."""
        return sum(map(bool, (self.event, self.outcome, self.key, self.about, self.since or self.until)))

    def url(self, path: str = "/audit-log", **more: str) -> str:
        """Return a path with these filters."""
        names = ("event", "outcome", "key", "about", "since", "until", *(("zone",) if self.since or self.until else ()))
        query = urlencode({name: getattr(self, name) for name in names if getattr(self, name)} | more)
        return f"{path}?{query}" if query else path

    def api_query(self) -> dict[str, str]:
        """Return these filters as the API's parameters."""
        about = self.about.strip()
        return {
            "event": self.event,
            "outcome": self.outcome,
            "key": self.key.strip(),
            "action_id" if about.startswith("aa_") else "resource_id": about,
            "from": in_utc(self.since, self.zone),
            "to": in_utc(self.until, self.zone),
        }


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
        request, "pages/audit_log/list.html", filters=filters, events=[event.value for event in Event],
        outcomes=OUTCOMES, entries=answer["data"], more_after=answer["more_starting_after"], after=after,
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
