"""Bulk updates of vouchers' metadata: one for each voucher, or the same for many. Vouchers are never created here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.metadata.purge import Purge
from tallykeep.resources.upserts.locked_keys import lock_existing
from tallykeep.resources.upserts.report_lines import ReportLine, report_text
from tallykeep.resources.vouchers.domain import shown_key
from tallykeep.resources.vouchers.updating.metadata_rules import MetadataRules, metadata_rules
from tallykeep.resources.vouchers.updating.uniform_update import INVALID, SameMetadata, code_of

_sql = queries(__package__, "update_operation.sql")

VOUCHER_PURGE = Purge("vouchers", key="code")


@dataclass(frozen=True, slots=True)
class _Change:
    row: int
    code: str
    metadata: dict[str, Any]


class VoucherUpdate(Operation):
    """One batch of a bulk update: a row's metadata is added to what a voucher has, key by key."""

    def __init__(self, connection: Connection, claimed: ClaimedBatch, rules: MetadataRules) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._timestamp = claimed.timestamp
        self._same_for_all: dict[str, Any] | None = claimed.source.parameters.get("metadata")
        self._problems = Memo(lambda held: rules.checker(held[0]).problems(exact_json.loads(held[1])))
        self._changes: list[_Change] = []
        self._campaigns: dict[str, str | None] = {}
        self._lines: list[ReportLine] = []

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Read what is to be changed; whether the metadata fits is seen once the vouchers are known."""
        failures: list[Failure] = []
        for row in rows:
            try:
                self._changes.append(self._change(row))
            except Problem as problem:
                raw = row.value.get("code") if isinstance(row.value, dict) else row.value
                failures.append(self._failed(row.number, shown_key(raw), str(problem), INVALID))
        return failures

    def _change(self, row: Row) -> _Change:
        if row.problem is not None:
            raise Problem(row.problem)
        raw = {"code": row.value, "metadata": self._same_for_all} if self._same_for_all is not None else row.value
        if not isinstance(raw, dict):
            raise Problem(f"the row must be an object {cleaning.actual(raw)}")
        code = code_of(raw.get("code"))
        metadata = {} if raw.get("metadata") is None else raw["metadata"]
        metadata = _object(metadata)
        return _Change(row.number, code, metadata)

    async def stage(self) -> None:
        """Do nothing: there is nothing to make ready."""

    async def write(self) -> list[Failure]:
        """Apply the changes in row order to what the vouchers have now, and store what came of it."""
        vouchers = await lock_existing(self._lock, list({change.code for change in self._changes}))
        current = {code: row["metadata"] for code, row in vouchers.items()}
        self._campaigns = {code: row["campaign_id"] for code, row in vouchers.items()}
        changed: dict[str, str] = {}
        failures = [failure for change in self._changes for failure in self._apply(change, current, changed)]
        if changed:
            stored = {"codes": list(changed), "metadata": list(changed.values())}
            params = {"project_id": self._project_id, "timestamp": self._timestamp}
            await self._connection.execute(_sql.set_metadata, {**params, **stored})
        return failures

    async def _lock(self, codes: Sequence[str]) -> dict[str, dict[str, Any]]:
        params = {"project_id": self._project_id, "codes": list(codes)}
        locked = await self._connection.execute(_sql.lock_metadata, params)
        return {row["code"]: row for row in await locked.fetchall()}

    def _apply(self, change: _Change, current: dict[str, Any], changed: dict[str, str]) -> list[Failure]:
        if change.code not in current:
            reason = f"Cannot find voucher with id {change.code}"
            return [self._failed(change.row, change.code, reason, "not_found", found=False)]
        merged = current[change.code] | change.metadata
        dumped = exact_json.dumps(merged)
        if problems := self._problems[self._campaigns[change.code], dumped]:
            return [self._failed(change.row, change.code, "; ".join(problems), INVALID, found=True)]
        current[change.code] = merged
        changed[change.code] = dumped.decode()
        self._lines.append(ReportLine(change.row, change.code, found=True, updated=True))
        return []

    def _failed(self, row: int, key: str | None, reason: str, error_key: str, *, found: bool = False) -> Failure:
        self._lines.append(ReportLine(row, key or "", found=found, updated=False, error=reason))
        return Failure(row, key, reason, error_key)

    def report(self) -> str:
        """Write one line for each row, in row order."""
        return report_text(self._lines)


def _object(metadata: Any) -> dict[str, Any]:
    try:
        return cleaning.json_object(metadata)
    except Problem as problem:
        raise Problem(f"metadata: {problem}") from None


async def update_vouchers(connection: Connection, claimed: ClaimedBatch) -> VoucherUpdate | SameMetadata:
    """Begin one batch of a bulk update."""
    rules = await metadata_rules(connection, claimed.project_id)
    same = claimed.source.parameters.get("metadata")
    if same is not None and rules.takes_anything and not rules.voucher.problems(same):
        return SameMetadata(connection, claimed)
    return VoucherUpdate(connection, claimed, rules)
