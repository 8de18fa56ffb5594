"""A client that sends what it likes."""

import json
import socket
from contextlib import suppress
from typing import Any

import httpx

from tests.server import Api

_TIMEOUT_SECONDS = 120


class Client:
    """One connection to the server of `api`."""

    def __init__(self, api: Api) -> None:
        url = httpx.URL(api.url)
        assert url.port
        self._socket = socket.create_connection((url.host, url.port), timeout=_TIMEOUT_SECONDS)
        self.host = f"{url.host}:{url.port}".encode()
        self.keys = f"X-App-Id: {api.keys.app_id}\r\nX-App-Token: {api.keys.app_token}\r\n".encode()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *pieces: bytes) -> bool:
        """Send these; whether the server still took them."""
        try:
            for piece in pieces:
                self._socket.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def head(self, method: str, path: str, *headers: str) -> bytes:
        """The head of a request with the project's keys."""
        more = "".join(f"{header}\r\n" for header in headers).encode()
        return f"{method} {path} HTTP/1.1\r\nHost: ".encode() + self.host + b"\r\n" + self.keys + more + b"\r\n"

    def received(self) -> bytes:
        """All that comes until the server closes the connection."""
        content = b""
        with suppress(ConnectionResetError):
            while piece := self._socket.recv(65536):
                content += piece
        return content

    def first_line(self) -> bytes:
        """The first line of the answer, as soon as it has come."""
        content = b""
        while b"\r\n" not in content:
            content += self._socket.recv(1)
        return content

    def answer(self) -> tuple[int, dict[str, Any]]:
        """The status and the body of an answer behind which the server closes."""
        return answer_of(self.received())


def answer_of(content: bytes) -> tuple[int, dict[str, Any]]:
    """The status and the body of an answer; a plain one that is complete."""
    head, _, body = content.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)
