"""The claim of a joint attempt: the batches of several small actions, and the jobs that are there for them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import UnreadableActionError
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.engine.applying.claim import SMALL_BYTES, SMALL_ROWS, submission_of
from tallykeep.engine.scheduling.job_queue import SMALL
from tallykeep.engine.stored_batches import batch_of

_sql = queries(__package__, "joint.sql")

_MAX_OTHERS = 63  # jobs taken along
_HELD_BY_OTHERS = 4_096  # actions of a project that are passed over, as so many processes have 64 of them each
_MAX_SEPARATE = 10_000
# Of how long a batch waits for others' rows: one that waits keeps all waiting; separately, each waits for itself.
_PART_OF_LOCK_WAIT = 5
_NOT_YET = datetime.min.replace(tzinfo=UTC)  # until they have passed their gates

ActionKey = tuple[int, str]


@dataclass(slots=True)
class JointState:
    """What a process keeps from one joint attempt to the next: guesses that save time, whatever becomes of them.

    `separate` are actions that could not join. `others` is how many jobs are taken along: the fewer, the more of what
    was locked was locked in vain.
    """

    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    separate: set[ActionKey] = field(default_factory=set)
    others: int = _MAX_OTHERS

    def keep_separate(self, actions: Iterable[ActionKey]) -> None:
        """Leave these actions out from now on."""
        if len(self.separate) > _MAX_SEPARATE:
            self.separate.clear()
        self.separate.update(actions)

    def note(self, locked: int, claimed: int) -> None:
        """Take more or fewer jobs along next time, after so many actions were locked and could join."""
        self.others = min(2 * self.others + 1, _MAX_OTHERS) if 2 * claimed >= locked else self.others // 2


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
    connection: Connection, project_id: int, types: Iterable[str], settings: Settings, state: JointState
) -> JointClaim:
    """Claim what is next in the small lane as far as it may join, all but what is to be applied separately.

    `project_id` is that of the job in hand. Nobody is waited for.
    """
    params = {
        "project_id": project_id,
        "queue": SMALL,
        "others": state.others,
        "held_by_others": _HELD_BY_OTHERS,
        "types": list(types),
        "max_rows": SMALL_ROWS,
        "max_bytes": SMALL_BYTES,
        "silence": str(round(settings.lease_seconds * 1000)),
        "lock_timeout": f"{max(round(settings.lock_wait_seconds * 1000 / _PART_OF_LOCK_WAIT), 1)}ms",
    }
    rows = await (await connection.execute(_sql.claim_jointly, params, binary=True)).fetchall()
    jobs: dict[int, list[int]] = {}
    for row in rows:
        if row["job_id"] is not None:
            jobs.setdefault(row["project_id"], []).append(row["job_id"])
    joining = [row for row in rows if row["may_join"] and (row["project_id"], row["id"]) not in state.separate]
    claimed = [each for row in joining if (each := _claimed(row, state)) is not None]
    state.note(len(rows), len(claimed))
    slots = next((row["slots"] for row in rows if row["project_id"] == project_id), 1)
    return JointClaim(claimed, jobs, slots)


def _claimed(row: dict[str, Any], state: JointState) -> ClaimedBatch | None:
    """Return the batch; None for that of an action which nobody can read, as its separate attempt will find."""
    try:
        source, submission_options = submission_of(row)
        batch = batch_of(row)
    except UnreadableActionError:
        state.keep_separate([(row["project_id"], row["id"])])
        return None
    key = (row["project_id"], row["id"], row["type"])
    return ClaimedBatch(*key, source, batch, submission_options, timestamp=_NOT_YET)


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
