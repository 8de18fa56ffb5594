"""Liveness and readiness, for supervisors and load balancers; open to all, telling nothing else."""

from fastapi import APIRouter

from tallykeep.db.queries import queries
from tallykeep.errors import ServiceUnavailableError
from tallykeep.http.answers import Json
from tallykeep.http.services import FromServices

router = APIRouter(tags=["Health"], default_response_class=Json)

_sql = queries(__package__, "health.sql")


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Json:
    """200 as long as the process answers."""
    return Json({"status": "ok"})


@router.get("/readyz", summary="Will requests and work be served?")
async def readyz(services: FromServices) -> Json:
    """200 when the database answers and a worker is alive; else 503 with what is missing."""
    async with services.pool.connection(timeout=2) as connection:
        found = await (await connection.execute(_sql.count_live_workers)).fetchone()
    workers = found["workers"] if found else 0
    if not workers:
        raise ServiceUnavailableError("No worker is running: submissions are accepted, but wait")
    return Json({"status": "ok", "workers": workers})
