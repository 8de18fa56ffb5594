"""Pruning: what has been kept long enough is removed, in small steps, beside the work and never of it.

First actions are marked: from then on they say that their failures, or reports, are not kept. Then these go, step by
step: of many small actions at once, of a large one some rows. What is under way stands in the table `removals`, so a
step that was lost is simply taken again.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

import structlog

from tallykeep.core.settings import Settings
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Connection, Connections, Pool
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_transient
from tallykeep.engine.webhooks.deliverer import DELIVERIES_TO_DELETE
from tallykeep.tenants.audit.retention import remove_old_entries
from tallykeep.tenants.limits.windows import delete_old_windows
from tallykeep.tenants.limits.wrong_credentials import delete_old_wrong_credentials
from tallykeep.tenants.tokens import delete_expired_tokens

_sql = queries(__package__, "pruner.sql")
_log = structlog.get_logger()

_SHORTEST_PAUSE_SECONDS = 0.01
_STEP = 200  # actions
_KEYS_AT_A_TIME = 2_000
# Batches and report parts are large, up to some megabytes each, or many small ones: both bounds count.
_BYTES = 32 << 20
_ROWS = (
    (_sql.delete_failures, 2_000),
    (_sql.delete_reason_counts, 2_000),
    (_sql.delete_batches, 500),
    (_sql.delete_report_parts, 500),
)
_ENDS = (_sql.delete_bare_actions, _sql.finish_removals)

_BROKEN_OFF = timedelta(minutes=5)  # since an upload was touched; its process touches it every minute

_ActionKey = tuple[int, str]
_FIRST: _ActionKey = (-1, "")
_EVER = "-infinity"


@dataclass(frozen=True, slots=True)
class Pruner:
    """Runs in every worker process; two at a time do no harm."""

    pool: Pool
    settings: Settings

    async def run(self) -> None:
        """Prune again and again; an outage, or a defect, only puts it off."""
        while True:
            try:
                await self.prune()
            except Exception as error:
                if is_transient(error):
                    _log.info("pruning is put off", reason=reason_of(error))
                else:
                    _log.exception("pruning failed and will be tried again")
            await asyncio.sleep(self.settings.prune_interval_seconds)

    async def prune(self) -> None:
        """Remove everything whose time is up."""
        await self._delete_leftovers()
        while await self._begin(_sql.begin_removing_uploads, _BROKEN_OFF):
            pass
        await self._remove_all()
        for begin, days in self._lifetimes():
            if days is not None:
                await self._remove_old(begin, timedelta(days=days))
        if self.settings.keep_audit_days:
            await remove_old_entries(self.pool, self.settings.keep_audit_days)

    def _lifetimes(self) -> tuple[tuple[LiteralString, float | None], ...]:
        kept = self.settings
        return (
            (_sql.begin_removing_actions, kept.keep_actions_days),
            (_sql.begin_removing_failures, kept.keep_failures_days),
            (_sql.begin_removing_reports, kept.keep_reports_days),
        )

    async def _delete_leftovers(self) -> None:
        hours, days = self.settings.keep_idempotency_hours, self.settings.keep_webhook_deliveries_days
        leftovers = (_sql.delete_attempts, _sql.delete_dry_run_keys, _sql.delete_idempotency_keys)
        await self._delete_in_steps(leftovers, timedelta(hours=hours))
        await self._delete_in_steps(DELIVERIES_TO_DELETE, timedelta(days=days))

    async def _delete_in_steps(self, leftovers: tuple[LiteralString, ...], age: timedelta) -> None:
        for query in leftovers:
            deleted = _KEYS_AT_A_TIME
            while deleted == _KEYS_AT_A_TIME:
                async with self._step() as connection:
                    deleted = (await connection.execute(query, {"age": age, "step": _KEYS_AT_A_TIME})).rowcount

        for delete in (delete_expired_tokens, delete_old_windows, delete_old_wrong_credentials):
            deleted = _KEYS_AT_A_TIME
            while deleted == _KEYS_AT_A_TIME:
                async with self._step() as connection:
                    deleted = await delete(connection, _KEYS_AT_A_TIME)

    async def _remove_old(self, begin: LiteralString, age: timedelta) -> None:
        """Mark and remove what is so old, step by step; each goes on behind the one before, not at what is gone."""
        since: datetime | str | None = _EVER
        while since is not None:
            async with self._step() as connection:
                due = {"age": age, "step": _STEP, "since": since}
                begun = await (await connection.execute(begin, due)).fetchone()
            since = begun["newest"] if begun else None
            if since is not None:
                await self._remove_all()

    async def _begin(self, begin: LiteralString, age: timedelta) -> int:
        """Mark a step of uploads that broke off; returns how many."""
        async with self._step() as connection:
            begun = await (await connection.execute(begin, {"age": age, "step": _STEP})).fetchone()
        return int(begun["count"]) if begun else 0

    async def _remove_all(self) -> None:
        key: _ActionKey | None = _FIRST
        while key is not None:
            async with self._step() as connection:
                key = await _remove_next(connection, key)

    @asynccontextmanager
    async def _step(self) -> AsyncIterator[Connection]:
        """Provide a connection for one short transaction, and pause at least as long after it."""
        async with self.pool.connection() as connection:
            started = time.monotonic()
            async with connection.transaction():
                # One lost in a crash is taken again.
                await connection.execute("SET LOCAL synchronous_commit = off")
                yield connection
            took = time.monotonic() - started
        await asyncio.sleep(max(took, _SHORTEST_PAUSE_SECONDS))


async def _remove_next(connection: Connection, after: _ActionKey) -> _ActionKey | None:
    """Take some removals behind `after` a step further; returns what to go on behind, None behind the last."""
    behind = {"after_project_id": after[0], "after_action_id": after[1], "step": _STEP}
    keys = [
        (row["project_id"], row["action_id"])
        for row in await (await connection.execute(_sql.claim_removals, behind)).fetchall()
    ]
    if not keys:
        return None
    claimed = _claimed(*keys)
    gone = [(await connection.execute(query, {**claimed, "step": step})).rowcount for query, step in _ROWS]
    gone += [(await connection.execute(query, claimed)).rowcount for query in _ENDS]
    return after if any(gone) else keys[-1]


def _claimed(*keys: _ActionKey) -> dict[str, Any]:
    return {
        "project_ids": [project_id for project_id, _ in keys],
        "action_ids": [action_id for _, action_id in keys],
        "bytes": _BYTES,
    }


async def remove_one(pool: Connections, key: _ActionKey) -> None:
    """Remove the batches of an upload that broke off, step by step; another worker may do so at the same time."""
    claimed = {**_claimed(key), "step": _STEP}
    deleted = 1
    while deleted:
        async with pool.connection() as connection:
            deleted = (await connection.execute(_sql.delete_batches, claimed)).rowcount
    async with pool.connection() as connection:
        await connection.execute(_sql.finish_removals, claimed)
