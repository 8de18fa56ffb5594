"""Protection against other sites: forms have to come from our own pages."""

import hmac
from urllib.parse import urlsplit

from fastapi import Request

_SAFE_METHODS = ("GET", "HEAD")
MAX_FIELDS = 10_000  # a sheet of failed rows has one for each cell
CSRF_FIELD, CSRF_HEADER = "csrf_token", "x-csrf-token"


class ForeignFormError(Exception):
    """A form that came from another site, or from a page of another session."""


async def require_own_site(request: Request) -> None:
    """Raise ForeignFormError where a browser says that another site sends this."""
    if request.method in _SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    foreign_origin = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign_origin or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignFormError


async def require_token(request: Request, expected: str) -> None:
    """Raise ForeignFormError where the session's token is missing, in the header or as a field of the form."""
    if request.method in _SAFE_METHODS:
        return
    token = request.headers.get(CSRF_HEADER) or (await request.form(max_fields=MAX_FIELDS)).get(CSRF_FIELD)
    if not isinstance(token, str) or not hmac.compare_digest(token.encode(), expected.encode()):
        raise ForeignFormError
