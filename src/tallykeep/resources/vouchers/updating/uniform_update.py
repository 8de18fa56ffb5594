"""The same metadata for many vouchers, which no schema restricts."""

from collections.abc import Sequence
from typing import Any

from psycopg.errors import DeadlockDetected
from psycopg.rows import scalar_row
from psycopg.types.json import Jsonb

from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.memo import RecentKeys
from tallykeep.resources.upserts.locked_keys import lock_existing
from tallykeep.resources.upserts.report_lines import ReportLine, report_text
from tallykeep.resources.vouchers.domain import shown_key

_sql = queries(__package__, "update_operation.sql")

INVALID = "invalid_voucher"

# Actions in which two batches named the same code. Local to this process; nothing that is written depends on it.
_meets_itself = RecentKeys(1_000)


class SameMetadata(Operation):
    """One batch of codes; PostgreSQL adds the metadata without anything being read before."""

    def __init__(self, connection: Connection, claimed: ClaimedBatch) -> None:
        self._connection = connection
        self._params = {"project_id": claimed.project_id, "metadata": Jsonb(claimed.source.parameters["metadata"])}
        self._action_id = claimed.action_id
        self._timestamp = claimed.timestamp
        self._codes: dict[int, str] = {}
        self._failures: list[Failure] = []
        self._existing: dict[str, None] | None = None

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Take the codes. Raises Problem for a row that is no code."""
        for row in rows:
            try:
                if row.problem is not None:
                    raise Problem(row.problem)
                self._codes[row.number] = code_of(row.value)
            except Problem as problem:
                self._failures.append(Failure(row.number, shown_key(row.value), str(problem), INVALID))
        return list(self._failures)

    async def stage(self) -> None:
        """Update beside earlier batches: where one of them names the same codes, the order makes no difference.

        Two that meet in a circle are broken up by PostgreSQL; then the action goes on in order.
        """
        if self._action_id in _meets_itself:
            return
        try:
            self._existing = await self._update()
        except DeadlockDetected:
            _meets_itself.add(self._action_id)
            raise

    async def _update(self) -> dict[str, None]:
        return await lock_existing(self._add_to, sorted(set(self._codes.values())))

    async def _add_to(self, codes: Sequence[str]) -> dict[str, None]:
        async with self._connection.cursor(row_factory=scalar_row) as cursor:
            params = {**self._params, "codes": list(codes), "timestamp": self._timestamp}
            await cursor.execute(_sql.add_metadata, params)
            return dict.fromkeys(await cursor.fetchall())

    async def write(self) -> list[Failure]:
        """Update where that has not been done, and tell which codes are not there."""
        if self._existing is None:
            self._existing = await self._update()
        missing = [
            Failure(row, code, f"Cannot find voucher with id {code}", "not_found")
            for row, code in self._codes.items()
            if code not in self._existing
        ]
        for failure in missing:
            del self._codes[failure.row]
        self._failures += missing
        return missing

    def report(self) -> str:
        """Write one line for each row, in row order."""
        flawed = [
            ReportLine(failure.row, failure.key or "", found=False, updated=False, error=failure.reason)
            for failure in self._failures
        ]
        return report_text(flawed, updated=self._codes)


def code_of(raw: Any) -> str:
    """Return a code; raises Problem with the reason, the field's name in front."""
    if not raw or cleaning.is_blank(raw):
        raise Problem("code is required")
    try:
        return str(cleaning.key_text(raw))
    except Problem as problem:
        raise Problem(f"code: {problem}") from None
