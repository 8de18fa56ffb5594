"""Report files of bulk updates, reached by the signed links in their actions' results."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends

from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.downloads import AdmissionOfLink
from tallykeep.api.dependencies.parameters import FromReader
from tallykeep.api.dependencies.permissions import public
from tallykeep.api.openapi import answers_file
from tallykeep.api.responses.download import Download
from tallykeep.core.compatibility import OURS
from tallykeep.engine.downloads.report_files import ReportKey, read_link, report_header, report_lines
from tallykeep.formats.csv.formulas import for_spreadsheet, spreadsheet_lines
from tallykeep.formats.csv.writer import BYTE_ORDER_MARK
from tallykeep.tenants.callers import Caller, Grant
from tallykeep.tenants.permissions import Role

router = APIRouter(prefix="/v1/reports", tags=["Async actions"])


_BY_LINK = public("the link is signed, expires, and is the permission itself")
_Reported = tuple[ReportKey, Caller]


async def _reported(context: FromContext, token: str) -> AsyncIterator[_Reported]:
    """Yield what a link leads to, with a slot for a download until the answer was sent.

    It counts as a key of its own.
    """
    key = read_link(context.report_secret, token)
    reader = Caller(Grant(key.project_id, "", "report links", "app", Role.READER, frozenset()))
    async with context.slot(reader, context.shares.downloads):
        yield key, reader


@router.get(
    "/{token}",
    summary="Get report",
    response_class=Download,
    openapi_extra=_BY_LINK | OURS | answers_file("text/csv"),
)
async def get_report(
    context: FromContext, token: str, reported: Annotated[_Reported, Depends(_reported)], write: FromReader
) -> Download:
    """Return the report as CSV, with cells that begin like a formula made text in any case. The link itself is the
    permission; it ends with the report, and with the key that got it.
    """
    key, reader = reported
    async with context.reading(reader).connection() as connection:
        header = await report_header(connection, context.action_types, key)

    rewritten = for_spreadsheet if write is spreadsheet_lines else str

    async def body() -> AsyncIterator[bytes]:
        yield (BYTE_ORDER_MARK + rewritten(header)).encode()
        async for piece in report_lines(context.downloading(reader), key, rewritten):
            yield piece

    return Download(body(), AdmissionOfLink(context, key), "text/csv", f"{key.action_id}.csv")
