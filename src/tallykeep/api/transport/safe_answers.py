"""Safe answers: what every answer of the process carries for browsers and caches, and what is refused before any route.

One table (`TABLE`) says what goes where; `docs/http-api.md` shows it to people. This is the outermost application:
all answers to clients pass it, and those to requests within the process do not.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallykeep.api.responses.answers import error_answer
from tallykeep.api.transport.trusted_hosts import TrustedHosts
from tallykeep.core.addresses import is_closed
from tallykeep.core.errors import MisdirectedRequestError, NotFoundError, RequestError
from tallykeep.core.ids import new_id

Headers = list[tuple[bytes, bytes]]

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Data are no pages: where a browser shows an answer nevertheless, nothing of it is loaded, run or framed.
_DATA = {
    **_EVERYWHERE,
    "Content-Security-Policy": "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_PAGES = {
    **_EVERYWHERE,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # Not no-referrer: browsers would then send forms with the origin null.
    "Referrer-Policy": "same-origin",
}
TABLE = {"data": _DATA, "pages": _PAGES}
# What came over TLS: browsers come back by TLS only, for a year.
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
# Nothing of an answer is kept by anybody. One with an entity tag says by itself how it may be kept, for without keeping
# it a client could not ask whether it is still the same.
NOT_STORED = {"Cache-Control": "no-store"}

_OPEN_TO_ANY_HOST = ("/livez", "/readyz")  # a supervisor asks by address, and they make no links
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def _raw(headers: dict[str, str]) -> Headers:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_RAW = {name: {"http": _raw(headers), "https": _raw(headers | OVER_TLS)} for name, headers in TABLE.items()}
_RAW_NOT_STORED = _raw(NOT_STORED)
# For what is refused before it is a request.
HEAD = b"".join(b"%s: %s\r\n" % header for header in (*_RAW["data"]["http"], *_RAW_NOT_STORED))


@dataclass(frozen=True, slots=True)
class Doors:
    """What is refused before any route: closed paths with all below them, and hosts that are not trusted."""

    closed_paths: tuple[str, ...] = ()
    hosts: TrustedHosts = field(default_factory=lambda: TrustedHosts(None))

    @property
    def lets_all_in(self) -> bool:
        """Return whether nothing is ever refused."""
        return self.hosts.trusts_all and not self.closed_paths

    def refusal(self, scope: Scope) -> RequestError | None:
        """Return why the request is refused; None where it is not."""
        path = scope["path"]
        if not self.hosts.trusts_all and path not in _OPEN_TO_ANY_HOST and not self.hosts.trusts(scope["headers"]):
            return MisdirectedRequestError(
                "The Host header names a host that this server is not for; whoever runs it names its hosts in the"
                " setting TALLYKEEP_TRUSTED_HOSTS"
            )
        if is_closed(path, self.closed_paths):
            return NotFoundError(f"There is nothing at {path}")
        return None


class SafeAnswers:
    """Adds the headers of the table to every answer, and refuses what `doors` says."""

    def __init__(self, app: ASGIApp, page_paths: Iterable[str], doors: Doors) -> None:
        self._app = app
        self._pages = frozenset(first_segment(path) for path in page_paths)
        self._doors = None if doors.lets_all_in else doors

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request; no coroutine is made, for every request passes here."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        send_safely = _sending(send, self._headers(scope))
        if self._doors is not None and (refusal := self._doors.refusal(scope)):
            scope.setdefault("state", {})["request_id"] = new_id("v-")
            return error_answer(Request(scope), refusal)(scope, receive, send_safely)
        return self._app(scope, receive, send_safely)

    def _headers(self, scope: Scope) -> Headers:
        path = scope["path"]
        what = "data" if path.startswith("/v1/") or first_segment(path) not in self._pages else "pages"
        return _RAW[what]["https" if scope["scheme"] == "https" else "http"]


def first_segment(path: str) -> str:
    """Return the first segment of a path, which decides whose it is."""
    return path.lstrip("/").partition("/")[0]


def _sending(send: Send, added: Headers) -> Callable[[Message], Awaitable[None]]:
    def send_safely(message: Message) -> Awaitable[None]:  # no coroutine either
        if message["type"] == "http.response.start":
            message["headers"] = _safe(message["headers"], added)
            if message["status"] in _REDIRECTS:
                message["headers"] = [_within(*header) for header in message["headers"]]
        return send(message)

    return send_safely


def _safe(own: Collection[tuple[bytes, bytes]], added: Headers) -> Headers:
    for name, _ in own:
        if name == b"etag":
            return [*own, *added]
    return [*[header for header in own if header[0] != b"cache-control"], *_RAW_NOT_STORED, *added]


def _within(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Make a redirect name a path of ours only: the framework's own begin with whatever host the client has named."""
    if name != b"location" or value.startswith(b"/"):
        return name, b"/" + value.lstrip(b"/\\") if name == b"location" else value
    behind_scheme = value.partition(b"://")[2]
    return name, b"/" + behind_scheme.partition(b"/")[2].lstrip(b"/\\")
