"""One task: its progress, the outcome of its rows, and what can be done about them."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from tallykeep.dashboard.kit import labels
from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.render import ForReader, fragment, page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit
from tallykeep.dashboard.pages.task.cell_faults import columns_at_fault

router = APIRouter(prefix="/tasks/{action_id}")

File = Literal["failures.csv", "failures.ndjson", "file", "report.csv"]

_MAX_REASONS, _MAX_CHILDREN, _MAX_PARENTS = 50, 50, 20
_ROWS_ON_A_PAGE, _BATCHES_ON_A_PAGE = 50, 100
_NO_FAILURES: dict[str, Any] = {"failures": [], "columns": [], "has_more": False, "failures_kept": True}


def path_of(action_id: str) -> str:
    """Return the action's path in the API."""
    return f"/v1/async-actions/{segment(action_id)}"


@router.get("")
async def show_task(
    request: Request, visit: FromVisit, action_id: str, reason: str = "", after_row: int = 0
) -> Response:
    """Show the task, and of its failed rows those with one `reason`, or all, behind `after_row`."""
    batches, later = await asyncio.gather(_batches(visit, action_id), _later(visit, action_id))
    action = batches["async_action"]
    reasons, failed = await _failures(visit, action, reason, after_row)
    parent = await _parent(visit, action)
    first = await _first(visit, parent)
    # Rows that failed again in a retry are fixed there.
    elsewhere = sum(labels.left(task) for task in later if task["parent_id"] == action_id and not task["dry_run"])
    return page(
        request, "pages/task/task.html", action=action, batches=batches, parent=parent, first=first, later=later,
        reasons=reasons, failed=failed, written=visit.catalog.written_by(action), reason=reason,
        after_row=after_row, at_fault=columns_at_fault, left_here=labels.left(action) - elsewhere,
    )  # fmt: skip


async def _batches(visit: Visit, action_id: str, after_row: int = 0) -> dict[str, Any]:
    """Return the first batches behind a row, and the task at the same time."""
    query = {"limit": _BATCHES_ON_A_PAGE, "after_row": after_row, "with_action": "true"}
    answer: dict[str, Any] = await visit.api.get(f"{path_of(action_id)}/batches", **query)
    return answer


async def _parent(visit: Visit, action: dict[str, Any]) -> dict[str, Any] | None:
    """Return the task whose rows this one retries, unless it was removed because of its age."""
    if not action["parent_id"]:
        return None
    try:
        parent: dict[str, Any] = await visit.api.get(path_of(action["parent_id"]))
    except RefusedError as refused:
        if refused.status != HTTPStatus.NOT_FOUND:
            raise
        return None
    return parent


async def _first(visit: Visit, task: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the task that a chain of retries began with, at most `_MAX_PARENTS` steps back."""
    for _ in range(_MAX_PARENTS):
        earlier = await _parent(visit, task) if task else None
        if earlier is None:
            break
        task = earlier
    return task


async def _later(visit: Visit, action_id: str) -> list[dict[str, Any]]:
    """Return the retries of the task, and their retries, at most about `_MAX_CHILDREN`: the oldest first."""
    retries: list[dict[str, Any]] = []
    unread = [action_id]
    while unread and len(retries) < _MAX_CHILDREN:
        children = await visit.api.get("/v1/async-actions", parent_id=unread.pop(0), limit=_MAX_CHILDREN)
        retries += children["async_actions"]
        unread += [child["id"] for child in children["async_actions"] if child["failed_count"]]
    return sorted(retries, key=lambda each: str(each["created_at"]))


async def _failures(visit: Visit, action: dict[str, Any], reason: str, after_row: int) -> tuple[Any, Any]:
    """Return the reasons with their counts, and a page of failed rows with their cells."""
    if not action["failed_count"]:
        return {"reasons": [], "has_more": False}, _NO_FAILURES
    path = f"{path_of(action['id'])}/failures"
    rows = {"source_rows": "true", "reason": reason, "after_row": after_row, "limit": _ROWS_ON_A_PAGE}
    return await asyncio.gather(visit.api.get(path, group_by="reason", limit=_MAX_REASONS), visit.api.get(path, **rows))


@router.get("/batches")
async def show_batches(request: Request, visit: FromVisit, action_id: str, after_row: int = 0) -> Response:
    """Show all batches of the task, page by page."""
    batches = await _batches(visit, action_id, after_row)
    return page(
        request, "pages/task/batches.html", action=batches["async_action"], batches=batches, after_row=after_row
    )


async def _watched(visit: FromVisit, action_id: str) -> AsyncIterator[httpx.Response]:
    """Yield the API's events while our answer is sent; closed when the reader goes away."""
    async with visit.api.stream("GET", f"{path_of(action_id)}/events") as events:
        yield events


@router.get("/events", response_class=EventSourceResponse)
async def watch_task(
    visit: FromVisit, action_id: str, events: Annotated[httpx.Response, Depends(_watched)]
) -> AsyncIterator[ServerSentEvent]:
    """Send the parts of the page that change, rendered again at each of the API's events."""
    async for line in events.aiter_lines():
        if line.startswith("event: "):
            batches = await _batches(visit, action_id)
            drawn = fragment("pages/task/changes.html", action=batches["async_action"], batches=batches)
            yield ServerSentEvent(event=line.removeprefix("event: "), raw_data=drawn)


@router.post("/cancel")
async def cancel(request: Request, visit: FromVisit, action_id: str) -> Response:
    """End the task now."""
    action = await visit.api.ask("POST", f"{path_of(action_id)}/cancel")
    left = labels.counted(action["unprocessed_count"], "row")
    return redirect(request, f"/tasks/{segment(action_id)}", f"The task was canceled. {left} left unprocessed.")


@router.post("/retry")
async def retry(request: Request, visit: FromVisit, action_id: str, unprocessed: bool = False) -> Response:
    """Send the failed rows again as they were, and with them those that have no outcome where asked."""
    query = {"include_unprocessed": "true"} if unprocessed else {}
    started = await visit.api.ask("POST", f"{path_of(action_id)}/retry", query)
    return redirect(request, f"/tasks/{started['async_action_id']}", "This task retries rows of the one before.")


async def _download(
    visit: FromVisit, action_id: str, file: File, reader: ForReader = None
) -> AsyncIterator[httpx.Response]:
    async with visit.api.stream("GET", await _api_path(visit, action_id, file), {"for": reader}) as content:
        yield content


async def _api_path(visit: Visit, action_id: str, file: File) -> str:
    if file != "report.csv":
        return f"{path_of(action_id)}/{file}"
    action = await visit.api.get(path_of(action_id))
    (report,) = (action.get("result") or {}).get("reports") or ["/v1/reports/none"]
    return "/v1/reports/" + segment(httpx.URL(report).path.rpartition("/")[2])


@router.get("/download/{file}")
async def download(content: Annotated[httpx.Response, Depends(_download)]) -> Response:
    """Send a file of the task, as the API has it: `failures.csv`, `failures.ndjson`, `file` or `report.csv`; exact, or
    for a spreadsheet to open.
    """
    headers = {name: content.headers[name] for name in ("content-disposition",) if name in content.headers}
    return StreamingResponse(content.aiter_bytes(), media_type=content.headers["content-type"], headers=headers)
