"""HTTP/1.1 within bounds: how long and how large a request's head may be, how many connections there are, who waits.

uvicorn's protocol has no limits of its own. What a client sends is refused here before anything of it is kept, in the
wire format, with a connection that is closed behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tallykeep.api.responses.answers import error_body
from tallykeep.api.responses.cut_off import log_cut_off
from tallykeep.api.transport.safe_answers import HEAD
from tallykeep.core import exact_json
from tallykeep.core.errors import (
    AnswerCutOffError,
    HeadersTooLargeError,
    InvalidPayloadError,
    RequestError,
    ServiceUnavailableError,
    UploadTimeoutError,
    UriTooLongError,
)
from tallykeep.core.ids import new_id

MAX_URL_LENGTH = 32 << 10
MAX_HEADER_BYTES = 64 << 10
MAX_HEADERS = 200
MAX_PIPELINED = 20
_STEP_BYTES = 64 << 10  # that are parsed at once
_MANY_CHUNKS = 1_000  # in one step: the next one is left to a later turn of the event loop
_MAX_BETWEEN_BODY = 64 << 10  # bytes of trailers, chunk sizes and their extensions without a byte of the body

HEAD_SECONDS = 20.0  # until a request's headers are complete
LINGER_SECONDS = 30.0  # that the rest of a body is read and thrown away behind the answer
_REFUSED_SECONDS = 2.0  # that a client has for reading why its request was refused
STALL_SECONDS = 30.0  # that a client may leave an answer where it is
_LEAST_READ = 16 << 10  # bytes that it takes in that time at least

_SAFE = ("GET", "HEAD")
_KNOWN = {"caller", "signed_in"}  # what a request's state holds once its client is known


class _RefusedError(Exception):
    """Ends the parsing of a request."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection; `max_connections` is set once the server is made."""

    max_connections = 1_000

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection; where there are too many, the one that has waited longest makes room, if any may."""
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        self._is_open = False  # a request has begun and is not complete
        self._has_head = False  # its headers are complete
        self._head_bytes = 0
        self._between = 0
        self._chunks: list[bytes] = []  # of the body, parsed in this step
        self._unparsed = b""
        self._refusal: RequestError | None = None
        self._refused_at: float | None = None
        self._stalled: tuple[int, float] | None = None
        self._answered_at: float | None = None
        self._reader: asyncio.Task[Any] | None = None
        self._is_wanted = False  # the application waits for more of a body
        self._is_gone = False
        if len(self.connections) > self.max_connections:
            self._evict_one()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what is only read: nobody waits for the answer any more."""
        self._is_gone = True
        super().connection_lost(exc)
        if self._reader is not None:
            self._reader.cancel()

    def _evict_one(self) -> None:
        others = [each for each in self.connections if isinstance(each, BoundedProtocol) and each is not self]
        waiting = [each for each in others if each.may_be_evicted and not each.transport.is_closing()]
        if oldest := min(waiting, key=lambda each: each._waits_since, default=None):
            oldest.transport.abort()
        else:
            self._refuse(ServiceUnavailableError("The server has as many connections as it takes; come back later"))

    @property
    def is_idle(self) -> bool:
        """Return whether the connection waits for a request, or for the rest of its headers."""
        return not self._has_head and (self.cycle is None or self.cycle.response_complete)

    @property
    def may_be_evicted(self) -> bool:
        """Return whether there is nothing to answer, or the client has shown no keys and keeps us waiting."""
        if self.is_idle or self._is_answered:
            return True
        keeps_us_waiting = self._is_open or self.flow.write_paused
        return keeps_us_waiting and self.cycle is not None and not _KNOWN & self.cycle.scope.get("state", {}).keys()

    @property
    def _is_answered(self) -> bool:
        """Return whether the newest request was answered, though it may not be complete."""
        return self._answered_at is not None and self.cycle is not None and bool(self.cycle.response_complete)

    # Receiving

    def data_received(self, data: bytes) -> None:
        """Parse what has come, within bounds."""
        if self._unparsed:
            self._unparsed += data
            self.flow.pause_reading()
        else:
            self._parse(data)
            self._hold_back()

    def _parse(self, data: bytes) -> None:
        """Parse in steps; where they hold many tiny chunks, one in each turn of the event loop."""
        for at in range(0, len(data), _STEP_BYTES):
            if self._refused_at is not None or self._is_gone or self.transport.is_closing():
                return
            chunks = self._parse_step(data[at : at + _STEP_BYTES])
            if chunks > _MANY_CHUNKS and at + _STEP_BYTES < len(data):
                self._unparsed = data[at + _STEP_BYTES :]
                self.flow.pause_reading()
                self.loop.call_soon(self._parse_rest)
                return

    def _parse_step(self, data: bytes) -> int:
        """Parse these bytes; returns how many chunks of a body they held."""
        self._between += len(data)
        super().data_received(data)
        chunks = len(self._chunks)
        self._hand_over()
        if self._between > max(_MAX_BETWEEN_BODY, MAX_HEADER_BYTES) and self._refused_at is None:
            self._refuse(_headers_too_large())
        return chunks

    def _parse_rest(self) -> None:
        data, self._unparsed = self._unparsed, b""
        self.flow.resume_reading()
        self._parse(data)
        self._hold_back()

    def _hold_back(self) -> None:
        """Leave the rest of a body with its client until it is asked for: many requests that wait hold little."""
        if not (self._is_open and self._has_head) or self._is_answered or self.cycle.scope["method"] in _SAFE:
            return  # whoever only reads is to be noticed as soon as it has gone
        if self.cycle.body or not self._is_wanted:
            self.flow.pause_reading()

    def _hand_over(self) -> None:
        """Add what has come of the body to what the application has yet to take: all at once, since that is copied."""
        if self._chunks:
            body, self._chunks = b"".join(self._chunks), []
            super().on_body(body)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._is_open, self._has_head = True, False
        self._waits_since = self.loop.time()
        self._answered_at = None
        self._head_bytes, self._head_count, self._between = 0, 0, 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL."""
        super().on_url(url)
        if len(self.url) > MAX_URL_LENGTH:
            self._stop(
                UriTooLongError(
                    f"The URL is longer than {MAX_URL_LENGTH} bytes; ask for fewer at a time, or send what can be a"
                    " field of the form as one"
                )
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header, or a trailer, which says nothing here."""
        if self._has_head:
            return
        self._head_bytes += len(name) + len(value)
        self._head_count += 1
        if self._head_bytes > MAX_HEADER_BYTES or self._head_count > MAX_HEADERS:
            self._stop(_headers_too_large())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer the request."""
        self._has_head, self._between = True, 0
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(InvalidPayloadError(f"More than {MAX_PIPELINED} requests were sent ahead on one connection"))
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._between = 0
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._hand_over()
        super().on_message_complete()
        self._is_open, self._has_head, self._between = False, False, 0
        self._waits_since = self.loop.time()

    # Answering

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if cycle.scope["method"] not in _SAFE:
            super()._start_asgi_task(cycle, partial(self._serve_body, app))
            return

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            self._reader = asyncio.current_task()
            try:
                await self._until_cut_off(app, scope, receive, send)
            except asyncio.CancelledError:
                if not self._is_gone:
                    raise
            finally:
                self._reader = None

        super()._start_asgi_task(cycle, answer)

    async def _until_cut_off(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        """Answer; where that is cut off, close the connection, which cancels this once it is lost.

        uvicorn complains of an answer without an end unless its connection is lost.
        """
        try:
            await app(scope, receive, send)
        except AnswerCutOffError:
            self.transport.close()
            await asyncio.Event().wait()

    def _serve_body(self, app: Any, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Serve what reads no more of a body than it asks for."""
        return app(scope, partial(self._receive, receive), send)  # type: ignore[no-any-return]

    async def _receive(self, receive: Callable[[], Awaitable[Any]]) -> Any:
        """Take what comes next, and nothing beyond that."""
        self._is_wanted = True
        try:
            return await receive()
        finally:
            self._is_wanted = False
            self._hold_back()

    def on_response_complete(self) -> None:
        """End the answer, though perhaps the request is not complete."""
        super().on_response_complete()
        self._answered_at = self._waits_since = self.loop.time()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be parsed, or was refused in the parsing."""
        self._refuse(self._refusal or InvalidPayloadError("This is no HTTP request that can be understood"))

    def _stop(self, refusal: RequestError) -> None:
        self._refusal = refusal
        raise _RefusedError

    def _refuse(self, refusal: RequestError) -> None:
        """Answer, unless another answer is under way, and close once the client has had time to read it."""
        self._refused_at = self.loop.time()
        self._unset_keepalive_if_required()
        if self.cycle is None or self.cycle.response_complete:
            body = exact_json.dumps(error_body(refusal, new_id("v-")))
            head = STATUS_LINE[refusal.code] + b"content-type: application/json\r\nconnection: close\r\n"
            retry = b"retry-after: 1\r\n" if isinstance(refusal, ServiceUnavailableError) else b""
            self.transport.write(head + HEAD + retry + b"content-length: %d\r\n\r\n" % len(body) + body)
            # Closed at once, it would be reset by what the client still sends, and the answer with it.
            self.transport.write_eof()
        else:
            self.transport.close()

    # Timeouts

    def check(self, now: float) -> None:
        """End what has taken too long; to be called about once a second."""
        if self._refused_at is not None:
            if now - self._refused_at > _REFUSED_SECONDS:
                self.transport.abort()
        elif self.transport.is_closing():
            self._refused_at = now + STALL_SECONDS
        elif self.flow.write_paused:
            self._check_stall(now)
        elif self._is_open and self._answered_at is not None and self._is_answered:
            if now - self._answered_at > LINGER_SECONDS:
                self.transport.close()
        elif self.is_idle and now - self._waits_since > HEAD_SECONDS:
            if self._is_open:
                self._refuse(UploadTimeoutError(f"The headers took longer than {HEAD_SECONDS:g} seconds"))
            else:
                self.transport.close()

    def _check_stall(self, now: float) -> None:
        left = self.transport.get_write_buffer_size()
        if self._stalled is None or not self._stalled[0] - _LEAST_READ < left <= self._stalled[0]:
            self._stalled = (left, now)
        elif now - self._stalled[1] > STALL_SECONDS:
            if self.cycle is not None:
                reason = f"the client takes less than {_LEAST_READ} bytes in {STALL_SECONDS:g} seconds"
                log_cut_off(dict(self.cycle.scope), reason)
            self.transport.abort()

    def resume_writing(self) -> None:
        """Go on once the client has taken what it was sent."""
        self._stalled = None
        super().resume_writing()


def _headers_too_large() -> HeadersTooLargeError:
    return HeadersTooLargeError(
        f"The headers hold more than {MAX_HEADER_BYTES} bytes, or there are more than {MAX_HEADERS} of them"
    )
