"""Which errors pass: the same batch may well succeed later, as it is."""

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
# The database does not serve anybody just now: no batch has brought that about, and none is given up for it.
_OUTAGES = (DiskFull, TooManyConnections, ReadOnlySqlTransaction, AdminShutdown, CannotConnectNow, PoolTimeout,
            DatabaseAwayError)  # fmt: skip


def is_outage(error: Exception) -> bool:
    """Return whether the database is known to serve nobody: away, full, read-only, without connections.

    A connection that is lost in the middle is none: a row may have brought the server down.
    """
    return isinstance(error, _OUTAGES)


def accuses_a_row(error: Exception, seconds: float, lease_seconds: float) -> bool:
    """Return whether an attempt that passed away so may have been brought down by a row: one that kept it beyond its
    lease.

    Having waited for somebody else's lock says nothing.
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
