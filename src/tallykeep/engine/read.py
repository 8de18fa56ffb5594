"""Reading: actions, lists of them, and their failed rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.kinds import ActionTypes
from tallykeep.engine.report import ReportLinks
from tallykeep.errors import NotFoundError
from tallykeep.model import Action, Failure, OperationStatus, Status, wire_time

_sql = queries(__package__, "store.sql")


@dataclass(frozen=True, slots=True)
class Reader:
    """What the API shows of actions, in wire format."""

    kinds: ActionTypes
    failures_in_result: int

    async def get_action(
        self, connection: Connection, project_id: int, action_id: str, links: ReportLinks | None = None
    ) -> dict[str, Any]:
        """One action with its result so far, and a link to its report where it has one; raises NotFoundError."""
        key = {"project_id": project_id, "id": action_id, "failures": self.failures_in_result}
        row = await (await connection.execute(_sql.get_action, key)).fetchone()
        if row is None:
            raise NotFoundError.of("async_action", action_id)
        action = _action(row)
        kind = self.kinds[action.type]
        report = links.report_of(action) if links and kind.report_header else None
        result = kind.result(kind, action, [Failure(*failure) for failure in row["failures"]], report)
        return _shown(action) | {"result": result, "processing_time": action.processing_time} | _counts(action)

    async def list_actions(
        self, connection: Connection, project_id: int, *, limit: int, before: datetime | None
    ) -> dict[str, Any]:
        """The newest `limit` actions scheduled before `before`, newest first, without results."""
        parameters = {"project_id": project_id, "before": before, "limit": limit + 1}
        rows = await (await connection.execute(_sql.list_actions, parameters)).fetchall()
        return {
            "object": "list",
            "data_ref": "async_actions",
            "async_actions": [_shown(_action(row)) for row in rows[:limit]],
            "has_more": len(rows) > limit,
        }

    async def list_failures(
        self, connection: Connection, project_id: int, action_id: str, *, limit: int, after_row: int
    ) -> dict[str, Any]:
        """Failed rows in row order behind `after_row`; raises NotFoundError."""
        await self.get_action(connection, project_id, action_id)
        parameters = {
            "project_id": project_id,
            "action_id": action_id,
            "after_row": after_row,
            "limit": limit + 1,
        }
        rows = await (await connection.execute(_sql.first_failures, parameters)).fetchall()
        return {
            "object": "list",
            "data_ref": "failures",
            "failures": rows[:limit],
            "has_more": len(rows) > limit,
        }

    async def list_reasons(
        self, connection: Connection, project_id: int, action_id: str, *, limit: int
    ) -> dict[str, Any]:
        """Failed rows grouped by reason, most frequent first, with the first rows of each; raises NotFoundError."""
        await self.get_action(connection, project_id, action_id)
        parameters = {"project_id": project_id, "action_id": action_id, "limit": limit + 1}
        rows = await (await connection.execute(_sql.failures_by_reason, parameters)).fetchall()
        return {
            "object": "list",
            "data_ref": "reasons",
            "reasons": rows[:limit],
            "has_more": len(rows) > limit,
        }


def _action(row: dict[str, Any]) -> Action:
    known = {name: row[name] for name in Action.__slots__}
    return Action(
        **known | {"status": Status(row["status"]), "operation_status": OperationStatus(row["operation_status"])}
    )


def _shown(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "type": action.type,
        "status": action.status,
        "operation_status": action.operation_status,
        "created_at": wire_time(action.created_at),
        "updated_at": wire_time(action.updated_at),
        "request_id": action.request_id,
        "progress": action.progress,
        "object": "async_action",
    }


def _counts(action: Action) -> dict[str, Any]:
    return {
        "total_count": action.total_count,
        "done_count": action.done_count,
        "failed_count": action.failed_count,
    }
