"""Connections: found dead when they were idle for a while, not asked when they were just in use."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
import pytest

from tallykeep.db.connections.pool import Connection, Pool, make_pool, one_timestamp
from tests.db.engine import Engine, open_engine
from tests.db.test_applying import gifts


@asynccontextmanager
async def _pool_of_one(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, size=1, name="test pool") as pool:
        yield pool


async def _ended_session(pool: Pool, database_url: str) -> int:
    async with pool.connection() as connection:
        pid = connection.info.backend_pid
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
    return pid


def test_a_connection_that_died_while_idle_is_not_lent(database_url: str) -> None:
    async def scenario() -> None:
        async with _pool_of_one(database_url) as pool:
            pid = await _ended_session(pool, database_url)
            async with pool.connection() as connection:
                assert connection.info.backend_pid != pid
                assert await (await connection.execute("SELECT 1 AS one")).fetchone() == {"one": 1}

    asyncio.run(scenario())


def test_sessions_wait_for_locks_as_long_as_they_are_told(database_url: str) -> None:
    async def scenario() -> None:
        patient = make_pool(database_url, size=1, name="test pool", lock_timeout_seconds=3)
        async with patient as pool, pool.connection() as connection:
            assert await (await connection.execute("SHOW lock_timeout")).fetchone() == {"lock_timeout": "3s"}

    asyncio.run(scenario())


def test_what_a_turn_sets_for_its_transactions_ends_with_them(database_url: str) -> None:
    """Above all that some marks need not wait for the disk: whatever else is committed has to."""

    async def settings(engine: Engine) -> list[dict[str, str]]:
        async with AsyncExitStack() as taken:
            size = max(engine.pool.get_stats()["pool_size"], 1)
            connections = [await taken.enter_async_context(engine.pool.connection()) for _ in range(size)]
            return [await _settings(connection) for connection in connections]

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            (before,) = await settings(engine)
            assert before["synchronous_commit"] == "on"
            await engine.finish(await engine.submit_csv(gifts(3)))
            await engine.rescuer.rescue()
            after = await settings(engine)
            assert len(after) > 1
            assert [each.items() - before.items() for each in after] == [set()] * len(after)

    asyncio.run(scenario())


async def _settings(connection: Connection) -> dict[str, str]:
    cursor = await connection.execute(
        "SELECT name, setting FROM pg_settings WHERE context = 'user' AND name NOT LIKE '%.%'"
    )
    return {row["name"]: row["setting"] for row in await cursor.fetchall()}


def test_what_is_read_at_one_moment_does_not_contradict_itself(database_url: str) -> None:
    async def scenario() -> None:
        async with (
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other,
            _pool_of_one(database_url) as pool,
            pool.connection() as connection,
        ):
            await other.execute("CREATE TABLE told (number integer)")
            async with one_timestamp(connection):
                assert await _count(connection) == 0
                await other.execute("INSERT INTO told VALUES (1)")
                assert await _count(connection) == 0
            assert await _count(connection) == 1

    asyncio.run(scenario())


async def _count(connection: Connection) -> int:
    row = await (await connection.execute("SELECT count(*) AS number FROM told")).fetchone()
    assert row is not None
    return int(row["number"])


def test_a_local_server_may_be_sent_more_ahead(database_url: str) -> None:
    async def scenario() -> None:
        async with (
            await psycopg.AsyncConnection.connect(database_url) as plain,
            _pool_of_one(database_url) as pool,
            pool.connection() as connection,
        ):
            assert _send_buffer(connection) > _send_buffer(plain)

    asyncio.run(scenario())


def _send_buffer(connection: psycopg.AsyncConnection[object]) -> int:
    with socket.socket(fileno=connection.fileno()) as local:
        try:
            if local.family != socket.AF_UNIX:
                pytest.skip("the server is not reached through a local socket, and others widen by themselves")
            return local.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        finally:
            local.detach()


def test_an_isolation_level_that_others_set_for_the_database_has_no_effect(database_url: str) -> None:
    async def scenario() -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as others:
            await others.execute(
                f"ALTER DATABASE {others.info.dbname} SET default_transaction_isolation = 'serializable'"
            )
        async with _pool_of_one(database_url) as pool, pool.connection() as connection, connection.transaction():
            row = await (await connection.execute("SHOW transaction_isolation")).fetchone()
            assert row == {"transaction_isolation": "read committed"}

    asyncio.run(scenario())
