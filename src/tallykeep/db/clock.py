"""The clock: the database's, which all hosts share, whatever their own ones say."""

from datetime import datetime

from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "clock.sql")


async def database_time(connection: Connection) -> datetime:
    """Return the present by the database's clock, in UTC, cut to milliseconds, the wire format's precision."""
    row = await (await connection.execute(_sql.database_time)).fetchone()
    if row is None:
        raise RuntimeError("a SELECT without FROM has one row")
    timestamp: datetime = row["timestamp"]
    return timestamp
