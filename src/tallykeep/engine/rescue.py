"""Rescue: whatever state the queue is in, an action with an open portion that nobody holds gets a job again."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from tallykeep.config import Settings
from tallykeep.db.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.engine.account import Tally
from tallykeep.engine.turns import LONGEST_DELAY, queue_next, queue_turns

_sql = queries(__package__, "rescue.sql")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rescuer:
    """Runs in every worker process; two at a time do no harm."""

    pool: Pool
    settings: Settings
    worker_name: str

    async def run(self) -> None:
        """Look again and again; raises when the database goes away, which ends the worker, to be started anew."""
        while True:
            if self.settings.heartbeat_file is not None:
                self.settings.heartbeat_file.touch(mode=0o600)
            await self.rescue()
            await asyncio.sleep(self.settings.rescue_interval_seconds)

    async def rescue(self) -> int:
        """End sessions past their lease, queue stranded projects again; returns how many were queued."""
        async with self.pool.connection() as connection:
            lease = timedelta(seconds=self.settings.lease_seconds)
            ending = {"application_name": self.worker_name, "lease": lease}
            await connection.execute(_sql.end_silent_transactions, ending)
            await self._wake_sequences(connection)
            return await self._wake_projects(connection)

    async def _wake_sequences(self, connection: Connection) -> None:
        forgotten = await (await connection.execute(_sql.find_forgotten_sequences)).fetchall()
        for found in forgotten:
            ended = Tally(ended=True, sequence=found["sequence"])
            async with connection.transaction():
                in_flight = self.settings.portions_in_flight
                await queue_next(connection, found["project_id"], ended, in_flight)

    async def _wake_projects(self, connection: Connection) -> int:
        patience = timedelta(seconds=self.settings.rescue_after_seconds)
        place = {
            "patience": patience,
            "longest_delay": LONGEST_DELAY,
            "portions_in_flight": self.settings.portions_in_flight,
        }
        async with connection.transaction():
            stranded = await (await connection.execute(_sql.find_stranded_projects, place)).fetchall()
            for project in stranded:
                _log.warning("a project had no job left and was queued again", project_id=project["project_id"])
                await queue_turns(connection, project["project_id"], project["turns"])
        return len(stranded)
