"""Fixtures: one real PostgreSQL and one running server a session, a database or a project of its own a test.

Who runs the tests again and again lends them a PostgreSQL that is running already, and a database that is migrated.
"""

import gc
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import fresh_database, migrated_cluster, migrated_template, running_postgres
from tests.server import Api, Server, new_project, serving

# How long an example takes tells how busy the machine is.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

_MAX_FILES_LENGTH = ("tests/fuzz", "tests/crash", "tests/browser", "tests/model", "tests/interleavings", "tests/faults")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that none of the processes waits for another one's last file."""
    first_files = tuple(str(config.rootpath / folder) for folder in _MAX_FILES_LENGTH)
    items.sort(key=lambda item: not str(item.path).startswith(first_files))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import all tests without looking for cycles: what is imported stays, and is never looked at again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def session_dir() -> Iterator[Path]:
    # Short, because a Unix socket's path is: pytest's own directories are too deep.
    with tempfile.TemporaryDirectory(prefix="tallykeep-tests-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres(session_dir: Path) -> Iterator[str]:
    if lent := os.environ.get("LENT_POSTGRES"):
        yield lent
        return
    with running_postgres(session_dir / "pg") as url:
        yield url


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    if lent := os.environ.get("LENT_TEMPLATE"):
        yield lent
        return
    with migrated_template(postgres) as name:
        yield name


@pytest.fixture
def database_url(postgres: str, template: str) -> Iterator[str]:
    with fresh_database(postgres, template) as url:
        yield url


@pytest.fixture(scope="session")
def served_database(postgres: str, template: str) -> Iterator[str]:
    with fresh_database(postgres, template) as url:
        yield url


@pytest.fixture(scope="session")
def cluster(session_dir: Path) -> Path:
    """What servers with a PostgreSQL of their own begin with, where it does not matter how they came to it."""
    return migrated_cluster(session_dir / "cluster")


@pytest.fixture(scope="session")
def server(session_dir: Path, served_database: str) -> Iterator[Server]:
    with serving(
        session_dir / "server", database_url=served_database, TALLYKEEP_WEBHOOK_ALLOW_PRIVATE="true"
    ) as running:
        yield running


@pytest.fixture
def api(server: Server, served_database: str) -> Iterator[Api]:
    client = Api(server.url, new_project(served_database))
    yield client
    client.http.close()


@pytest.fixture
def other_api(server: Server, served_database: str) -> Iterator[Api]:
    client = Api(server.url, new_project(served_database, "Other"))
    yield client
    client.http.close()


@pytest.fixture(scope="module")
def proxied(session_dir: Path, served_database: str, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that believes a proxy on its own machine whom it speaks for."""
    name = f"{request.module.__name__.rpartition('.')[2]}_proxied"
    with serving(session_dir / name, database_url=served_database, TALLYKEEP_TRUSTED_PROXIES="127.0.0.1") as running:
        yield running
