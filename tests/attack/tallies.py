"""What became of everything that was accepted, asked of the database."""

import time
from typing import Any

import psycopg
from psycopg.rows import dict_row

_UNENDED = "SELECT count(*) AS actions FROM async_actions WHERE status IN ('ENQUEUED', 'IN_PROGRESS')"
_INEXACT = """
SELECT action.id, action.status, action.total_count, action.done_count, action.failed_count, action.unprocessed_count,
       sums.rows, sums.done, sums.failed, listed.failures
FROM async_actions AS action
CROSS JOIN LATERAL (
    SELECT coalesce(sum(row_count), 0) AS rows, coalesce(sum(done_count), 0) AS done,
           coalesce(sum(failed_count), 0) AS failed
    FROM batches WHERE project_id = action.project_id AND action_id = action.id
) AS sums
CROSS JOIN LATERAL (
    SELECT count(*) AS failures FROM failures WHERE project_id = action.project_id AND action_id = action.id
) AS listed
WHERE action.created_at >= %(since)s
  AND action.status IN ('DONE', 'FAILED')
  AND (action.done_count + action.failed_count + action.unprocessed_count <> action.total_count
       OR sums.rows <> action.total_count OR sums.done <> action.done_count OR sums.failed <> action.failed_count
       OR listed.failures <> action.failed_count)
ORDER BY action.id
"""


class Books:
    """The database's own accounts of all actions."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self.open()

    def open(self) -> None:
        """Connect, anew where the database was started anew."""
        self._connection = psycopg.connect(self._url, autocommit=True, row_factory=dict_row)

    def close(self) -> None:
        self._connection.close()

    def now(self) -> Any:
        """The database's clock."""
        return self._one("SELECT clock_timestamp() AS moment")["moment"]

    def unended(self) -> int:
        """How many actions have not ended."""
        return int(self._one(_UNENDED)["actions"])

    def all_ended(self, seconds: float) -> bool:
        """Whether all actions end within so many seconds."""
        deadline = time.monotonic() + seconds
        while self.unended():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def is_locked(self, code: str) -> bool:
        """Whether somebody is writing the vouchers of this code."""
        sql = "SELECT code FROM vouchers WHERE code = %(code)s FOR UPDATE SKIP LOCKED"
        return self._connection.execute(sql, {"code": code}).fetchone() is None

    def inexact(self, since: Any, accepted: list[str]) -> list[str]:
        """Actions ended since then that do not add up, and those that were accepted and are not there."""
        rows = self._connection.execute(_INEXACT, {"since": since}).fetchall()
        params = {"ids": accepted}
        there = self._connection.execute("SELECT id FROM async_actions WHERE id = ANY(%(ids)s)", params).fetchall()
        lost = set(accepted) - {row["id"] for row in there}
        return [*(str(row) for row in rows), *(f"{action} was accepted and is not there" for action in sorted(lost))]

    def rows(self, since: Any) -> int:
        """How many rows were accepted since then."""
        accepted = "SELECT coalesce(sum(total_count), 0) AS rows FROM async_actions WHERE created_at >= %(since)s"
        row = self._connection.execute(accepted, {"since": since}).fetchone()
        return int(row["rows"]) if row else 0

    def count(self, since: Any) -> tuple[int, int]:
        """How many actions and batches there are since then."""
        rows = self._one(
            "SELECT count(DISTINCT action.id) AS actions, count(batch.first_row) AS batches"
            " FROM async_actions AS action"
            " LEFT JOIN batches AS batch ON batch.project_id = action.project_id AND batch.action_id = action.id"
            " WHERE action.created_at >= %(since)s",
            since=since,
        )
        return int(rows["actions"]), int(rows["batches"])

    def _one(self, sql: str, **parameters: Any) -> dict[str, Any]:
        rows = self._connection.execute(sql, parameters).fetchone()
        assert rows is not None
        return rows
