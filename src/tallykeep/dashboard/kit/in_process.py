"""A transport for httpx to an application in the same process, with both bodies streamed.

httpx's own ASGITransport collects the complete answer before it returns any of it, which rules out event streams and
downloads.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx
from starlette.types import ASGIApp

from tallykeep.core.errors import AnswerCutOffError

ORIGIN = "tallykeep.origin"  # the extension of a request that holds its origin

_MAX_WAITING_CHUNKS = 4
_END = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose browser a request comes from: its address, and the session, where somebody is signed in there."""

    address: str | None = None
    session_id: str | None = None


NOWHERE = Origin()


class CutOffError(httpx.ReadError, AnswerCutOffError):
    """The answer has ended before its end."""


class InProcess(httpx.AsyncBaseTransport):
    """Sends requests to `app`; closing an answer before its end aborts it there, as if the client had gone away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer as soon as it begins; raises what the application raised before that."""
        exchange = _Exchange(request)
        exchange.start(self._app)
        try:
            status, headers = await exchange.begun
        except BaseException:
            await exchange.aclose()
            raise
        return httpx.Response(status, headers=headers, stream=exchange)


class _Exchange(httpx.AsyncByteStream):
    """One request and its answer."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self._request_chunks = aiter(request.stream)  # type: ignore[arg-type]
        self._request_ended = False
        self._is_broken = False
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_WAITING_CHUNKS)
        self._complete = False
        self._task: asyncio.Task[None] | None = None
        self.begun: asyncio.Future[tuple[int, Any]] = asyncio.get_running_loop().create_future()

    def start(self, app: ASGIApp) -> None:
        self._task = asyncio.create_task(self._run(app), name="in-process request")

    async def _run(self, app: ASGIApp) -> None:
        try:
            await app(_scope(self._request), self._receive, self._send)
        except Exception as error:
            # Once the answer has begun its reader sees that it is cut off; the application has logged why.
            if not self.begun.done():
                self.begun.set_exception(error)
        if not self.begun.done():
            self.begun.set_exception(httpx.RemoteProtocolError("the application gave no answer"))
        await self._chunks.put(_END)

    async def _receive(self) -> dict[str, Any]:
        if self._request_ended:
            await asyncio.Event().wait()  # a reader that goes away cancels the task
        if self._is_broken:
            return {"type": "http.disconnect"}
        # A generator whose reading is broken off has ended: without this, what came would pass for all of the body.
        self._is_broken = True
        chunk = await anext(self._request_chunks, None)
        self._is_broken, self._request_ended = False, chunk is None
        return {"type": "http.request", "body": chunk or b"", "more_body": not self._request_ended}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.begun.set_result((message["status"], message["headers"]))
            return
        if message.get("body"):
            await self._chunks.put(message["body"])
        self._complete = not message.get("more_body", False)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._chunks.get()) is not _END:
            yield chunk
        if not self._complete:
            raise CutOffError("the answer was cut off")

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))


def _scope(request: httpx.Request) -> dict[str, Any]:
    origin: Origin = request.extensions.get(ORIGIN, NOWHERE)
    raw_path, _, query = request.url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": unquote(raw_path.decode("ascii")),
        "raw_path": raw_path,
        "root_path": "",
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (request.url.host, request.url.port),
        "client": (origin.address, 0) if origin.address else None,
        # The body was paced where it came in.
        "state": {"is_paced": True, "door": "dashboard", "session_id": origin.session_id},
    }
