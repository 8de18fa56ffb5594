"""Acceptance: a stream of bytes becomes an action with its batches and its first jobs, in one final transaction."""

from collections.abc import AsyncIterator
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, LiteralString

from psycopg import sql
from psycopg.types.json import Jsonb

from tallykeep.core.action_type import Plan, Submission, Upload
from tallykeep.core.batch import Source
from tallykeep.core.concurrency.side_thread import SideThread
from tallykeep.core.errors import ConflictError
from tallykeep.core.ids import new_id
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_transient
from tallykeep.engine.file_rules.cell_rules import choose_cell_rules
from tallykeep.engine.file_rules.column_mapping import choose_columns
from tallykeep.engine.intake.group_commit import MAX_GROUP_BYTES, GroupCommits
from tallykeep.engine.intake.idempotency import Accepted, Fingerprint, KeyTakenError, find_accepted, remember, replay
from tallykeep.engine.intake.memory_budget import MemoryBudget
from tallykeep.engine.intake.open_upload import Opened, Opener
from tallykeep.engine.intake.staging import Allowance, Staged, Staging
from tallykeep.engine.intake.unique_keys import UniqueKeys
from tallykeep.engine.intake.upload_reader import UploadReader
from tallykeep.engine.scheduling.fair_scheduling import (
    QUEUE_TAKEN_SLOTS,
    TAKEN_SLOTS,
    head_start,
    number_acceptance,
    queue_first_slots,
    refused_if_closed,
    slot_params,
)
from tallykeep.engine.stored_batches import StoredBatch, to_be_stored
from tallykeep.engine.webhooks.emitting import emit
from tallykeep.formats.csv.decimal_marks import DecimalMarks, with_marks
from tallykeep.tenants.audit.entries import EMPTY_END_ENTRY, SUBMITTED_ENTRY, submission_columns

_sql = queries(__package__, "accept.sql")

_ACTION: LiteralString = _sql.one + ",\n" + _sql.action + ",\n" + SUBMITTED_ENTRY + ",\n" + EMPTY_END_ENTRY
_ACCEPT: LiteralString = TAKEN_SLOTS + ",\n" + _ACTION + QUEUE_TAKEN_SLOTS
_ACCEPT_NUMBERED: LiteralString = _sql.numbered + ",\n" + _ACTION + "SELECT"

_NO_OPTIONS = SubmissionOptions()


@dataclass(frozen=True, slots=True)
class _Totals:
    rows: int = 0
    batches: int = 0


