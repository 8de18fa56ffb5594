"""The queue: procrastinate, used only to wake workers up. What is to be done stands in our own tables."""

from collections.abc import Awaitable, Callable
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Status
from psycopg import AsyncConnection

from tallykeep.db.session import set_own_limits

QUEUE = "actions"
EXPRESS = "express"  # for actions of one portion: it has workers of its own beside those of both queues
TASK = "advance"
_TIDY = "tidy"
_DEAD_AFTER_SECONDS = 60


async def _configure(connection: AsyncConnection[Any]) -> None:
    # Only for the queue's own marks (fetched, finished): one lost in a crash means a job too many, which is harmless.
    # Jobs are deferred on our connections, in transactions that do wait.
    await connection.set_autocommit(True)
    await set_own_limits(connection)
    await connection.execute("SET synchronous_commit = off")


Advance = Callable[[int, bool], Awaitable[None]]


class Queue:
    """Jobs that say «this project has an open portion»; one too many, too late or lost changes nothing."""

    def __init__(self, database_url: str, *, pool_size: int = 4) -> None:
        connector = PsycopgConnector(conninfo=database_url, min_size=1, max_size=pool_size, configure=_configure)
        self.app = App(connector=connector)

    def on_advance(self, advance: Advance) -> None:
        """Set what a worker of this process does with a job."""

        async def task(project_id: int, express: bool = False) -> None:
            await advance(project_id, express)

        self.app.task(name=TASK, queue=QUEUE)(task)
        # A worker without any periodic task stops watching its own listener and goes deaf when the server restarts.
        self.app.periodic(cron="* * * * *")(self.app.task(name=_TIDY, queue=QUEUE)(self._tidy))

    async def _tidy(self, timestamp: int) -> None:
        """Delete jobs that dead workers left in `doing`; the rescuer has queued their actions again long since."""
        manager = self.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_DEAD_AFTER_SECONDS):
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)
