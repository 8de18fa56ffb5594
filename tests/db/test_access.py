"""Keys and tokens at the same time: what one waits for, and what it finds behind the wait; what is left of tokens."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from tallykeep.core.errors import ForbiddenError, TooManyRequestsError, UnauthorizedError
from tallykeep.db import migrate
from tallykeep.db.connections.pool import Connection
from tallykeep.tenants.authenticate import authenticate_token
from tallykeep.tenants.callers import Caller, Grant
from tallykeep.tenants.keys import change_key, create_key, revoke_key, rotate_key
from tallykeep.tenants.permissions import ROLES, Role, permissions_of
from tallykeep.tenants.projects import add_project, new_keys
from tallykeep.tenants.tokens import MAX_TOKENS, MAX_TOKENS_OF_KEY, Token, issue_token, revoke_token
from tallykeep.tenants.valid_keys import grant_behind_expired_token
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
        key = await create_key(connection, caller, {"role": "admin"})
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
    ("first", "second", "error", "message"),
    [
        (revoking, revoking, UnauthorizedError, "revoked while it asked"),
        (revoking, demoting, UnauthorizedError, "revoked while it asked"),
        (demoting, demoting, ForbiddenError, "changed while it asked"),
        (demoting, revoking, ForbiddenError, "changed while it asked"),
    ],
)
def test_of_two_that_end_each_other_the_second_finds_itself_ended(
    database_url: str,
    first: Callable[[Caller, Caller], Deed],
    second: Callable[[Caller, Caller], Deed],
    error: type[Exception],
    message: str,
) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            one = await caller_with_key(engine)
            two = await another(engine, one)
            with pytest.raises(error, match=message):
                await behind(engine, first(one, two), second(two, one))

    asyncio.run(scenario())


MAKERS: list[dict[str, Any]] = [
    {"role": "admin", "scopes": scopes, "expires_at": end, "addresses": addresses}
    for scopes, end, addresses in product(
        (None, ["keys.manage", "vouchers.read", "vouchers.write"]),
        (None, "2098-01-01T00:00:00Z"),
        ([], ["192.0.2.0/24"]),
    )
]
MADE: list[dict[str, Any]] = [
    {"role": role, "scopes": scopes, "expires_at": end, "addresses": addresses}
    for (role, scopes), end, addresses in product(
        (("reader", None), ("operator", ["vouchers.write"]), ("admin", ["keys.manage"]), ("admin", None)),
        (None, "2097-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
        ([], ["192.0.2.7"], ["192.0.2.7", "198.51.100.0/24"]),
    )
]


def exceeds(made: dict[str, Any], maker: dict[str, Any]) -> bool:
    """Whether a key has anything that its maker has not, said without the code that refuses it."""
    outlives = maker["expires_at"] is not None and (made["expires_at"] or "9999") > maker["expires_at"]
    elsewhere = maker["addresses"] != [] and made["addresses"] != ["192.0.2.7"]
    permitted = permissions_of(maker["role"], maker["scopes"])
    return outlives or elsewhere or not permissions_of(made["role"], made["scopes"]) <= permitted


def by_token(caller: Caller) -> Caller:
    return caller._replace(grant=replace(caller.grant, token_id="tok_1"))


async def as_key(connection: Connection, first: Caller, fields: dict[str, Any]) -> Caller:
    """A key with these fields, and what it grants."""
    key = await create_key(connection, first, fields)
    grant = Grant(
        first.project_id, "proj", key["id"], "app", Role(key["role"]), permissions_of(key["role"], key["scopes"])
    )
    return Caller(grant)


def ways(made: dict[str, Any], weakest: str) -> Iterator[tuple[str, Callable[[Connection, Caller], Awaitable[Any]]]]:
    """What would give somebody a key with these fields: a new one, or one that there is, changed."""
    yield "create", lambda connection, caller: create_key(connection, caller, made)
    yield "change", lambda connection, caller: change_key(connection, caller, weakest, None, made)


@pytest.mark.parametrize("maker", MAKERS, ids=str)
def test_no_key_exceeds_its_maker(maker: dict[str, Any], database_url: str) -> None:
    weakest = {"role": "reader", "scopes": ["vouchers.read"], "expires_at": "2096-01-01", "addresses": ["192.0.2.7"]}

    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            first = await caller_with_key(engine)
            caller = await as_key(connection, first, maker)
            there = await create_key(connection, first, weakest)
            wrong = []
            for made in MADE:
                for name, give in ways(made, there["id"]):
                    refused = False
                    try:
                        async with connection.transaction(force_rollback=True):
                            await give(connection, caller)
                    except ForbiddenError:
                        refused = True
                    if refused != exceeds(made, maker):
                        wrong.append((name, made, refused))
                    with pytest.raises(ForbiddenError, match="A token of OAuth"):
                        await give(connection, by_token(caller))
            assert wrong == []

    asyncio.run(scenario())


def test_a_token_rotates_no_key_and_revokes_what_its_key_may(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            first = await caller_with_key(engine)
            other = await another(engine, first)
            with pytest.raises(ForbiddenError, match="A token of OAuth"):
                await rotate_key(connection, by_token(first), other.key_id, None, {})
            with pytest.raises(ForbiddenError, match="A token of OAuth"):
                await rotate_key(connection, by_token(first), first.key_id, None, {})
            await revoke_key(connection, by_token(first), other.key_id, None)

    asyncio.run(scenario())


def test_one_key_leaves_tokens_to_the_others(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            greedy = await caller_with_key(engine)
            other = await another(engine, greedy)
            oldest, *_ = [await issue_token(connection, greedy, "api", None) for _ in range(MAX_TOKENS_OF_KEY)]
            with pytest.raises(TooManyRequestsError, match="The key has 100 tokens") as refused:
                await issue_token(connection, greedy, "api", None)
            assert 0 < int(refused.value.headers["Retry-After"]) <= 900
            assert await authenticate_token(connection, oldest.access_token)
            assert (await issue_token(connection, other, "api", None)).expires_in == 900
            await engine.query("UPDATE access_tokens SET expires_at = now() WHERE id = %s RETURNING 1", oldest.id)
            assert await issue_token(connection, greedy, "api", None)

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


def test_a_token_that_is_left_of_a_key_grants_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            other = await another(engine, await caller_with_key(engine))
            async with engine.pool.connection() as connection:
                token = await issue_token(connection, other, "api", None)
                assert await authenticate_token(connection, token.access_token)
                await engine.query("UPDATE api_keys SET revoked_at = now() WHERE key_id = %s RETURNING 1", other.key_id)
                assert await authenticate_token(connection, token.access_token) is None

    asyncio.run(scenario())


def test_expired_tokens_are_pruned(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            caller = await caller_with_key(engine)
            async with engine.pool.connection() as connection:
                young, old = [await issue_token(connection, caller, "api", None) for _ in range(2)]
                assert young.expires_in == old.expires_in == 900
            await engine.query(
                "UPDATE access_tokens SET expires_at = now() - interval '1 hour' WHERE token_hash = sha256(%s::bytea)"
                " RETURNING 1",
                old.access_token.encode(),
            )
            await pruner(engine).prune()
            rows = await engine.query("SELECT token_hash = sha256(%s::bytea) AS is_young FROM access_tokens",
                                      young.access_token.encode())  # fmt: skip
            assert [row["is_young"] for row in rows] == [True]

    asyncio.run(scenario())


def test_an_expired_token_is_told_from_one_that_was_revoked(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            caller = await caller_with_key(engine)
            expired, revoked = [await issue_token(connection, caller, "api", None) for _ in range(2)]

            async def has_key_behind(token: Token, *, again: bool = False) -> bool:
                grant = await grant_behind_expired_token(connection, caller.grant, token.access_token, again=again)
                return grant is not None

            assert not await has_key_behind(expired), "it has not expired yet"
            await revoke_token(connection, caller, revoked.access_token)
            await engine.query("UPDATE access_tokens SET expires_at = now() RETURNING 1")
            assert await has_key_behind(expired)
            assert not await has_key_behind(revoked)
            await pruner(engine).prune()
            assert await has_key_behind(expired)
            await engine.query("UPDATE access_tokens SET expires_at = now() - interval '1 hour' RETURNING 1")
            await pruner(engine).prune()
            assert not await has_key_behind(expired)
            assert await has_key_behind(expired, again=True)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("change", "is_passed_over"),
    [
        ("name = 'as it was'", False), ("expires_at = now() + interval '1 day'", False),
        ("scopes = '{keys.read}'", True), ("expires_at = now()", True), ("addresses = '{192.0.2.0/24}'", True),
        ("revoked_at = now()", True),
    ],
)  # fmt: skip
def test_in_a_database_that_was_there_the_oldest_full_management_key_becomes_an_owner(
    database_url: str, change: LiteralString, is_passed_over: bool
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
        connection.execute("UPDATE api_keys SET " + change + " WHERE key_id = %s", (first.management_id,))
        connection.execute(migration[migration.index("UPDATE api_keys") :])  # type: ignore[call-overload]
        owners = connection.execute("SELECT key_id FROM api_keys WHERE role = 'owner'").fetchall()
    assert owners == [(later if is_passed_over else first.management_id,)]
