"""The engine in this process, on a real database, driven by hand: what a worker does, without the queue's timing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg

from tallykeep.actions import ACTION_TYPES
from tallykeep.config import Settings
from tallykeep.db.pool import Pool, make_pool
from tallykeep.engine.accept import Acceptance
from tallykeep.engine.apply import Applier
from tallykeep.engine.kinds import ActionTypes
from tallykeep.engine.queue import Queue
from tallykeep.engine.read import Reader
from tallykeep.engine.rescue import Rescuer
from tallykeep.resources.projects import add_project, new_keys
from tests.postgres import quiet_settings

WORKER = "tallykeep test worker"


@dataclass
class Engine:
    """One project's view of the engine."""

    pool: Pool
    acceptance: Acceptance
    applier: Applier
    rescuer: Rescuer
    reader: Reader
    project_id: int

    async def submit(self, kind: str, *chunks: bytes) -> str:
        async def body() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        return await self.acceptance.accept(ACTION_TYPES[kind], self.project_id, "v-test", body())

    async def submit_json(self, rows: list[Any]) -> str:
        return await self.submit("VOUCHERS.IMPORT", orjson.dumps(rows))

    async def submit_csv(self, text: str) -> str:
        return await self.submit("VOUCHERS.IMPORT_CSV", text.encode())

    async def advance(self, action_id: str) -> None:
        await self.applier.advance(self.project_id, action_id)

    async def finish(self, action_id: str) -> dict[str, Any]:
        """Advance until the action has ended."""
        while (action := await self.get(action_id))["status"] not in ("DONE", "FAILED"):
            before = action["done_count"] + action["failed_count"]
            await self.advance(action_id)
            after = await self.get(action_id)
            assert after["done_count"] + after["failed_count"] > before, "no progress"
        return action

    async def get(self, action_id: str) -> dict[str, Any]:
        async with self.pool.connection() as connection:
            return await self.reader.get_action(connection, self.project_id, action_id)

    async def query(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(sql, parameters or None)).fetchall()

    async def jobs(self, action_id: str) -> int:
        """How many jobs the queue holds for the action."""
        (row,) = await self.query(
            "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE args ->> 'action_id' = %s", action_id
        )
        return int(row["jobs"])


@asynccontextmanager
async def open_engine(database_url: str, kinds: ActionTypes = ACTION_TYPES, **changes: Any) -> AsyncIterator[Engine]:
    """An engine with a project of its own."""
    settings: Settings = quiet_settings(**changes)
    with psycopg.connect(database_url) as connection:
        keys = add_project(connection, "Engine", new_keys())
        found = connection.execute("SELECT project_id FROM projects WHERE id = %s", (keys.project,)).fetchone()
        assert found
    queue = Queue(database_url)

    async def nothing(project_id: int, action_id: str) -> None:
        pass

    queue.on_advance(nothing)
    async with make_pool(database_url, size=8, name=WORKER) as pool:
        yield Engine(
            pool,
            Acceptance(pool, queue, settings),
            Applier(pool, queue, kinds, settings),
            Rescuer(pool, queue, settings, WORKER),
            Reader(ACTION_TYPES, settings.failures_in_result),
            found[0],
        )
