"""Attempts: a batch that could not be applied has another attempt, later each time; a persistent error ends its action.

A failed attempt is recorded on the action until one of its batches is closed. Waiting for others, or for an outage of
the database to pass, may take any time; an error that comes again and again without any progress ends the action and
leaves its rows unprocessed.
"""

import asyncio
import math
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import structlog
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure
from psycopg_pool import PoolTimeout

from tallykeep.core.action import EndedBy
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import (
    BatchLostError,
    DamagedBatchError,
    NotYetError,
    OvertakenError,
    UnreadableActionError,
)
from tallykeep.core.logs.failures import reason_in_log
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_outage
from tallykeep.engine.applying.accounting import end_unfinished
from tallykeep.engine.scheduling.fair_scheduling import MAX_DELAY, queue_next, queue_slots

_sql = queries(__package__, "retries.sql")
_log = structlog.get_logger()

_FIRST_DELAY = timedelta(seconds=1)
_QUICK_TRIES = 2  # attempts before each one comes later than the one before
_WARN_FROM = 3
_TRIES_TO_PUT_OFF = 3
_PAUSE_SECONDS = 0.2
# Nothing is wrong: another worker was first, or holds the batch.
_ORDINARY = (NotYetError, BatchLostError, OvertakenError)
_CONTENTION = (DeadlockDetected, LockNotAvailable, SerializationFailure)
_OF_ANOTHER_VERSION = "another version of Tallykeep may have written it; send the same rows again"
_DAMAGED = "a disk or a restored backup may be at fault; send the rows that have no outcome again"
_MAX_DELAY_OF_WAITING = timedelta(seconds=5)  # for others, who may have ended any moment


@dataclass(frozen=True, slots=True)
class Retries:
    """Puts off the jobs of projects whose batches could not be applied."""

    pool: Pool
    settings: Settings

    async def put_off(self, project_id: int, error: Exception, claimed: ClaimedBatch | None) -> None:
        """Queue another job of the project for later, or end the action after its last allowed attempt.

        Waits for the database where that is away. When even that fails, the rescuer makes up for it.
        """
        for _ in range(_TRIES_TO_PUT_OFF):
            await self.pool.wait_until_available()
            try:
                async with self.pool.connection() as connection, connection.transaction():
                    await self._put_off(connection, project_id, error, claimed)
            except (psycopg.Error, PoolTimeout) as failure:
                _log.info("could not queue a retry", project_id=project_id, reason=reason_in_log(failure))
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return
        _log.warning("could not queue a retry; the rescuer will", project_id=project_id)

    async def _put_off(
        self, connection: Connection, project_id: int, error: Exception, claimed: ClaimedBatch | None
    ) -> None:
        tries, failed = await self._note(connection, project_id, error, claimed)
        if claimed and failed >= self.settings.batch_retries:
            await self._give_up(connection, claimed, f"{failed} attempts without progress: {_one_line(error)}")
        else:
            delay = _FIRST_DELAY if is_outage(error) else _delay(tries, error)
            await queue_slots(connection, project_id, 1, delay=delay)

    async def _note(
        self, connection: Connection, project_id: int, error: Exception, claimed: ClaimedBatch | None
    ) -> tuple[int, int]:
        """Record the failed attempt.

        Return how many in a row have failed by now, and how many of these because of an error instead of others' locks.
        """
        if claimed is None or isinstance(error, _ORDINARY):
            _log.info("a batch will have another attempt", project_id=project_id, reason=reason_in_log(error))
            return 0, 0
        in_flight = 1 if claimed.submission_options.is_atomic else self.settings.batches_in_flight
        retry = {"reason": _one_line(error), "failed": not _is_excused(error), "batches_in_flight": in_flight}
        noted = await (await connection.execute(_sql.note_retry, {**claimed.batch_key, **retry})).fetchone()
        if noted is None:
            return 0, 0
        # Each of an action's jobs in flight comes back separately: together they count as one attempt.
        tries, failed = math.ceil(noted["retry_count"] / noted["slots"]), noted["failed_tries"] // noted["slots"]
        log = _log.warning if tries >= _WARN_FROM else _log.info
        row = claimed.batch.first_row
        reason = reason_in_log(error)
        log("a batch will have another attempt", action_id=claimed.action_id, row=row, tries=tries, reason=reason)
        return tries, failed

    async def _give_up(self, connection: Connection, claimed: ClaimedBatch, reason: str) -> None:
        _log.error("an action is given up", action_id=claimed.action_id, reason=reason)
        action_key = (claimed.project_id, claimed.action_id)
        ended = await end_unfinished(connection, *action_key, EndedBy.GAVE_UP, f"Given up after {reason}")
        if ended is not None:
            await queue_next(connection, claimed.project_id, ended, self.settings.batches_in_flight)

    async def give_up_unreadable(
        self, connection: Connection, project_id: int, action_id: str, error: UnreadableActionError
    ) -> None:
        """End an action that no attempt can come to: what is stored of its submission cannot be read."""
        _log.error("an action is given up: it cannot be read", action_id=action_id, reason=reason_in_log(error))
        what_to_do = _DAMAGED if isinstance(error, DamagedBatchError) else _OF_ANOTHER_VERSION
        reason = f"Given up, as what is stored of the submission cannot be read ({_one_line(error)}): {what_to_do}"
        async with connection.transaction():
            ended = await end_unfinished(connection, project_id, action_id, EndedBy.GAVE_UP, reason)
            if ended is not None:
                await queue_next(connection, project_id, ended, self.settings.batches_in_flight)


def _is_excused(error: Exception) -> bool:
    """Return whether the action is never given up because of this error, however often it comes."""
    return isinstance(error, _CONTENTION) or is_outage(error)


def _one_line(error: Exception) -> str:
    """Return the error in one line, without the lines that PostgreSQL adds for its log."""
    return str(error).strip().partition("\n")[0]


def _delay(tries: int, error: Exception) -> timedelta:
    doublings = max(0, min(tries, 30) - _QUICK_TRIES)
    max_delay = _MAX_DELAY_OF_WAITING if isinstance(error, _CONTENTION) else MAX_DELAY
    return min(_FIRST_DELAY * (1 << doublings), max_delay)
