"""Databases that this version does not work with are refused in words, by whatever is started on them."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tallykeep.core.errors import UnsupportedDatabaseError
from tallykeep.db.migrate import migrate, newest_revision
from tallykeep.db.upkeep import database_status
from tests.cli.running import run
from tests.postgres import fresh_database
from tests.relay import SOCKET, Link, Relay, listening


class Older(Relay):
    """Says of the server behind it that it is an older one."""

    async def answer(self, link: Link, message_type: bytes, message: bytes) -> bool:
        if message_type == b"S" and message[5:].startswith(b"server_version\0"):
            body = b"server_version\x0015.7 (Debian 15.7-1)\0"
            message = message_type + (len(body) + 4).to_bytes(4) + body
        return await super().answer(link, message_type, message)


@pytest.fixture
def older(database_url: str, session_dir: Path) -> Iterator[str]:
    """The URL of an older PostgreSQL, as far as can be told."""
    (directory,) = parse_qs(urlsplit(database_url).query)["host"]
    folder = session_dir / "older"
    folder.mkdir(exist_ok=True)
    listens, ended = threading.Event(), threading.Event()

    async def relay() -> None:
        async with listening(Older(f"{directory}/{SOCKET}"), folder):
            listens.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(relay(),))
    thread.start()
    assert listens.wait(30)
    try:
        yield database_url.replace(directory, str(folder))
    finally:
        ended.set()
        thread.join()


def refused(directory: Path, url: str, *words: str) -> str:
    """What a command says that is refused: one line, and the exit code 1."""
    folder = {"TALLYKEEP_DATA_DIR": str(directory / "data"), "TALLYKEEP_PORT": "0", "TALLYKEEP_DATABASE_URL": url}
    ended = run(None, *words, **folder)
    assert ended.returncode == 1, ended
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("tallykeep: "), ended.stderr
    return ended.stderr


@pytest.mark.parametrize("words", [("api",), ("db", "status")], ids=" ".join)
def test_an_older_postgresql_is_refused(older: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    output = refused(tmp_path, older, *words)
    assert "runs on PostgreSQL 15.7 (Debian 15.7-1); Tallykeep needs 16 or newer" in output
    assert "TALLYKEEP_DATABASE_URL" in output


def at_revision(url: str, revision: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", (revision,))


@pytest.mark.parametrize("words", [("serve",), ("worker",)], ids=" ".join)
def test_a_newer_schema_is_refused(database_url: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    at_revision(database_url, "9999")
    output = refused(tmp_path, database_url, *words)
    assert "is at revision 9999" in output
    assert f"up to {newest_revision()}: a newer Tallykeep" in output
    assert "db migrate" not in output
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_newer_schema_is_told_by_status_and_shell(database_url: str) -> None:
    at_revision(database_url, "9999")
    status = run(None, "db", "status", TALLYKEEP_DATABASE_URL=database_url)
    assert (status.returncode, status.stderr) == (1, "")
    assert "a newer Tallykeep" in status.stdout
    assert "db migrate" not in status.stdout
    output = json.loads(run(None, "db", "status", "--json", TALLYKEEP_DATABASE_URL=database_url).stdout)
    assert (output["revision"], output["up_to_date"], "a newer Tallykeep" in output["todo"]) == ("9999", False, True)
    prompt = run(None, "db", "shell", TALLYKEEP_DATABASE_URL=database_url)
    assert prompt.stderr.startswith("tallykeep: The database's schema is at revision 9999")


@pytest.mark.parametrize(
    ("revision", "output"), [("ae1027a6acf", "none of Tallykeep's"), ("0008", "none of"), ("9999", "a newer Tallykeep")]
)
def test_no_schema_is_brought_up_to_date_that_is_not_known(database_url: str, revision: str, output: str) -> None:
    at_revision(database_url, revision)
    with pytest.raises(UnsupportedDatabaseError, match=output):
        migrate(database_url)


def test_a_missing_schema_is_told_from_an_unknown_one(postgres: str) -> None:
    with fresh_database(postgres) as url:
        assert database_status(url).todo == "there is none yet; bring it up to date: tallykeep db migrate"
