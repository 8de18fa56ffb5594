"""Brings the database's schema up to this version's."""

from pathlib import Path

import psycopg

from tallykeep import __version__
from tallykeep.core.errors import DatabaseUnavailableError, UnsupportedDatabaseError
from tallykeep.db.connections.session import connect
from tallykeep.db.connections.startup_wait import NO_URL, unreachable

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x74616C6C79  # any fixed number: one migration at a time in a database


def newest_revision() -> str:
    """Return the revision this version of the product works with."""
    return max(_known_revisions())


def _known_revisions() -> set[str]:
    return {path.stem.split("_")[0] for path in (_SCRIPTS / "versions").glob("[0-9]*.sql")}


def why_unusable(revision: str | None) -> str | None:
    """Say why this version cannot work with a schema at this revision, nor bring it up to date; None where it can."""
    newest = newest_revision()
    if revision is None or revision in _known_revisions():
        return None
    if revision.isdecimal() and revision > newest:
        return (
            f"The database's schema is at revision {revision}, but this version, {__version__}, knows them only up to"
            f" {newest}: a newer Tallykeep has brought it up to date. Use that version, or a later one; the only way"
            " back is a backup from before"
        )
    return (
        f"The database's schema is at revision {revision!r}, which is none of Tallykeep's (the newest is {newest}):"
        " does its table alembic_version belong to another program? Set TALLYKEEP_DATABASE_URL to a database of its own"
    )


def migrate(database_url: str) -> None:
    """Apply the missing revisions atomically, one process at a time.

    Raises DatabaseUnavailableError when the server cannot be reached, UnsupportedDatabaseError where it is too old or
    its schema is not one that this version knows.
    """
    revision = current_revision(database_url)
    if reason := why_unusable(revision):
        raise UnsupportedDatabaseError(reason)
    if revision != newest_revision():
        _upgrade(database_url)


def current_revision(database_url: str) -> str | None:
    """Return the revision that the database is at; None before the first.

    Raises DatabaseUnavailableError, and UnsupportedDatabaseError where the server is too old.
    """
    try:
        with connect(database_url, autocommit=True) as connection:
            return _revision(connection)
    except psycopg.OperationalError as error:
        raise unreachable(error) from error
    except psycopg.ProgrammingError:
        # psycopg's message about a malformed URL contains the password.
        raise DatabaseUnavailableError(NO_URL) from None


def _revision(connection: psycopg.Connection) -> str | None:
    row = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if row != (True,):
        return None
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return revision[0] if revision else None


def _upgrade(database_url: str) -> None:
    # Imported here because it costs half a second, and nearly every start finds nothing to do.
    import sqlalchemy  # noqa: PLC0415
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: connect(database_url), poolclass=sqlalchemy.NullPool
    )
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except sqlalchemy.exc.DBAPIError as error:
        raise (error.orig or error) from None  # what everybody else gets of the database, too
