"""One task: how it stands while it runs, what became of its rows, what can be done about them."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from tallykeep.dashboard.kit import labels as words
from tallykeep.dashboard.kit.api_client import RefusedError, segment
from tallykeep.dashboard.kit.render import fragment, page, redirect
from tallykeep.dashboard.kit.signed_in import FromVisit, Visit
from tallykeep.dashboard.pages.task.cell_faults import columns_at_fault

router = APIRouter(prefix="/tasks/{action_id}")

File = Literal["failures.csv", "failures.ndjson", "file", "report.csv"]

_MAX_REASONS, _MAX_CHILDREN, _MAX_PARENTS = 50, 50, 20
_ROWS_ON_A_PAGE, _BATCHES_ON_A_PAGE = 50, 100
_NO_FAILURES: dict[str, Any] = {"failures": [], "columns": [], "has_more": False, "failures_kept": True}


def path_of(action_id: str) -> str:
    """Where the API has the action."""
    return f"/v1/async-actions/{segment(action_id)}"


@router.get("")
async def show_task(
    request: Request, visit: FromVisit, action_id: str, reason: str = "", after_row: int = 0
) -> Response:
    """The task; of its failed rows those with one `reason`, or all, behind `after_row`."""
    batches, later = await asyncio.gather(_batches(visit, action_id), _later(visit, action_id))
    action = batches["async_action"]
    reasons, failed = await _failures(visit, action, reason, after_row)
    parent = await _parent(visit, action)
    first = await _first(visit, parent)
    # Rows that were sent again and failed again are fixed where they failed last.
    elsewhere = sum(words.left(task) for task in later if task["parent_id"] == action_id and not task["dry_run"])
    return page(
        request, "pages/task/task.html", action=action, batches=batches, parent=parent, first=first, later=later,
        reasons=reasons, failed=failed, written=visit.catalog.written_by(action), reason=reason,
        after_row=after_row, at_fault=columns_at_fault, left_here=words.left(action) - elsewhere,
    )  # fmt: skip


async def _batches(visit: Visit, action_id: str, after_row: int = 0) -> dict[str, Any]:
    """The first batches behind a row, and the task as of the same moment."""
    asked = {"limit": _BATCHES_ON_A_PAGE, "after_row": after_row, "with_action": "true"}
    found: dict[str, Any] = await visit.api.get(f"{path_of(action_id)}/batches", **asked)
    return found


async def _parent(visit: Visit, action: dict[str, Any]) -> dict[str, Any] | None:
    """The task whose rows this one retries, unless it was removed for its age."""
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
    """The task that retries of retries began with, as far as one wants to go back."""
    for _ in range(_MAX_PARENTS):
        earlier = await _parent(visit, task) if task else None
        if earlier is None:
            break
        task = earlier
    return task


async def _later(visit: Visit, action_id: str) -> list[dict[str, Any]]:
    """The retries of the task, and their retries, as far as one wants to read of them: the oldest first."""
    found: list[dict[str, Any]] = []
    asked = [action_id]
    while asked and len(found) < _MAX_CHILDREN:
        children = await visit.api.get("/v1/async-actions", parent_id=asked.pop(0), limit=_MAX_CHILDREN)
        found += children["async_actions"]
        asked += [child["id"] for child in children["async_actions"] if child["failed_count"]]
    return sorted(found, key=lambda each: str(each["created_at"]))


async def _failures(visit: Visit, action: dict[str, Any], reason: str, after_row: int) -> tuple[Any, Any]:
    """The reasons with their counts, and a page of failed rows with what they held."""
    if not action["failed_count"]:
        return {"reasons": [], "has_more": False}, _NO_FAILURES
    path = f"{path_of(action['id'])}/failures"
    rows = {"source_rows": "true", "reason": reason, "after_row": after_row, "limit": _ROWS_ON_A_PAGE}
    return await asyncio.gather(visit.api.get(path, group_by="reason", limit=_MAX_REASONS), visit.api.get(path, **rows))


@router.get("/batches")
async def show_batches(request: Request, visit: FromVisit, action_id: str, after_row: int = 0) -> Response:
    """All batches of the task, page by page."""
    batches = await _batches(visit, action_id, after_row)
    return page(
        request, "pages/task/batches.html", action=batches["async_action"], batches=batches, after_row=after_row
    )


async def _watched(visit: FromVisit, action_id: str) -> AsyncIterator[httpx.Response]:
    """The API's events for as long as our answer is sent: closed when the reader goes away."""
    async with visit.api.stream("GET", f"{path_of(action_id)}/events") as events:
        yield events


@router.get("/events", response_class=EventSourceResponse)
async def watch_task(
    visit: FromVisit, action_id: str, events: Annotated[httpx.Response, Depends(_watched)]
) -> AsyncIterator[ServerSentEvent]:
    """The parts of the page that change, drawn anew at each of the API's events."""
    async for line in events.aiter_lines():
        if line.startswith("event: "):
            batches = await _batches(visit, action_id)
            drawn = fragment("pages/task/changes.html", action=batches["async_action"], batches=batches)
            yield ServerSentEvent(event=line.removeprefix("event: "), raw_data=drawn)


@router.post("/cancel")
async def cancel(request: Request, visit: FromVisit, action_id: str) -> Response:
    """End the task now."""
    action = await visit.api.ask("POST", f"{path_of(action_id)}/cancel")
    left = words.counted(action["unprocessed_count"], "row")
    return redirect(request, f"/tasks/{segment(action_id)}", f"The task was canceled. {left} left unprocessed.")


@router.post("/retry")
async def retry(request: Request, visit: FromVisit, action_id: str, unprocessed: bool = False) -> Response:
    """Send the failed rows again as they were, and with them those that have no outcome where asked."""
    asked = {"include_unprocessed": "true"} if unprocessed else {}
    started = await visit.api.ask("POST", f"{path_of(action_id)}/retry", asked)
    return redirect(request, f"/tasks/{started['async_action_id']}", "This task retries rows of the one before.")


async def _download(visit: FromVisit, action_id: str, file: File) -> AsyncIterator[httpx.Response]:
    async with visit.api.stream("GET", await _found(visit, action_id, file)) as content:
        yield content


async def _found(visit: Visit, action_id: str, file: File) -> str:
    if file != "report.csv":
        return f"{path_of(action_id)}/{file}"
    action = await visit.api.get(path_of(action_id))
    (report,) = (action.get("result") or {}).get("reports") or ["/v1/reports/none"]
    return "/v1/reports/" + segment(httpx.URL(report).path.rpartition("/")[2])


@router.get("/download/{file}")
async def download(content: Annotated[httpx.Response, Depends(_download)]) -> Response:
    """A file of the task, as the API has it: `failures.csv`, `failures.ndjson`, `file` or `report.csv`."""
    headers = {name: content.headers[name] for name in ("content-disposition",) if name in content.headers}
    return StreamingResponse(content.aiter_bytes(), media_type=content.headers["content-type"], headers=headers)
