"""Scheduling: the queue wakes a worker up for a project; this module decides which of its actions is served.

Projects share the workers evenly, however many actions each has: every job gets the number after the project's last
one, but never a lower one than the jobs that are waiting now (start-time fair queueing), and the queue serves the
lowest number first. Within a project, the action that was served longest ago is next. Actions in a sequence wait for
each other: one of them is ready at a time, in the order in which they were accepted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, LiteralString

from psycopg.errors import CheckViolation

from tallykeep.core.action import AfterBatch
from tallykeep.core.errors import ConflictError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.scheduling.job_queue import QUEUE, SMALL, TASK
from tallykeep.engine.webhooks.emitting import EVENTS

_sql = queries(__package__, "fair_scheduling.sql")

# Between the two others may have expressions of their own; `taken` has the number of an action accepted here.
TAKEN_SLOTS: LiteralString = "WITH " + _sql.taken_slots
QUEUE_TAKEN_SLOTS: LiteralString = _sql.queue_taken_slots
_QUEUE_SLOTS: LiteralString = TAKEN_SLOTS + QUEUE_TAKEN_SLOTS
_SERVE_NEXT_ACTION: LiteralString = _sql.serve_next_action + ",\n" + EVENTS + "\nSELECT id FROM happened"  # nosec B608

_CLOSED = "closed_accepts_nothing"
_NO_DELAY = timedelta()
MAX_DELAY = timedelta(seconds=30)  # that a job is put off by

_HEAD_START = timedelta(seconds=2)
_HEAD_START_OF_ONE = timedelta(seconds=10)


def head_start(batches: int) -> timedelta:
    """Return how long a new action counts as having waited already.

    The shorter it is, the less it keeps others waiting.
    """
    return _HEAD_START_OF_ONE if batches == 1 else _HEAD_START


def slot_params(
    project_id: int, count: int, *, delay: timedelta = _NO_DELAY, small: bool = False, accepted: int = 0
) -> dict[str, Any]:
    """Return the parameters of the statement that queues jobs; `accepted` of them come with a new action."""
    return {
        "project_id": project_id,
        "count": count,
        "accepted": accepted,
        "queue": SMALL if small else QUEUE,
        "small": small,
        "task": TASK,
        "delay": delay,
    }


@contextmanager
def refused_if_closed() -> Iterator[None]:
    """Accept an action within; raises ConflictError where its project is closed, as it is being deleted."""
    try:
        yield
    except CheckViolation as error:
        if error.diag.constraint_name != _CLOSED:
            raise
        raise ConflictError("The project is being deleted; it accepts nothing any more") from None


async def queue_slots(
    connection: Connection, project_id: int, count: int, *, delay: timedelta = _NO_DELAY, small: bool = False
) -> None:
    """Queue so many jobs of the project, in the transaction open on `connection`; none only takes the lock."""
    await connection.execute(_QUEUE_SLOTS, slot_params(project_id, count, delay=delay, small=small))


async def number_acceptance(connection: Connection, project_id: int) -> int:
    """Number an action among all of its project, by the order in which their acceptances are committed.

    Holds the project's lock until the transaction open on `connection` ends.
    """
    numbered = await (await connection.execute(_sql.number_acceptance, {"project_id": project_id})).fetchone()
    if numbered is None:
        raise RuntimeError("an upsert that returns has one row")
    return int(numbered["accepted"])


async def queue_first_slots(
    connection: Connection, project_id: int, action_id: str, count: int, *, in_sequence: bool,
    small: bool,
) -> None:  # fmt: skip
    """Queue the jobs of an action that was numbered; one that has to wait in its sequence gets them later.

    The project's lock is held since then: an action that ends meanwhile sees this one, or is seen by it.
    """
    if in_sequence:
        key = {"project_id": project_id, "action_id": action_id}
        if (await connection.execute(_sql.wait_in_sequence, key)).rowcount:
            return
    await queue_slots(connection, project_id, count, small=small)


async def serve_next_action(connection: Connection, project_id: int, *, small: bool = False) -> str | None:
    """Choose the project's next action and mark it as served by now; None where no action is left to go on with.

    A small job is for actions with one batch left. Whoever is to hear that the action begins does so by this statement.
    """
    served = {"project_id": project_id, "small": small}
    action = await (await connection.execute(_SERVE_NEXT_ACTION, served)).fetchone()
    return action["id"] if action else None


async def queue_next(connection: Connection, project_id: int, after_batch: AfterBatch, batches_in_flight: int) -> None:
    """Queue the project's next job after a batch, or the jobs of the action that comes next in the sequence."""
    if not after_batch.ended:
        await queue_slots(connection, project_id, 1)
    elif after_batch.sequence is not None:
        await queue_slots(connection, project_id, 0)
        key = {"project_id": project_id, "sequence": after_batch.sequence}
        following = await (await connection.execute(_sql.ready_next_in_sequence, key)).fetchone()
        if following is not None:
            await queue_slots(connection, project_id, min(batches_in_flight, following["open_batches"]))
