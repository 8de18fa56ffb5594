"""The claim of a joint attempt: the batches of several small actions, and the jobs that are there for them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tallykeep.core.batch import Batch, ClaimedBatch, Source
from tallykeep.core.settings import Settings
from tallykeep.core.submission_options import SubmissionOptions
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.engine.scheduling.job_queue import SMALL

_sql = queries(__package__, "joint.sql")

_MAX_ACTIONS = 64
_MAX_ROWS = 100  # of one of them
_MAX_BYTES = 16_384
# One that waits for others' rows would keep all of them waiting; applied separately, each waits for itself.
_LOCK_TIMEOUT = "100ms"
_NOT_YET = datetime.min.replace(tzinfo=UTC)  # until they have passed their gates

ActionKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class JointClaim:
    """Batches of different actions, in the transaction that holds their row locks.

    `jobs` are by project those in the queue that are there for as many of its actions, locked as well. `slots` is how
    many actions of the project of the job in hand were to be claimed, `claimed` or not, one of them for that job.
    """

    claimed: list[ClaimedBatch]
    jobs: dict[int, list[int]]
    slots: int


async def claim_jointly(
    connection: Connection, project_id: int, types: Iterable[str], settings: Settings, separate: Collection[ActionKey]
) -> JointClaim:
    """Claim what is next in the small lane as far as it may join, all but what is to be applied separately.

    `project_id` is that of the job in hand. Nobody is waited for.
    """
    params = {
        "project_id": project_id,
        "queue": SMALL,
        "others": _MAX_ACTIONS - 1,
        "types": list(types),
        "max_rows": _MAX_ROWS,
        "max_bytes": _MAX_BYTES,
        "silence": str(round(settings.lease_seconds * 1000)),
        "lock_timeout": _LOCK_TIMEOUT,
    }
    rows = await (await connection.execute(_sql.claim_jointly, params, binary=True)).fetchall()
    jobs: dict[int, list[int]] = {}
    for row in rows:
        if row["job_id"] is not None:
            jobs.setdefault(row["project_id"], []).append(row["job_id"])
    claimed = [_claimed(row) for row in rows if row["may_join"] and (row["project_id"], row["id"]) not in separate]
    slots = next((row["slots"] for row in rows if row["project_id"] == project_id), 1)
    return JointClaim(claimed, jobs, slots)


def _claimed(row: dict[str, Any]) -> ClaimedBatch:
    return ClaimedBatch(
        row["project_id"],
        row["id"],
        row["type"],
        Source(**row["source"]),
        Batch(row["first_row"], row["row_count"], row["body"], row["lines"], row["broken"]),
        SubmissionOptions.from_json(row["submission_options"]),
        timestamp=_NOT_YET,
        lock_timeout=_LOCK_TIMEOUT,
    )


async def note_attempts(pool: Pool, claimed: list[ClaimedBatch]) -> None:
    """Count an attempt at each batch where it outlives this process: after a death, all of them go separately."""
    async with pool.connection() as connection:
        await connection.execute(_sql.note_attempts, batch_keys(claimed))


async def forget_attempts(pool: Pool, claimed: list[ClaimedBatch]) -> None:
    """Discount attempts that were given up in order; waits for the database where that is away.

    Where it fails all the same, one attempt too many counts: a batch is isolated sooner.
    """
    await pool.wait_until_available()
    async with pool.connection() as connection:
        await connection.execute(_sql.forget_attempts, batch_keys(claimed))


def batch_keys(claimed: Iterable[ClaimedBatch]) -> dict[str, list[Any]]:
    """Return the keys of the batches as queries name them, an array for each part."""
    keys = [(each.project_id, each.action_id, each.batch.first_row) for each in claimed]
    return dict(zip(("project_ids", "action_ids", "first_rows"), map(list, zip(*keys, strict=True)), strict=True))
