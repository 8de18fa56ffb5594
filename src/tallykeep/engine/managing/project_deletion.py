"""Deleting a project: all rows of all its tables, a range of keys at a time, by an action of the installation's own.

The action belongs to no project, so it outlives the one that it deletes. Before it is planned the project is closed: it
accepts nothing any more. Its actions are ended by the first batch; the next ones count what there is and plan its
ranges, before any row is deleted. What comes in behind a range all the same, such as a batch of an upload that broke
off, goes with the last batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from tallykeep.core.action import EndedBy
from tallykeep.core.action_type import Submission
from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.applying.accounting import end_all_unfinished
from tallykeep.engine.intake.accept import Acceptance
from tallykeep.engine.intake.idempotency import Accepted
from tallykeep.engine.managing.deletion_planning import step_of
from tallykeep.engine.managing.project_tables import KEYS, TABLES, everything_of, range_of
from tallykeep.tenants.audit.entries import add_entry
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.managing import deletion

_sql = queries(__package__, "project_deletion.sql")


@dataclass(frozen=True, slots=True)
class Deletion:
    """The deletion of a project: its action, whether it was begun just now, and what the project was called."""

    accepted: Accepted
    is_new: bool
    name: str


async def delete_project(
    connection: Connection, acceptance: Acceptance, manager: Caller, submission: Submission
) -> Deletion:
    """Close the manager's project and begin its deletion, in the transaction open on `connection`.

    It counts nothing: the action does, behind the answer.

    Where it was begun before, and has not failed, that one is returned. Raises ResourceInUseError for the first
    project.
    """
    await deletion.require_deletable(connection, manager)
    # In this order, in which a change that plans an action locks the two as well.
    await connection.execute(_sql.close_project, {"target": manager.project_id})
    known = await deletion.lock_deletion(connection, manager)
    if known["deletion_id"] and (known["deleted_at"] or await _is_running(connection, known["deletion_id"])):
        return Deletion(Accepted(known["deletion_id"]), is_new=False, name=known["name"])
    own = replace(
        submission,
        project_id=deletion.INSTALLATION,
        parameters={"target": manager.project_id},
        idempotency_key=None,
        quota_guard=None,  # however many actions the project has: they are canceled
    )
    accepted = await acceptance.accept_planned(connection, own)
    await deletion.begin_deletion(connection, manager, accepted.action_id)
    return Deletion(accepted, is_new=True, name=known["name"])


async def _is_running(connection: Connection, action_id: str) -> bool:
    params = {"project_id": deletion.INSTALLATION, "action_id": action_id}
    return await (await connection.execute(_sql.find_running, params)).fetchone() is not None


class DeleteProject(Operation):
    """A batch of a deletion.

    It is the end of what runs, a step of the planning, a range of one table, or the project itself, with what is left.
    """

    def __init__(self, connection: Connection, claimed: ClaimedBatch) -> None:
        self._connection = connection
        self._claimed = claimed
        self._project_id: int = claimed.source.parameters["target"]
        self._batch: dict[str, Any] = {}
        self._deleted = 0

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Take what the batch covers; a deletion has no rows that could be wrong."""
        (row,) = rows
        self._batch = row.value
        return []

    async def stage(self) -> None:
        """Do nothing: tables are gone through in their order."""

    async def write(self) -> list[Failure]:
        """Do what is the batch's, once every earlier one has been done and committed."""
        match self._batch["step"]:
            case "cancel":
                await self._cancel()
            case "plan":
                await step_of(self._batch).take(self._connection, self._claimed, self._project_id)
            case "delete":
                self._deleted = await self._delete(range_of(self._batch))
                await deletion.count_deleted(self._connection, self._project_id, self._deleted)
            case "finish":
                await self._finish()
        return []

    def met(self) -> int | None:
        """Return how many rows were there; the project itself counts as one."""
        return self._deleted

    async def _cancel(self) -> None:
        await end_all_unfinished(self._connection, self._project_id, EndedBy.CANCELED, "The project is being deleted")

    async def _delete(self, statement: sql.Composed) -> int:
        bounds = {name: Jsonb(self._batch.get(name)) for name in ("behind", "up_to")}
        return (await self._connection.execute(statement, {"target": self._project_id, **bounds})).rowcount

    async def _finish(self) -> None:
        for table in (*TABLES, KEYS):
            self._deleted += await self._delete(everything_of(table))
        self._deleted += 1
        rows, key_id = await deletion.end_deletion(self._connection, self._project_id, self._deleted)
        details = {"type": "PROJECTS.DELETE", "ended_by": "COMPLETED", "done_count": rows}
        action_id = self._claimed.action_id
        entry = Entry(project_id=self._project_id, event=Event.ACTION_END, door="worker", key_id=key_id,
                      action_id=action_id, resource_id=action_id, details=details)  # fmt: skip
        await add_entry(self._connection, entry)


async def begin_project_deletion(connection: Connection, claimed: ClaimedBatch) -> DeleteProject:
    """Begin one batch of a deletion."""
    return DeleteProject(connection, claimed)
