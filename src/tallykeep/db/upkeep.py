"""Looking after the database by hand: how it stands, and a prompt of its own."""

import os
import shutil
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tallykeep.db.embedded import binary
from tallykeep.db.migrate import current_revision, newest_revision
from tallykeep.db.queries import queries
from tallykeep.db.session import connect
from tallykeep.errors import DatabaseUnavailableError

_sql = queries(__package__, "upkeep.sql")


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """Where the database is (without any password), what it runs on, and how far its schema is."""

    where: str
    version: str
    size_bytes: int
    revision: str | None
    newest_revision: str

    @property
    def is_current(self) -> bool:
        """Whether the schema is this version's."""
        return self.revision == self.newest_revision


def database_status(database_url: str) -> DatabaseStatus:
    """How the database stands; raises DatabaseUnavailableError."""
    revision = current_revision(database_url)
    with connect(database_url) as connection:
        version, size_bytes = connection.execute(_sql.describe).fetchone() or ("", 0)
    return DatabaseStatus(_where(database_url), version, size_bytes, revision, newest_revision())


def _where(database_url: str) -> str:
    known = conninfo_to_dict(database_url)
    return f"{known.get('host', 'localhost')}, database {known.get('dbname', 'postgres')}"


def open_prompt(database_url: str, *, embedded: bool) -> None:
    """Become psql on this database; returns never. Raises DatabaseUnavailableError where there is no psql."""
    psql = str(binary("psql")) if embedded else shutil.which("psql") or ""
    if not psql or not os.access(psql, os.X_OK):
        raise DatabaseUnavailableError("There is no psql here; install PostgreSQL's client")
    known = conninfo_to_dict(database_url)
    password = known.pop("password", None)
    # Not among the arguments, which everybody on the machine can see.
    env = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    os.execve(psql, [psql, make_conninfo("", **known)], env)  # noqa: S606
