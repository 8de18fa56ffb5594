"""Keys and tokens at the same time: what one waits for, and what it finds behind the wait; what is left of tokens."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tallykeep.core.errors import ForbiddenError, TooManyRequestsError, UnauthorizedError
from tallykeep.db import migrate
from tallykeep.tenants.authenticate import authenticate_token
from tallykeep.tenants.callers import Caller, Grant
from tallykeep.tenants.keys import change_key, create_key, revoke_key
from tallykeep.tenants.permissions import ROLES, Role
from tallykeep.tenants.projects import add_project, new_keys
from tallykeep.tenants.tokens import MAX_TOKENS, issue_token
from tests.db.engine import Engine, open_engine
from tests.db.holding import wait_for_blocked
from tests.db.test_pruner import pruner


async def caller_with_key(engine: Engine) -> Caller:
    """The project's first application key, an admin."""
    (row,) = await engine.query("SELECT key_id FROM api_keys WHERE project_id = %s AND kind = 'app'", engine.project_id)
    return Caller(Grant(engine.project_id, "proj", row["key_id"], "app", Role.ADMIN, ROLES[Role.ADMIN]))


async def another(engine: Engine, caller: Caller) -> Caller:
    """Another admin's key of the project."""
    async with engine.pool.connection() as connection:
        key = await create_key(connection, caller, {})
    return Caller(Grant(engine.project_id, "proj", key["id"], "app", Role.ADMIN, ROLES[Role.ADMIN]))


async def behind(
    engine: Engine, first: Callable[[Any], Awaitable[Any]], second: Callable[[Any], Awaitable[Any]]
) -> Any:
    """What comes of the second, begun while the first has not committed yet."""
    async with engine.pool.connection() as holding, engine.pool.connection() as waiting:
        async with holding.transaction():
            await first(holding)
            late = asyncio.ensure_future(second(waiting))
            await wait_for_blocked(engine, 1)
            assert not late.done()
        return await late


Deed = Callable[[Any], Awaitable[Any]]


def revoking(caller: Caller, other: Caller) -> Deed:
    return lambda connection: revoke_key(connection, caller, other.key_id, None)


def demoting(caller: Caller, other: Caller) -> Deed:
    return lambda connection: change_key(connection, caller, other.key_id, None, {"role": "reader"})


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        (revoking, revoking, UnauthorizedError),
        (revoking, demoting, UnauthorizedError),
        (demoting, demoting, ForbiddenError),
        (demoting, revoking, ForbiddenError),
    ],
)
def test_of_two_that_end_each_other_the_second_finds_itself_ended(
    database_url: str,
    first: Callable[[Caller, Caller], Deed],
    second: Callable[[Caller, Caller], Deed],
    error: type[Exception],
) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            one = await caller_with_key(engine)
            two = await another(engine, one)
            with pytest.raises(error):
                await behind(engine, first(one, two), second(two, one))

    asyncio.run(scenario())


def test_who_asks_for_a_token_counts_those_that_are_given_at_the_same_time(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            caller = await caller_with_key(engine)
            await engine.query(
                "INSERT INTO access_tokens"
                " SELECT %s, sha256(n::text::bytea), n::text, 'app', 'x', NULL, 'api', now(), now() + interval '1 hour'"
                " FROM generate_series(1, %s) AS n RETURNING 1",
                engine.project_id, MAX_TOKENS - 1,
            )  # fmt: skip

            def issue(connection: Any) -> Awaitable[Any]:
                return issue_token(connection, caller, "api", None)

            with pytest.raises(TooManyRequestsError, match="1000 tokens"):
                await behind(engine, issue, issue)

    asyncio.run(scenario())


def test_a_key_that_was_revoked_meanwhile_is_given_no_token(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            caller = await caller_with_key(engine)
            other = await another(engine, caller)
            async with engine.pool.connection() as connection:
                token = await issue_token(connection, other, "api", None)
                assert await authenticate_token(connection, token.access_token)
                await revoke_key(connection, caller, other.key_id, None)
                assert await authenticate_token(connection, token.access_token) is None
                with pytest.raises(UnauthorizedError):
                    await issue_token(connection, other, "api", None)

    asyncio.run(scenario())


def test_expired_tokens_are_pruned(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            caller = await caller_with_key(engine)
            async with engine.pool.connection() as connection:
                young, old = [await issue_token(connection, caller, "api", None) for _ in range(2)]
                assert young.expires_in == old.expires_in == 900
            await engine.query(
                "UPDATE access_tokens SET expires_at = now() WHERE token_hash = sha256(%s::bytea) RETURNING 1",
                old.access_token.encode(),
            )
            await pruner(engine).prune()
            rows = await engine.query("SELECT token_hash = sha256(%s::bytea) AS is_young FROM access_tokens",
                                      young.access_token.encode())  # fmt: skip
            assert [row["is_young"] for row in rows] == [True]

    asyncio.run(scenario())


@pytest.mark.parametrize("is_narrowed", [False, True])
def test_in_a_database_that_was_there_the_oldest_full_management_key_becomes_an_owner(
    database_url: str, is_narrowed: bool
) -> None:
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    migration = (versions / "0027_projects.sql").read_text()
    with psycopg.connect(database_url) as connection:
        first, _ = (add_project(connection, name, new_keys()) for name in ("First", "Second"))
        connection.execute("UPDATE api_keys SET created_at = created_at - interval '1 day'")
        (row,) = connection.execute("SELECT project_id FROM projects WHERE id = %s", (first.project,)).fetchall()
        later = new_keys().management_id
        connection.execute(
            "INSERT INTO api_keys (key_id, kind, project_id, token_hash, name, role, created_at)"
            " VALUES (%s, 'management', %s, sha256('x'), 'later', 'admin', now())",
            (later, row[0]),
        )
        if is_narrowed:
            connection.execute("UPDATE api_keys SET scopes = '{keys.read}' WHERE key_id = %s", (first.management_id,))
        connection.execute(migration[migration.index("UPDATE api_keys") :])  # type: ignore[call-overload]
        owners = connection.execute("SELECT key_id FROM api_keys WHERE role = 'owner'").fetchall()
    assert owners == [(later if is_narrowed else first.management_id,)]
