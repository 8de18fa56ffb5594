"""The API's documentation, to read and to try: Swagger UI over /openapi.json, from our own files only."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.dashboard.kit.render import page

router = APIRouter()


@router.get("/docs")
async def show_docs(request: Request) -> Response:
    """Show all operations of the API; nobody needs to be signed in."""
    return page(request, "pages/api_docs/docs.html")
