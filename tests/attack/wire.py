"""Requests as bytes over raw sockets: whatever a client may send, read or leave unread, at next to no cost."""

import asyncio
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

_KEPT = 2000  # bytes of an answer that are kept
_CHUNK = 1 << 16
_SMALL_BUFFER = 4096  # of who does not read

Reads = Literal["answers", "nothing"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are sent so many times, with so many seconds between.

    «{n}» in them becomes a number of six digits, another one in each request.
    """

    data: bytes
    times: int = 1
    pause: float = 0


@dataclass(frozen=True, slots=True)
class Shot:
    """What some connections send, each of them so many times in a row."""

    pieces: tuple[Piece, ...]
    connections: int = 1
    requests: int = 1
    after: float = 0  # seconds from the beginning of the attack
    reads: Reads = "answers"
    answered: bool = True  # whether an answer is owed within the bound


@dataclass(slots=True)
class Answer:
    """What came back: a status, or 0 and why there is none; and after how many seconds."""

    status: int
    seconds: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens."""

    host: str
    port: int


def head(method: str, path: str, headers: Iterable[tuple[str, str]] = (), length: int | None = None) -> bytes:
    """The request line and the headers, with a Content-Length where there is a body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers)]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


async def connect(address: Address, *, small: bool = False) -> socket.socket:
    """A new connection."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.setblocking(False)
    if small:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        await asyncio.get_running_loop().sock_connect(connection, (address.host, address.port))
    except BaseException:
        connection.close()
        raise
    return connection


async def send(connection: socket.socket, pieces: Iterable[Piece], number: int = 0) -> None:
    """Send all pieces in turn."""
    loop = asyncio.get_running_loop()
    for piece in pieces:
        data = piece.data.replace(b"{n}", b"%06d" % number) if len(piece.data) < _CHUNK else piece.data
        for _ in range(piece.times):
            await loop.sock_sendall(connection, data)
            if piece.pause:
                await asyncio.sleep(piece.pause)


@dataclass(slots=True)
class _Reading:
    """An answer as it comes."""

    kept: bytearray = field(default_factory=bytearray)
    last: bytes = b""
    body_bytes: int = 0
    wanted: int | None = None
    chunked: bool = False
    status: int = 0

    def ends_with(self, data: bytes) -> bool:
        """Take these bytes; whether the answer is whole."""
        if not self.status:
            self.kept += data
            front, separator, data = bytes(self.kept).partition(b"\r\n\r\n")
            if not separator:
                return False
            self._read_head(front)
            self.kept.clear()
        self.body_bytes += len(data)
        self.kept += data[: _KEPT - len(self.kept)]
        self.last = (self.last + data)[-5:]
        return self.last == b"0\r\n\r\n" if self.chunked else self.wanted is not None and self.body_bytes >= self.wanted

    def _read_head(self, front: bytes) -> None:
        first, *lines = front.lower().split(b"\r\n")
        self.status = int(first.split(b" ")[1])
        for line in lines:
            name, _, value = line.partition(b":")
            if name == b"content-length":
                self.wanted = int(value)
            self.chunked |= name == b"transfer-encoding" and value.strip() == b"chunked"
        if self.status in (204, 304):
            self.wanted = 0


async def read(connection: socket.socket) -> tuple[int, str]:
    """The status of one answer and the beginning of its body; status 0 where the connection was closed without one."""
    reading, loop = _Reading(), asyncio.get_running_loop()
    while data := await loop.sock_recv(connection, _CHUNK):
        if reading.ends_with(data):
            break
    return reading.status, reading.kept.decode("utf-8", "replace")


async def exchange(connection: socket.socket, pieces: Iterable[Piece], number: int = 0) -> Answer:
    """Send and read at the same time: who is refused early is told so before everything was sent."""
    began = time.monotonic()
    sending = asyncio.ensure_future(send(connection, pieces, number))
    try:
        status, text = await read(connection)
    except OSError as error:
        status, text = 0, type(error).__name__
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await sending
    return Answer(status, time.monotonic() - began, text or ("closed" if not status else ""))


async def ask(address: Address, pieces: Iterable[Piece], timeout_seconds: float) -> Answer:
    """One request on a connection of its own; status 0 where nothing came within so many seconds."""
    began, connection = time.monotonic(), None
    try:
        async with asyncio.timeout(timeout_seconds):
            connection = await connect(address)
            answer = await exchange(connection, pieces)
    except TimeoutError:
        answer = Answer(0, 0, "no answer")
    except OSError as error:
        answer = Answer(0, 0, type(error).__name__)
    finally:
        if connection is not None:
            connection.close()
    answer.seconds = time.monotonic() - began
    return answer
