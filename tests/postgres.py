"""A real PostgreSQL for the tests, and databases of their own within it."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from tallykeep.core.settings import Settings
from tallykeep.db.embedded import prepare_embedded
from tallykeep.db.migrate import migrate
from tallykeep.server.child_process import die_with_parent

_numbers = itertools.count(1)

# Nobody pulls this server's plug: what has to survive is tested on servers of their own (tests/crash). It saves most of
# what making a database for each test costs; to compress the pages of each copy would be most of the rest.
_HASTY = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_compression=off", "-c", "max_wal_size=256MB")
_MEMORY = Path("/dev/shm")
_FREE_BYTES = 4 << 30  # several servers share it, each with a few databases at a time


@contextmanager
def directory_in_memory() -> Iterator[Path]:
    """A directory in memory while the context lasts, where there is enough of it; elsewhere one as any other.

    To make and to remove the few hundred files of a database takes a quarter of the time there.
    """
    # Short, because a Unix socket's path is: pytest's own directories are too deep.
    with tempfile.TemporaryDirectory(prefix="tallykeep-tests-", dir=_MEMORY if _has_space() else None) as directory:
        yield Path(directory)


def _has_space() -> bool:
    if not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK):
        return False
    return min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available) >= _FREE_BYTES


@contextmanager
def running_postgres(directory: Path) -> Iterator[str]:
    """An embedded server while the context lasts; yields the URL of its database `postgres`."""
    server = prepare_embedded(directory)
    with (directory.parent / "postgres.log").open("ab") as log:
        process = subprocess.Popen(
            [*server.command, *_HASTY],
            cwd="/",
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGINT),
            **server.identity,
        )
    try:
        _wait_until_answering(server.url, process)
        yield server.url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _wait_until_answering(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PostgreSQL did not start")


def named(url: str, database: str) -> str:
    """The URL of another database on the same server."""
    return url.replace("/postgres?", f"/{database}?")


@contextmanager
def fresh_database(server_url: str, template: str | None = None) -> Iterator[str]:
    """A database of its own, copied from `template` where given; dropped afterwards, whoever is connected."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    # Copied as files, and not page by page through the log: that takes five times as long.
    copied = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}{copied}")
        try:
            yield named(server_url, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def migrated_template(server_url: str) -> Iterator[str]:
    """A migrated database without projects, to copy others from; its name."""
    with fresh_database(server_url) as url:
        migrate(url)
        yield url.rpartition("?")[0].rpartition("/")[2]


@contextmanager
def copied_template(server_url: str) -> Iterator[str]:
    """The same on a server that began with a copy of `migrated_cluster`."""
    with fresh_database(server_url, "postgres") as url:
        yield url.rpartition("?")[0].rpartition("/")[2]


def migrated_cluster(directory: Path) -> Path:
    """Make a data directory that embedded servers can begin with a copy of: migrated, without projects, at rest."""
    with running_postgres(directory) as url:
        migrate(url)
    return directory


def copy_cluster(cluster: Path, directory: Path) -> None:
    """Put a copy of the cluster where a server is to begin with it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", cluster, directory], check=True)


def quiet_settings(**changes: object) -> Settings:
    """Settings untouched by the environment's TALLYKEEP_* variables, and by how slow a busy machine is."""
    patient = {"lock_wait_seconds": 60}
    return Settings.model_construct(**{**Settings.model_construct().model_dump(), **patient, **changes})
