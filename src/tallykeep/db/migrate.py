"""Brings the database's schema up to this version's."""

from pathlib import Path

import psycopg

from tallykeep.db.arrival import NO_URL, unreachable
from tallykeep.db.session import connect
from tallykeep.errors import DatabaseUnavailableError

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x74616C6C79  # any fixed number: one migration at a time in a database


def newest_revision() -> str:
    """The revision this version of the product works with."""
    return max(path.stem.split("_")[0] for path in (_SCRIPTS / "versions").glob("[0-9]*.sql"))


def migrate(database_url: str) -> None:
    """Apply the missing revisions, all or nothing, one process at a time.

    Raises DatabaseUnavailableError when the server cannot be reached.
    """
    if current_revision(database_url) != newest_revision():
        _upgrade(database_url)


def current_revision(database_url: str) -> str | None:
    """The revision that the database is at; None before the first. Raises DatabaseUnavailableError."""
    try:
        with connect(database_url, autocommit=True) as connection:
            return _revision(connection)
    except psycopg.OperationalError as error:
        raise unreachable(error) from error
    except psycopg.ProgrammingError:
        # What psycopg says of a malformed URL shows its password.
        raise DatabaseUnavailableError(NO_URL) from None


def _revision(connection: psycopg.Connection) -> str | None:
    found = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if found != (True,):
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
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
