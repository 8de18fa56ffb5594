"""Protection against other sites: forms have to come from our own pages, and pages may load only our own files."""

import hmac
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAFE_METHODS = ("GET", "HEAD")
MAX_FIELDS = 10_000  # a sheet of failed rows has one for each cell
CSRF_FIELD, CSRF_HEADER = "csrf_token", "x-csrf-token"

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not no-referrer: browsers would then send forms with the origin null.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class ForeignFormError(Exception):
    """A form that came from another site, or from a page of another session."""


class SafeHeaders:
    """Adds the headers by which browsers protect pages; keeps those of a signed-in person out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_safely)


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
