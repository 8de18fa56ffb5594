"""Background tasks: the list of a project's actions."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.dashboard.pages import page
from tallykeep.dashboard.visit import FromVisit

router = APIRouter()


@router.get("/tasks")
async def list_tasks(request: Request, visit: FromVisit, after: str = "") -> Response:
    """The newest tasks, or those behind `after`."""
    found = await visit.api.get("/v1/async-actions", limit=20, starting_after_id=after)
    return page(request, "tasks.html", found=found, after=after)
