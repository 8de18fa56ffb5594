"""The database's arrival: a process that is started before its database waits for it."""

import asyncio
import time

import psycopg
import structlog
from psycopg import AsyncConnection

from tallykeep.core.errors import DatabaseUnavailableError
from tallykeep.db.connections.connection_errors import is_hopeless, reason_of
from tallykeep.db.connections.conninfo import bounded

_log = structlog.get_logger()

_AGAIN_SECONDS = 0.2

NO_URL = "TALLYKEEP_DATABASE_URL is not a PostgreSQL URL"


async def wait_for_database(database_url: str) -> None:
    """Return when the database lets us in, however long that takes; says once that it is waited for.

    Raises DatabaseUnavailableError where no waiting helps: a URL that is none, a refused password, no such database.
    """
    started, waited = time.monotonic(), False
    try:
        conninfo = bounded(database_url)
    except psycopg.ProgrammingError:
        # psycopg's message about a malformed URL contains the password.
        raise DatabaseUnavailableError(NO_URL) from None
    while (refused := await _refusal(conninfo)) is not None:
        if is_hopeless(refused):
            raise unreachable(refused) from refused
        if not waited:
            waited = True
            _log.warning("waiting for the database, until it answers or this is stopped", reason=reason_of(refused))
        await asyncio.sleep(_AGAIN_SECONDS)
    if waited:
        _log.warning("the database answers", after_seconds=round(time.monotonic() - started, 1))


def unreachable(error: Exception) -> DatabaseUnavailableError:
    """Return the error that tells a person why the database cannot be reached, and what to do."""
    advice = "Check TALLYKEEP_DATABASE_URL, or unset it for the embedded server."
    return DatabaseUnavailableError(f"Cannot reach the database: {error}. {advice}")


async def _refusal(conninfo: str) -> Exception | None:
    try:
        await (await AsyncConnection.connect(conninfo)).close()
    except psycopg.ProgrammingError:
        raise DatabaseUnavailableError(NO_URL) from None
    except (psycopg.Error, OSError) as error:
        return error
    return None
