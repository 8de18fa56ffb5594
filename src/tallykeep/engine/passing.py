"""Which errors pass: the same portion may well succeed later, as it is."""

import psycopg
from psycopg.errors import LockNotAvailable
from psycopg_pool import PoolTimeout

from tallykeep.errors import OutOfTurnError, PortionLostError

# SQLSTATE classes that are not the rows' fault: connection, transaction state, rollback (deadlock), resources,
# operator's intervention. psycopg's own exception classes cut it differently (54, a row too large, is Operational).
_PASSING_CLASSES = ("08", "25", "40", "53", "57")


def accuses_a_row(error: Exception, seconds: float, lease_seconds: float) -> bool:
    """Whether an attempt that passed away so may have been brought down by a row: one that kept it beyond its lease.

    Having waited for somebody else's lock says nothing.
    """
    return seconds >= lease_seconds and not isinstance(error, LockNotAvailable)


def is_passing(error: Exception) -> bool:
    """Whether it is no defect and not the rows' fault."""
    if isinstance(error, OutOfTurnError | PortionLostError | PoolTimeout):
        return True
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate[:2] in _PASSING_CLASSES or isinstance(error, LockNotAvailable)
