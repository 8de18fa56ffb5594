"""One attempt at a batch's rows: applied as a set, narrowed down to the rows at fault, cut off, or tried dry."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from typing import ParamSpec, TypeVar
from uuid import uuid4

import structlog

from tallykeep.core.action_type import ActionType
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.concurrency.right_of_way import give_way
from tallykeep.core.errors import BatchLostError, OutOfOrderError, RequestError
from tallykeep.core.options.submission_options import OnError
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.gates import hold
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_transient
from tallykeep.engine.applying.shortened_keys import ShortenedKeys, reported
from tallykeep.engine.file_rules.cell_rules import filled_header, read_filled

_sql = queries(__package__, "attempt.sql")
_log = structlog.get_logger()

Args = ParamSpec("Args")
Checked = TypeVar("Checked")

LONG_WAIT = "10s"  # for those who are sure to end, or to give way, before long
_MANY_ROWS, _MANY_BYTES = 200, 65_536
# One batch's rows are read and checked at a time, which takes the interpreter's lock anyway.
_beside_the_loop = ThreadPoolExecutor(1, "check")


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The outcome of rows: those that failed, what the others created, and how many at the end were not attempted.

    `shortened` are the keys that a spreadsheet has cut. `met`: of planned work, how many resources it found to change,
    where that may differ from what was planned.
    """

    failures: list[Failure] = field(default_factory=list)
    created: Mapping[str, int] = field(default_factory=dict)
    report: str = ""
    unprocessed: int = 0
    shortened: frozenset[str] = frozenset()
    met: int | None = None


class _CutOffError(Exception):
    """The last allowed row has failed; no row after this one is applied."""

    def __init__(self, last: int) -> None:
        self.last = last


async def apply_batch(connection: Connection, action_type: ActionType, claimed: ClaimedBatch) -> BatchOutcome:
    """Apply the rows within the transaction open on `connection`; a dry run leaves nothing of it but the outcome."""
    claimed = await _behind_gates(connection, action_type, claimed)
    if not claimed.submission_options.dry_run:
        return await _apply(connection, action_type, claimed)
    async with connection.transaction(force_rollback=True):
        outcome = await _apply(connection, action_type, claimed)
    keys = [*outcome.created, *outcome.shortened]
    await connection.execute(_sql.add_dry_run_keys, {**claimed.action_key, "keys": keys})
    return outcome


async def _behind_gates(connection: Connection, action_type: ActionType, claimed: ClaimedBatch) -> ClaimedBatch:
    """Hold the gates of the rows' dependencies until the transaction ends; waits for requests that change these.

    Returns the batch with the present, which its rows are stamped with: a claim may be long ago by then.
    """
    gates = action_type.gates(claimed.source.parameters)
    return replace(claimed, timestamp=await hold(connection, claimed.project_id, *gates))


async def _apply(connection: Connection, action_type: ActionType, claimed: ClaimedBatch) -> BatchOutcome:
    claimed, rows = await _checked(claimed, claimed.batch.row_count, filled_rows, claimed, action_type)
    if claimed.submission_options.on_error != OnError.STOP or claimed.source.format == "planned":
        return await _outcome_of(connection, action_type, claimed, rows)
    return await _apply_until_failures(connection, action_type, claimed, rows)


def filled_rows(claimed: ClaimedBatch, action_type: ActionType) -> tuple[ClaimedBatch, Sequence[Row]]:
    """Read the rows as they are to be applied, and return them with the batch, whose source has their titles."""
    rows = read_filled(claimed.batch, claimed.source, action_type)
    if claimed.source.defaults:
        claimed = replace(claimed, source=replace(claimed.source, header=filled_header(claimed.source)))
    return claimed, rows


async def _apply_until_failures(
    connection: Connection, action_type: ActionType, claimed: ClaimedBatch, rows: Sequence[Row]
) -> BatchOutcome:
    """Apply no row behind the last failure that is allowed.

    Raises BatchLostError where the action has ended already.
    """
    await _wait_for_earlier_batches(connection, claimed)
    tally = await (await connection.execute(_sql.get_failed_count, claimed.action_key)).fetchone()
    if tally is None:
        raise BatchLostError(f"the action {claimed.action_id} has ended already")
    allowed = max(claimed.submission_options.max_failures - tally["failed_count"], 1)
    wanted = rows
    while True:
        try:
            async with connection.transaction():
                outcome = await _outcome_of(connection, action_type, claimed, wanted)
                failed = sorted(failure.row for failure in outcome.failures)
                if len(failed) < allowed or failed[allowed - 1] == wanted[-1].number:
                    unprocessed = len(rows) - len(wanted)
                    return replace(outcome, unprocessed=unprocessed)
                raise _CutOffError(failed[allowed - 1])
        except _CutOffError as cut_off:
            wanted = rows[: bisect_right(rows, cut_off.last, key=attrgetter("number"))]


async def _outcome_of(
    connection: Connection, action_type: ActionType, claimed: ClaimedBatch, rows: Sequence[Row]
) -> BatchOutcome:
    outcome = await _apply_or_narrow(connection, action_type, claimed, rows)
    return (
        await _seen_with_earlier_batches(connection, action_type, claimed, outcome)
        if claimed.submission_options.dry_run
        else outcome
    )


