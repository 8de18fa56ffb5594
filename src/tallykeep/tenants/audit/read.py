"""Reading the audit log: pages of it, newest first, by whatever filters, and one entry by its id."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from tallykeep.core.audit.events import Event, Outcome
from tallykeep.core.errors import InvalidQueryError, NotFoundError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.tenants.audit.chain import shown_entry
from tallykeep.tenants.callers import Caller

_sql = queries(__package__, "read.sql")

_FREQUENT = (Event.ACTION_SUBMIT, Event.ACTION_END)
_LAST = 1 << 62

# Beside what the hash covers.
_OBJECT = "audit_entry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The filters of the audit log. None leaves a filter out."""

    limit: int = 100
    id: str | None = None
    events: tuple[Event, ...] | None = None
    key_id: str | None = None
    outcome: Outcome | None = None
    action_id: str | None = None
    resource_id: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    after_id: str | None = None

    @property
    def conditions(self) -> LiteralString:
        """Return the conditions in SQL; their values are the filters themselves."""
        chosen: list[tuple[Any, LiteralString]] = [
            (self.id, _sql.of_id),
            (self.events, _sql.of_event if self._event else _sql.of_events),
            (self.key_id, _sql.of_key),
            (self.outcome, _sql.of_outcome),
            (self.action_id, _sql.of_action),
            (self.resource_id, _sql.of_resource_or_action if self._may_be_action else _sql.of_resource),
            (self.created_from, _sql.created_from),
            (self.created_before, _sql.created_before),
        ]
        conditions: LiteralString = "\n".join([condition for value, condition in chosen if value is not None])
        return conditions

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the values of the conditions."""
        names = ("id", "key_id", "outcome", "action_id", "resource_id", "created_from", "created_before", "limit")
        events = {"event": self._event, "events": [event.value for event in self.events or ()]}
        return {**{name: getattr(self, name) for name in names}, **events}

    @property
    def needs_scan(self) -> bool:
        """Return whether a filter is set that no index covers by itself."""
        return any(value is not None for value in (self.key_id, self.outcome, self.events))

    @property
    def _may_be_action(self) -> bool:
        return (self.resource_id or "").startswith("aa_")

    @property
    def _event(self) -> str | None:
        """Return the only event, where that is one that few entries have."""
        is_rare = self.events is not None and len(self.events) == 1 and self.events[0] not in _FREQUENT
        return self.events[0].value if is_rare and self.events else None


async def list_entries(connection: Connection, caller: Caller, wanted: Wanted) -> dict[str, Any]:
    """Return a page of the project's entries in wire format, newest first: those not chained yet, then the chain.

    Raises InvalidQueryError where `after_id` is none of the project's.
    """
    rows = await _rows(connection, caller.project_id, wanted)
    shown = [_shown(caller.project, row) for row in rows[: wanted.limit]]
    has_more = len(rows) > wanted.limit
    return {
        "object": "list",
        "data_ref": "data",
        "data": shown,
        "has_more": has_more,
        "more_starting_after": shown[-1]["id"] if has_more else None,
    }


async def get_entry(connection: Connection, caller: Caller, entry_id: str) -> dict[str, Any]:
    """Return one entry in wire format; raises NotFoundError."""
    rows = await _rows(connection, caller.project_id, Wanted(id=entry_id, limit=1))
    if not rows:
        raise NotFoundError.of("audit_entry", entry_id)
    return _shown(caller.project, rows[0])


async def _rows(connection: Connection, project_id: int, wanted: Wanted) -> list[dict[str, Any]]:
    """Return one row more than wanted, where there are as many."""
    pending_before, before = await _cursor(connection, project_id, wanted.after_id)
    params = {
        **wanted.parameters, "project_id": project_id, "limit": wanted.limit + 1, "after_id": wanted.after_id or "",
        "pending_before": pending_before, "before": before,
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    if pending_before is not None:
        rows = await _page(connection, _sql.page_of_pending, wanted, params)
    if len(rows) <= wanted.limit:
        known = {row["id"] for row in rows}  # one that was chained between the two is in both
        rows += [row for row in await _page(connection, _sql.page_of_log, wanted, params) if row["id"] not in known]
    return rows


async def _page(
    connection: Connection, form: LiteralString, wanted: Wanted, params: dict[str, Any]
) -> list[dict[str, Any]]:
    query: LiteralString = form.replace("{conditions}", wanted.conditions)
    return await (await connection.execute(query, params)).fetchall()


async def _cursor(connection: Connection, project_id: int, after_id: str | None) -> tuple[datetime | str | None, int]:
    """Return what pending entries, None for none of them, and numbers of the chain are to be before."""
    if after_id is None:
        return "infinity", _LAST
    params = {"project_id": project_id, "after_id": after_id}
    # Pending first: an entry moves on into the log.
    pending = await (await connection.execute(_sql.cursor_in_pending, params)).fetchone()
    if pending is not None:
        return pending["created_at"], _LAST
    chained = await (await connection.execute(_sql.cursor_in_log, params)).fetchone()
    if chained is None:
        raise InvalidQueryError(
            f"Property .starting_after_id: there is no audit entry {after_id!r} in this project;"
            " send the more_starting_after of the page before"
        )
    return None, chained["number"]


def _shown(project: str, row: dict[str, Any]) -> dict[str, Any]:
    previous_hash = None if row["previous_hash"] is None else bytes(row["previous_hash"])
    shown = shown_entry(project, row, row["number"], previous_hash)
    return {**shown, "hash": bytes(row["hash"]).hex() if row["hash"] is not None else None, "object": _OBJECT}
