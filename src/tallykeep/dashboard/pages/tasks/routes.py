"""Background tasks: the list of a project's actions, and canceling or retrying all that match its filters."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from tallykeep.dashboard.kit import labels
from tallykeep.dashboard.kit.render import page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit
from tallykeep.dashboard.pages.tasks.chart import chart_of
from tallykeep.dashboard.pages.tasks.filters import STATUSES, TIMES, FromFilters

router = APIRouter()

Verb = Literal["cancel", "retry"]

_ON_A_PAGE = 20
_MAX_TASKS, _AT_A_TIME = 1_000, 50
_DONE = {"cancel": "canceled", "retry": "retried"}


@router.get("/tasks")
async def list_tasks(request: Request, visit: FromVisit, filters: FromFilters, after: str = "") -> Response:
    """List the newest tasks, or those behind `after`."""
    query = {**filters.api_query(), "limit": _ON_A_PAGE, "starting_after_id": after}
    answer, minutes = await asyncio.gather(
        visit.api.get("/v1/async-actions", **query), visit.api.get("/v1/throughput", minutes=60)
    )
    actions = answer["async_actions"]
    return page(
        request, "pages/tasks/tasks.html", filters=filters, statuses=STATUSES, times=TIMES, after=after,
        actions=actions,
        more_after=answer["more_starting_after"], chart=chart_of(minutes["data"]),
        running=not all(map(labels.ended, actions)),
    )  # fmt: skip


@router.get("/tasks/all/{verb}")
async def ask_about_all(request: Request, visit: FromVisit, filters: FromFilters, verb: Verb) -> Response:
    """Show how many tasks it would be, to be confirmed; later tasks are not included."""
    query = filters.api_query() | {"dry_run": "true", "limit": str(_MAX_TASKS)}
    counted = await visit.api.ask("POST", f"/v1/async-actions/{verb}", query)
    shown_filters: dict[str, Any] = {"filters": filters, "statuses": STATUSES, "times": TIMES}
    return page(request, "pages/tasks/all.html", **shown_filters, verb=verb, counted=counted, before=counted["as_of"])


@router.post("/tasks/all/{verb}")
async def do_to_all(
    request: Request, visit: FromVisit, filters: FromFilters, verb: Verb, before: Annotated[str, Form()]
) -> Response:
    """Cancel them, or retry their failed rows."""
    done, refused, has_more = await _do(visit, verb, _until(filters.api_query(), before))
    messages = [f"{labels.counted(done, 'task')} {'was' if done == 1 else 'were'} {_DONE[verb]}."]
    if refused:
        messages.append(f"{labels.counted(len(refused), 'task')} could not be: {refused[0]['details']}.")
    if has_more:
        messages.append("More tasks match: repeat this for the rest.")
    return redirect(request, filters.url(), " ".join(messages))


async def _do(visit: Visit, verb: Verb, query: dict[str, str]) -> tuple[int, list[dict[str, Any]], bool]:
    """Repeat until none is left, or the API refused all that are left.

    Return how many were done, which were refused, whether more are left.
    """
    done, refused, has_more = 0, [], True
    while has_more and done < _MAX_TASKS:
        answer = await visit.api.ask("POST", f"/v1/async-actions/{verb}", {**query, "limit": str(_AT_A_TIME)})
        done, refused = done + len(answer["done"]), answer["refused"]
        has_more = answer["has_more"]
        if not answer["done"]:
            break
    return done, refused, has_more


def _until(query: dict[str, str], before: str) -> dict[str, str]:
    """Return the query without tasks submitted at this time or later."""
    return {**query, "end_date": min(filter(None, (query.get("end_date"), before)))}
