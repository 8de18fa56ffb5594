"""Whole lists as files."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.downloads import FromDownloading
from tallykeep.api.dependencies.parameters import FromReader
from tallykeep.api.dependencies.permissions import needs, reads, require
from tallykeep.api.openapi import answers_file
from tallykeep.api.responses.download import Download
from tallykeep.catalog.exports import LIST_FILES
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.errors import InvalidQueryError, NotFoundError
from tallykeep.resources.lists.export import file_lines
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/lists", tags=["Lists"])

_FILES = Compatibility(
    ours=True,
    differs=(
        f"there are {', '.join(f'`{row_type}`' for row_type in LIST_FILES)}",
        "filters are those of the list of the same name",
    ),
)
_ALL_IN_ONE_ORDER = ("limit", "page", "order", "starting_after")


@router.get(
    "/csv/{row_type}",
    summary="Download a list as CSV",
    response_class=Download,
    openapi_extra=needs(Permission.EXPORTS_READ) | _FILES.extra | answers_file("text/csv"),
)
async def list_file(
    request: Request,
    context: FromContext,
    caller: FromCaller,
    downloading: FromDownloading,
    row_type: str,
    write: FromReader,
) -> Download:
    """Return all resources that match the list's filters, with the template's columns and one for each metadata key.

    Takes the permission to see such resources, too. The oldest come first; what is stored once the file has begun is
    not in it. The file can be imported again as it is: cells hold the stored values, even if a spreadsheet would take
    one for a formula. For a spreadsheet there is `for=spreadsheet`.
    """
    if row_type not in LIST_FILES:
        raise NotFoundError(f"The list of {row_type} cannot be had as a file; those of {', '.join(LIST_FILES)} can")
    require(caller, reads(row_type))
    for name in _ALL_IN_ONE_ORDER:
        if name in request.query_params:
            raise InvalidQueryError(f"Property .{name} goes with pages; the file has all that match, the oldest first")
    export = LIST_FILES[row_type]
    selection = read_selection(export.list_spec, request.query_params.multi_items())
    lines = file_lines(context.downloading(caller), export, caller.project_id, selection, write)
    header = await anext(lines)

    async def body() -> AsyncIterator[str]:
        yield header
        async for some in lines:
            yield some

    return Download(body(), downloading, "text/csv; charset=utf-8", f"{row_type}.csv")
