"""Batches that stop when they have written their rows and before they commit, and who waits for whom."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType
from tallykeep.tenants.callers import Caller, Grant
from tallykeep.tenants.permissions import ROLES, Role
from tests.db.engine import Engine


@dataclass
class Holding:
    """Action types whose batches stop, while they are to, before they commit."""

    names: tuple[str, ...]
    may_go: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    @property
    def action_types(self) -> dict[str, ActionType]:
        """The table of action types for an engine."""
        return {**ACTION_TYPES, **{name: self._held(ACTION_TYPES[name]) for name in self.names}}

    def _held(self, action_type: ActionType) -> ActionType:
        async def begin(*arguments: Any) -> _Held:
            return _Held(await action_type.begin(*arguments), self)

        return replace(action_type, begin=begin)

    async def stop(self) -> None:
        self._stopped.put_nowait(None)
        await self.may_go.wait()

    @asynccontextmanager
    async def in_hand(self, engine: Engine) -> AsyncIterator[asyncio.Task[None]]:
        """A worker that has written a batch's rows and has not committed; it goes on when this ends."""
        self.may_go.clear()
        worker = asyncio.create_task(engine.advance())
        await reached(self._stopped, worker)
        try:
            yield worker
        finally:
            self.may_go.set()
            await worker


async def reached(stopped: asyncio.Queue[None], worker: asyncio.Task[Any]) -> None:
    """Wait until the worker stops where it is held; fail where it ends without having come there."""
    stopping = asyncio.create_task(stopped.get())
    await asyncio.wait((stopping, worker), timeout=30, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if worker.done():
        await worker
    assert stopping.done(), "nothing has come to where it was to be held"


class _Held:
    """An operation that stops behind its last statement."""

    def __init__(self, inner: Any, holding: Holding) -> None:
        self._inner, self._holding = inner, holding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def write(self) -> Any:
        failures = await self._inner.write()
        await self._holding.stop()
        return failures


async def wait_for_waiting(engine: Engine, count: int) -> None:
    """Return once so many sessions wait for gates."""
    async with asyncio.timeout(15):
        while await gates_taken(engine, granted=False) != count:
            await asyncio.sleep(0.005)


async def gates_taken(engine: Engine, *, granted: bool) -> int:
    """How many gates are held, or waited for."""
    (row,) = await engine.query(
        "SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted = %s"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        granted,
    )
    return int(row["locks"])


def caller(engine: Engine) -> Caller:
    return Caller(Grant(engine.project_id, "proj_test", "key", "app", Role.ADMIN, ROLES[Role.ADMIN]))


async def tally(engine: Engine, action_id: str) -> tuple[int, int, int]:
    """How many rows there were in the end, how many of them done, how many failed."""
    action = await engine.finish(action_id)
    (row,) = await engine.query("SELECT total_count FROM async_actions WHERE id = %s", action_id)
    return int(row["total_count"]), action["done_count"], action["failed_count"]


@asynccontextmanager
async def changed_while_in_hand(
    engine: Engine, holding: Holding, changing: Awaitable[Any]
) -> AsyncIterator[asyncio.Future[Any]]:
    """A change that came while a batch was in hand: it has waited, and has its outcome behind the context."""
    async with holding.in_hand(engine):
        change = asyncio.ensure_future(changing)
        await wait_for_waiting(engine, 1)
        assert not change.done()
        yield change
    await asyncio.wait((change,))


async def wait_for_blocked(engine: Engine, count: int) -> None:
    """Return once so many sessions wait for locks, of rows or others."""
    sql = (
        "SELECT count(*) AS sessions FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(15):
        while (await engine.query(sql))[0]["sessions"] != count:
            await asyncio.sleep(0.005)
