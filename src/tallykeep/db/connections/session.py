"""Sessions: each of ours makes its own settings, so that those made for the database or the role do not matter."""

from typing import Any

import psycopg
from psycopg import AsyncConnection

from tallykeep.core.errors import UnsupportedDatabaseError
from tallykeep.db.connections.conninfo import bounded
from tallykeep.db.queries import queries

_sql = queries(__package__, "session.sql")

OLDEST_SERVER = 16
_WITH_TRANSACTION_TIMEOUT = 170_000


def connect(database_url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection outside any pool, with limits of its own.

    Raises psycopg.OperationalError, and UnsupportedDatabaseError where the server is older than we work with.
    """
    connection = psycopg.connect(bounded(database_url), autocommit=True)
    if connection.info.server_version < OLDEST_SERVER * 10_000:
        version = connection.info.parameter_status("server_version")
        connection.close()
        raise UnsupportedDatabaseError(
            f"The database runs on PostgreSQL {version}; Tallykeep needs {OLDEST_SERVER} or newer. Upgrade the server"
            " (pg_upgrade), or set TALLYKEEP_DATABASE_URL to a newer one; unset, an embedded one is used"
        )
    connection.execute(_sql.set_own_limits, {"lock_timeout": "0", "statement_timeout": "0"})
    if connection.info.server_version >= _WITH_TRANSACTION_TIMEOUT:
        connection.execute(_sql.set_own_limit_of_transactions)
    connection.autocommit = autocommit
    return connection


async def set_own_limits(
    connection: AsyncConnection[Any], *, lock_timeout_seconds: float = 0, statement_timeout_seconds: float = 0
) -> None:
    """Set the session's time zone and timeouts; statements wait for locks, and take, so long, with 0 without end."""
    limits = {"lock_timeout": lock_timeout_seconds, "statement_timeout": statement_timeout_seconds}
    await connection.execute(
        _sql.set_own_limits, {name: str(round(1000 * maximum)) for name, maximum in limits.items()}
    )
    if connection.info.server_version >= _WITH_TRANSACTION_TIMEOUT:
        await connection.execute(_sql.set_own_limit_of_transactions)
