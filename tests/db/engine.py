"""The engine in this process, on a real database, driven by hand: what a worker does, without the queue's timing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionTypes, Submission
from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.core.batch import Batch, Source
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Pool, make_pool
from tallykeep.engine.applier import Applier
from tallykeep.engine.intake.accept import Acceptance
from tallykeep.engine.managing.action_control import ActionControl
from tallykeep.engine.reading.action_reader import ActionReader
from tallykeep.engine.recovering.quarantine import RunIsolated
from tallykeep.engine.recovering.rescuer import Rescuer
from tallykeep.tenants.projects import add_project, new_keys
from tests.postgres import quiet_settings

WORKER = "tallykeep test worker"


@dataclass
class Bytes:
    """An upload that is just bytes."""

    body: AsyncIterator[bytes]
    options: SubmissionOptions = field(default_factory=SubmissionOptions)
    file_name: str | None = None
    by_line: bool | None = None
    mapped_columns: frozenset[str] = frozenset()

    def early_option(self, name: str) -> Any:
        return None

    def placed(self, batch: Batch, source: Source) -> Batch:
        return batch

    def chunks(self) -> AsyncIterator[bytes]:
        return self.body

    def submission_options(self) -> SubmissionOptions:
        return self.options


@dataclass
class Engine:
    """One project's view of the engine."""

    pool: Pool
    acceptance: Acceptance
    applier: Applier
    rescuer: Rescuer
    reader: ActionReader
    controller: ActionControl
    project_id: int

    async def submit(self, action_type: str, *chunks: bytes, **submission_options: Any) -> str:
        async def body() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        accepted = await self.acceptance.accept(
            self.submission(action_type), Bytes(body(), SubmissionOptions(**submission_options))
        )
        return accepted.action_id

    def submission(self, action_type: str, **more: Any) -> Submission:
        entry = Entry(project_id=self.project_id, event=Event.ACTION_SUBMIT, request_id="v-test")
        known = {"project_id": self.project_id, "request_id": "v-test", "entry": entry}
        return Submission(action_type=ACTION_TYPES[action_type], **{**known, **more})

    async def submit_json(self, rows: list[Any], **submission_options: Any) -> str:
        return await self.submit("VOUCHERS.IMPORT", orjson.dumps(rows), **submission_options)

    async def submit_csv(self, text: str, **submission_options: Any) -> str:
        return await self.submit("VOUCHERS.IMPORT_CSV", text.encode(), **submission_options)

    async def advance(self) -> None:
        """Take the project's next turn, as a worker does with a job."""
        await self.applier.advance(self.project_id)

    async def finish(self, action_id: str) -> dict[str, Any]:
        """Advance until the action has ended."""
        while (action := await self.get(action_id))["status"] not in ("DONE", "FAILED"):
            before = await self._accounted_for()
            await self.advance()
            assert await self._accounted_for() > before, "no progress"
        return action

    async def _accounted_for(self) -> int:
        """How many rows have an outcome, and batches, which may turn out to have no row."""
        (row,) = await self.query(
            "SELECT (SELECT sum(done_count + failed_count + unprocessed_count) FROM async_actions"
            " WHERE project_id = asked.id) + (SELECT count(*) FROM batches"
            " WHERE project_id = asked.id AND status = 'CLOSED') AS progress"
            " FROM (SELECT %s::bigint AS id) AS asked",
            self.project_id,
        )
        return int(row["progress"])

    async def get(self, action_id: str) -> dict[str, Any]:
        async with self.pool.connection() as connection:
            return await self.reader.get_action(connection, self.project_id, action_id)

    async def query(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(sql, parameters or None)).fetchall()

    async def jobs(self) -> int:
        """How many jobs the queue holds for the project."""
        (row,) = await self.query(
            "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE args ->> 'project_id' = %s", str(self.project_id)
        )
        return int(row["jobs"])


def new_project(database_url: str) -> int:
    """A project of its own; its number."""
    with psycopg.connect(database_url) as connection:
        keys = add_project(connection, "Engine", new_keys())
        row = connection.execute("SELECT project_id FROM projects WHERE id = %s", (keys.project,)).fetchone()
    assert row
    return int(row[0])


@asynccontextmanager
async def open_engine(
    database_url: str,
    action_types: ActionTypes = ACTION_TYPES,
    run_isolated: RunIsolated | None = None,
    **changes: Any,
) -> AsyncIterator[Engine]:
    """An engine with a project of its own."""
    settings: Settings = quiet_settings(**changes)
    project_id = await asyncio.to_thread(new_project, database_url)

    async def dies(project_id: int, action_id: str, first_row: int) -> int:
        return -9

    async with make_pool(database_url, size=8, name=WORKER) as pool:
        acceptance = Acceptance(pool, settings)
        yield Engine(
            pool,
            acceptance,
            Applier(pool, action_types, settings, run_isolated or dies),
            Rescuer(pool, settings, WORKER),
            ActionReader(ACTION_TYPES, settings.failures_in_result),
            ActionControl(pool, pool, acceptance, ACTION_TYPES, settings),
            project_id,
        )
