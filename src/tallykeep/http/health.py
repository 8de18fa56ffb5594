"""Liveness and readiness, for supervisors and load balancers; open to all, telling nothing else."""

import asyncio

from fastapi import APIRouter

from tallykeep.compatibility import OURS
from tallykeep.db.queries import queries
from tallykeep.errors import ServiceUnavailableError
from tallykeep.http.answers import Json
from tallykeep.http.context import FromContext

router = APIRouter(tags=["Health"], default_response_class=Json)

_PATIENCE_SECONDS = 2

_sql = queries(__package__, "health.sql")


@router.get("/livez", summary="Is the process alive?", openapi_extra=OURS)
async def livez() -> Json:
    """200 as long as the process answers."""
    return Json({"status": "ok"})


@router.get("/readyz", summary="Will requests and work be served?", openapi_extra=OURS)
async def readyz(context: FromContext) -> Json:
    """200 when the database answers and a worker is alive; else 503 with what is missing."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async with context.pools.intake.connection() as connection:
                await connection.execute("SELECT 1")
            async with context.pools.own.connection() as connection:
                found = await (await connection.execute(_sql.count_live_workers)).fetchone()
    except TimeoutError:
        raise ServiceUnavailableError(f"The database does not answer within {_PATIENCE_SECONDS} seconds") from None
    workers = found["workers"] if found else 0
    if not workers:
        raise ServiceUnavailableError("No worker is running: submissions are accepted, but wait")
    return Json({"status": "ok", "workers": workers})
