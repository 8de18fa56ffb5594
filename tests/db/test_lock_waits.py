"""Lock waits: a request waits so long for others, all its waits together; one that works may take longer."""

import asyncio

import psycopg
import pytest

from tallykeep.api.dependencies.lock_waits import LockWaits
from tallykeep.core.errors import ServiceUnavailableError
from tests.db.engine import Engine, open_engine


def _lock(number: int) -> str:
    return f"SELECT pg_advisory_xact_lock({number})"


def test_who_waits_for_too_long_is_told_for_whom_and_has_changed_nothing(database_url: str) -> None:
    async def scenario(engine: Engine, holder: psycopg.Connection) -> None:
        holder.execute(_lock(2))
        async with engine.pool.connection() as connection:
            with pytest.raises(
                ServiceUnavailableError, match=r"An action has kept .* locked for 0\.3 seconds"
            ) as caught:
                async with LockWaits(engine.pool, 0.3).on(connection), connection.transaction():
                    await connection.execute(_lock(1))
                    await connection.execute(_lock(2))
            assert caught.value.headers["Retry-After"] == "2"
            assert holder.execute("SELECT pg_try_advisory_xact_lock(1)").fetchone() == (True,)
            # The connection is as good as before.
            await connection.execute("SELECT 1")

    asyncio.run(_with_holder(database_url, "tallykeep worker", scenario))


def test_all_waits_of_a_request_count_together(database_url: str) -> None:
    async def scenario(engine: Engine, holder: psycopg.Connection) -> None:
        holder.execute(_lock(1))
        holder.execute("SELECT pg_advisory_lock(2)")
        async with engine.pool.connection() as connection:
            with pytest.raises(ServiceUnavailableError, match="Another request"):
                async with LockWaits(engine.pool, 1).on(connection), connection.transaction():
                    letting_go = asyncio.create_task(_let_go_when_somebody_waits(engine, holder))
                    await connection.execute(_lock(1))
                    await letting_go
                    await connection.execute(_lock(2))

    asyncio.run(_with_holder(database_url, "tallykeep writes", scenario))


def test_one_that_works_for_longer_may_go_on(database_url: str) -> None:
    async def scenario(engine: Engine, holder: psycopg.Connection) -> None:
        async with engine.pool.connection() as connection, LockWaits(engine.pool, 0.1).on(connection):
            await connection.execute("SELECT pg_sleep(1)")
            await connection.execute("SELECT pg_sleep(0.3)")

    asyncio.run(_with_holder(database_url, "tallykeep writes", scenario))


async def _let_go_when_somebody_waits(engine: Engine, holder: psycopg.Connection) -> None:
    """Let the first lock go, and keep the second."""
    while not await engine.query("SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"):
        await asyncio.sleep(0.01)
    holder.rollback()


async def _with_holder(database_url: str, name: str, scenario: object) -> None:
    async with open_engine(database_url) as engine:
        with psycopg.connect(database_url, application_name=name) as holder:
            await scenario(engine, holder)  # type: ignore[operator]
            holder.rollback()
