"""Accounting: every row of a portion ends as done or failed, in the transaction that wrote it."""

import re

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.errors import PortionLostError
from tallykeep.model import ClaimedPortion, Failure, now

_sql = queries(__package__, "store.sql")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_REASON = 10_000


async def close_portion(
    connection: Connection, claimed: ClaimedPortion, failures: list[Failure], report: str = ""
) -> bool:
    """Record the failures, close the portion and add to the action's tally; tells whether portions remain.

    Raises PortionLostError, and so rolls everything back, when the portion or its action was ended by someone else.
    """
    place = {"project_id": claimed.project_id, "action_id": claimed.action_id, "now": now()}
    failed = len(failures)
    await _record(connection, claimed, failures)
    if report:
        part = {**place, "first_row": claimed.portion.first_row, "body": _storable(report)}
        await connection.execute(_sql.add_report_part, part)
    closing = {**place, "first_row": claimed.portion.first_row, "failed_count": failed}
    closed = await connection.execute(_sql.close_portion_if_open, closing)
    if closed.rowcount != 1:
        raise PortionLostError(f"the portion at row {claimed.portion.first_row} is closed already")
    counts = {**place, "done_count": claimed.portion.row_count - failed, "failed_count": failed}
    tally = await (await connection.execute(_sql.tally_if_unfinished, counts)).fetchone()
    if tally is None:
        raise PortionLostError(f"the action {claimed.action_id} has ended already")
    return bool(tally["open_portions"])


async def _record(connection: Connection, claimed: ClaimedPortion, failures: list[Failure]) -> None:
    if not failures:
        return
    async with connection.cursor().copy(_sql.copy_failures) as copy:
        for failure in sorted(failures, key=lambda failure: failure.row):
            key = None if failure.key is None else _storable(failure.key)
            reason = _storable(failure.reason)[:_LONGEST_REASON]
            await copy.write_row((claimed.project_id, claimed.action_id, failure.row, key, reason, failure.error_key))


def _storable(text: str) -> str:
    """The text as PostgreSQL can hold it: recording a failure must never fail."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
