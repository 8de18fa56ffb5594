"""Body pacing: a body that arrives too slowly, or takes too long, is cut off, so that its slots come free."""

import asyncio
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallykeep.core.errors import UploadTimeoutError

WINDOW_SECONDS = 30.0
LEAST_BYTES_A_SECOND = 512


class PacedBodies:
    """Raises UploadTimeoutError while reading a body that arrives too slowly.

    Only time spent waiting for the client counts, so a busy server never cuts anyone off. A request that the dashboard
    hands on is `is_paced` already: its body was paced when it came in.
    """

    def __init__(self, app: ASGIApp, max_seconds: float) -> None:
        self._app = app
        self._max_seconds = max_seconds

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request; here and in `note_answer` no coroutine is made, for every request passes both."""
        if scope["type"] != "http" or scope.get("state", {}).get("is_paced"):
            return self._app(scope, receive, send)
        body = _Body(receive, self._max_seconds)

        def note_answer(message: Message) -> Awaitable[None]:
            body.is_answered = True
            return send(message)

        return self._app(scope, body.receive, note_answer)


class _Body:
    def __init__(self, receive: Receive, max_seconds: float) -> None:
        self._receive = receive
        self._left_seconds = max_seconds
        self._max_seconds = max_seconds
        self._window_seconds, self._window_bytes = 0.0, 0
        self._has_ended = False
        self.is_answered = False

    async def receive(self) -> Message:
        """Return the next message of the request."""
        while True:
            if self._has_ended or self.is_answered:
                return await self._receive()
            message = await self._in_time()
            if message is not None:
                return message

    async def _in_time(self) -> Message | None:
        """Return a message; None where the window is over, but enough has come in it."""
        clock = asyncio.get_running_loop().time
        since = clock()
        wait = min(WINDOW_SECONDS - self._window_seconds, self._left_seconds)
        try:
            async with asyncio.timeout(max(wait, 0.0)):
                message = await self._receive()
        except TimeoutError:
            self._took(clock() - since)
            self._require_rate()
            return None
        self._took(clock() - since)
        self._window_bytes += len(message.get("body", b""))
        self._has_ended = not message.get("more_body", False)
        return message

    def _took(self, seconds: float) -> None:
        self._window_seconds += seconds
        self._left_seconds -= seconds

    def _require_rate(self) -> None:
        if self.is_answered:
            return
        if self._left_seconds <= 0:
            raise UploadTimeoutError(
                f"The body took longer than {self._max_seconds:g} seconds (setting TALLYKEEP_MAX_BODY_SECONDS);"
                " nothing was changed. Send the request again, in smaller parts"
            )
        if self._window_bytes < LEAST_BYTES_A_SECOND * WINDOW_SECONDS:
            raise UploadTimeoutError(
                f"The body came too slowly: {self._window_bytes} bytes in {WINDOW_SECONDS:g} seconds, where"
                f" {LEAST_BYTES_A_SECOND} a second are the least; nothing was changed. Send the request again"
            )
        self._window_seconds, self._window_bytes = 0.0, 0
