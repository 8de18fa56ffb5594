"""Looking after the database by hand: its state, and a psql prompt."""

import os
import shutil
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tallykeep.core.errors import DatabaseUnavailableError, UnsupportedDatabaseError
from tallykeep.core.settings import environment_without_settings
from tallykeep.db.connections.session import connect
from tallykeep.db.embedded import binary
from tallykeep.db.migrate import current_revision, newest_revision, why_unusable
from tallykeep.db.queries import queries

_sql = queries(__package__, "upkeep.sql")


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """The database's address (without any password), its server version, and the revision of its schema."""

    where: str
    version: str
    size_bytes: int
    revision: str | None
    newest_revision: str

    @property
    def is_current(self) -> bool:
        """Return whether the schema is this version's."""
        return self.revision == self.newest_revision

    @property
    def todo(self) -> str:
        """Say what is wrong with the schema and what to do about it; empty where it is this version's."""
        if self.is_current:
            return ""
        behind = "there is none yet" if self.revision is None else f"this version's is {self.newest_revision}"
        return why_unusable(self.revision) or f"{behind}; bring it up to date: tallykeep db migrate"


def database_status(database_url: str) -> DatabaseStatus:
    """Return how the database stands; raise DatabaseUnavailableError and UnsupportedDatabaseError."""
    revision = current_revision(database_url)
    with connect(database_url) as connection:
        version, size_bytes = connection.execute(_sql.describe).fetchone() or ("", 0)
    return DatabaseStatus(_where(database_url), version, size_bytes, revision, newest_revision())


def why_unsupported(database_url: str) -> str | None:
    """Say why this version does not work with the database; None where it does, or nothing is known."""
    try:
        return why_unusable(current_revision(database_url))
    except UnsupportedDatabaseError as error:
        return str(error)
    except DatabaseUnavailableError:
        return None


def _where(database_url: str) -> str:
    known = conninfo_to_dict(database_url)
    return f"{known.get('host', 'localhost')}, database {known.get('dbname', 'postgres')}"


def open_prompt(database_url: str, *, embedded: bool) -> None:
    """Become psql on this database; returns never. Raises DatabaseUnavailableError where there is no psql."""
    psql = str(binary("psql")) if embedded else shutil.which("psql") or ""
    if not psql or not os.access(psql, os.X_OK):
        raise DatabaseUnavailableError("There is no psql here; install PostgreSQL's client")
    known = conninfo_to_dict(database_url)
    # Not among the arguments, which everybody on the machine can see.
    password = known.pop("password", None) or os.environ.get("PGPASSWORD")
    env = {**environment_without_settings(), **({"PGPASSWORD": str(password)} if password else {})}
    os.execve(psql, [psql, make_conninfo("", **known)], env)  # noqa: S606
