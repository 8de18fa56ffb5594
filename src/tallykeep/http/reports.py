"""Report files of bulk updates, reached by the signed links in their actions' results."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from tallykeep.engine.report import report_lines
from tallykeep.http.services import FromServices

router = APIRouter(prefix="/v1/reports", tags=["Async actions"])


@router.get("/{token}", summary="Get report", response_class=StreamingResponse)
async def get_report(request: Request, services: FromServices, token: str) -> StreamingResponse:
    """The report as CSV. The link itself is the permission; it expires."""
    project_id, action_id = services.report_links(request).read(token)

    async def body() -> AsyncIterator[str]:
        async with services.pool.connection() as connection:
            async for part in report_lines(connection, services.kinds, project_id, action_id):
                yield part

    disposition = f'attachment; filename="{action_id}.csv"'
    return StreamingResponse(body(), media_type="text/csv", headers={"Content-Disposition": disposition})
