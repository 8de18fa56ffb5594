"""Rescue: whatever state the queue is in, an action with an open portion that nobody holds gets a job again."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from tallykeep.config import Settings
from tallykeep.db.pool import Pool
from tallykeep.db.queries import queries
from tallykeep.engine.queue import Queue
from tallykeep.model import now

_sql = queries(__package__, "store.sql")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rescuer:
    """Runs in every worker process; two at a time do no harm."""

    pool: Pool
    queue: Queue
    settings: Settings
    worker_name: str

    async def run(self) -> None:
        """Look again and again; raises when the database goes away, which ends the worker, to be started anew."""
        while True:
            if self.settings.heartbeat_file is not None:
                self.settings.heartbeat_file.touch()
            await self.rescue()
            await asyncio.sleep(self.settings.rescue_interval_seconds)

    async def rescue(self) -> int:
        """End sessions past their lease, queue stranded actions again; returns how many were queued."""
        async with self.pool.connection() as connection:
            expired = now() - timedelta(seconds=self.settings.lease_seconds)
            ending = {"application_name": self.worker_name, "started_before": expired}
            await connection.execute(_sql.end_silent_transactions, ending)
            async with connection.transaction():
                silent_since = now() - timedelta(seconds=self.settings.rescue_after_seconds)
                found = await connection.execute(_sql.find_stranded_actions, {"silent_since": silent_since})
                stranded = await found.fetchall()
                for action in stranded:
                    _log.warning("an action had no job left and was queued again", action_id=action["id"])
                    await self.queue.defer_advance(connection, action["project_id"], action["id"])
        return len(stranded)
