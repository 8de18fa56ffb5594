"""The guard: who is late is not silent, who has lost one connection has not lost the database."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import DiskFull, QueryCanceled, TooManyConnections

from tallykeep.db.connections import connecting
from tallykeep.db.connections import guard as guards
from tallykeep.db.connections.availability import DatabaseAwayError
from tallykeep.db.connections.guard import Guard
from tallykeep.db.connections.pool import Pool, make_pool
from tests.relay import SOCKET, Link, Relay, listening

_LATE_SECONDS = 1.4  # later than a first look is waited for


@pytest.fixture
def short_path() -> Iterator[Path]:
    # Short, because a Unix socket's path is.
    with tempfile.TemporaryDirectory(prefix="tallykeep-guard-") as directory:
        yield Path(directory)


class _Late(Relay):
    """Answers come late, but they come; or from some moment on none does."""

    late = 0.0
    silent = False

    async def answer(self, link: Link, message_type: bytes, message: bytes) -> bool:
        if message_type == b"Z":
            await asyncio.sleep(self.late)
        if self.silent:
            await asyncio.Event().wait()
        return await super().answer(link, message_type, message)


@asynccontextmanager
async def _guarded(database_url: str, directory: Path) -> AsyncIterator[tuple[Guard, Pool, _Late]]:
    known = conninfo_to_dict(database_url)
    async with listening(_Late(f"{known['host']}/{SOCKET}"), directory) as relay:
        url = database_url.replace(str(known["host"]), str(directory))
        async with Guard(url, name="test") as guard, make_pool(url, size=2, name="test pool", guard=guard) as pool:
            await guard.wait_until_available()
            yield guard, pool, relay


def test_a_server_that_answers_late_keeps_its_connections(database_url: str, short_path: Path) -> None:
    async def scenario() -> None:
        async with _guarded(database_url, short_path) as (guard, pool, relay), pool.connection() as connection:
            relay.late = _LATE_SECONDS
            for _ in range(3):
                await connection.execute("SELECT 1")
                guard.notice(psycopg.OperationalError("look at once"))
                assert guard.availability.away is None
            relay.late = 0.0
            await connection.execute("SELECT 1")

    asyncio.run(scenario())


def test_whoever_waits_for_a_silent_server_is_let_go(
    database_url: str, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "_FIRST_CHECK_SECONDS", 0.2)
    monkeypatch.setattr(guards, "_TIMEOUT_SECONDS", 0.5)

    async def scenario() -> None:
        async with _guarded(database_url, short_path) as (guard, pool, relay):
            async with pool.connection() as connection:
                relay.silent = True
                with pytest.raises(psycopg.OperationalError):
                    await connection.execute("SELECT 1")
            assert guard.availability.away == "it does not answer"
            with pytest.raises(DatabaseAwayError):
                async with pool.connection():
                    pass
            relay.silent = False
            await guard.wait_until_available()
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")

    asyncio.run(scenario())


def test_the_end_of_the_guards_own_session_ends_no_other(database_url: str, short_path: Path) -> None:
    async def scenario() -> None:
        async with (
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other,
            _guarded(database_url, short_path) as (guard, pool, _),
            pool.connection() as connection,
        ):
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test guard'"
            sessions = await (await other.execute(ended)).fetchall()
            assert sessions
            while not await _answers(guard):
                await asyncio.sleep(0.01)
            await connection.execute("SELECT 1")

    asyncio.run(scenario())


def test_a_server_that_has_no_time_for_a_look_is_there(
    database_url: str, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = 0

    async def canceled(_: object) -> None:
        nonlocal checks
        checks += 1
        raise QueryCanceled("canceling statement due to statement timeout")

    async def scenario() -> None:
        async with _guarded(database_url, short_path) as (guard, pool, _), pool.connection() as connection:
            who = "SELECT pg_backend_pid() AS pid"
            before = await guard.ask(who, 5)
            for module in (guards, connecting):
                monkeypatch.setattr(module, "read_state", canceled)
            while checks < 3:
                guard.notice(psycopg.OperationalError("look at once"))
                await asyncio.sleep(0.01)
                assert guard.availability.away is None
            assert await guard.ask(who, 5) == before
            await connection.execute("SELECT 1")

    asyncio.run(scenario())


async def _answers(guard: Guard) -> bool:
    try:
        return await guard.ask("SELECT 1 AS one", 1) == {"one": 1}
    except (psycopg.Error, TimeoutError):
        return False


def test_a_full_disk_is_believed_until_something_can_be_written(database_url: str, short_path: Path) -> None:
    async def scenario() -> None:
        async with _guarded(database_url, short_path) as (guard, _, _):
            guard.notice(DiskFull("could not extend file"))
            assert guard.availability.trouble == "its disk is full"
            while guard.availability.full:
                await asyncio.sleep(0.01)
            assert guard.availability.trouble is None

    asyncio.run(scenario())


def test_who_is_let_in_no_more_is_told_at_once(database_url: str) -> None:
    async def scenario() -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
            await owner.execute("CREATE ROLE few LOGIN CONNECTION LIMIT 0")
            try:
                async with make_pool(database_url.replace("postgres@", "few@"), size=2, name="test pool") as pool:
                    with pytest.raises(TooManyConnections):
                        async with pool.connection():
                            pass
            finally:
                await owner.execute("DROP ROLE few")

    asyncio.run(scenario())


def test_who_goes_away_while_waiting_takes_no_connection_along(database_url: str) -> None:
    async def take(pool: Pool) -> None:
        async with pool.connection():
            pass

    async def scenario() -> None:
        async with make_pool(database_url, size=1, name="test pool") as pool:
            for _ in range(20):
                async with pool.connection():
                    waiting = [asyncio.create_task(take(pool)) for _ in range(3)]
                    await asyncio.sleep(0)
                waiting[0].cancel()  # it has been given the connection, and does not know yet
                await asyncio.gather(*waiting, return_exceptions=True)
                assert pool.get_stats() == {"pool_size": 1, "pool_available": 1, "requests_waiting": 0}

    asyncio.run(scenario())
