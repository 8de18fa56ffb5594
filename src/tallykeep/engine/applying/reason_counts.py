"""Counts by reason, kept as failures come in: how many rows of an action failed for it, and which were the first."""

from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from tallykeep.core.batch import ClaimedBatch
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.reason_groups import bare_reason, group_digest, group_number

_sql = queries(__package__, "reason_counts.sql")

MAX_GROUPS = 1_000  # of an action; beyond, its failures are counted when somebody asks
FIRST_ROWS = 5


@dataclass(slots=True)
class _Group:
    digest: bytes
    number: int
    sole_reason: str | None  # while all of its rows have the same
    count: int = 0
    rows: list[int] = field(default_factory=list)
    lines: list[int | None] = field(default_factory=list)


class ReasonGroups:
    """The failures of one batch by group, added in the order of their rows."""

    def __init__(self, action_id: str) -> None:
        self._action_id = action_id
        self._groups: dict[str, _Group] = {}

    def add(self, row: int, line: int | None, reason: str) -> int:
        """Count a row, and return its group's number."""
        group = self._of(reason)
        group.count += 1
        if group.sole_reason != reason:
            group.sole_reason = None
        if len(group.rows) < FIRST_ROWS:
            group.rows.append(row)
            group.lines.append(line)
        return group.number

    def _of(self, reason: str) -> _Group:
        bare = bare_reason(reason)
        group = self._groups.get(bare)
        if group is None:
            digest = group_digest(self._action_id, bare)
            group = self._groups[bare] = _Group(digest, group_number(digest), reason)
        return group

    async def keep(self, connection: Connection, claimed: ClaimedBatch, failed_before: int) -> None:
        """Add them to the action's counts, of which `failed_before` failures are expected to be part.

        The caller holds the action's row, or is the only one to record failures of the action. Where more groups come
        together than are kept, or failures are missing from the counts already, these are left as they are: their sum
        shows that they are not complete.
        """
        if not self._groups or len(self._groups) > MAX_GROUPS:
            return
        groups = Jsonb([_as_json(bare, group) for bare, group in self._groups.items()])
        counted = {"groups": groups, "failed_before": failed_before, "max_groups": MAX_GROUPS}
        await connection.execute(_sql.count_reasons, {**claimed.action_key, **counted})


def _as_json(bare: str, group: _Group) -> dict[str, Any]:
    return {
        "digest": group.digest.hex(),
        "reason": bare,
        "sole_reason": group.sole_reason,
        "count": group.count,
        "first_rows": group.rows,
        "first_lines": group.lines,
    }
