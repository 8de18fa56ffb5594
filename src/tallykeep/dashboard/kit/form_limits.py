"""Limits of forms: small before anybody is signed in, larger after that, in every encoding."""

from contextlib import aclosing

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallykeep.core.errors import RequestError
from tallykeep.dashboard.kit.guard import CSRF_HEADER, MAX_FIELDS
from tallykeep.dashboard.kit.session_store import Sessions
from tallykeep.dashboard.kit.signed_in import COOKIE

SIGNED_OUT_BYTES = 16 << 10
FORM_BYTES = 4 << 20

_MULTIPART = "multipart/form-data"
_HANDS_ON = "/imports/start"  # streamed; the API has its own limits
_WITH_FILE = "/imports/preview"  # checks Content-Length, and reads the form by `form_with_file`


class BoundedForms:
    """Stops reading a body that is too large, by an HTTPException where it is read."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, received, signed_in = Request(scope), 0, False

        async def receive_within_bounds() -> Message:
            nonlocal received, signed_in
            try:
                message = await receive()
            except RequestError as cut:
                raise HTTPException(cut.code, cut.details) from None
            received += len(message.get("body", b""))
            if received > SIGNED_OUT_BYTES and not signed_in:
                signed_in = await self._sessions.find(request.cookies.get(COOKIE, "")) is not None
                if not signed_in:
                    raise _too_large(SIGNED_OUT_BYTES, " before you are signed in")
                request.state.signed_in = True  # such a connection is not closed in favour of others
            if received > FORM_BYTES and not _hands_on(request):
                raise _too_large(FORM_BYTES)
            return message

        await self._app(scope, receive_within_bounds, send)


def _hands_on(request: Request) -> bool:
    # Without the header the token is in the form, which then has to be read completely.
    if CSRF_HEADER not in request.headers:
        return False
    return request.url.path == _HANDS_ON or (request.url.path == _WITH_FILE and _is_multipart(request))


def _is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _MULTIPART


async def form_with_file(request: Request) -> FormData:
    """Return the form, with one file of any size; raises HTTPException where the rest of it is too large."""
    if not _is_multipart(request):
        return await request.form(max_fields=MAX_FIELDS)
    async with aclosing(request.stream()) as stream:
        try:
            return await _FormWithFile(request.headers, stream, max_files=1, max_fields=MAX_FIELDS).parse()
        except MultiPartException as error:
            raise HTTPException(400, error.message) from None


class _FormWithFile(MultiPartParser):
    """Files go to disk; fields and headers of parts are held in memory, and limited together."""

    _held = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self._hold(end - start)
        super().on_part_data(data, start, end)

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._hold(end - start)
        super().on_header_field(data, start, end)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._hold(end - start)
        super().on_header_value(data, start, end)

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > FORM_BYTES:
            raise _too_large(FORM_BYTES)


def _too_large(maximum: int, when: str = "") -> HTTPException:
    return HTTPException(413, f"The form is larger than the {maximum:,} bytes allowed{when}.")
