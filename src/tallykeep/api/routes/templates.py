"""Empty files with the right header, to fill in."""

from fastapi import APIRouter
from fastapi.responses import Response

from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers_file
from tallykeep.catalog.templates import CSV_TEMPLATES
from tallykeep.core.compatibility import Compatibility
from tallykeep.core.errors import NotFoundError
from tallykeep.formats.csv.writer import BYTE_ORDER_MARK, csv_line
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/templates", tags=["Submissions"])

_TEMPLATES = Compatibility(
    ours=True, differs=(f"there are {', '.join(f'`{row_type}`' for row_type in CSV_TEMPLATES)}",)
)


@router.get(
    "/csv/{row_type}",
    summary="Get CSV template",
    response_class=Response,
    openapi_extra=needs(Permission.CATALOG_READ) | _TEMPLATES.extra | answers_file("text/csv"),
)
async def get_template(caller: FromCaller, row_type: str) -> Response:
    """Return an empty CSV file for this row type; further columns become metadata."""
    if row_type not in CSV_TEMPLATES:
        raise NotFoundError(f"There is no template {row_type}; there are {', '.join(CSV_TEMPLATES)}")
    return Response(
        BYTE_ORDER_MARK + csv_line(CSV_TEMPLATES[row_type]),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{row_type}.csv"'},
    )
