"""Applying: one portion, from its claim to its close, in one transaction."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from tallykeep.config import Settings
from tallykeep.db.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.engine.account import close_portion
from tallykeep.engine.kinds import ActionTypes
from tallykeep.engine.queue import Queue
from tallykeep.engine.rows import read_rows
from tallykeep.errors import OutOfTurnError, PortionLostError, RequestError
from tallykeep.model import ClaimedPortion, Failure, Portion, Row, Source, now

_sql = queries(__package__, "store.sql")
_log = structlog.get_logger()

_RETRY_AFTER = timedelta(seconds=1)
# SQLSTATE classes that are not the rows' fault: connection, transaction state, rollback (deadlock), resources,
# operator's intervention. psycopg's own exception classes cut it differently (54, a row too large, is Operational).
_PASSING_CLASSES = ("08", "25", "40", "53", "57")
_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of rows: those that failed, and what they add to the report."""

    failures: list[Failure]
    report: str = ""


@dataclass(frozen=True, slots=True)
class Applier:
    """Advances actions by a portion at a time; what a job calls."""

    pool: Pool
    queue: Queue
    kinds: ActionTypes
    settings: Settings

    async def advance(self, project_id: int, action_id: str) -> None:
        """Apply the action's next open portion that nobody holds, and queue the next job; nothing to do is fine."""
        try:
            async with self.pool.connection() as connection:
                await self._start(connection, project_id, action_id)
                async with connection.transaction():
                    await self._advance(connection, project_id, action_id)
        except Exception as error:
            if not _is_passing(error):
                raise
            _log.info("a portion will be tried again", action_id=action_id, reason=str(error))
            await self._defer_again(project_id, action_id)

    async def _start(self, connection: Connection, project_id: int, action_id: str) -> None:
        async with connection.transaction():
            # Losing this mark in a crash harms nothing, so it need not wait for the disk.
            await connection.execute("SET LOCAL synchronous_commit = off")
            parameters = {"project_id": project_id, "id": action_id, "now": now()}
            await connection.execute(_sql.start_if_enqueued, parameters)

    async def _advance(self, connection: Connection, project_id: int, action_id: str) -> None:
        if await self._has_to_wait(connection, project_id, action_id):
            return
        claimed = await self._claim(connection, project_id, action_id)
        if claimed is None:
            return
        outcome = await self._apply(connection, claimed)
        if await close_portion(connection, claimed, outcome.failures, outcome.report):
            await self.queue.defer_advance(connection, project_id, action_id)
        else:
            await self._start_next_in_sequence(connection, project_id, action_id)

    async def _has_to_wait(self, connection: Connection, project_id: int, action_id: str) -> bool:
        """Whether an earlier action of the same sequence is unfinished; that one queues this one when it ends."""
        key = {"project_id": project_id, "action_id": action_id}
        found = await (await connection.execute(_sql.earlier_in_sequence, key)).fetchone()
        return bool(found and found["waits"])

    async def _start_next_in_sequence(self, connection: Connection, project_id: int, action_id: str) -> None:
        key = {"project_id": project_id, "action_id": action_id}
        found = await (await connection.execute(_sql.next_in_sequence, key)).fetchone()
        if found is None:
            return
        for _ in range(min(self.settings.portions_in_flight, found["open_portions"])):
            await self.queue.defer_advance(connection, project_id, found["id"])

    async def _claim(self, connection: Connection, project_id: int, action_id: str) -> ClaimedPortion | None:
        silence = str(round(self.settings.lease_seconds * 1000))
        await connection.execute(_sql.limit_silence, {"milliseconds": silence})
        key = {"project_id": project_id, "action_id": action_id}
        window = {**key, "portions_in_flight": self.settings.portions_in_flight}
        portion = await (await connection.execute(_sql.claim_open_portion, window, binary=True)).fetchone()
        if portion is None:
            return None
        action = await (await connection.execute(_sql.get_action_for_portion, key)).fetchone()
        if action is None:
            raise PortionLostError(f"action {action_id} is gone")
        return ClaimedPortion(project_id, action_id, action["type"], Source(**action["source"]), Portion(**portion))

    async def _apply(self, connection: Connection, claimed: ClaimedPortion) -> _Outcome:
        rows = read_rows(claimed.portion, claimed.source)
        return await self._apply_or_narrow(connection, claimed, rows)

    async def _apply_or_narrow(self, connection: Connection, claimed: ClaimedPortion, rows: list[Row]) -> _Outcome:
        """Apply the rows; on a defect halve them until the rows at fault stand alone and fail, the others written."""
        try:
            async with connection.transaction():
                return await self._apply_rows(connection, claimed, rows)
        except Exception as error:
            if _is_passing(error):
                raise
            if isinstance(error, RequestError):
                # Not a defect: something all of these rows need is missing, such as a campaign deleted meanwhile.
                return _all_failed(claimed, rows, error.details, error.key)
            log_id = uuid4().hex[:12]
            _log.exception("rows failed", log_id=log_id, action_id=claimed.action_id, row=rows[0].number, of=len(rows))
            if len(rows) == 1:
                return _all_failed(claimed, rows, f"Internal error (log id {log_id})", "internal_error")
        middle = len(rows) // 2
        first = await self._apply_or_narrow(connection, claimed, rows[:middle])
        second = await self._apply_or_narrow(connection, claimed, rows[middle:])
        return _Outcome(first.failures + second.failures, first.report + second.report)

    async def _apply_rows(self, connection: Connection, claimed: ClaimedPortion, rows: list[Row]) -> _Outcome:
        begin = self.kinds[claimed.action_type].begin
        operation = await begin(connection, claimed)
        failures = operation.check(rows)
        await operation.stage()
        await _wait_for_earlier_portions(connection, claimed)
        failures += await operation.write()
        return _Outcome(failures, operation.report())

    async def _defer_again(self, project_id: int, action_id: str) -> None:
        """Queue the job once more after a moment; when even that fails, the rescuer will."""
        try:
            async with self.pool.connection() as connection:
                await self.queue.defer_advance(connection, project_id, action_id, delay=_RETRY_AFTER)
        except (psycopg.Error, PoolTimeout, ConnectorException) as error:
            _log.warning("could not queue a retry; the rescuer will", action_id=action_id, reason=str(error))


