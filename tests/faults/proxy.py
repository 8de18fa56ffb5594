"""A relay that loses one message: the n-th of those that end a round trip, or its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from tests.relay import SOCKET, Link, Relay, listening

_READY = b"ZG"  # ReadyForQuery, CopyInResponse: the server has answered and waits


class Lost(StrEnum):
    """What gets lost with the connection."""

    REQUEST = "request"
    ANSWER = "answer"


class _LossyLink(Link):
    answers_are_lost = False


class Proxy(Relay):
    """Counts round trips since `arm`; the one with the number given there is lost, with its connection."""

    def __init__(self, server_socket: str) -> None:
        super().__init__(server_socket)
        self.round_trips = 0
        self.struck = False
        self._at: int | None = None
        self._lost = Lost.REQUEST

    def arm(self, at: int | None, lost: Lost = Lost.REQUEST) -> None:
        """Lose the `at`-th round trip from now on, or none."""
        self.round_trips, self.struck, self._at, self._lost = 0, False, at, lost

    def link(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> _LossyLink:
        """A link whose answers may get lost."""
        return _LossyLink(client, server)

    async def may_pass(self, link: Link, request: bytes) -> bool:
        """Whether this round trip's request is not the one to be lost."""
        assert isinstance(link, _LossyLink)
        if not self._strikes():
            return True
        link.answers_are_lost = self._lost is Lost.ANSWER
        return link.answers_are_lost

    async def answer(self, link: Link, message_type: bytes, message: bytes) -> bool:
        """Hand the answer on, unless it is to be lost: then nothing more once the server has done its part."""
        assert isinstance(link, _LossyLink)
        return (
            message_type not in _READY if link.answers_are_lost else await super().answer(link, message_type, message)
        )

    def _strikes(self) -> bool:
        self.round_trips += 1
        if self.round_trips != self._at:
            return False
        self.struck = True
        return True


@asynccontextmanager
async def open_proxy(directory: Path, server_directory: str) -> AsyncIterator[Proxy]:
    """A proxy that listens in `directory` as PostgreSQL would, in front of the server in the other one."""
    async with listening(Proxy(f"{server_directory}/{SOCKET}"), directory) as proxy:
        yield proxy
