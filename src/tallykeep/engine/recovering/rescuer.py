"""Rescue: whatever state the queue is in, an action with an open batch that nobody holds gets a job again."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from tallykeep.core.action import AfterBatch
from tallykeep.core.settings import Settings
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_transient
from tallykeep.engine.scheduling.fair_scheduling import MAX_DELAY, queue_next, queue_slots

_sql = queries(__package__, "rescuer.sql")
_log = structlog.get_logger()

_AT_ONCE = timedelta()
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Rescuer:
    """Runs in every worker process; several at the same time do no harm."""

    pool: Pool
    settings: Settings
    worker_name: str

    async def run(self) -> None:
        """Rescue at regular intervals, for ever; an outage or a defect only delays the next round."""
        first_round = True
        while True:
            self._show_life()
            try:
                # After an outage, projects whose jobs were lost are requeued at once.
                await self.rescue(_AT_ONCE if first_round else None)
                first_round = False
            except Exception as error:
                first_round = True
                if is_transient(error):
                    _log.info("rescuing is put off", reason=reason_of(error))
                else:
                    _log.exception("rescuing failed and will be tried again")
                await asyncio.sleep(_PAUSE_SECONDS)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.pool.wait_until_available(), self.settings.rescue_interval_seconds)
            else:
                await asyncio.sleep(self.settings.rescue_interval_seconds)

    def _show_life(self) -> None:
        with suppress(OSError):
            if self.settings.heartbeat_file is not None:
                self.settings.heartbeat_file.touch(mode=0o600)

    async def rescue(self, stranded_after: timedelta | None = None) -> int:
        """End sessions past their lease and requeue projects stranded for that long; return how many were requeued.

        Without `stranded_after` it is that of the settings.
        """
        if stranded_after is None:
            stranded_after = timedelta(seconds=self.settings.rescue_after_seconds)
        async with self.pool.connection() as connection:
            lease = timedelta(seconds=self.settings.lease_seconds)
            ending = {"application_name": self.worker_name, "lease": lease}
            await connection.execute(_sql.end_silent_transactions, ending)
            await self._wake_sequences(connection)
            return await self._wake_projects(connection, stranded_after)

    async def _wake_sequences(self, connection: Connection) -> None:
        forgotten = await (await connection.execute(_sql.find_forgotten_sequences)).fetchall()
        for row in forgotten:
            ended = AfterBatch(ended=True, sequence=row["sequence"])
            async with connection.transaction():
                in_flight = self.settings.batches_in_flight
                await queue_next(connection, row["project_id"], ended, in_flight)

    async def _wake_projects(self, connection: Connection, stranded_after: timedelta) -> int:
        params = {
            "stranded_after": stranded_after,
            "max_delay": MAX_DELAY,
            "batches_in_flight": self.settings.batches_in_flight,
        }
        async with connection.transaction():
            stranded = await (await connection.execute(_sql.find_stranded_projects, params)).fetchall()
            for project in stranded:
                _log.warning("a project had no job left and was queued again", project_id=project["project_id"])
                await queue_slots(connection, project["project_id"], project["slots"])
        return len(stranded)
