"""Sessions: what each of ours sets for itself, so that nothing that others set for the database or the role matters."""

from typing import Any

import psycopg
from psycopg import AsyncConnection

from tallykeep.db.queries import queries

_sql = queries(__package__, "session.sql")

_WITH_TRANSACTION_TIMEOUT = 170_000


def connect(database_url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection outside any pool, with limits of its own; raises psycopg.OperationalError."""
    connection = psycopg.connect(database_url, autocommit=True)
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
    await connection.execute(_sql.set_own_limits, {name: str(round(1000 * most)) for name, most in limits.items()})
    if connection.info.server_version >= _WITH_TRANSACTION_TIMEOUT:
        await connection.execute(_sql.set_own_limit_of_transactions)
