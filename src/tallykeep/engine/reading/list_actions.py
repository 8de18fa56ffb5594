"""Listing: which actions a page shows, newest first, by whatever filters, always along an index."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString

from tallykeep.core.action import Status
from tallykeep.core.errors import InvalidQueryError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "list_actions.sql")


Failures = Literal["none", "some", "all"]  # which of the rows that have an outcome failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The filters of a list of actions. None leaves a filter out; an empty collection matches nothing."""

    limit: int = 10
    types: frozenset[str] | None = None
    statuses: frozenset[Status] | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    parent_id: str | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None
    finished_from: datetime | None = None
    finished_before: datetime | None = None
    file_name: str | None = None  # a part of it, in any case
    failures: Failures | None = None
    after_id: str | None = None

    @property
    def needs_scan(self) -> bool:
        """Return whether a filter is set that no index covers."""
        timestamps = (self.started_from, self.started_before, self.finished_from, self.finished_before)
        return any(filter_value is not None for filter_value in (*timestamps, self.file_name, self.failures))


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, and where the next one starts: behind this id, None where there is no next one."""

    rows: list[dict[str, Any]]
    more_after: str | None


async def find_page(connection: Connection, project_id: int, wanted: Wanted) -> Page:
    """Find the newest actions of these, behind `after_id`.

    Raise InvalidQueryError where that is none of the project's.
    """
    bounds = await _bounds(connection, project_id, wanted)
    newest = await (await connection.execute(_stretch(wanted), bounds)).fetchall()
    ids = [row["id"] for row in newest[: wanted.limit]]
    params = {"project_id": project_id, "ids": ids}
    rows = await (await connection.execute(_sql.get_by_ids, params)).fetchall()
    return Page(rows, ids[-1] if len(newest) > wanted.limit else None)


def _stretch(wanted: Wanted) -> LiteralString:
    """Return the query whose index fits."""
    query: LiteralString = _sql.page_by_time
    if wanted.needs_scan:
        query = _scan(_sql.anything)
    elif wanted.parent_id is not None:
        query = _sql.page_of_parent
    elif wanted.types is not None:
        query = _sql.page_by_type
    elif wanted.statuses is not None:
        query = _sql.page_by_status
    return query


def _scan(further: LiteralString) -> LiteralString:
    query: LiteralString = _sql.page_by_scan
    return query.replace("{further}", further)


async def find_cancelable(
    connection: Connection, project_id: int, wanted: Wanted, never: Iterable[str]
) -> tuple[list[str], bool]:
    """Find the newest of these actions that run, but for those of the types `never`.

    Return whether there are more, too.
    """
    return await _find_among(connection, _sql.is_cancelable, project_id, wanted, {"never": list(never)})


async def find_retryable(connection: Connection, project_id: int, wanted: Wanted) -> tuple[list[str], bool]:
    """Find the newest of these actions with failed rows that nobody has retried yet.

    Return whether there are more, too.
    """
    return await _find_among(connection, _sql.is_retryable, project_id, wanted, {})


async def _find_among(
    connection: Connection, further: LiteralString, project_id: int, wanted: Wanted, params: dict[str, Any]
) -> tuple[list[str], bool]:
    bounds = await _bounds(connection, project_id, wanted)
    rows = await (await connection.execute(_scan(further), bounds | params)).fetchall()
    return [row["id"] for row in rows[: wanted.limit]], len(rows) > wanted.limit


async def _bounds(connection: Connection, project_id: int, wanted: Wanted) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "types": sorted(wanted.types or ()),
        "statuses": sorted(Status if wanted.statuses is None else wanted.statuses),
        "parent_id": wanted.parent_id,
        "created_from": wanted.created_from or "-infinity",
        "created_before": wanted.created_before or "infinity",
        "started_from": wanted.started_from,
        "started_before": wanted.started_before,
        "finished_from": wanted.finished_from,
        "finished_before": wanted.finished_before,
        "file_name": wanted.file_name,
        "failures": wanted.failures,
        "after_created_at": await _cursor(connection, project_id, wanted.after_id),
        "after_id": wanted.after_id or "",
        "limit": wanted.limit + 1,
    }


async def _cursor(connection: Connection, project_id: int, after_id: str | None) -> datetime | str:
    if after_id is None:
        return "infinity"
    params = {"project_id": project_id, "after_id": after_id}
    action = await (await connection.execute(_sql.get_creation_time, params)).fetchone()
    if action is None:
        raise InvalidQueryError(
            f"Property .starting_after_id: there is no async action {after_id!r} in this project;"
            " send the more_starting_after of the page before"
        )
    timestamp: datetime = action["created_at"]
    return timestamp
