"""The database of a role: where it is, that it answers, and that its schema is this version's."""

import asyncio
import shlex
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from tallykeep.core.errors import DatabaseUnavailableError
from tallykeep.core.settings import Settings
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.startup_wait import wait_for_database
from tallykeep.db.embedded import is_made, running_embedded
from tallykeep.db.migrate import migrate
from tallykeep.db.transient import transient_cause
from tallykeep.tenants.projects import Keys, ensure_first_project

Done = TypeVar("Done")
_log = structlog.get_logger()

_AGAIN_SECONDS = 0.2


def find_database(settings: Settings) -> str:
    """Find the database a single role works with; raise DatabaseUnavailableError when there is none."""
    database_url = settings.database_url or running_embedded(settings.postgres_dir)
    if database_url is None and is_made(settings.postgres_dir):
        raise DatabaseUnavailableError(
            f"The database in {settings.data_dir} is stopped, and its data are there. Start it with"
            f" `tallykeep serve --data-dir {shlex.quote(str(settings.data_dir))}`, and run this command beside it"
        )
    if database_url is None:
        raise DatabaseUnavailableError(
            f"No database: set TALLYKEEP_DATABASE_URL, or run `tallykeep serve --data-dir {settings.data_dir}`"
        )
    return database_url


def prepare_database(settings: Settings, database_url: str) -> Keys | None:
    """Bring the schema up to date and make the first project; returns its keys when it was made just now."""
    migrate(database_url)
    return ensure_first_project(database_url, settings)


def until_done(database_url: str, work: Callable[[], Done]) -> Done:
    """Do work that needs the database: begin when it is available, and again if it goes away meanwhile.

    Raises DatabaseUnavailableError where no waiting helps.
    """
    is_logged = False
    while True:
        asyncio.run(wait_for_database(database_url))
        try:
            return work()
        except Exception as error:
            if (reason := transient_cause(error)) is None:
                raise
        if not is_logged:
            is_logged = True
            _log.warning("the database cannot be worked with yet, and is tried again", reason=reason_of(reason))
        time.sleep(_AGAIN_SECONDS)
