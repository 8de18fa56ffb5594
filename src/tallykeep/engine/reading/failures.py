"""Reading: the failed rows of actions, page by page, and how many there are for which reason."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from tallykeep.core.errors import NotFoundError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.reason_groups import bare_reason, group_digest, group_number

_sql = queries(__package__, "failures.sql")

_GROUPS_KEPT = 101  # of what had to be counted: one more than a page has at most

_Rows = list[dict[str, Any]]


async def page_of_failures(
    connection: Connection, project_id: int, action_id: str, *, limit: int, after_row: int, reason: str | None
) -> dict[str, Any]:
    """Return failed rows in row order behind `after_row`, all or those with this reason (see page_of_reasons).

    Raises NotFoundError.
    """
    wanted = _Wanted(project_id, action_id, reason)
    query = _sql.first_failures
    if reason is not None:
        query = _sql.first_failures_with_reason.replace("{rows_with_reason}", await _rows_of(connection, wanted))
    params = {**wanted.params, "after_row": after_row, "limit": limit + 1}
    rows = await _fetched(connection, query, params)
    # Asked afterwards: failures that were kept until now were all there just before.
    kept = await (await connection.execute(_sql.are_failures_kept, wanted.key)).fetchone()
    if kept is None:
        raise NotFoundError.of("async_action", action_id)
    return _page("failures", rows, limit, kept=kept["failures_kept"])


async def page_of_reasons(
    connection: Connection, project_id: int, action_id: str, *, limit: int, reason: str | None
) -> dict[str, Any]:
    """Return failed rows grouped by reason, most frequent first, with the first rows of each; raise NotFoundError.

    Reasons that differ by nothing but the value that was sent are one, without the value. `limit` is at most 100. What
    was counted when the rows failed is only read. Else they are counted now, which takes time in proportion to them;
    once the action has ended, the counts are kept for the next time.
    """
    wanted = _Wanted(project_id, action_id, reason)
    counts = await _kept_counts(connection, wanted, limit + 1)
    if not counts["failures_kept"] or _are_answer(counts, wanted):
        return _page("reasons", counts["reasons"], limit, kept=counts["failures_kept"])
    groups = await _counted(connection, wanted, max(limit + 1, _GROUPS_KEPT))
    if reason is None and counts["has_ended"]:
        with suppress(psycopg.Error):  # where nothing can be written just now, the next one counts again
            await _keep(connection, wanted, groups[:_GROUPS_KEPT])
    kept = (await _kept_counts(connection, wanted, 0))["failures_kept"]
    return _page("reasons", [_shown(group) for group in groups], limit, kept=kept)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An action's failures: all of them, or those with a reason."""

    project_id: int
    action_id: str
    reason: str | None

    @property
    def key(self) -> dict[str, Any]:
        return {"project_id": self.project_id, "action_id": self.action_id}

    @property
    def digest(self) -> bytes | None:
        return None if self.reason is None else group_digest(self.action_id, self.reason)

    @property
    def params(self) -> dict[str, Any]:
        return {
            **self.key,
            "reason": self.reason,
            "reason_group": group_number(self.digest) if self.digest else None,
        }

    @property
    def wants_complete_groups(self) -> bool:
        """Return whether what is wanted are groups as they are counted: a reason with a value is part of one."""
        return self.reason is None or bare_reason(self.reason) == self.reason


async def _kept_counts(connection: Connection, wanted: _Wanted, limit: int) -> dict[str, Any]:
    params = {**wanted.key, "digest": wanted.digest, "limit": limit}
    counts = await (await connection.execute(_sql.kept_counts, params)).fetchone()
    if counts is None:
        raise NotFoundError.of("async_action", wanted.action_id)
    return counts


def _are_answer(counts: dict[str, Any], wanted: _Wanted) -> bool:
    """Return whether the counts that are kept answer what is wanted; of the other groups they show none."""
    is_shown = not counts["are_first_only"] or wanted.reason is None or counts["reasons"]
    return bool(counts["are_complete"] and wanted.wants_complete_groups and is_shown)


async def _counted(connection: Connection, wanted: _Wanted, limit: int) -> _Rows:
    rows = _sql.rows_read_for_reason if wanted.reason is None else await _rows_of(connection, wanted)
    query: LiteralString = _filled(_sql.failures_by_reason.replace("{rows}", rows))
    # The limit is of groups; what a limited part of the rows would say is no count.
    return await _fetched(connection, query, {**wanted.params, "after_row": 0, "limit": None, "groups": limit})


async def _keep(connection: Connection, wanted: _Wanted, groups: _Rows) -> None:
    """Keep the most frequent groups that were counted, and what the others have together."""
    described = [{**group, "digest": group_digest(wanted.action_id, group["reason"]).hex()} for group in groups]
    async with connection.transaction():
        ended = await (await connection.execute(_sql.lock_ended_action, wanted.key)).fetchone()
        if ended is not None:
            await connection.execute(_sql.forget_counts, wanted.key)
            kept = {**wanted.key, "failed_count": ended["failed_count"], "groups": Jsonb(described)}
            await connection.execute(_sql.keep_counts, kept)


async def _rows_of(connection: Connection, wanted: _Wanted) -> LiteralString:
    """Return the query of the rows with a reason: by index, or one after the other where they are not in it."""
    first = await (await connection.execute(_sql.has_groups, wanted.key)).fetchone()
    by_index = first is not None and first["has_groups"]
    return _filled(_sql.rows_with_reason if by_index else _sql.rows_read_for_reason)


def _filled(query: LiteralString) -> LiteralString:
    return query.replace("{bare_reason}", _sql.bare_reason.strip())


async def _fetched(connection: Connection, query: LiteralString, params: dict[str, Any]) -> _Rows:
    return await (await connection.execute(query, params)).fetchall()


def _shown(group: dict[str, Any]) -> dict[str, Any]:
    sole = group["sole_reason"]
    reason = group["reason"] if sole is None else sole
    return {"reason": reason, **{name: group[name] for name in ("count", "first_rows", "first_lines")}}


def _page(name: str, rows: _Rows, limit: int, *, kept: bool) -> dict[str, Any]:
    rows = rows if kept else []
    return {
        "object": "list",
        "data_ref": name,
        name: rows[:limit],
        "has_more": len(rows) > limit,
        "failures_kept": kept,
    }
