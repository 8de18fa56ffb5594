"""A body comes to the application in pieces, and stays with its client until it is asked for."""

import asyncio
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from tallykeep.api.transport.connections import SharedBuffer, bounded_protocol
from tallykeep.api.transport.http_protocol import BoundedProtocol

_BODY = bytes(range(251)) * 20_000  # so that no piece is like another
_HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(_BODY)
_MAX_PIECE = 64 << 10
_MAX_HELD = 64 << 10  # one read of the socket


class _Waiting:
    """An application that looks at the body only when it is told to."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_read = asyncio.Event()
        self.pieces: list[bytes] = []
        self.protocols: list[BoundedProtocol] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun.set()
        await self.may_read.wait()
        while (message := await receive())["more_body"]:
            self.pieces.append(message["body"])
            assert self.held() <= _MAX_HELD
        self.pieces.append(message["body"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    def held(self) -> int:
        """What the server has read of the body, and not handed on."""
        return sum(len(protocol.cycle.body) for protocol in self.protocols if protocol.cycle)


async def _exchange(application: _Waiting) -> bytes:
    config = uvicorn.Config(application, lifespan="off", log_config=None)
    config.load()
    new_protocol = bounded_protocol(10)

    def make() -> SharedBuffer:
        made = new_protocol(config=config, server_state=ServerState(), app_state={})
        assert isinstance(made, SharedBuffer)
        application.protocols.append(made.protocol)
        return made

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(_HEAD + _BODY)
        await application.begun.wait()
        for _ in range(1_000):  # turns in which the server could read on
            await asyncio.sleep(0)
        assert application.protocols[0].flow.read_paused
        assert application.held() <= _MAX_HELD
        application.may_read.set()
        answer = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    return answer


def test_what_nobody_asks_for_stays_with_the_client_and_comes_in_pieces_then() -> None:
    async def run() -> tuple[bytes, _Waiting]:
        application = _Waiting()
        return await _exchange(application), application

    answer, application = uvloop.run(run())
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert b"".join(application.pieces) == _BODY
    assert max(map(len, application.pieces)) <= _MAX_PIECE
