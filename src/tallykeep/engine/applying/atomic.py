"""Atomic actions: one that is rejected for any failed row writes all its batches in one transaction.

What is written, and what is locked to write it, stays locked until the end. So an action of several batches is first
tried, batch by batch, each taken back before the next: while that may still refuse it, it keeps nobody waiting. A
row that fails behind the first batch does not yet: it may be about what an earlier one is going to write.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from tallykeep.core.action import AfterBatch
from tallykeep.core.action_type import ActionType
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.rows import Failure
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.applying.accounting import add_report, close_all, close_met, record, reject
from tallykeep.engine.applying.attempt import BatchOutcome, apply_batch
from tallykeep.engine.stored_batches import read_batch

_sql = queries(__package__, "attempt.sql")


class _FlawedError(Exception):
    """A batch has failed rows, so nothing of this action may stay."""

    def __init__(self, at: ClaimedBatch, outcome: BatchOutcome) -> None:
        self.at = at
        self.outcome = outcome


async def apply_atomically(connection: Connection, action_type: ActionType, first: ClaimedBatch) -> AfterBatch:
    """Write every batch, from the first on, or none: then every flaw of every row is recorded."""
    if first.open_batches > 1 and (failed := await _try_all(connection, action_type, first)):
        return await reject(connection, first, failed)
    try:
        async with connection.transaction():
            created = beyond_plan = 0
            async for claimed in _batches_from(connection, first):
                outcome = await apply_batch(connection, action_type, claimed)
                if outcome.failures:
                    raise _FlawedError(claimed, outcome)
                created += len(outcome.created)
                await add_report(connection, claimed, outcome.report)
                beyond_plan += await close_met(connection, claimed, outcome.met)
            return await close_all(connection, first, created, beyond_plan)
    except _FlawedError as flawed:
        return await _rejected(connection, action_type, flawed)


async def _try_all(connection: Connection, action_type: ActionType, first: ClaimedBatch) -> int:
    """Record the failures of all batches as far as they can be seen without writing; returns how many there are.

    Where the first batch has none, there are none: a later one may need what those before it write, which only
    writing them tells.
    """
    failed = 0
    async for claimed in _batches_from(connection, first):
        failures = await _tried(connection, action_type, claimed)
        if failures and not failed and claimed.batch.first_row != first.batch.first_row:
            return 0
        await _recorded(connection, claimed, failures, failed)
        failed += len(failures)
    return failed


async def _tried(connection: Connection, action_type: ActionType, claimed: ClaimedBatch) -> list[Failure]:
    """Apply the batch by itself, roll it back, and return its failures."""
    async with connection.transaction(force_rollback=True):
        return (await apply_batch(connection, action_type, claimed)).failures


async def _rejected(connection: Connection, action_type: ActionType, flawed: _FlawedError) -> AfterBatch:
    """Record the failures of the flawed batch, which only writing those before it has shown, and of those behind."""
    await _recorded(connection, flawed.at, flawed.outcome.failures, 0)
    failed = len(flawed.outcome.failures)
    async for claimed in _batches_from(connection, flawed.at):
        if claimed.batch.first_row != flawed.at.batch.first_row:
            failures = await _tried(connection, action_type, claimed)
            await _recorded(connection, claimed, failures, failed)
            failed += len(failures)
    return await reject(connection, flawed.at, failed)


async def _recorded(connection: Connection, claimed: ClaimedBatch, failures: list[Failure], failed_before: int) -> None:
    """Record a batch's failures, and count them with those of the batches before; no other transaction does so."""
    groups = await record(connection, claimed, failures)
    await groups.keep(connection, claimed, failed_before)


async def _batches_from(connection: Connection, claimed: ClaimedBatch) -> AsyncIterator[ClaimedBatch]:
    while True:
        yield claimed
        following = await (await connection.execute(_sql.next_batch, claimed.batch_key, binary=True)).fetchone()
        if following is None:
            return
        claimed = replace(claimed, batch=await read_batch(following))
