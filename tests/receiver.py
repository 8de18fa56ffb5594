"""A receiver of webhooks: a real HTTP server on loopback, which answers by the path that it is asked for."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import orjson

_SECONDS = 60


@dataclass
class Received:
    """A request: what was sent, and the status that it was answered with."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(orjson.loads(self.body))


@dataclass
class Receiver:
    """The server; `answers` are by path the statuses of the next requests, the last one of all later ones."""

    url: str = ""
    answers: dict[str, list[int]] = field(default_factory=dict)
    requests: Queue[Received] = field(default_factory=Queue)
    may_answer: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def next(self) -> Received:
        """The next request, as soon as it comes."""
        return self.requests.get(timeout=_SECONDS)

    def all(self) -> list[Received]:
        """All requests that came so far and were not taken."""
        taken = []
        while not self.requests.empty():
            taken.append(self.requests.get())
        return taken

    def status(self, path: str) -> int:
        statuses = self.answers.get(path, [200])
        return statuses.pop(0) if len(statuses) > 1 else statuses[0]


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return  # whoever sent it has died over it, and sends it again
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.requests.put(Received(self.path, headers, body))
        if self.path == "/hangs":
            self.receiver.hanging.release()
            self.receiver.may_answer.wait(_SECONDS)
            return
        if self.path == "/continues":
            self._continue_without_end()
            return
        self.send_response(self.receiver.status(self.path))
        if self.path == "/redirects":
            self.send_header("Location", "/elsewhere")
        if self.path == "/huge":
            self._answer_without_end()
            return
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST

    def _continue_without_end(self) -> None:
        with suppress(OSError):
            while True:
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    def _answer_without_end(self) -> None:
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b"x" * 65_536)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are no error here."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver while the context lasts."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"receiver": receiver}))
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.may_answer.set()
        server.shutdown()
        server.server_close()


def closed_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
