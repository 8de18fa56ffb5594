"""Report files of bulk updates, reached by the signed links in their actions' results."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from tallykeep.compatibility import OURS
from tallykeep.csv_text import BYTE_ORDER_MARK
from tallykeep.engine.report import report_header, report_lines
from tallykeep.http.context import FromContext

router = APIRouter(prefix="/v1/reports", tags=["Async actions"])


@router.get("/{token}", summary="Get report", response_class=StreamingResponse, openapi_extra=OURS)
async def get_report(request: Request, context: FromContext, token: str) -> StreamingResponse:
    """The report as CSV. The link itself is the permission; it expires."""
    place = context.report_links(request).read(token)
    async with context.pool.connection() as connection:
        header = await report_header(connection, context.kinds, place)

    async def body() -> AsyncIterator[str]:
        yield BYTE_ORDER_MARK + header
        async for part in report_lines(context.pool, place):
            yield part

    disposition = f'attachment; filename="{place.action_id}.csv"'
    return StreamingResponse(body(), media_type="text/csv", headers={"Content-Disposition": disposition})
