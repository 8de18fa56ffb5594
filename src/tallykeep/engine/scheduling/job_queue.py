"""The queue: procrastinate, used only to wake workers up. The work to do is in our own tables."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, LiteralString, TypeVar

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from psycopg import sql

from tallykeep.db.connections.availability import DatabaseAwayError
from tallykeep.db.connections.guard import Guard
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.connections.session import set_own_limits
from tallykeep.db.transient import is_transient

QUEUE = "actions"
SMALL = "small"  # for actions of one batch: it has workers of its own beside those of both queues
TASK = "advance"
_DELETE_STALLED = "prune"
_DEAD_AFTER_SECONDS = 60


_PAUSES_SECONDS = (0.05, 0.2, 0.5)
_LISTEN_AGAIN_SECONDS = 0.2
_LISTEN_SECONDS = 30.0  # before the listener asks whether anybody is there

Answer = TypeVar("Answer")


async def _configure(connection: Connection) -> None:
    # Only for the queue's own marks (fetched, finished): one lost in a crash means a job too many, which is harmless.
    # Jobs are deferred on our connections, in transactions that do wait.
    await set_own_limits(connection)
    await connection.execute("SET synchronous_commit = off")


class _Connector(PsycopgConnector):
    """Bears the loss of a connection. When the database is away, whatever is asked fails, and is begun anew later."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._own_pool = pool

    async def open_async(self, pool: Any = None) -> None:
        await self._own_pool.__aenter__()
        own: Any = self._own_pool  # it does all of psycopg's that is asked for here
        await super().open_async(own)

    async def close_async(self) -> None:
        await self._own_pool.__aexit__()

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        await _again(partial(super().execute_query_async, query, **arguments))

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        return await _again(partial(super().execute_query_one_async, query, **arguments))

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        return await _again(partial(super().execute_query_all_async, query, **arguments))

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Hand on what is notified, for ever; what is missed is found by asking every now and then."""
        while True:
            with suppress(psycopg.Error, OSError, TimeoutError):
                async with self._own_pool.apart() as connection:
                    for channel in channels:
                        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    while True:
                        async for heard in connection.notifies(timeout=_LISTEN_SECONDS):
                            await on_notification(channel=heard.channel, payload=heard.payload)
                        await connection.execute("SELECT 1")
            await asyncio.sleep(_LISTEN_AGAIN_SECONDS)


async def _again(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    for pause in _PAUSES_SECONDS:
        try:
            return await ask()
        except ConnectorException as error:
            cause = error.__cause__
            if not isinstance(cause, Exception) or isinstance(cause, DatabaseAwayError) or not is_transient(cause):
                raise
        await asyncio.sleep(pause)
    return await ask()


Advance = Callable[[int, bool], Awaitable[None]]


class Queue:
    """Jobs that say «this project has an open batch»; one too many, too late or lost changes nothing."""

    def __init__(self, database_url: str, *, pool_size: int = 4, guard: Guard | None = None) -> None:
        pool = Pool(database_url, _configure, size=pool_size, name="tallykeep queue", guard=guard)
        self.app = App(connector=_Connector(pool))

    def on_advance(self, advance: Advance) -> None:
        """Set what a worker of this process does with a job."""

        async def task(project_id: int, small: bool = False) -> None:
            await advance(project_id, small)

        self.app.task(name=TASK, queue=QUEUE)(task)
        # A worker without any periodic task stops watching its own listener and goes deaf when the server restarts.
        self.app.periodic(cron="* * * * *")(self.app.task(name=_DELETE_STALLED, queue=QUEUE)(self._delete_stalled))

    async def _delete_stalled(self, timestamp: int) -> None:
        """Delete jobs that dead workers left in `doing`; the rescuer has queued their actions again long since."""
        manager = self.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_DEAD_AFTER_SECONDS):
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)
