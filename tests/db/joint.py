"""Joint attempts that stop when they have written all rows and before they commit."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType
from tests.db.engine import Engine
from tests.db.holding import reached

_TYPES = ("VOUCHERS.IMPORT", "VOUCHERS.IMPORT_CSV")
_import_jointly = ACTION_TYPES[_TYPES[0]].begin_jointly


@dataclass
class JointHolding:
    """Voucher imports whose joint attempts stop, while they are to; `sizes` is how many batches each began with."""

    sizes: list[int] = field(default_factory=list)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.may_go.set()

    @property
    def action_types(self) -> dict[str, ActionType]:
        """The table of action types for an engine."""
        return {**ACTION_TYPES, **{name: replace(ACTION_TYPES[name], begin_jointly=self.begin) for name in _TYPES}}

    async def begin(self, connection: Any, claimed: Sequence[Any]) -> Any:
        assert _import_jointly
        self.sizes.append(len(claimed))
        return _Held(await _import_jointly(connection, claimed), self)

    async def stop(self) -> None:
        self._stopped.put_nowait(None)
        await self.may_go.wait()

    @asynccontextmanager
    async def in_hand(self, engine: Engine) -> AsyncIterator[asyncio.Task[None]]:
        """A worker that has written several actions' rows and has not committed; it goes on when this ends."""
        self.may_go.clear()
        while not self._stopped.empty():
            self._stopped.get_nowait()
        worker = asyncio.create_task(serve_small(engine))
        await reached(self._stopped, worker)
        try:
            yield worker
        finally:
            self.may_go.set()
            await asyncio.wait((worker,))


class _Held:
    """A joint operation that stops behind its last statement."""

    def __init__(self, inner: Any, holding: JointHolding) -> None:
        self._inner, self._holding = inner, holding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def write(self) -> Any:
        written = await self._inner.write()
        await self._holding.stop()
        return written


async def serve_small(engine: Engine) -> bool:
    """Serve the next job there is, of whichever project, as the small lane does; False where there is none."""
    jobs = await engine.query(
        "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE status = 'todo'"
        " ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING (args ->> 'project_id')::bigint AS project_id, (args ->> 'small')::boolean AS small"
    )
    for job in jobs:
        await engine.applier.advance(job["project_id"], small=bool(job["small"]))
    return bool(jobs)


async def serve_all(engine: Engine) -> int:
    """Serve jobs until there is none, those that wait for their time included; returns how many were served."""
    for served in range(500):
        if not await serve_small(engine):
            return served
    raise AssertionError("there is no end of jobs")
