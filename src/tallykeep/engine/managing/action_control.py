"""Control over actions: cancel what runs, retry what failed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from tallykeep.core.action import EndedBy
from tallykeep.core.action_type import ActionType, ActionTypes, Submission, Upload
from tallykeep.core.audit.entry import Entry
from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import ConflictError, NotFoundError
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.engine.applying.accounting import end_unfinished
from tallykeep.engine.downloads.failed_rows import FailedRows, as_source_rows, failed_rows
from tallykeep.engine.file_rules.retried_lines import with_lines
from tallykeep.engine.intake.accept import Acceptance
from tallykeep.engine.intake.idempotency import Accepted
from tallykeep.engine.scheduling.fair_scheduling import queue_next
from tallykeep.tenants.audit.entries import add_entry

_sql = queries(__package__, "action_control.sql")


@dataclass(frozen=True, slots=True)
class Parent:
    """The facts about an action that canceling and retrying need."""

    id: str
    action_type: ActionType
    source: Source
    submission_options: SubmissionOptions
    ended_by: EndedBy | None
    failed_count: int
    unprocessed_count: int
    failures_kept: bool

    def require_rows(self) -> None:
        """Raise ConflictError if the source rows have been removed because of their age."""
        if not self.failures_kept:
            raise ConflictError(f"The failed rows of the action {self.id} are not kept any more")


@dataclass(frozen=True, slots=True)
class ActionControl:
    """Cancels and retries actions; queries that only read use separate connections."""

    reading: Connections
    pool: Connections
    acceptance: Acceptance
    action_types: ActionTypes
    settings: Settings

    async def find(self, project_id: int, action_id: str) -> Parent:
        """Find the action; raise NotFoundError."""
        key = {"project_id": project_id, "id": action_id}
        async with self.reading.connection() as connection:
            row = await (await connection.execute(_sql.get_parent, key)).fetchone()
        if row is None:
            raise NotFoundError.of("async_action", action_id)
        return Parent(
            action_id,
            self.action_types[row["type"]],
            Source(**row["source"]),
            SubmissionOptions.from_json(row["submission_options"]),
            EndedBy(row["ended_by"]) if row["ended_by"] else None,
            row["failed_count"],
            row["unprocessed_count"],
            row["failures_kept"],
        )

    async def cancel(self, project_id: int, action_id: str, canceled_by: str, entry: Entry | None = None) -> None:
        """End the action now: rows done stay done, the rest is unprocessed; canceling twice is allowed, and changes
        nothing. `entry` tells the audit log of it.

        Raises NotFoundError; ConflictError where it has ended otherwise, or cannot be left half done.
        """
        parent = await self.find(project_id, action_id)
        if parent.action_type.deletes:
            raise ConflictError(
                f"A {parent.action_type.name} cannot be canceled: what it belongs to is deleted already"
            )
        async with self.pool.connection() as connection:
            reason = f"Canceled with the key {canceled_by}"
            async with connection.transaction():
                ended = await end_unfinished(connection, project_id, action_id, EndedBy.CANCELED, reason)
                if ended is not None and entry is not None:
                    await add_entry(connection, entry)
            if ended is None:
                await self._require_canceled(project_id, action_id)
            elif ended.sequence is not None:
                # Should this get lost, the rescuer makes up for it.
                async with connection.transaction():
                    await queue_next(connection, project_id, ended, self.settings.batches_in_flight)

    async def _require_canceled(self, project_id: int, action_id: str) -> None:
        parent = await self.find(project_id, action_id)
        if parent.ended_by != EndedBy.CANCELED:
            raise ConflictError(
                f"The action {action_id} has ended already ({parent.ended_by}); nothing is left to cancel"
            )

    async def retry(
        self,
        parent: Parent,
        submission: Submission,
        submission_options: SubmissionOptions,
        corrected: Upload | None,
        *,
        unprocessed: bool,
    ) -> Accepted:
        """Start an action of the same type with the parent's failed rows, or with corrected ones.

        With `unprocessed`, the rows that a canceled, stopped or rejected action left out come along. Raises
        ConflictError while the parent runs, while a customer is erased, and where there is nothing to retry.
        """
        if parent.ended_by is None:
            raise ConflictError(f"The action {parent.id} is still running; retry it once it has ended, or cancel it")
        submission = replace(submission, earlier=parent.source, earlier_submission_options=parent.submission_options)
        if corrected is not None:
            if parent.source.format == "planned":
                raise ConflictError(f"A {parent.action_type.name} has no rows that could be corrected; send no body")
            return await self.acceptance.accept(submission, corrected)
        count = parent.failed_count + (parent.unprocessed_count if unprocessed else 0)
        if not count:
            left = f"; {parent.unprocessed_count} are unprocessed, include_unprocessed=true takes them along"
            hint = left if parent.unprocessed_count else ""
            raise ConflictError(f"No row of the action {parent.id} failed{hint}")
        if parent.source.format == "planned":
            return await self._plan_again(submission, submission_options, count)
        parent.require_rows()
        project_id = submission.project_id
        async with self.pool.connection() as connection:  # where acceptances are seen as soon as they are committed
            row = await (await connection.execute(_sql.get_newest_number, {"project_id": project_id})).fetchone()
            guard = partial(self._require_no_erasure, project_id, row["number"] if row else 0)
            await guard(connection)
        rows = RetriedRows(self.reading, submission, parent, submission_options, unprocessed)
        return await self.acceptance.accept(replace(submission, guard=guard), rows)

    async def _require_no_erasure(self, project_id: int, number: int, connection: Connection) -> None:
        """Raise ConflictError where a person is being erased, or an erasure was accepted behind this number: a retry
        would take along rows as they were before.

        In the accepting transaction, which numbers the retry, it misses none: one that is numbered later waits for it.
        """
        types = [action_type.name for action_type in self.action_types.values() if action_type.erases]
        erasing = {"project_id": project_id, "types": types, "number": number}
        erasure = await (await connection.execute(_sql.find_erasure, erasing)).fetchone()
        if erasure is not None:
            raise ConflictError(
                f"The action {erasure['id']} erases a customer from the rows that this project has sent; retry once it"
                " has ended"
            )

    async def _plan_again(self, submission: Submission, submission_options: SubmissionOptions, count: int) -> Accepted:
        parameters = submission.parameters
        if "count" in parameters:
            parameters = {**parameters, "count": count}
        async with self.pool.connection() as connection, connection.transaction():
            accepted = await self.acceptance.replayed(connection, submission, submission_options)
            if accepted is None:
                again = replace(submission, parameters=parameters)
                accepted = await self.acceptance.accept_planned(connection, again, submission_options, with_entry=True)
        return accepted


@dataclass(frozen=True, slots=True)
class RetriedRows:
    """An upload of rows that were sent before."""

    reading: Connections
    submission: Submission
    parent: Parent
    options: SubmissionOptions
    unprocessed: bool
    lines: list[int | None] = field(default_factory=list)

    @property
    def file_name(self) -> str | None:
        """Return None: these rows never were a file of their own."""
        return None

    @property
    def by_line(self) -> bool:
        """Return whether the rows are JSON, one a line."""
        return self.parent.source.format == "ndjson"

    def early_option(self, name: str) -> Any:
        """Return what is known of rows as we keep them: in UTF-8, those of a workbook as CSV.

        The delimiter is as it was: rows whose quotes do not match up are sent again by the letter.
        """
        known = {"delimiter": self.parent.source.delimiter, "header_row": 1}
        return known.get(name) if self.parent.source.format == "csv" else None

    @property
    def mapped_columns(self) -> frozenset[str]:
        """Return none: columns are called as they were mapped already."""
        return frozenset()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the rows' bytes; raise ConflictError where they are not kept any more."""
        async for chunk in as_source_rows(self._rows(), self.parent.source):
            yield chunk

    async def _rows(self) -> FailedRows:
        parent: tuple[int, str, Source] = (self.submission.project_id, self.parent.id, self.parent.source)
        async for rows in failed_rows(self.reading, *parent, unprocessed=self.unprocessed):
            self.lines.extend(row.line for row in rows)
            yield rows

    def placed(self, batch: Batch, source: Source) -> Batch:
        """Return the batch with the lines of the first file; its rows have passed by then."""
        return with_lines(batch, self.lines[batch.first_row - 1 : batch.first_row - 1 + batch.row_count])

    def submission_options(self) -> SubmissionOptions:
        """Return the options of this retry."""
        return self.options


def target_parameters(source: Source) -> dict[str, Any]:
    """Return the parameters that came from the path of the action's endpoint, and hold for a retry."""
    return {name: value for name, value in source.parameters.items() if name not in ("by", "metadata")}
