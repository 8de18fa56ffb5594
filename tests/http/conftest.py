"""A server of its own for tests of what is refused: what others are refused counts against how many may differ."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.http.audit_calls import Audited
from tests.server import Server, new_project


@pytest.fixture(scope="module")
def audited_server(session_dir: Path, served_database: str, request: pytest.FixtureRequest) -> Iterator[Server]:
    name = request.module.__name__.rpartition(".")[2]
    running = Server(session_dir / name, database_url=served_database, TALLYKEEP_WEBHOOK_ALLOW_PRIVATE="true").start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def audited(audited_server: Server, served_database: str) -> Iterator[Audited]:
    client = Audited(audited_server.url, new_project(served_database), served_database)
    with closing(client.http):
        yield client
