"""The line of jobs, taken one after the other in procrastinate's own order: what all workers together would do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from procrastinate.jobs import Status
from procrastinate.manager import JobManager

from tallykeep.engine.scheduling.job_queue import QUEUE, Queue
from tests.db.engine import Engine


@dataclass
class Line:
    """Serves turns by hand; `served` are the projects, in the order in which they had one."""

    engine: Engine
    manager: JobManager
    worker_id: int
    served: list[int] = field(default_factory=list)

    async def serve(self, slots: int = 1) -> list[int]:
        """Serve so many turns, or as many as there are; returns whose they were."""
        start = len(self.served)
        while len(self.served) - start < slots:
            job = await self.manager.fetch_job([QUEUE], self.worker_id)
            if job is None:
                break
            project_id = job.task_kwargs["project_id"]
            await self.engine.applier.advance(project_id)
            await self.manager.finish_job(job, status=Status.SUCCEEDED, delete_job=True)
            self.served.append(project_id)
        return self.served[start:]

    async def serve_until_ended(self, engine: Engine, action_id: str) -> int:
        """Serve until the action has ended; returns how many turns that took."""
        start = len(self.served)
        while (await engine.get(action_id))["status"] not in ("DONE", "FAILED"):
            assert await self.serve(), "nothing is left in line"
        return len(self.served) - start


@asynccontextmanager
async def open_line(engine: Engine) -> AsyncIterator[Line]:
    """The line of this engine's database."""
    async with Queue(engine.pool.conninfo).app.open_async() as app:
        yield Line(engine, app.job_manager, await app.job_manager.register_worker())
