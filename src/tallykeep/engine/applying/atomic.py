"""All or nothing: an action that is rejected for any failed row goes into one transaction, all its portions.

What is written, and what is locked to write it, stays locked until the end. So an action of several portions is first
tried, portion by portion, each taken back before the next: while that may still refuse it, it keeps nobody waiting. A
row that fails behind the first portion does not yet: it may be about what an earlier one is going to write.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from tallykeep.core.action_type import ActionType
from tallykeep.core.portion import ClaimedPortion, Portion
from tallykeep.core.rows import Failure
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.applying.accounting import Tally, add_report, close_all, close_met, record, reject
from tallykeep.engine.applying.attempt import Outcome, apply_portion

_sql = queries(__package__, "attempt.sql")


class _FlawedError(Exception):
    """A portion has failed rows, so nothing of this action may stay."""

    def __init__(self, at: ClaimedPortion, outcome: Outcome) -> None:
        self.at = at
        self.outcome = outcome


async def apply_whole(connection: Connection, kind: ActionType, first: ClaimedPortion) -> Tally:
    """Write every portion, from the first on, or none: then every flaw of every row is recorded."""
    if first.open_portions > 1 and (failed := await _try_all(connection, kind, first)):
        return await reject(connection, first, failed)
    try:
        async with connection.transaction():
            created = beyond_plan = 0
            async for claimed in _portions_from(connection, first):
                outcome = await apply_portion(connection, kind, claimed)
                if outcome.failures:
                    raise _FlawedError(claimed, outcome)
                created += len(outcome.created)
                await add_report(connection, claimed, outcome.report)
                beyond_plan += await close_met(connection, claimed, outcome.met)
            return await close_all(connection, first, created, beyond_plan)
    except _FlawedError as flawed:
        return await _rejected(connection, kind, flawed)


async def _try_all(connection: Connection, kind: ActionType, first: ClaimedPortion) -> int:
    """Record the failures of all portions as far as they can be seen without writing; returns how many there are.

    Where the first portion has none, there are none: a later one may need what those before it write, which only
    writing them tells.
    """
    failed = 0
    async for claimed in _portions_from(connection, first):
        failures = await _tried(connection, kind, claimed)
        if failures and not failed and claimed.portion.first_row != first.portion.first_row:
            return 0
        await record(connection, claimed, failures)
        failed += len(failures)
    return failed


async def _tried(connection: Connection, kind: ActionType, claimed: ClaimedPortion) -> list[Failure]:
    """The failures that the portion by itself has; nothing is left of the try."""
    async with connection.transaction(force_rollback=True):
        return (await apply_portion(connection, kind, claimed)).failures


async def _rejected(connection: Connection, kind: ActionType, flawed: _FlawedError) -> Tally:
    """Record the failures of the flawed portion, which only writing those before it has shown, and of those behind."""
    await record(connection, flawed.at, flawed.outcome.failures)
    failed = len(flawed.outcome.failures)
    async for claimed in _portions_from(connection, flawed.at):
        if claimed.portion.first_row != flawed.at.portion.first_row:
            failures = await _tried(connection, kind, claimed)
            await record(connection, claimed, failures)
            failed += len(failures)
    return await reject(connection, flawed.at, failed)


async def _portions_from(connection: Connection, claimed: ClaimedPortion) -> AsyncIterator[ClaimedPortion]:
    while True:
        yield claimed
        place = {
            "project_id": claimed.project_id,
            "action_id": claimed.action_id,
            "first_row": claimed.portion.first_row,
        }
        following = await (await connection.execute(_sql.next_portion, place, binary=True)).fetchone()
        if following is None:
            return
        claimed = replace(claimed, portion=Portion(**following))
