"""Accounting: every row of a batch ends as done, failed or unprocessed, in the transaction that wrote it."""

import re
from collections.abc import Iterable
from operator import attrgetter
from typing import LiteralString

from psycopg.errors import UniqueViolation

from tallykeep.core.action import AfterBatch, EndedBy
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import BatchLostError
from tallykeep.core.options.submission_options import OnError
from tallykeep.core.rows import Failure
from tallykeep.db.connections.pool import Connection
from tallykeep.db.copy_format import NULL, copy_text
from tallykeep.db.queries import queries
from tallykeep.engine.applying.attempt import BatchOutcome
from tallykeep.engine.applying.reason_counts import ReasonGroups
from tallykeep.engine.webhooks.emitting import emit
from tallykeep.tenants.audit.entries import END_ENTRY

_sql = queries(__package__, "accounting.sql")

# The audit log's entry of an action's end is a part of the statement that ends it.
_CLOSE_BATCH: LiteralString = _sql.close_batch + ",\n" + END_ENTRY + _sql.closed_batch
_TALLY_ATOMIC: LiteralString = _sql.tally_atomic_if_unfinished + ",\n" + END_ENTRY + _sql.ended
_END: LiteralString = _sql.end_if_unfinished.format(which=_sql.one_action) + ",\n" + END_ENTRY + _sql.ended
_END_ALL: LiteralString = _sql.end_if_unfinished.format(which=_sql.all_of_project) + ",\n" + END_ENTRY + _sql.all_ended

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MAX_REASON_LENGTH = 10_000
_LINES_AT_ONCE = 1_000


async def close_batch(connection: Connection, claimed: ClaimedBatch, outcome: BatchOutcome) -> AfterBatch:
    """Record the failures, close the batch and add to the action's tally.

    Raises BatchLostError, and so rolls everything back, when the batch or its action was ended by someone else.
    """
    failed = len(outcome.failures)
    groups = await record(connection, claimed, outcome.failures)
    await add_report(connection, claimed, outcome.report)
    planned = claimed.batch.row_count
    rows = planned if outcome.met is None else outcome.met
    counts = {
        "planned_count": planned,
        "row_count": rows,
        "done_count": rows - failed - outcome.unprocessed,
        "failed_count": failed,
        "unprocessed_count": outcome.unprocessed,
        "created_count": len(outcome.created),
    }
    closing = {**claimed.batch_key, **counts}
    tally = await (await connection.execute(_CLOSE_BATCH, closing)).fetchone()
    if tally is None:
        raise BatchLostError(f"the batch at row {claimed.batch.first_row} is closed already")
    if tally["status"] is None:
        raise BatchLostError(f"the action {claimed.action_id} has ended already")
    await groups.keep(connection, claimed, tally["failed_count"] - failed)
    if tally["is_heard"]:
        await emit(connection, [(claimed.project_id, claimed.action_id)], tally["timestamp"])
    if _has_to_stop(claimed, tally["failed_count"]) and tally["status"] != "DONE":
        reason = f"Stopped after {tally['failed_count']} failed row(s), as on_error=stop asks"
        await end_unfinished(connection, claimed.project_id, claimed.action_id, EndedBy.STOPPED, reason)
        return await _ended(connection, claimed, tally["sequence"])
    if tally["status"] == "DONE":
        return await _ended(connection, claimed, tally["sequence"])
    return AfterBatch(False, None)


def _has_to_stop(claimed: ClaimedBatch, failed: int) -> bool:
    return claimed.submission_options.on_error == OnError.STOP and failed >= claimed.submission_options.max_failures


async def close_all(connection: Connection, claimed: ClaimedBatch, created: int, beyond_plan: int) -> AfterBatch:
    """Close all batches at once: every row of the action is done, of planned work perhaps `beyond_plan`.

    Raises BatchLostError where the action has ended already.
    """
    await connection.execute(_sql.close_all_batches, claimed.action_key)
    await connection.execute(_sql.delete_attempts, claimed.batch_key)
    counted = {**claimed.action_key, "created_count": created, "beyond_plan": beyond_plan}
    tally = await (await connection.execute(_TALLY_ATOMIC, counted)).fetchone()
    if tally is None:
        raise BatchLostError(f"the action {claimed.action_id} has ended already")
    if tally["is_heard"]:
        await emit(connection, [(claimed.project_id, claimed.action_id)])
    return AfterBatch(True, tally["sequence"])


async def close_met(connection: Connection, claimed: ClaimedBatch, met: int | None) -> int:
    """Close a batch of planned work with what it met; returns by how much that is beyond what was planned."""
    if met is None:
        return 0
    await connection.execute(_sql.close_met, {**claimed.batch_key, "met_count": met})
    return met - claimed.batch.row_count


