"""Server-sent events (WHATWG HTML, section 9.2), as bytes that all streams of the same events share."""

from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse

# A comment: proxies close connections on which nothing is sent.
PING = b": ping\n\n"


def event(name: str, line: str) -> bytes:
    """Return an event with this name, whose data is one line."""
    return f"event: {name}\ndata: {line}\n\n".encode()


class EventStream(StreamingResponse):
    """An answer that goes on for as long as there are events."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], status_code: int = 200) -> None:
        # The second one is for nginx, which would hold them back.
        super().__init__(events, status_code, {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
