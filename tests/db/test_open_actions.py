"""A project's own quota of open actions, as the transaction that accepts one holds to it."""

import asyncio
from dataclasses import replace

import pytest

from tallykeep.api.dependencies import open_actions
from tallykeep.api.dependencies.open_actions import OpenActions
from tallykeep.core.errors import TooManyRequestsError
from tallykeep.tenants.callers import Caller, Grant, ProjectQuotas
from tallykeep.tenants.permissions import Role
from tests.db.engine import Bytes, Engine, open_engine

ROWS = b'[{"code": "A", "gift": {"amount": 1}}]'


async def submit(engine: Engine, guards: OpenActions, own: int | None) -> str:
    """Submit a row where the project has this quota of its own."""
    grant = Grant(engine.project_id, "proj", "key", "app", Role.ADMIN, frozenset())
    caller = Caller(replace(grant, quotas=ProjectQuotas(max_open_actions=own)))

    async def body():  # type: ignore[no-untyped-def]
        yield ROWS

    submission = engine.submission("VOUCHERS.IMPORT", quota_guard=guards.guard_of(caller))
    return (await engine.acceptance.accept(submission, Bytes(body()))).action_id


def test_a_quota_that_was_lowered_and_raised_is_held_to(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            guards = OpenActions(engine.pool, 10_000)
            actions = [await submit(engine, guards, None) for _ in range(4)]
            for own in (1, 3, 4):
                with pytest.raises(TooManyRequestsError, match=f"has {own} actions"):
                    await submit(engine, guards, own)
            actions.append(await submit(engine, guards, 5))
            with pytest.raises(TooManyRequestsError):
                await submit(engine, guards, 5)
            assert len(await engine.query("SELECT id FROM async_actions")) == len(actions)
            for action_id in actions:
                await engine.finish(action_id)
            await submit(engine, guards, 1)

    asyncio.run(scenario())


def test_not_every_submission_counts_what_is_open(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, count = list[int](), open_actions._count_open

    async def watched(*args) -> int:  # type: ignore[no-untyped-def]
        counted.append(await count(*args))
        return counted[-1]

    monkeypatch.setattr(open_actions, "_count_open", watched)

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            guards = OpenActions(engine.pool, 10_000)
            for _ in range(10):
                await submit(engine, guards, 10)
            with pytest.raises(TooManyRequestsError):
                await submit(engine, guards, 10)
            assert counted == [1, 11]

    asyncio.run(scenario())
