"""How the server is, for who operates it: `tallykeep doctor` asks this."""

import asyncio
import shutil
import time
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from tallykeep import __version__
from tallykeep.api.dependencies.auth import FromCaller
from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.permissions import needs
from tallykeep.api.openapi import answers
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.server import ServerStatus
from tallykeep.core.compatibility import OURS
from tallykeep.core.errors import DatabaseUnavailableError
from tallykeep.core.ids import wire_time
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection
from tallykeep.db.embedded import running_embedded
from tallykeep.db.migrate import newest_revision
from tallykeep.db.queries import queries
from tallykeep.tenants.permissions import Permission

router = APIRouter(prefix="/v1/status", tags=["Health"], default_response_class=Json)

_sql = queries(__package__, "health.sql")


@router.get(
    "",
    summary="How is the server?",
    openapi_extra=needs(Permission.SERVER_READ, managing=True) | OURS | answers(ServerStatus),
)
async def get_status(context: FromContext, manager: FromCaller) -> Json:
    """Return the server's version and time, the live workers, the database (with how long it takes to answer, how far
    its clock is ahead of the server's, in seconds, and its `trouble`, such as a full disk, or null; the revision of its
    schema, and the newest one that the server knows), and the disk where the embedded database lies; null where it is
    another's.
    """
    disk = await asyncio.to_thread(_disk, context.settings)
    await context.guard.check_disk()
    async with context.reading(manager).connection() as connection:
        database = await _database(connection)
        row = await (await connection.execute(_sql.count_live_workers)).fetchone()
    return Json(
        {
            "object": "status",
            "version": __version__,
            "time": wire_time(datetime.now(UTC)),
            "project": manager.project,
            "key": manager.key_id,
            "workers": row["workers"] if row else 0,
            "database": {**database, "embedded": disk is not None, "trouble": context.guard.availability.trouble},
            "disk": disk,
        }
    )


async def _database(connection: Connection) -> dict[str, Any]:
    await connection.execute("SELECT 1")
    started, before = time.perf_counter(), datetime.now(UTC)
    row = await (await connection.execute(_sql.database_status)).fetchone()
    took = time.perf_counter() - started
    if row is None:
        raise RuntimeError("a SELECT without FROM has one row")
    ahead = (row["time"] - before).total_seconds() - took / 2
    return {
        "version": row["version"],
        "size_bytes": row["size_bytes"],
        "answer_seconds": round(took, 6),
        "clock_ahead_seconds": round(ahead, 6),
        "revision": row["revision"],
        "newest_revision": newest_revision(),
    }


def _disk(settings: Settings) -> dict[str, Any] | None:
    """Return free and total bytes where the embedded database lies; None where the database is another."""
    try:
        embedded = running_embedded(settings.postgres_dir)
    except DatabaseUnavailableError:
        return None
    if embedded is None or settings.database_url not in (None, embedded):
        return None
    usage = shutil.disk_usage(settings.postgres_dir)
    return {"free_bytes": usage.free, "total_bytes": usage.total}
