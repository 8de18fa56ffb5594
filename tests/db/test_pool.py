"""Connections: found dead when they were idle for a while, not asked when they were just in use."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from tallykeep.db import pool as pools
from tallykeep.db.pool import Connection, Pool, make_pool, one_moment


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


def test_a_connection_that_died_while_idle_is_replaced(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_FRESH_SECONDS", 0.0)

    async def scenario() -> None:
        async with _pool_of_one(database_url) as pool:
            pid = await _ended_session(pool, database_url)
            async with pool.connection() as connection:
                assert connection.info.backend_pid != pid

    asyncio.run(scenario())


def test_a_connection_that_was_just_used_is_not_asked_and_fails_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "_FRESH_SECONDS", 60.0)

    async def scenario() -> None:
        async with _pool_of_one(database_url) as pool:
            await _ended_session(pool, database_url)
            with pytest.raises(psycopg.OperationalError):
                async with pool.connection() as connection:
                    await connection.execute("SELECT 1")
            async with pool.connection() as connection:
                assert await (await connection.execute("SELECT 1 AS one")).fetchone() == {"one": 1}

    asyncio.run(scenario())


def test_what_is_read_at_one_moment_does_not_contradict_itself(database_url: str) -> None:
    async def scenario() -> None:
        async with (
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other,
            _pool_of_one(database_url) as pool,
            pool.connection() as connection,
        ):
            await other.execute("CREATE TABLE told (number integer)")
            async with one_moment(connection):
                assert await _count(connection) == 0
                await other.execute("INSERT INTO told VALUES (1)")
                assert await _count(connection) == 0
            assert await _count(connection) == 1

    asyncio.run(scenario())


async def _count(connection: Connection) -> int:
    found = await (await connection.execute("SELECT count(*) AS number FROM told")).fetchone()
    assert found is not None
    return int(found["number"])


def test_a_local_server_may_be_sent_more_ahead(database_url: str) -> None:
    async def scenario() -> None:
        async with (
            await psycopg.AsyncConnection.connect(database_url) as plain,
            _pool_of_one(database_url) as pool,
            pool.connection() as connection,
        ):
            assert _sent_ahead(connection) > _sent_ahead(plain)

    asyncio.run(scenario())


def _sent_ahead(connection: psycopg.AsyncConnection[object]) -> int:
    with socket.socket(fileno=connection.fileno()) as local:
        try:
            if local.family != socket.AF_UNIX:
                pytest.skip("the server is not reached through a local socket, and others widen by themselves")
            return local.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        finally:
            local.detach()
