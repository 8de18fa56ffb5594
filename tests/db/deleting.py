"""A project to delete: its deletion, step by step, and how many rows there are of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tallykeep.catalog.action_types import APPLIED_TYPES, PROJECT_DELETION
from tallykeep.core.action_type import ActionTypes, Submission
from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.engine.managing.project_deletion import Deletion, delete_project
from tallykeep.tenants.callers import Caller, Grant
from tallykeep.tenants.managing.deletion import FIRST_RANGE, INSTALLATION
from tallykeep.tenants.permissions import ROLES, Role
from tests.db.engine import Engine, new_project, open_engine

PROJECT_TABLES = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'project_id' AND table_name NOT LIKE 'procrastinate%'
"""


def manager_of(project_id: int) -> Caller:
    """Whoever has a management key of the project."""
    grant = Grant(project_id, "proj", "manager", "management", Role.ADMIN, ROLES[Role.ADMIN])
    return Caller(grant, "v-test")


@dataclass
class Deleting:
    """An engine with a project to delete, which is not the first one."""

    engine: Engine

    async def begin(self, project_id: int | None = None) -> Deletion:
        target = self.engine.project_id if project_id is None else project_id
        entry = Entry(project_id=target, event=Event.PROJECT_DELETE)
        submission = Submission(
            action_type=PROJECT_DELETION, project_id=target, request_id="v-test", requested_by="manager", entry=entry
        )
        async with self.engine.pool.connection() as connection, connection.transaction():
            return await delete_project(connection, self.engine.acceptance, manager_of(target), submission)

    async def advance(self) -> None:
        """Take the installation's next turn."""
        await self.engine.applier.advance(INSTALLATION)

    async def plan(self) -> int:
        """Advance until all ranges are planned, and nothing is deleted yet; returns how many steps that took."""
        async with asyncio.timeout(60):
            while await self.engine.query(
                "SELECT FROM batches WHERE project_id = %s AND status = 'OPEN' AND first_row < %s",
                INSTALLATION, FIRST_RANGE,
            ):  # fmt: skip
                await self.advance()
        (steps,) = await self.engine.query(
            "SELECT count(*) AS total FROM batches WHERE project_id = %s AND first_row BETWEEN 2 AND %s",
            INSTALLATION, FIRST_RANGE - 1,
        )  # fmt: skip
        return int(steps["total"])

    async def finish(self) -> dict[str, Any]:
        """Advance until the deletion has ended."""
        async with asyncio.timeout(60):
            while (action := await self.action())["ended_by"] is None:
                await self.advance()
        return action

    async def action(self) -> dict[str, Any]:
        actions = await self.engine.query(
            "SELECT * FROM async_actions WHERE project_id = %s ORDER BY number DESC LIMIT 1", INSTALLATION
        )
        return actions[0]

    async def counts(self, project_id: int | None = None) -> dict[str, int]:
        """How many rows of a project there are in each table."""
        tables = [row["table_name"] for row in await self.engine.query(PROJECT_TABLES)]
        whose = self.engine.project_id if project_id is None else project_id
        return {
            name: (await self.engine.query(f"SELECT count(*) AS total FROM {name} WHERE project_id = %s", whose))[0][
                "total"
            ]
            for name in tables
        }


@asynccontextmanager
async def deleting(
    database_url: str, action_types: ActionTypes = APPLIED_TYPES, **changes: Any
) -> AsyncIterator[Deleting]:
    await asyncio.to_thread(new_project, database_url)  # the first one, which is never deleted
    async with open_engine(database_url, action_types, **changes) as engine:
        yield Deleting(engine)
