"""The API's own pages, to read and try: Swagger UI over /openapi.json, out of our own files alone."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tallykeep.dashboard.kit.render import page

router = APIRouter()


@router.get("/docs")
async def show_docs(request: Request) -> Response:
    """Show all operations of the API; nobody needs to be signed in."""
    return page(request, "pages/api_docs/docs.html")