class Acceptance:
    """Accepts submissions. An id that was answered survives; a submission that broke off leaves nothing behind."""

    def __init__(self, pool: Connections, settings: Settings, aside: SideThread | None = None) -> None:
        self._pool = pool
        self._settings = settings
        self._opener = Opener(settings)
        self._aside = aside or SideThread()
        self._budget = MemoryBudget()
        self._staging = Staging(pool)
        self._commits = GroupCommits()
        self._allowance: Allowance | None = None

    def over(self, connections: Connections, allowance: Allowance | None = None) -> "Acceptance":
        """Return a copy that uses these connections, a caller's share, and takes one submission's rows from there."""
        shared = copy(self)
        shared._pool, shared._allowance = connections, allowance
        return shared

    async def accept(self, submission: Submission, upload: Upload) -> Accepted:
        """Read the upload to its end and start its action, or find the one that its idempotency key started.

        Memory stays flat: batches are staged as they fill, by short transactions. A connection is taken for as long as
        one of them takes; never while a body is waited for. Raises InvalidPayloadError when the body cannot be read as
        a whole, BodyTooLargeError, InvalidQueryError, IdempotencyKeyReusedError, UploadLostError where what was staged
        was swept up before the end came, and what the submission's guard raises.
        """
        fingerprint = Fingerprint(submission)
        body = fingerprint.over(upload.chunks())
        if known := await self._find(submission):
            return await _replayed(submission, upload, known, fingerprint, body)
        aside = self._aside.of(submission.project_id)
        try:
            async with self._opener.open(submission.action_type, upload, body, submission.who, aside) as content:
                return await self._take_in(submission, upload, fingerprint, content)
        except KeyTakenError:
            known = await self._find(submission)
            if known is None:
                raise
            return await _replayed(submission, upload, known, fingerprint, body)

    async def _find(self, submission: Submission) -> dict[str, Any] | None:
        if not submission.idempotency_key:
            return None
        async with self._pool.connection() as connection:
            return await find_accepted(connection, submission)

    async def _take_in(
        self, submission: Submission, upload: Upload, fingerprint: Fingerprint, content: Opened
    ) -> Accepted:
        action_type = submission.action_type
        marks = DecimalMarks(action_type.decimal_marks if submission.earlier is None else None, content.decimal_marks)
        keys = UniqueKeys(action_type.unique_key) if action_type.unique_key else None
        reader = UploadReader(content, upload, keys, marks, self._aside.of(submission.project_id))
        action_id = new_id("aa_")
        staged = Staged(self._staging, self._pool, (submission.project_id, action_id), self._allowance)
        is_committing = False
        try:
            with self._budget.holder() as holder:
                await reader.read(staged, holder)
            if content.splitter.is_void:
                return await self._take_nothing(submission, upload, fingerprint, content, staged)
            submission_options = upload.submission_options().carrying(submission.earlier_submission_options)
            read_batch = partial(reader.batch, staged=staged)
            decimal_marks = await marks.resolve(content.splitter.source, read_batch, reader.run)
            choose = partial(_chosen, submission, content.splitter.source, submission_options, decimal_marks)
            source = await reader.run(choose)
            params = _added(submission, action_id) | _about(
                source, submission_options, upload.file_name, fingerprint.size
            )
            await staged.hold(reader.rest)
            rest = await to_be_stored(reader.rest)
            is_committing = True
            await self._accept(submission, submission_options, params, fingerprint, staged, rest)
        except BaseException as error:
            is_unknown = not isinstance(error, Exception) or is_transient(error)
            await staged.give_up(perhaps_accepted=is_committing and is_unknown)
            raise
        staged.end()
        return Accepted(action_id)

    async def _take_nothing(
        self, submission: Submission, upload: Upload, fingerprint: Fingerprint, content: Opened, staged: Staged
    ) -> Accepted:
        """Accept a body whose rows turned out to mean nothing."""
        await staged.give_up()
        submission_options = upload.submission_options().carrying(submission.earlier_submission_options)
        source = _chosen(submission, content.splitter.source, submission_options, {})
        action_id = new_id("aa_")
        params = _added(submission, action_id) | _about(source, submission_options, upload.file_name, fingerprint.size)
        nothing = Staged(self._staging, self._pool, (submission.project_id, action_id))
        await self._accept(submission, submission_options, params, fingerprint, nothing, [])
        return Accepted(action_id)

    async def _accept(
        self, submission: Submission, submission_options: SubmissionOptions, params: dict[str, Any],
        fingerprint: Fingerprint, staged: Staged, rest: list[StoredBatch],
    ) -> None:  # fmt: skip
        guards = submission.guard or submission.quota_guard
        plain = not (submission.action_type.sequence or submission.idempotency_key or guards)
        if plain and not staged.batches and len(rest) == 1 and len(rest[0].body) <= MAX_GROUP_BYTES:
            await self._commits.accept(self._pool, submission.who, params, rest[0])
            return
        async with self._pool.connection() as connection, connection.transaction():
            await staged.accept(connection, rest)
            totals = _Totals(staged.rows, staged.batches)
            await self._complete(connection, submission, submission_options, params, totals)
            if submission.guard is not None:
                await submission.guard(connection)
            await remember(connection, submission, fingerprint.digest(submission_options), params["id"])

    async def accept_planned(
        self, connection: Connection, submission: Submission, submission_options: SubmissionOptions = _NO_OPTIONS, *,
        with_entry: bool = False,
    ) -> Accepted:  # fmt: skip
        """Start an action over resources that are here already, in the transaction open on `connection`.

        Its entry in the audit log is that of the change it belongs to, or one of its own, `with_entry`.

        Raises ConflictError when another submission under the same idempotency key is just being accepted; one that
        was accepted before is found by `replayed`, to be asked first. Raises ValueError for a type without a plan.
        """
        action_type = submission.action_type
        if action_type.plan is None:
            raise ValueError(f"{action_type.name} has no plan")
        action_id = new_id("aa_")
        totals = await self._plan(connection, submission, action_type.plan, action_id)
        params = _added(submission, action_id, with_entry=with_entry) | _about(
            Source("planned", parameters=submission.parameters), submission_options
        )
        await self._complete(connection, submission, submission_options, params, totals)
        try:
            await remember(connection, submission, Fingerprint(submission).digest(submission_options), action_id)
        except KeyTakenError:
            raise ConflictError(
                "A submission under the same Idempotency-Key was accepted just now; send it again"
            ) from None
        return Accepted(action_id)

    async def _plan(self, connection: Connection, submission: Submission, plan: Plan, action_id: str) -> _Totals:
        """Add the batches that the plan selects, and count them."""
        planned = plan(submission.parameters)
        statement = sql.SQL(_sql.plan_batches).format(planned=planned.query)
        rows = self._settings.batch_rows * submission.action_type.batch_times
        params = {"project_id": submission.project_id, "id": action_id, "rows": rows, **planned.parameters}
        counted = await (await connection.execute(statement, params)).fetchone()
        return _Totals(**counted) if counted else _Totals()

    async def replayed(
        self, connection: Connection, submission: Submission, submission_options: SubmissionOptions
    ) -> Accepted | None:
        """Return the planned action that was started under the submission's key before, if any was."""
        known = await find_accepted(connection, submission)
        return replay(submission, known, Fingerprint(submission).digest(submission_options)) if known else None

    async def _complete(
        self,
        connection: Connection,
        submission: Submission,
        submission_options: SubmissionOptions,
        params: dict[str, Any],
        totals: _Totals,
    ) -> None:
        """Make the action, and queue its first jobs; raise what the submission's `quota_guard` raises."""
        await self._make(connection, submission, submission_options, params | _counted(totals), totals)
        if submission.quota_guard is not None:
            await submission.quota_guard(connection)

    async def _make(
        self,
        connection: Connection,
        submission: Submission,
        submission_options: SubmissionOptions,
        params: dict[str, Any],
        totals: _Totals,
    ) -> None:
        project_id, is_small = submission.project_id, totals.batches == 1
        in_flight = min(1 if submission_options.is_atomic else self._settings.batches_in_flight, totals.batches)
        if submission.action_type.sequence is None and totals.batches:
            slots = slot_params(project_id, in_flight, small=is_small, accepted=1)
            with refused_if_closed():
                await connection.execute(_ACCEPT, params | slots)
            return
        with refused_if_closed():
            number = await number_acceptance(connection, project_id)
        await connection.execute(_ACCEPT_NUMBERED, {**params, "number": number})
        if not totals.batches:
            await emit(connection, [(project_id, params["id"])])  # it has ended already
        else:
            await queue_first_slots(
                connection, project_id, params["id"], in_flight,
                in_sequence=submission.action_type.sequence is not None, small=is_small,
            )  # fmt: skip