def _all_failed(claimed: ClaimedPortion, rows: list[Row], reason: str, error_key: str) -> _Outcome:
    """All of these rows failed; a planned portion is read as one row, and stands for as many as it was counted."""
    numbers = [row.number for row in rows]
    if claimed.source.format == "planned":
        numbers = list(range(claimed.portion.first_row, claimed.portion.first_row + claimed.portion.row_count))
    return _Outcome([Failure(number, None, reason, error_key) for number in numbers])


def _is_passing(error: Exception) -> bool:
    """Whether the same portion may well succeed later, as it is."""
    if isinstance(error, OutOfTurnError | PortionLostError | PoolTimeout):
        return True
    cause = error.__cause__ if isinstance(error, ConnectorException) else error
    if not isinstance(cause, psycopg.Error):
        return False
    if cause.sqlstate is None:
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return cause.sqlstate[:2] in _PASSING_CLASSES or cause.sqlstate == _LOCK_NOT_AVAILABLE


async def _wait_for_earlier_portions(connection: Connection, claimed: ClaimedPortion) -> None:
    """Return once every earlier portion is closed, so that rows with the same key keep their order."""
    place = {
        "project_id": claimed.project_id,
        "action_id": claimed.action_id,
        "first_row": claimed.portion.first_row,
    }
    await connection.execute(_sql.wait_for_earlier_portions, place)
    if await (await connection.execute(_sql.earlier_open_portion, place)).fetchone():
        raise OutOfTurnError(f"an earlier portion than row {claimed.portion.first_row} is open again")
