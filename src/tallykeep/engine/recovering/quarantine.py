"""Quarantine: a batch at which processes died is applied in an isolated process, and cut up to find the faulty row."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from tallykeep.core.action import AfterBatch
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import BeingTriedError, NotTriedError
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.applying.accounting import close_batch, reject
from tallykeep.engine.applying.attempt import all_failed, require_earlier_closed
from tallykeep.engine.applying.claim import claim_batch
from tallykeep.engine.scheduling.fair_scheduling import queue_next
from tallykeep.engine.stored_batches import to_be_stored
from tallykeep.formats.row_reader import read_rows, split_rows

_sql = queries(__package__, "quarantine.sql")
_log = structlog.get_logger()

DONE_ISOLATED = 0
TRY_AGAIN = os.EX_TEMPFAIL
_PARTS = 8
_DEATHS_ISOLATED = 2  # so many deaths in a process of its own convict a single row

# Applies one batch in a process of its own; returns how that ended: its exit code, negative for a signal.
RunIsolated = Callable[[int, str, int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Applies suspect batches in isolated processes."""

    run_isolated: RunIsolated
    settings: Settings

    async def isolate(self, connection: Connection, suspect: ClaimedBatch, attempts: int) -> None:
        """Apply the batch in an isolated process; if that dies too, cut the batch up, or fail its only row.

        Raises BeingTriedError if another worker is applying it, OutOfOrderError if an earlier batch is open, and
        NotTriedError where the process did not come so far, or met an outage. It is to be tried again later.
        """
        async with _to_ourselves(connection, suspect):
            await require_earlier_closed(connection, suspect)
            first_row = suspect.batch.first_row
            _log.warning("a batch is tried in isolation", action_id=suspect.action_id, row=first_row, attempts=attempts)
            exit_code = await self.run_isolated(suspect.project_id, suspect.action_id, first_row)
            if exit_code == TRY_AGAIN:
                raise NotTriedError(f"the batch at row {first_row} could not be tried in a process of its own")
            if exit_code != DONE_ISOLATED:
                async with connection.transaction():
                    await self._narrow(connection, suspect, attempts, exit_code)

    async def _narrow(self, connection: Connection, suspect: ClaimedBatch, attempts: int, exit_code: int) -> None:
        action_key = (suspect.project_id, suspect.action_id)
        claimed = await claim_batch(connection, *action_key, self.settings, suspect.batch.first_row)
        if claimed is None:
            return
        after_batch = AfterBatch(ended=False, sequence=None)
        if _can_be_cut(claimed):
            await _cut_up(connection, claimed, self.settings.batch_attempts)
        elif attempts >= self.settings.batch_attempts + _DEATHS_ISOLATED:
            after_batch = await _convict(connection, claimed, exit_code)
        await queue_next(connection, suspect.project_id, after_batch, self.settings.batches_in_flight)


@asynccontextmanager
async def _to_ourselves(connection: Connection, suspect: ClaimedBatch) -> AsyncIterator[None]:
    """Keep other workers from applying the batch in isolation too: each attempt counts as a death until it ends.

    The claim cannot do that: it is for the other process to have.

    Raises BeingTriedError if another worker is applying it.
    """
    answer = await (await connection.execute(_sql.try_to_lock, suspect.batch_key)).fetchone()
    if not (answer and answer["locked"]):
        raise BeingTriedError(f"the batch at row {suspect.batch.first_row} is being tried in isolation")
    try:
        yield
    finally:
        if not connection.closed:
            await connection.execute(_sql.unlock, suspect.batch_key)


def _can_be_cut(claimed: ClaimedBatch) -> bool:
    """Return whether the batch consists of several rows that can be applied separately."""
    return (
        claimed.batch.row_count > 1 and claimed.source.format != "planned" and not claimed.submission_options.is_atomic
    )


async def _cut_up(connection: Connection, claimed: ClaimedBatch, attempts: int) -> None:
    """Replace the batch by smaller ones, which are applied in isolation as well."""
    parts = split_rows(claimed.batch, claimed.source, _PARTS)
    await connection.execute(_sql.delete_batch, claimed.batch_key)
    for part in await to_be_stored(parts):
        cut = {**claimed.action_key, **part._asdict(), "attempts": attempts}
        await connection.execute(_sql.add_part_of_batch, cut)
    await connection.execute(_sql.add_open_batches, {**claimed.action_key, "more": len(parts) - 1})


async def _convict(connection: Connection, claimed: ClaimedBatch, exit_code: int) -> AfterBatch:
    """Fail the row; an atomic action is rejected."""
    how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
    _log.error("a row ends the process each time", action_id=claimed.action_id, row=claimed.batch.first_row, how=how)
    if claimed.submission_options.is_atomic:
        return await reject(connection, claimed, 0, f"Internal error: the worker process ended each time ({how})")
    reason = f"Internal error: the worker process ended ({how}) each time it came to this row; it was left out"
    rows = read_rows(claimed.batch, claimed.source)
    return await close_batch(connection, claimed, all_failed(claimed, rows, reason, "internal_error"))
