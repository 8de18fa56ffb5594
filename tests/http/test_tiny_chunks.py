"""A body in chunks of one byte: a megabyte of it is parsed in steps, and everybody else has a turn between them."""

import asyncio
from typing import Any

import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from tallykeep.api.transport.connections import bounded_protocol

_HEAD = b"POST /v1/vouchers/import HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
_CHUNKS = 200_000
_STEP_BYTES = 64 << 10


class _Application:
    """Keeps the pieces of the bodies that it is handed."""

    def __init__(self) -> None:
        self.bodies: list[list[bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        pieces: list[bytes] = []
        while (message := await receive())["more_body"]:
            pieces.append(message["body"])
        self.bodies.append([*pieces, message["body"]])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


async def _exchange(application: _Application, request: bytes, answers: int) -> bytes:
    config = uvicorn.Config(application, lifespan="off", log_config=None)
    config.load()
    protocol = bounded_protocol(10)
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config=config, server_state=ServerState(), app_state={}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(request)
        received = b"".join([await reader.readuntil(b"\r\n\r\n") for _ in range(answers)])
        writer.close()
    return received


@pytest.mark.parametrize("size", [1, 3])
def test_tiny_chunks_are_parsed_a_step_at_a_time(size: int) -> None:
    application = _Application()
    chunk = b"%x\r\n%s\r\n" % (size, b"x" * size)
    received = uvloop.run(_exchange(application, _HEAD + chunk * _CHUNKS + b"0\r\n\r\n", 1))
    assert received.startswith(b"HTTP/1.1 204 ")
    (pieces,) = application.bodies
    assert b"".join(pieces) == b"x" * size * _CHUNKS
    # The application takes what there is at its turn: at most the last step, and the one before.
    assert max(map(len, pieces)) <= (2 * _STEP_BYTES // len(chunk) + 1) * size


def test_requests_behind_tiny_chunks_are_each_answered_with_their_own_bodies() -> None:
    application = _Application()
    first = _HEAD + b"1\r\na\r\n" * 30_000 + b"0\r\n\r\n"
    second = _HEAD + b"1\r\nb\r\n" * 30_000 + b"0\r\n\r\n"
    received = uvloop.run(_exchange(application, first + second + first, 3))
    assert received.count(b"HTTP/1.1 204 ") == 3
    assert [b"".join(pieces) for pieces in application.bodies] == [b"a" * 30_000, b"b" * 30_000, b"a" * 30_000]


def test_large_pieces_are_handed_on_as_they_come() -> None:
    application = _Application()
    body = bytes(range(256)) * 8_192
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert uvloop.run(_exchange(application, head + body, 1)).startswith(b"HTTP/1.1 204 ")
    (pieces,) = application.bodies
    assert b"".join(pieces) == body
