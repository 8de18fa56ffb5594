"""A relay in front of PostgreSQL, which sees each round trip before the server does.

It knows no more of the protocol than how messages are framed: a type, a length, a body; the first one without a type.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import ClassVar, TypeVar

SOCKET = ".s.PGSQL.5432"
_ENDS_ROUND_TRIP = b"QScf"  # Query, Sync, CopyDone, CopyFail: what the client waits behind


class Link:
    """One client's connection, and ours to the server for it."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server

    def cut(self) -> None:
        """Drop both connections where they stand."""
        for writer in (self.client, self.server):
            writer.transport.abort()


class Relay:
    """Hands messages on as they are; what else becomes of a round trip or an answer is up to those made of it."""

    held_back: ClassVar[bytes] = b"PBDEC"  # Parse, Bind, Describe, Execute, Close go to the server with their Sync

    def __init__(self, server_socket: str) -> None:
        self._server_socket = server_socket
        self._links: dict[Link, asyncio.Task[None]] = {}

    def link(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> Link:
        """Make the link of a new connection."""
        return Link(client, server)

    async def may_pass(self, link: Link, request: bytes) -> bool:
        """Whether this round trip, which ends with a message of its last type, goes to the server; else it is cut."""
        return True

    async def answer(self, link: Link, message_type: bytes, message: bytes) -> bool:
        """Hand an answer on to the client; False cuts the connection."""
        link.client.write(message)
        await link.client.drain()
        return True

    def ended(self, link: Link) -> None:
        """The server's side is closed."""

    async def serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """Relay one connection until either side closes it, or it is cut."""
        server_reader, server = await asyncio.open_unix_connection(self._server_socket)
        link = self.link(client, server)
        self._links[link] = asyncio.create_task(self._relay_answers(server_reader, link))
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._relay_requests(client_reader, link)
        link.cut()
        await self._links.pop(link)

    async def close(self) -> None:
        """Cut what is still connected."""
        for link, answers in list(self._links.items()):
            link.cut()
            await answers

    async def _relay_requests(self, reader: asyncio.StreamReader, link: Link) -> None:
        size = await reader.readexactly(4)
        link.server.write(size + await reader.readexactly(int.from_bytes(size) - 4))
        held = b""
        while True:
            message_type, message = await _next_message(reader)
            held += message
            if self.goes_with_the_next(link, message_type):
                continue
            if message_type in _ENDS_ROUND_TRIP and not await self.may_pass(link, held):
                return
            link.server.write(held)
            held = b""
            await link.server.drain()

    def goes_with_the_next(self, link: Link, message_type: bytes) -> bool:
        """Whether a message of this type waits for the one behind it."""
        return message_type in self.held_back

    async def _relay_answers(self, reader: asyncio.StreamReader, link: Link) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self.answer(link, *await _next_message(reader)):
                pass
        link.cut()
        self.ended(link)


def messages_in(request: bytes) -> list[tuple[bytes, bytes]]:
    """The messages of a round trip: the type of each, and its body."""
    messages = []
    start = 0
    while start < len(request):
        end = start + 1 + int.from_bytes(request[start + 1 : start + 5])
        messages.append((request[start : start + 1], request[start + 5 : end]))
        start = end
    return messages


async def _next_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


SomeRelay = TypeVar("SomeRelay", bound=Relay)


@asynccontextmanager
async def listening(relay: SomeRelay, directory: Path) -> AsyncIterator[SomeRelay]:
    """The relay, listening in `directory` as PostgreSQL would."""
    server = await asyncio.start_unix_server(relay.serve, directory / SOCKET)
    try:
        yield relay
    finally:
        server.close()
        await relay.close()
