"""Ports of servers that tests kill and start again: nobody else is given one while its server is down."""

import socket

import pytest

from tests.server import kept_port


def test_a_kept_port_is_the_servers_alone() -> None:
    port = kept_port()
    with socket.socket() as somebody, pytest.raises(OSError, match="in use"):
        somebody.bind(("127.0.0.1", port))
    for _ in range(2):  # it was killed, and comes back
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", port))
            server.listen()
            socket.create_connection(("127.0.0.1", port)).close()
