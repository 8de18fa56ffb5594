"""The deletion of a project, as its own row tells of it: begun once, watched, and remembered when all else is gone."""

from typing import Any

from tallykeep.core.errors import NotFoundError, ResourceInUseError
from tallykeep.core.ids import wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.tenants.callers import Caller

_sql = queries(__package__, "deletion.sql")

INSTALLATION = 0  # the project of actions that are the installation's own; its audit log is that of no project
# The number of the first row that a deletion's ranges cover: what comes before it ends what runs, and plans.
FIRST_RANGE = 10**12

Row = dict[str, Any]


async def require_deletable(connection: Connection, manager: Caller) -> None:
    """Raise ResourceInUseError for the first project: its keys manage the others, and one project there has to be."""
    first = await (await connection.execute(_sql.is_first, {"project_id": manager.project_id})).fetchone()
    if first and first["is_first"]:
        raise ResourceInUseError(
            "The first project of an installation cannot be deleted: its keys manage the others. To begin anew, stop"
            " the server and remove its database",
            resource_id=manager.project,
            resource_type="project",
        )


async def lock_deletion(connection: Connection, manager: Caller) -> Row:
    """Lock the project's row, once all of its changes that are under way have ended; others wait until the end.

    Returns `name`, `deletion_id` of the action that deletes it, if there is one, and `deleted_at`.

    Raises NotFoundError.
    """
    row = await (await connection.execute(_sql.lock_deletion, {"project_id": manager.project_id})).fetchone()
    if row is None:
        raise NotFoundError.of("project", manager.project)
    return row


async def begin_deletion(connection: Connection, manager: Caller, action_id: str) -> None:
    """Note which action deletes the project; from the commit on its keys are for watching that alone."""
    params = {"project_id": manager.project_id, "action_id": action_id, "key_id": manager.key_id}
    await connection.execute(_sql.begin_deletion, params)


async def count_deleted(connection: Connection, project_id: int, rows: int) -> None:
    """Add to how many rows were deleted, by whichever action; in the transaction that deletes them."""
    await connection.execute(_sql.count_deleted, {"project_id": project_id, "rows": rows})


async def end_deletion(connection: Connection, project_id: int, rows: int) -> tuple[int, str | None]:
    """Note that nothing is left of the project but its row, after these last rows.

    Returns how many there were in all, and which key asked.
    """
    row = await (await connection.execute(_sql.end_deletion, {"project_id": project_id, "rows": rows})).fetchone()
    return (row["deleted_rows"], row["deletion_key_id"]) if row else (rows, None)


async def read_deletion(connection: Connection, manager: Caller) -> dict[str, Any]:
    """Return how far the deletion is, or what became of it, in wire format.

    What actions have deleted that were given up is counted, too. Raises NotFoundError where there is none.
    """
    params = {"project_id": manager.project_id, "installation": INSTALLATION, "first_range": FIRST_RANGE}
    row = await (await connection.execute(_sql.get_deletion, params)).fetchone()
    if row is None:
        raise NotFoundError.of("project_deletion", manager.project)
    return {
        "object": "project_deletion",
        "project_id": row["id"],
        "project_name": row["name"],
        "async_action_id": row["deletion_id"],
        "requested_by": row["deletion_key_id"],
        "status": row["status"],
        "counted": row["is_counted"],
        "total_count": row["total_count"],
        "done_count": row["done_count"],
        "failed_count": row["failed_count"],
        "reason": row["reason"],
        "started_at": wire_time(row["deletion_started_at"]),
        "deleted_at": wire_time(row["deleted_at"]),
    }
