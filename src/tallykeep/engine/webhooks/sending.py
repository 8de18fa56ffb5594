"""Sending: one POST, to an address that was checked, with bounds on its time and on what is read of the answer.

No redirect is followed, no proxy of the environment used, no cookie kept, nothing decompressed.
"""

import asyncio
import ssl
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from tallykeep.engine.webhooks.addresses import Resolve, TargetRefusedError, checked_addresses, resolve
from tallykeep.engine.webhooks.target_url import TargetUrl

_MAX_CONNECT_SECONDS = 5.0
_MAX_ANSWER_BYTES = 4_096
_MAX_ANSWER_SECONDS = 1.0
_MAX_RECEIVED_BYTES = 16_384  # of a connection: before the answer there may be others (1xx), without end
_MAX_ADDRESSES = 4
_MAX_ERROR_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of an attempt: the status that the receiver answered, or the error that kept it from that."""

    status: int | None
    error: str | None

    @property
    def is_success(self) -> bool:
        """Return whether the receiver has taken the event."""
        return self.error is None


class _BoundedStream(httpcore.AsyncNetworkStream):
    """A connection of which only so many bytes are read; then it counts as broken."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = _MAX_RECEIVED_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read some bytes; raise httpcore.ReadError where there were too many."""
        if self._left <= 0:
            raise httpcore.ReadError(f"more than {_MAX_RECEIVED_BYTES} bytes were answered")
        received = await self._stream.read(min(max_bytes, self._left), timeout)
        self._left -= len(received)
        return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send the bytes."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Begin TLS; what is read is counted anew."""
        return _BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a host, checks every address, and connects to one of these very addresses.

    TLS is begun with the host's name by whoever connects, so the certificate is checked against that.
    """

    def __init__(self, resolve: Resolve, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that can be connected to, of the first few."""
        addresses = await checked_addresses(host, port, self._resolve, allow_private=self._allow_private)
        *others, last = addresses[:_MAX_ADDRESSES]
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._connect(address, port, timeout, local_address, socket_options)
        return await self._connect(last, port, timeout, local_address, socket_options)

    async def _connect(self, address: str, *how: Any) -> httpcore.AsyncNetworkStream:
        return _BoundedStream(await self._network.connect_tcp(address, *how))

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts to connect."""
        await asyncio.sleep(seconds)


class Sender:
    """Sends bodies to targets; use it within one event loop."""

    def __init__(
        self,
        *,
        allow_private: bool,
        timeout_seconds: float,
        resolve: Resolve = resolve,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self._connections = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context or httpx.create_ssl_context(),  # once: it reads hundreds of certificates
            max_connections=None,
            max_keepalive_connections=0,
            network_backend=_CheckedBackend(resolve, allow_private),
        )

    async def __aenter__(self) -> "Sender":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connections.aclose()

    async def send(self, target: TargetUrl, headers: dict[str, str], body: bytes) -> Answer:
        """POST the body; whatever becomes of that is an answer, and no exception."""
        try:
            async with asyncio.timeout(self.timeout_seconds), self._stream(target, headers, body) as response:
                await _read_a_little(response)
                return _judged(response)
        except TimeoutError:
            return Answer(None, f"no answer within {self.timeout_seconds:g} seconds")
        except TargetRefusedError as error:
            return Answer(None, str(error))
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            said = str(error).strip() or type(error).__name__
            return Answer(None, f"{_FAILURES.get(type(error), 'the connection broke')}: {said}"[:_MAX_ERROR_LENGTH])

    def _stream(
        self, target: TargetUrl, headers: dict[str, str], body: bytes
    ) -> AbstractAsyncContextManager[httpcore.Response]:
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.target)
        timeouts: dict[str, Any] = dict.fromkeys(("read", "write", "pool"), self.timeout_seconds)
        timeouts["connect"] = min(_MAX_CONNECT_SECONDS, self.timeout_seconds)
        named = {"Host": target.host_header, "Connection": "close", **headers}
        return self._connections.stream(
            "POST", url, headers=list(named.items()), content=body, extensions={"timeout": timeouts}
        )


_FAILURES: dict[type[BaseException], str] = {
    httpcore.ConnectTimeout: "no connection in time",
    httpcore.ConnectError: "no connection",
    httpcore.RemoteProtocolError: "the answer is no HTTP",
}


async def _read_a_little(response: httpcore.Response) -> None:
    """Let a receiver finish a short answer; a long or slow one is cut off, and its status counts all the same."""
    size = 0
    with suppress(TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(_MAX_ANSWER_SECONDS):
            async for chunk in response.aiter_stream():
                size += len(chunk)
                if size >= _MAX_ANSWER_BYTES:
                    return


def _judged(response: httpcore.Response) -> Answer:
    if 200 <= response.status < 300:
        return Answer(response.status, None)
    redirect = "; redirects are not followed" if 300 <= response.status < 400 else ""
    return Answer(response.status, f"the receiver answered {response.status}{redirect}")
