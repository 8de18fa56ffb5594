"""Accounting for a joint attempt: every row of its batches ends as done or failed, and all of its actions end."""

from collections.abc import Iterable
from typing import Any, LiteralString

from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import BatchLostError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.applying.accounting import record_all
from tallykeep.engine.applying.attempt import BatchOutcome
from tallykeep.engine.applying.joint.attempt import Outcomes
from tallykeep.engine.applying.joint.claim import batch_keys
from tallykeep.engine.webhooks.emitting import emit
from tallykeep.tenants.audit.entries import END_ENTRY

_sql = queries(__package__, "joint.sql")
_CLOSE_JOINTLY: LiteralString = _sql.close_jointly + ",\n" + END_ENTRY + _sql.closed_jointly


async def close_jointly(connection: Connection, outcomes: Outcomes, jobs: list[int]) -> None:
    """Record the failures, close the batches, end their actions, and delete the jobs that were there for them.

    Raises BatchLostError, and so rolls everything back, where one of them was ended by someone else.
    """
    groups = await record_all(connection, [(claimed, outcome.failures) for claimed, outcome in outcomes])
    started_at = outcomes[0][0].timestamp
    closing = {**batch_keys(claimed for claimed, _ in outcomes), **_counts(outcomes), "jobs": jobs}
    counted = await (await connection.execute(_CLOSE_JOINTLY, {**closing, "started_at": started_at})).fetchone()
    if counted is None or counted["ended"] != len(outcomes):
        raise BatchLostError("one of several actions was ended, or its batch closed, by someone else")
    for (claimed, _), reasons in zip(outcomes, groups, strict=True):
        await reasons.keep(connection, claimed, 0)
    if counted["is_heard"]:
        await emit(connection, [(claimed.project_id, claimed.action_id) for claimed, _ in outcomes], started_at)


def _counts(outcomes: Iterable[tuple[ClaimedBatch, BatchOutcome]]) -> dict[str, list[Any]]:
    counts = [
        (claimed.batch.row_count, len(outcome.failures), len(outcome.created)) for claimed, outcome in outcomes
    ]  # fmt: skip
    names = ("row_counts", "failed_counts", "created_counts")
    return dict(zip(names, map(list, zip(*counts, strict=True)), strict=True))