async def reject(connection: Connection, claimed: ClaimedBatch, failed: int, reason: str = "") -> AfterBatch:
    """End the action for its failed rows, or for another reason; nothing of it was written.

    Raises BatchLostError where the action has ended already.
    """
    reason = reason or f"{failed} row(s) are not valid; nothing was written, as on_error=reject asks"
    counted = {**claimed.action_key, "failed_count": failed}
    await connection.execute(_sql.count_failures_if_unfinished, counted)
    ended = await end_unfinished(connection, claimed.project_id, claimed.action_id, EndedBy.REJECTED, reason)
    if ended is None:
        raise BatchLostError(f"the action {claimed.action_id} has ended already")
    return ended


async def end_unfinished(
    connection: Connection, project_id: int, action_id: str, ended_by: EndedBy, reason: str
) -> AfterBatch | None:
    """End the action before its last row: what has no outcome yet is unprocessed. None where it had ended already.

    A transaction is open on `connection`, so that whoever is to hear of the end does so exactly if it comes to that.
    """
    ending = {"project_id": project_id, "action_id": action_id, "ended_by": ended_by, "reason": reason}
    ended = await (await connection.execute(_END, ending)).fetchone()
    if ended is None:
        return None
    if ended["is_heard"]:
        await emit(connection, [(project_id, action_id)])
    return AfterBatch(True, ended["sequence"])


async def end_all_unfinished(connection: Connection, project_id: int, ended_by: EndedBy, reason: str) -> int:
    """End all actions of a project that have not ended, in the same way; returns how many.

    Whoever has a batch of theirs in hand cannot close it any more, and writes nothing. Webhooks hear nothing of it, nor
    does a sequence go on: the project is being deleted.
    """
    ending = {"project_id": project_id, "ended_by": ended_by, "reason": reason}
    row = await (await connection.execute(_END_ALL, ending)).fetchone()
    return int(row["ended"]) if row else 0


async def _ended(connection: Connection, claimed: ClaimedBatch, sequence: str | None) -> AfterBatch:
    if claimed.submission_options.dry_run:
        await connection.execute(_sql.forget_dry_run_keys, claimed.action_key)
    return AfterBatch(True, sequence)


async def add_report(connection: Connection, claimed: ClaimedBatch, report: str) -> None:
    """Keep what the batch adds to the report file."""
    if report:
        part = {**claimed.batch_key, "body": _storable(report)}
        await connection.execute(_sql.add_report_part, part)


async def record(connection: Connection, claimed: ClaimedBatch, failures: list[Failure]) -> ReasonGroups:
    """Keep the failures, each under its row's number; returns them by reason, to be counted with the tally.

    Raises BatchLostError where somebody else has kept them: a rejected action ends with its batches open.
    """
    (groups,) = await record_all(connection, [(claimed, failures)])
    return groups


async def record_all(
    connection: Connection, failed: Iterable[tuple[ClaimedBatch, list[Failure]]]
) -> list[ReasonGroups]:
    """Keep the failures of several batches; raises BatchLostError as for one."""
    groups: list[ReasonGroups] = []
    lines: list[str] = []
    for claimed, failures in failed:
        groups.append(ReasonGroups(claimed.action_id))
        lines += _lines(claimed, failures, groups[-1])
    if not lines:
        return groups
    try:
        async with connection.cursor().copy(_sql.copy_failures) as copy:
            for start in range(0, len(lines), _LINES_AT_ONCE):
                await copy.write("".join(lines[start : start + _LINES_AT_ONCE]))
    except UniqueViolation as error:
        action_id = lines[0].split("\t")[1]
        raise BatchLostError(f"the failures of the action {action_id} are recorded already") from error
    return groups


def _lines(claimed: ClaimedBatch, failures: list[Failure], groups: ReasonGroups) -> list[str]:
    """Write the failures as COPY takes them, in row order, and add them to their groups."""
    head = f"{claimed.project_id}\t{claimed.action_id}"
    line_of = claimed.batch.line_of
    lines: list[str] = []
    for failure in sorted(failures, key=attrgetter("row")):
        key = NULL if failure.key is None else copy_text(_storable(failure.key))
        reason = _storable(failure.reason)[:_MAX_REASON_LENGTH]
        line = line_of(failure.row)
        group = groups.add(failure.row, line, reason)
        rest = f"{copy_text(reason)}\t{failure.error_key or NULL}\t{NULL if line is None else line}\t{group}\n"
        lines.append(f"{head}\t{failure.row}\t{key}\t{rest}")
    return lines


def _storable(text: str) -> str:
    """Return the text as PostgreSQL can hold it: recording a failure must never fail."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
