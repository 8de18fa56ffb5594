"""A transaction that is repeated after a conflict with others: then nobody's data is at fault."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.pq import TransactionStatus

from tallykeep.core.errors import OvertakenError, ServiceUnavailableError
from tallykeep.db.connections.pool import Connection

Done = TypeVar("Done")

_TRIES = 5


async def in_transaction(connection: Connection, work: Callable[[], Awaitable[Done]]) -> Done:
    """Do the work in a transaction, and repeat it in another one after a deadlock or after others were faster.

    Within a transaction it is done there, and tried again by whoever began that one. Raises ServiceUnavailableError, or
    the database's error, where that came to nothing several times.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return await work()
    for _ in range(_TRIES - 1):
        try:
            async with connection.transaction():
                return await work()
        except (DeadlockDetected, SerializationFailure, OvertakenError):
            continue
    try:
        async with connection.transaction():
            return await work()
    except OvertakenError as lost:
        raise ServiceUnavailableError(
            f"Nothing was changed, because others kept changing the same: {lost}. Send it again"
        ) from lost
