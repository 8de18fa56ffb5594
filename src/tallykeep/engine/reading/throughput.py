"""Throughput: how the work goes, batch by batch of an action, and minute by minute of a project."""

from datetime import datetime, timedelta
from typing import Any

from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.db.clock import database_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "throughput.sql")

_NOTHING = {"done_count": 0, "failed_count": 0}


async def list_batches(
    connection: Connection, project_id: int, action_id: str, *, limit: int, after_row: int
) -> dict[str, Any]:
    """Return the action's batches in order, those that begin behind `after_row`; raise NotFoundError."""
    key = {"project_id": project_id, "action_id": action_id}
    page = {**key, "after_row": after_row, "limit": limit + 1}
    rows = await (await connection.execute(_sql.list_batches, page)).fetchall()
    action = await (await connection.execute(_sql.are_batches_kept, key)).fetchone()
    if action is None:
        raise NotFoundError.of("async_action", action_id)
    shown = [{**row, "closed_at": wire_time(row["closed_at"])} for row in rows if action["failures_kept"]]
    return {
        "object": "list",
        "data_ref": "batches",
        "batches": shown[:limit],
        "has_more": len(shown) > limit,
        "batches_kept": action["failures_kept"],
    }


async def rows_by_minute(connection: Connection, project_id: int, minutes: int) -> dict[str, Any]:
    """Count rows that were done or failed in each of the last `minutes` minutes, the present one last.

    None of dry runs.
    """
    last = (await database_time(connection)).replace(second=0, microsecond=0)
    since = last - timedelta(minutes=minutes - 1)
    params = {"project_id": project_id, "since": since}
    rows = await (await connection.execute(_sql.rows_by_minute, params)).fetchall()
    by_minute = {row.pop("minute"): row for row in rows}
    shown = [_minute(since + timedelta(minutes=number), by_minute) for number in range(minutes)]
    return {"object": "list", "data_ref": "data", "data": shown, "total": minutes}


def _minute(minute: datetime, by_minute: dict[datetime, dict[str, Any]]) -> dict[str, Any]:
    return {"minute": wire_time(minute), **by_minute.get(minute, _NOTHING)}
