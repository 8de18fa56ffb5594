"""Fixtures: one real PostgreSQL and one running server a session, a database or a project of its own a test.

Who runs the tests again and again lends them a PostgreSQL that is running already, and a database that is migrated.
"""

import fcntl
import gc
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import (
    copied_template,
    copy_cluster,
    directory_in_memory,
    fresh_database,
    migrated_cluster,
    migrated_template,
    running_postgres,
)
from tests.server import Api, ApiOnly, Server, new_project, serving
from tests.sizes import examples

# How long an example takes tells how busy the machine is.
settings.register_profile(
    "tests", deadline=None, max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")

_RUN_DIR = pytest.StashKey[Path]()
_MAX_FILES_LENGTH = tuple(
    f"tests/{folder}" for folder in ("fuzz", "crash", "browser", "model", "interleavings", "faults", "outages")
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that none of the processes waits for another one's last file."""
    first_files = tuple(str(config.rootpath / folder) for folder in _MAX_FILES_LENGTH)
    items.sort(key=lambda item: not str(item.path).startswith(first_files))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Leave it to the option --dist, but for `loadfile`: folders whose tests share what takes long stay together."""
    if config.getoption("dist") != "loadfile":
        return None
    from tests.distribution import ByFile

    return ByFile(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give each process of a run the directory of what all of them begin with."""
    node.workerinput["run_dir"] = str(_run_dir(node.config))


def _run_dir(config: pytest.Config) -> Path:
    if (given := getattr(config, "workerinput", {}).get("run_dir")) is not None:
        return Path(given)
    if _RUN_DIR not in config.stash:
        directory = tempfile.TemporaryDirectory(prefix="tallykeep-run-")
        config.add_cleanup(directory.cleanup)
        config.stash[_RUN_DIR] = Path(directory.name)
    return config.stash[_RUN_DIR]


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
def postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    if lent := os.environ.get("LENT_POSTGRES"):
        yield lent
        return
    with directory_in_memory() as directory:
        copy_cluster(request.getfixturevalue("cluster"), directory / "pg")
        with running_postgres(directory / "pg") as url:
            yield url


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    if lent := os.environ.get("LENT_TEMPLATE"):
        yield lent
        return
    made = migrated_template(postgres) if os.environ.get("LENT_POSTGRES") else copied_template(postgres)
    with made as name:
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
def cluster(request: pytest.FixtureRequest) -> Path:
    """What servers of PostgreSQL begin with, where it does not matter how they came to it; made once in a run."""
    directory = _run_dir(request.config)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "cluster").exists():
            migrated_cluster(directory / "made").rename(directory / "cluster")
    return directory / "cluster"


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
def host(session_dir: Path, server: Server, served_database: str, request: pytest.FixtureRequest) -> Iterator[Server]:
    """An API with the settings that the module has for it; what it accepts is applied by the worker of `server`."""
    name, settings = request.module.__name__.replace(".", "_"), request.module.HOST_SETTINGS
    with serving(session_dir / name, ApiOnly, database_url=served_database, **settings) as running:
        yield running


@pytest.fixture
def limited(host: Server, served_database: str) -> Iterator[Api]:
    """A project at `host`, whose settings are limits in most modules."""
    client = Api(host.url, new_project(served_database))
    yield client
    client.http.close()


@pytest.fixture(scope="session")
def proxied(session_dir: Path, served_database: str) -> Iterator[Server]:
    """A server that believes a proxy on its own machine whom it speaks for."""
    settings = {"TALLYKEEP_TRUSTED_PROXIES": "127.0.0.1"}
    with serving(session_dir / "proxied", ApiOnly, database_url=served_database, **settings) as running:
        yield running
