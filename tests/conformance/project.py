"""All that the database holds of one project, and its jobs deferred again."""

import asyncio
import time
from typing import Any

import psycopg
from psycopg import sql

from tallykeep.engine.scheduling.job_queue import QUEUE, TASK, Queue

_TABLES = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'project_id' AND table_name NOT IN ('projects', 'api_keys')
    AND table_name NOT LIKE 'audit%'
ORDER BY 1
"""
# Wherever the chaining, which goes on meanwhile, has put them.
_ENTRIES = """
SELECT id FROM audit_pending WHERE project_id = %(number)s
UNION SELECT id FROM audit_log WHERE project_id = %(number)s
ORDER BY 1
"""
_WAITING = "SELECT count(*) FROM procrastinate_jobs WHERE args ->> 'project_id' = %s"
_JOBS_SECONDS = 30


def number_of(database_url: str, project: str) -> int:
    """A project's number in every table, by its id on the wire."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT project_id FROM projects WHERE id = %s", (project,)).fetchone()
    assert row
    return int(row[0])


def contents(database_url: str, project: str) -> dict[str, list[Any]]:
    """Every row of the project in every table."""
    number = number_of(database_url, project)
    with psycopg.connect(database_url) as connection:
        tables = [name for (name,) in connection.execute(_TABLES).fetchall()]
        assert "vouchers" in tables
        entries = connection.execute(_ENTRIES, {"number": number}).fetchall()
        return {name: _rows(connection, name, number) for name in tables} | {"audit": [entry for (entry,) in entries]}


def _rows(connection: psycopg.Connection[Any], table: str, number: int) -> list[Any]:
    query = sql.SQL("SELECT to_jsonb(stored) FROM {} AS stored WHERE project_id = %s ORDER BY stored::text")
    return [row for (row,) in connection.execute(query.format(sql.Identifier(table)), (number,)).fetchall()]


def defer_again(database_url: str, project: str, times: int) -> None:
    """Queue a job of the project so many times more, to be served before all others."""
    number = number_of(database_url, project)

    async def defer() -> None:
        queue = Queue(database_url)
        queue.on_advance(_nothing)
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            for _ in range(times):
                job = queue.app.configure_task(TASK, queue=QUEUE, priority=-1, connection=connection)
                await job.defer_async(project_id=number, small=False)

    asyncio.run(defer())


async def _nothing(project_id: int, small: bool) -> None:
    """This process only defers."""


def wait_for_jobs(database_url: str, project: str) -> None:
    """Return once the queue holds no job of the project any more."""
    number = number_of(database_url, project)
    deadline = time.monotonic() + _JOBS_SECONDS
    with psycopg.connect(database_url, autocommit=True) as connection:
        while connection.execute(_WAITING, (str(number),)).fetchone() != (0,):
            assert time.monotonic() < deadline, "the jobs were not worked off"
            time.sleep(0.01)
