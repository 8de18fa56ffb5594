"""Servers of their own for crash tests, with keys that are known beforehand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server import Server

KEYS = {
    "TALLYKEEP_APP_ID": "crash-app",
    "TALLYKEEP_APP_TOKEN": "crash-token",
    "TALLYKEEP_MANAGEMENT_ID": "crash-management",
    "TALLYKEEP_MANAGEMENT_TOKEN": "crash-management-token",
}


@pytest.fixture
def serve(session_dir: Path, cluster: Path) -> Iterator[Callable[..., Server]]:
    """Starts `tallykeep serve` with its own embedded PostgreSQL on a directory of the given name."""
    started: list[Server] = []

    def start(name: str, **variables: str) -> Server:
        variables |= {"TALLYKEEP_RESCUE_AFTER_SECONDS": "1", **KEYS}
        server = Server(session_dir / name, cluster=cluster, **variables).start()
        started.append(server)
        return server

    yield start
    for server in started:
        if server.running:
            server.stop()
