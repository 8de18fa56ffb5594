"""Connections: how many a server may have, and the one buffer that all of them are read into."""

import asyncio
import resource
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tallykeep.api.transport.http_protocol import BoundedProtocol

_FILES_FOR_OTHERS = 200  # open files that are no client's connections
_READ_BYTES = 64 << 10  # at a time: each connection may hold as much before anybody asks for it


def bounded_protocol(max_connections: int) -> Callable[..., asyncio.BufferedProtocol]:
    """Return what makes a protocol for a connection, for a server of so many, or as many as it may have open files."""
    maximum = min(max_connections, _possible_connections())
    protocol = type("Protocol", (BoundedProtocol,), {"max_connections": maximum})
    buffer = memoryview(bytearray(_READ_BYTES))

    def make(**options: Any) -> asyncio.BufferedProtocol:
        return SharedBuffer(protocol(**options), buffer)

    return make


class SharedBuffer(asyncio.BufferedProtocol):
    """Reads a connection into a buffer, and hands its protocol what has come.

    Without that, the event loop decides how much is read at once: 250 kB, of each of a thousand clients.
    """

    def __init__(self, protocol: BoundedProtocol, buffer: memoryview) -> None:
        self.protocol = protocol
        self._buffer = buffer

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what was read."""
        self.protocol.data_received(bytes(self._buffer[:nbytes]))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand on that the connection was made."""
        self.protocol.connection_made(transport)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand on that the connection was lost."""
        self.protocol.connection_lost(exc)

    def eof_received(self) -> None:
        """Hand on that no more is sent."""
        self.protocol.eof_received()

    def pause_writing(self) -> None:
        """Hand on that the client does not take what it is sent."""
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        """Hand on that it has taken most of that."""
        self.protocol.resume_writing()


def _possible_connections() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return max(1, soft - _FILES_FOR_OTHERS) if soft != resource.RLIM_INFINITY else 1 << 30
