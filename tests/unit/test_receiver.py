"""The receiver of webhooks in tests: what was not sent to its end was not received."""

import socket
from urllib.parse import urlsplit

import httpx

from tests.receiver import receiving
from tests.server import NO_TLS


def test_a_request_that_breaks_off_is_none() -> None:
    with receiving() as receiver:
        host, port = urlsplit(receiver.url).hostname, urlsplit(receiver.url).port
        for part in (b"", b'{"id"'):
            with socket.create_connection((host, port)) as sender:
                sender.sendall(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n" + part)
                sender.shutdown(socket.SHUT_WR)
                assert sender.recv(100) == b"", "it is not answered"
        httpx.post(f"{receiver.url}/hook", json={"id": "evt_1"}, trust_env=False, verify=NO_TLS)
        assert receiver.next().event == {"id": "evt_1"}
        assert receiver.all() == []
