"""Server-sent events (WHATWG HTML, section 9.2), as bytes that all streams of the same events share."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

# A comment: proxies close connections on which nothing is sent.
PING = b": ping\n\n"


def event(name: str, line: str) -> bytes:
    """Return an event with this name, whose data is one line."""
    return f"event: {name}\ndata: {line}\n\n".encode()


class EventStream(StreamingResponse):
    """An answer that goes on for as long as there are events.

    What the events are made from is entered when the answer begins and left behind it; what is raised on the way in is
    answered instead.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AbstractAsyncContextManager[AsyncIterator[bytes]], status_code: int = 200) -> None:
        # The second one is for nginx, which would hold them back.
        super().__init__((), status_code, {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        async with self._events as events:
            self.body_iterator = events
            await super().__call__(scope, receive, send)
