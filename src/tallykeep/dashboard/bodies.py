"""What forms may hold: little before anybody is signed in, and within bounds after that, however they come."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallykeep.dashboard.guard import CSRF_HEADER
from tallykeep.dashboard.sessions import Sessions
from tallykeep.dashboard.visit import COOKIE
from tallykeep.errors import RequestError

SIGNED_OUT_BYTES = 16 << 10
FORM_BYTES = 4 << 20

# They hand their bodies on as they come, or look at what is announced, and the API has limits of its own.
_WITH_FILES = ("/imports/preview", "/imports/start")


class BoundedForms:
    """Ends the reading of a body that is larger than it may be; raises HTTPException where it is read."""

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
                request.state.signed_in = True  # such a connection does not have to make room for others
            if received > FORM_BYTES and not _hands_on(request):
                raise _too_large(FORM_BYTES)
            return message

        await self._app(scope, receive_within_bounds, send)


def _hands_on(request: Request) -> bool:
    # Without the header the token is looked for in the form, which is read as a whole then.
    return request.url.path in _WITH_FILES and CSRF_HEADER in request.headers


def _too_large(most: int, when: str = "") -> HTTPException:
    return HTTPException(413, f"The form is larger than the {most:,} bytes that are read{when}.")