async def _replayed(
    submission: Submission, upload: Upload, known: dict[str, Any], fingerprint: Fingerprint, body: AsyncIterator[bytes]
) -> Accepted:
    """Return the known action under the submission's key, after reading and comparing the body to its end."""
    async for _ in body:
        pass
    submission_options = upload.submission_options().carrying(submission.earlier_submission_options)
    return replay(submission, known, fingerprint.digest(submission_options))


def _added(submission: Submission, action_id: str, *, with_entry: bool = True) -> dict[str, Any]:
    return {
        "project_id": submission.project_id,
        "id": action_id,
        "type": submission.action_type.name,
        "sequence": submission.action_type.sequence,
        "request_id": submission.request_id,
        "requested_by": submission.requested_by,
        "parent_id": submission.parent_id,
        **submission_columns(submission.entry, with_entry=with_entry),
    }


def _counted(totals: _Totals) -> dict[str, Any]:
    return {
        "total_count": totals.rows,
        "open_batches": totals.batches,
        "head_start": head_start(totals.batches),
    }


def _chosen(
    submission: Submission, source: Source, submission_options: SubmissionOptions, marks: dict[int, str]
) -> Source:
    """Return the source of the rows, known after the last one; raise InvalidQueryError for columns that do not fit."""
    action_type = submission.action_type
    source = choose_columns(
        source, submission_options.mapping, action_type.required_columns, submission_options.defaults
    )
    source = choose_cell_rules(source, submission_options.defaults, submission_options.values, action_type)
    source = with_marks(source, marks, submission.earlier)
    return replace(
        source,
        parameters=source.parameters | submission.parameters,
        last_day_counts=bool(submission_options.last_day_counts),
    )


def _about(
    source: Source, submission_options: SubmissionOptions, file_name: str | None = None, size: int | None = None
) -> dict[str, Any]:
    return {
        "source": Jsonb(source.to_json()),
        "submission_options": Jsonb(submission_options.to_json()),
        "file_name": file_name,
        "body_size": size,
    }
