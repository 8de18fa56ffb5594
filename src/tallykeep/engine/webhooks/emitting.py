"""Events are written by the transaction that does what they tell of: neither lost nor invented, whatever dies.

Where a project has no webhook, the statements that change an action say so (`is_heard`), and that is all.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import LiteralString

from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "emitting.sql")

# Behind an expression `happened`, for a statement that is a transaction by itself.
EVENTS: LiteralString = _sql.events
_EMIT: LiteralString = _sql.happened + ",\n" + EVENTS + "\nSELECT"


async def emit(connection: Connection, actions: Iterable[tuple[int, str]], started_at: datetime | None = None) -> None:
    """Record the events of what the open transaction did to these actions, by project and id, whose rows it holds.

    Those that have ended have ended in it; those that began in it began at `started_at`.
    """
    project_ids, action_ids = zip(*actions, strict=True)
    keys = {"project_ids": list(project_ids), "action_ids": list(action_ids), "started_at": started_at}
    await connection.execute(_EMIT, keys)
