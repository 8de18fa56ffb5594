"""Transient errors: the same batch may well succeed later, unchanged."""

import psycopg
from psycopg.errors import (
    AdminShutdown,
    CannotConnectNow,
    DiskFull,
    LockNotAvailable,
    ReadOnlySqlTransaction,
    TooManyConnections,
)
from psycopg_pool import PoolTimeout

from tallykeep.core.errors import BatchLostError, DatabaseUnavailableError, NotTriedError, NotYetError, OvertakenError
from tallykeep.db.connections.availability import DatabaseAwayError

# SQLSTATE classes that are not the rows' fault: connection, transaction state, rollback (deadlock), resources,
# operator's intervention. psycopg's own exception classes cut it differently (54, a row too large, is Operational).
_TRANSIENT_CLASSES = ("08", "25", "40", "53", "57")
# The database serves nobody at the moment: no batch has caused that, and none is given up for it.
_OUTAGES = (DiskFull, TooManyConnections, ReadOnlySqlTransaction, AdminShutdown, CannotConnectNow, PoolTimeout,
            DatabaseAwayError)  # fmt: skip


def is_outage(error: Exception) -> bool:
    """Return whether the database is known to serve nobody: away, full, read-only, without connections.

    A connection lost in the middle of a batch does not count: a row may have brought the server down.
    """
    return isinstance(error, _OUTAGES)


def accuses_a_row(error: Exception, seconds: float, lease_seconds: float) -> bool:
    """Return whether a row may be to blame for an attempt that ended with this error: it lasted beyond its lease.

    Waiting for somebody else's lock is no sign of that.
    """
    return seconds >= lease_seconds and not isinstance(error, LockNotAvailable)


def is_transient(error: Exception) -> bool:
    """Return whether the error is no defect and not the rows' fault."""
    if isinstance(error, NotYetError | BatchLostError | OvertakenError | NotTriedError | PoolTimeout):
        return True
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate[:2] in _TRANSIENT_CLASSES or isinstance(error, LockNotAvailable)


def transient_cause(error: Exception) -> Exception | None:
    """Return what the database said, where this comes of it and passes; else None."""
    cause = error.__cause__ if isinstance(error, DatabaseUnavailableError) else error
    return cause if isinstance(cause, Exception) and is_transient(cause) else None
