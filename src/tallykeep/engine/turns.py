"""Turns: the queue wakes a worker up for a project; which of its actions gets on is decided here.

Projects share the workers evenly whatever number of actions they have: each turn is numbered behind the project's own
last one, but never before the turns that are waiting by now (start-time fair queueing), and the queue serves the lowest
number first. Within a project the action goes on that was served longest ago. Actions in a sequence wait for each
other: one of them is ready at a time, in the order in which they were accepted.
"""

from datetime import timedelta
from typing import Any, LiteralString

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.account import Tally
from tallykeep.engine.queue import EXPRESS, QUEUE, TASK
from tallykeep.model import now

_sql = queries(__package__, "turns.sql")

TURNS_QUEUED: LiteralString = _sql.queued_turns  # to stand behind WITH, and expressions of others
_QUEUE_TURNS: LiteralString = "WITH " + TURNS_QUEUED

_HEAD_START = timedelta(seconds=2)
_HEAD_START_OF_ONE = timedelta(seconds=10)


def head_start(portions: int) -> timedelta:
    """How long a new action counts as having waited already; the shorter it is, the less it keeps others waiting."""
    return _HEAD_START_OF_ONE if portions == 1 else _HEAD_START


def turns_asked(
    project_id: int, count: int, *, delay: timedelta | None = None, express: bool = False
) -> dict[str, Any]:
    """What the text TURNS_QUEUED has to be given."""
    return {
        "project_id": project_id,
        "count": count,
        "queue": EXPRESS if express else QUEUE,
        "express": express,
        "task": TASK,
        "scheduled_at": now() + delay if delay else None,
    }


async def queue_turns(
    connection: Connection, project_id: int, count: int, *, delay: timedelta | None = None, express: bool = False
) -> None:
    """Queue so many turns of the project, in the transaction open on `connection`; none only takes the lock."""
    await connection.execute(_QUEUE_TURNS, turns_asked(project_id, count, delay=delay, express=express))


async def queue_first_turns(
    connection: Connection, project_id: int, action_id: str, count: int, *, in_sequence: bool,
    express: bool,
) -> None:  # fmt: skip
    """Queue a new action's turns; one that has to wait in its sequence gets them when its turn has come."""
    if in_sequence:
        await queue_turns(connection, project_id, 0)  # whoever ends meanwhile now sees this one, or is seen
        key = {"project_id": project_id, "action_id": action_id}
        if (await connection.execute(_sql.wait_in_sequence, key)).rowcount:
            return
    await queue_turns(connection, project_id, count, express=express)


async def serve_next_action(connection: Connection, project_id: int, *, express: bool = False) -> str | None:
    """Whose turn it is in this project, marked as served by now; None where no action is left to go on with.

    An express turn is for actions with one portion left.
    """
    served = {"project_id": project_id, "express": express, "now": now()}
    action = await (await connection.execute(_sql.serve_next_action, served)).fetchone()
    return action["id"] if action else None


async def queue_next(connection: Connection, project_id: int, tally: Tally, portions_in_flight: int) -> None:
    """After a portion: the project's next turn, or the turns of the action that was accepted next in the sequence."""
    if not tally.ended:
        await queue_turns(connection, project_id, 1)
    elif tally.sequence is not None:
        await queue_turns(connection, project_id, 0)
        key = {"project_id": project_id, "sequence": tally.sequence}
        following = await (await connection.execute(_sql.ready_next_in_sequence, key)).fetchone()
        if following is not None:
            await queue_turns(connection, project_id, min(portions_in_flight, following["open_portions"]))
