"""Tidying: what has been kept long enough is removed, in small steps, beside the work and never of it.

First an action is marked: from then on it says that its failures, or its report, are not kept. Then they go, batch by
batch. What is under way stands in the table `removals`, so a step that was lost is simply taken again.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString

import structlog

from tallykeep.config import Settings
from tallykeep.db.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.engine.passing import is_passing

_sql = queries(__package__, "tidy.sql")
_log = structlog.get_logger()

_SHORTEST_PAUSE_SECONDS = 0.01
_BATCH = 100
_KEYS_BATCH = 2_000
# Portions and report parts are large: up to some megabytes each.
_PORTIONS_BATCH = 10
_ROWS = ((_sql.delete_failures, 2_000), (_sql.delete_portions, _PORTIONS_BATCH), (_sql.delete_report_parts, 20))

_BROKEN_OFF = timedelta(minutes=5)  # since an upload was touched; whoever takes it in touches it every minute

_Place = tuple[int, str]
_FIRST: _Place = (-1, "")


@dataclass(frozen=True, slots=True)
class Tidier:
    """Runs in every worker process; two at a time do no harm."""

    pool: Pool
    settings: Settings

    async def run(self) -> None:
        """Tidy up again and again; an outage, or a defect, only puts it off."""
        while True:
            try:
                await self.tidy()
            except Exception as error:
                if is_passing(error):
                    _log.info("tidying up is put off", reason=str(error))
                else:
                    _log.exception("tidying up failed and will be tried again")
            await asyncio.sleep(self.settings.tidy_interval_seconds)

    async def tidy(self) -> None:
        """Remove everything whose time is up."""
        await self._delete_leftovers()
        while await self._begin(_sql.begin_removing_uploads, _BROKEN_OFF):
            pass
        await self._remove_all()
        for begin, days in self._lifetimes():
            while days is not None and await self._begin(begin, timedelta(days=days)):
                await self._remove_all()

    def _lifetimes(self) -> tuple[tuple[LiteralString, float | None], ...]:
        kept = self.settings
        return (
            (_sql.begin_removing_actions, kept.keep_actions_days),
            (_sql.begin_removing_failures, kept.keep_failures_days),
            (_sql.begin_removing_reports, kept.keep_reports_days),
        )

    async def _delete_leftovers(self) -> None:
        age = timedelta(hours=self.settings.keep_idempotency_hours)
        for query in (_sql.delete_attempts, _sql.delete_dry_run_keys, _sql.delete_idempotency_keys):
            deleted = _KEYS_BATCH
            while deleted == _KEYS_BATCH:
                async with self._step() as connection:
                    deleted = (await connection.execute(query, {"age": age, "batch": _KEYS_BATCH})).rowcount

    async def _begin(self, begin: LiteralString, age: timedelta) -> int:
        """Mark a batch of actions, or of uploads that broke off; returns how many."""
        due = {"age": age, "batch": _BATCH}
        async with self._step() as connection:
            begun = await (await connection.execute(begin, due)).fetchone()
        return int(begun["count"]) if begun else 0

    async def _remove_all(self) -> None:
        place: _Place | None = _FIRST
        while place is not None:
            async with self._step() as connection:
                place = await _remove_next(connection, place)

    @asynccontextmanager
    async def _step(self) -> AsyncIterator[Connection]:
        """One short transaction, and a pause at least as long."""
        async with self.pool.connection() as connection:
            started = time.monotonic()
            async with connection.transaction():
                # One lost in a crash is taken again.
                await connection.execute("SET LOCAL synchronous_commit = off")
                yield connection
            took = time.monotonic() - started
        await asyncio.sleep(max(took, _SHORTEST_PAUSE_SECONDS))


async def _remove_next(connection: Connection, after: _Place) -> _Place | None:
    """Take the first removal behind `after` a batch further; returns what to go on behind, None behind the last."""
    behind = {"after_project_id": after[0], "after_action_id": after[1]}
    removal = await (await connection.execute(_sql.claim_removal, behind)).fetchone()
    if removal is None:
        return None
    place = {"project_id": removal["project_id"], "action_id": removal["action_id"]}
    deleted = [(await connection.execute(query, {**place, "batch": batch})).rowcount for query, batch in _ROWS]
    if any(deleted):
        return after
    if removal["whole"]:
        await connection.execute(_sql.delete_action_if_bare, place)
    await connection.execute(_sql.finish_removal_if_bare, place)
    return removal["project_id"], removal["action_id"]


async def remove_one(pool: Pool, place: _Place) -> None:
    """Remove the portions of an upload that broke off, batch by batch; another worker may do so at the same time."""
    key = {"project_id": place[0], "action_id": place[1]}
    deleted = 1
    while deleted:
        async with pool.connection() as connection:
            deleted = (await connection.execute(_sql.delete_portions, {**key, "batch": _PORTIONS_BATCH})).rowcount
    async with pool.connection() as connection:
        await connection.execute(_sql.finish_removal_if_bare, key)
