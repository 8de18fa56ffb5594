"""A relay in front of PostgreSQL that loses one message: the n-th of those that end a round trip, or its answer.

It knows no more of the protocol than how messages are framed: a type, a length, a body; the first one without a type.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
_ENDS_ROUND_TRIP = b"QScf"  # Query, Sync, CopyDone, CopyFail: what the client waits behind
_HELD_BACK = b"PBDEC"  # Parse, Bind, Describe, Execute, Close go to the server together with their Sync
_READY = b"ZG"  # ReadyForQuery, CopyInResponse: the server has answered and waits


class Lost(StrEnum):
    """What gets lost with the connection."""

    REQUEST = "request"
    ANSWER = "answer"


class _Link:
    """One client's connection, and ours to the server for it."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.answers_are_lost = False

    def cut(self) -> None:
        for writer in (self.client, self.server):
            writer.transport.abort()


@dataclass
class Proxy:
    """Counts round trips since `arm`; the one with the number given there is lost, with its connection."""

    server_socket: str
    round_trips: int = 0
    struck: bool = False
    _at: int | None = None
    _lost: Lost = Lost.REQUEST
    _links: dict[_Link, asyncio.Task[None]] = field(default_factory=dict)

    def arm(self, at: int | None, lost: Lost = Lost.REQUEST) -> None:
        """Lose the `at`-th round trip from now on, or none."""
        self.round_trips, self.struck, self._at, self._lost = 0, False, at, lost

    async def serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """Relay one connection until either side closes it, or it is cut."""
        server_reader, server = await asyncio.open_unix_connection(self.server_socket)
        link = _Link(client, server)
        self._links[link] = asyncio.create_task(_relay_answers(server_reader, link))
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._relay_requests(client_reader, link)
        link.cut()
        await self._links.pop(link)

    async def close(self) -> None:
        """Cut what is still connected."""
        for link, answers in list(self._links.items()):
            link.cut()
            await answers

    async def _relay_requests(self, reader: asyncio.StreamReader, link: _Link) -> None:
        size = await reader.readexactly(4)
        link.server.write(size + await reader.readexactly(int.from_bytes(size) - 4))
        held = b""
        while True:
            kind, message = await _next_message(reader)
            if kind in _HELD_BACK:
                held += message
                continue
            if kind in _ENDS_ROUND_TRIP and self._strikes():
                if self._lost is Lost.REQUEST:
                    return link.cut()
                link.answers_are_lost = True
            link.server.write(held + message)
            held = b""
            await link.server.drain()

    def _strikes(self) -> bool:
        self.round_trips += 1
        if self.round_trips != self._at:
            return False
        self.struck = True
        return True


async def _relay_answers(reader: asyncio.StreamReader, link: _Link) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            kind, message = await _next_message(reader)
            if not link.answers_are_lost:
                link.client.write(message)
                await link.client.drain()
            elif kind in _READY:
                break
    link.cut()


async def _next_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


@asynccontextmanager
async def open_proxy(directory: Path, server_directory: str) -> AsyncIterator[Proxy]:
    """A proxy that listens in `directory` as PostgreSQL would, in front of the server in the other one."""
    proxy = Proxy(f"{server_directory}/{SOCKET}")
    server = await asyncio.start_unix_server(proxy.serve, directory / SOCKET)
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
