"""All or nothing: an action that is rejected for any failed row goes into one transaction, all its portions."""

from collections.abc import AsyncIterator
from dataclasses import replace

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.account import Tally, add_report, close_all, close_met, record, reject
from tallykeep.engine.attempt import Outcome, apply_portion
from tallykeep.engine.kinds import ActionType
from tallykeep.model import ClaimedPortion, Portion

_sql = queries(__package__, "attempt.sql")


class _FlawedError(Exception):
    """A portion has failed rows, so nothing of this action may stay."""

    def __init__(self, at: ClaimedPortion, outcome: Outcome) -> None:
        self.at = at
        self.outcome = outcome


async def apply_whole(connection: Connection, kind: ActionType, first: ClaimedPortion) -> Tally:
    """Write every portion, from the first on, or none: then every flaw of every row is recorded."""
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


async def _rejected(connection: Connection, kind: ActionType, flawed: _FlawedError) -> Tally:
    """Record the failures of the flawed portion, and of those behind it as far as they can be seen without writing."""
    await record(connection, flawed.at, flawed.outcome.failures)
    failed = len(flawed.outcome.failures)
    async for claimed in _portions_from(connection, flawed.at):
        if claimed.portion.first_row == flawed.at.portion.first_row:
            continue
        async with connection.transaction(force_rollback=True):
            outcome = await apply_portion(connection, kind, claimed)
        await record(connection, claimed, outcome.failures)
        failed += len(outcome.failures)
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
