"""Background tasks: the list of a project's actions, and what can be done to all that match its filters."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from tallykeep.dashboard.kit import labels as words
from tallykeep.dashboard.kit.render import page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit
from tallykeep.dashboard.pages.tasks.chart import chart_of
from tallykeep.dashboard.pages.tasks.filters import STATUSES, TIMES, FromFilters

router = APIRouter()

Deed = Literal["cancel", "retry"]

_ON_A_PAGE = 20
_MAX_AT_ONCE, _AT_A_TIME = 1_000, 50
_DONE = {"cancel": "canceled", "retry": "retried"}


@router.get("/tasks")
async def list_tasks(request: Request, visit: FromVisit, filters: FromFilters, after: str = "") -> Response:
    """The newest tasks, or those behind `after`."""
    asked = {**filters.asked(), "limit": _ON_A_PAGE, "starting_after_id": after}
    found, minutes = await asyncio.gather(
        visit.api.get("/v1/async-actions", **asked), visit.api.get("/v1/throughput", minutes=60)
    )
    actions = found["async_actions"]
    return page(
        request, "pages/tasks/tasks.html", filters=filters, statuses=STATUSES, times=TIMES, after=after,
        actions=actions,
        more_after=found["more_starting_after"], chart=chart_of(minutes["data"]),
        running=not all(map(words.ended, actions)),
    )  # fmt: skip


@router.get("/tasks/all/{deed}")
async def ask_about_all(request: Request, visit: FromVisit, filters: FromFilters, deed: Deed) -> Response:
    """How many tasks it would be, to be confirmed; those that come in meanwhile are left alone."""
    asked = filters.asked() | {"dry_run": "true", "limit": str(_MAX_AT_ONCE)}
    counted = await visit.api.ask("POST", f"/v1/async-actions/{deed}", asked)
    asked_for: dict[str, Any] = {"filters": filters, "statuses": STATUSES, "times": TIMES}
    return page(request, "pages/tasks/all.html", **asked_for, deed=deed, counted=counted, before=counted["as_of"])


@router.post("/tasks/all/{deed}")
async def do_to_all(
    request: Request, visit: FromVisit, filters: FromFilters, deed: Deed, before: Annotated[str, Form()]
) -> Response:
    """Cancel them, or retry their failed rows."""
    done, refused, has_more = await _do(visit, deed, _until(filters.asked(), before))
    told = [f"{words.counted(done, 'task')} {'was' if done == 1 else 'were'} {_DONE[deed]}."]
    if refused:
        told.append(f"{words.counted(len(refused), 'task')} could not be: {refused[0]['details']}.")
    if has_more:
        told.append("More match: do it once more for these.")
    return redirect(request, filters.url(), " ".join(told))


async def _do(visit: Visit, deed: Deed, asked: dict[str, str]) -> tuple[int, list[dict[str, Any]], bool]:
    """Until none is left, or all that are left were refused; how many were done, which were refused, whether more are
    left.
    """
    done, refused, has_more = 0, [], True
    while has_more and done < _MAX_AT_ONCE:
        answer = await visit.api.ask("POST", f"/v1/async-actions/{deed}", {**asked, "limit": str(_AT_A_TIME)})
        done, refused = done + len(answer["done"]), answer["refused"]
        has_more = answer["has_more"]
        if not answer["done"]:
            break
    return done, refused, has_more


def _until(asked: dict[str, str], before: str) -> dict[str, str]:
    """The same, but for tasks submitted at this moment or later."""
    return {**asked, "end_date": min(filter(None, (asked.get("end_date"), before)))}
