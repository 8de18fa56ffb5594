"""Sessions: what each of ours sets for itself, so that nothing that others set for the database or the role matters."""

from typing import Any

import psycopg
from psycopg import AsyncConnection

from tallykeep.db.queries import queries
from tallykeep.db.reach import bounded

_sql = queries(__package__, "session.sql")

_WITH_TRANSACTION_TIMEOUT = 170_000


def connect(database_url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection outside any pool, with limits of its own; raises psycopg.OperationalError."""
    connection = psycopg.connect(bounded(database_url), autocommit=True)
    connection.execute(_sql.set_own_limits, {"lock_timeout": "0"})
    if connection.info.server_version >= _WITH_TRANSACTION_TIMEOUT:
        connection.execute(_sql.set_own_limit_of_transactions)
    connection.autocommit = autocommit
    return connection


async def set_own_limits(connection: AsyncConnection[Any], *, lock_timeout_seconds: float = 0) -> None:
    """Set the session's time zone and timeouts; statements wait for locks for so long, with 0 without end."""
    milliseconds = str(round(lock_timeout_seconds * 1000))
    await connection.execute(_sql.set_own_limits, {"lock_timeout": milliseconds})
    if connection.info.server_version >= _WITH_TRANSACTION_TIMEOUT:
        await connection.execute(_sql.set_own_limit_of_transactions)