async def _apply_or_narrow(
    connection: Connection, action_type: ActionType, claimed: ClaimedBatch, rows: Sequence[Row]
) -> BatchOutcome:
    """Apply the rows; on a defect, halve them until the faulty rows are alone and fail, and the others are written."""
    try:
        async with connection.transaction():
            return await _apply_rows(connection, action_type, claimed, rows)
    except Exception as error:
        if is_transient(error):
            raise
        if isinstance(error, RequestError):
            # Not a defect: something all of these rows need is missing, such as a campaign deleted meanwhile.
            return all_failed(claimed, rows, error.details, error.key)
        log_id = uuid4().hex[:12]
        _log.exception("rows failed", log_id=log_id, action_id=claimed.action_id, row=rows[0].number, of=len(rows))
        if len(rows) == 1:
            return all_failed(claimed, rows, f"Internal error (log id {log_id})", "internal_error")
    middle = len(rows) // 2
    first = await _apply_or_narrow(connection, action_type, claimed, rows[:middle])
    second = await _apply_or_narrow(connection, action_type, claimed, rows[middle:])
    created = {**first.created, **second.created}
    return BatchOutcome(
        first.failures + second.failures,
        created,
        first.report + second.report,
        shortened=first.shortened | second.shortened,
    )


async def _checked(
    claimed: ClaimedBatch, rows: int, check: Callable[Args, Checked], *args: Args.args, **kwargs: Args.kwargs
) -> Checked:
    """Work on many rows, or large ones, is done beside the event loop: other batches have to be written meanwhile."""
    if rows < _MANY_ROWS and len(claimed.batch.body) < _MANY_BYTES:
        return check(*args, **kwargs)
    await give_way()
    return await asyncio.get_running_loop().run_in_executor(_beside_the_loop, partial(check, *args, **kwargs))


async def _apply_rows(
    connection: Connection, action_type: ActionType, claimed: ClaimedBatch, rows: Sequence[Row]
) -> BatchOutcome:
    shortened, refused = ShortenedKeys(action_type, claimed), list[Failure]()
    if shortened.may_occur(rows) and await _checked(claimed, len(rows), shortened.find, rows):
        if not claimed.submission_options.is_atomic:
            await _wait_for_earlier_batches(connection, claimed)
        rows, refused = await shortened.part(connection, rows)
    operation = await action_type.begin(connection, claimed)
    failures = refused + await _checked(claimed, len(rows), operation.check, rows)
    await operation.stage()
    if not claimed.submission_options.is_atomic:
        await _wait_for_earlier_batches(connection, claimed)
    failures += await operation.write()
    report = reported(refused, action_type) + operation.report() if action_type.report_header else ""
    keys = frozenset(shortened.keys)
    return BatchOutcome(failures, operation.created(), report, shortened=keys, met=operation.met())


async def apply_and_roll_back(
    connection: Connection, action_type: ActionType, claimed: ClaimedBatch, rows: Sequence[Row]
) -> BatchOutcome:
    """Apply these rows, which belong to no action yet, and roll back; return the outcome."""
    async with connection.transaction(force_rollback=True):
        claimed = await _behind_gates(connection, action_type, claimed)
        return await _apply_or_narrow(connection, action_type, claimed, rows)


def all_failed(claimed: ClaimedBatch, rows: Sequence[Row], reason: str, error_key: str) -> BatchOutcome:
    """Fail all of these rows; a planned batch is read as one row, and counts for as many as were planned."""
    numbers = [row.number for row in rows]
    if claimed.source.format == "planned":
        numbers = list(range(claimed.batch.first_row, claimed.batch.first_row + claimed.batch.row_count))
    return BatchOutcome([Failure(number, None, reason, error_key) for number in numbers])


async def _wait_for_earlier_batches(connection: Connection, claimed: ClaimedBatch) -> None:
    """Return once every earlier batch is closed, so that rows with the same key keep their order."""
    if claimed.batch.first_row == 1:
        return
    await connection.execute(_sql.wait_for_earlier_batches, {**claimed.batch_key, "timeout": LONG_WAIT})
    await require_earlier_closed(connection, claimed)


async def require_earlier_closed(connection: Connection, claimed: ClaimedBatch) -> None:
    """Raise OutOfOrderError where an earlier batch of the action is open."""
    params = {**claimed.batch_key, "lock_timeout": claimed.lock_timeout}
    earlier = await (await connection.execute(_sql.earlier_open_batch, params)).fetchone()
    if earlier and earlier["is_there"]:
        raise OutOfOrderError(f"an earlier batch than row {claimed.batch.first_row} is open")


async def _seen_with_earlier_batches(
    connection: Connection, action_type: ActionType, claimed: ClaimedBatch, outcome: BatchOutcome
) -> BatchOutcome:
    """Return a dry run's outcome as if the earlier batches had been written: what they would have created exists."""
    params = {**claimed.action_key, "keys": list(outcome.created)}
    rows = await (await connection.execute(_sql.keys_of_earlier_batches, params)).fetchall()
    known = {row["key"] for row in rows}
    created = {key: row for key, row in outcome.created.items() if key not in known}
    failures = outcome.failures
    if action_type.refuses_existing is not None:
        failures = failures + [
            Failure(outcome.created[key], key, action_type.refuses_existing.format(key=key)) for key in sorted(known)
        ]
    return replace(outcome, failures=failures, created=created)
