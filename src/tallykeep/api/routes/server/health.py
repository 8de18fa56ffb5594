"""Liveness and readiness, for supervisors and load balancers; open to all, telling nothing else."""

from functools import cache

import psycopg
from fastapi import APIRouter
from psycopg.errors import UndefinedTable

from tallykeep.api.dependencies.context import FromContext
from tallykeep.api.dependencies.permissions import public
from tallykeep.api.openapi import answers
from tallykeep.api.responses.answers import Json
from tallykeep.api.schemas.server import Alive, Ready
from tallykeep.core.compatibility import OURS
from tallykeep.core.errors import ServiceUnavailableError
from tallykeep.db.connections.availability import DatabaseAwayError
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.guard import Guard
from tallykeep.db.migrate import newest_revision
from tallykeep.db.queries import queries

router = APIRouter(tags=["Health"], default_response_class=Json)

_PUBLIC = public("supervisors and load balancers have no keys, and learn nothing else")
_TIMEOUT_SECONDS = 0.5

_sql = queries(__package__, "health.sql")
_newest = cache(newest_revision)


@router.get("/livez", summary="Is the process alive?", openapi_extra=_PUBLIC | OURS | answers(Alive))
async def livez() -> Json:
    """Answer 200 as long as the process answers."""
    return Json({"status": "ok"})


@router.get("/readyz", summary="Will requests and work be served?", openapi_extra=_PUBLIC | OURS | answers(Ready))
async def readyz(context: FromContext) -> Json:
    """Answer 200 when the database answers and takes writes, and a worker is alive; else 503 with what is missing.

    Answers within a second, on a connection of its own, however busy the others are.
    """
    missing, workers = await _missing(context.guard)
    if missing:
        raise ServiceUnavailableError("; ".join(missing))
    return Json({"status": "ok", "workers": workers})


async def _missing(guard: Guard) -> tuple[list[str], int]:
    """Return what is missing, in words, and how many workers are alive."""
    try:
        row = await guard.ask(_sql.readiness, _TIMEOUT_SECONDS)
    except TimeoutError:
        return [f"The database does not answer within {_TIMEOUT_SECONDS} seconds"], 0
    except DatabaseAwayError:
        return [f"The database is out of reach: {guard.availability.away}"], 0
    except UndefinedTable:
        return ["The database's schema is not Tallykeep's: tallykeep db migrate"], 0
    except psycopg.Error as error:
        return [f"The database cannot be asked: {guard.availability.trouble or reason_of(error)}"], 0
    availability = guard.availability
    wrong = {
        f"The database's schema is at {row['revision']}, this version's is {_newest()}": row["revision"] != _newest(),
        "The database is read-only: a standby, or made so": availability.read_only,
        "The database's disk is full": availability.full,
        "The database lets no further connection in: too many connections": availability.crowded,
        "No worker is running: submissions are accepted, but wait": not row["workers"],
    }
    return [words for words, is_so in wrong.items() if is_so], row["workers"]
