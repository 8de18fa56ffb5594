"""Reading: actions, and lists of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tallykeep.core.action import Action, EndedBy, OperationStatus, Status
from tallykeep.core.action_type import ActionType, ActionTypes, Report
from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.core.options.submission_options import OnError
from tallykeep.core.rows import Failure
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.downloads.report_files import ReportLinks
from tallykeep.engine.reading.list_actions import Wanted, find_page

_MAX_COMPARED = 50_000  # rows of an action's retries, whenever it is shown
_sql = queries(__package__, "action_reader.sql")

# Fields of ours beside those of the wire format: shown in lists and single actions, and in single actions only.
ADDED_FIELDS = (
    "total_count", "done_count", "failed_count", "unprocessed_count", "started_at", "finished_at", "eta_seconds",
    "ended_by", "reason", "retry_count", "retry_reason", "dry_run", "on_error", "parent_id", "user", "file_name",
    "file_size", "failures_kept", "fixed_count", "first_file_name",
)  # fmt: skip
TAKEN_OF_FILE = ("charset", "delimiter", "sheet", "header_row")
ADDED_TO_ONE = ("created_count", "updated_count", *TAKEN_OF_FILE, "log_id")


ReportOf = Callable[[Action], Report | None]


@dataclass(frozen=True, slots=True)
class ShownAction:
    """An action as the API shows it, in wire format.

    `final_for` is how long it has been as it will stay, until retention removes something of it; None where anything
    else may change it still: it runs, or retries of its rows are counted, or its parent's file name is shown.
    """

    content: dict[str, Any]
    final_for: timedelta | None


@dataclass(frozen=True, slots=True)
class ActionReader:
    """Reads actions as the API shows them, in wire format."""

    action_types: ActionTypes
    failures_in_result: int

    async def get_action(
        self, connection: Connection, project_id: int, action_id: str, links: ReportLinks | None = None, *,
        with_failures: bool = True,
    ) -> dict[str, Any]:  # fmt: skip
        """Return one action with its result so far, and a link to its report where it has one; raise NotFoundError.

        With `with_failures=False` the result lists no failed rows; used for callers that may go on waiting.
        """
        failures = self.failures_in_result if with_failures else 0
        report_of = links.report_of if links else _no_report
        return (await self._show(connection, project_id, action_id, report_of, failures)).content

    async def show_action(
        self, connection: Connection, project_id: int, action_id: str, report_of: ReportOf
    ) -> ShownAction:
        """Return the same, and for how long that has been final; raise NotFoundError."""
        return await self._show(connection, project_id, action_id, report_of, self.failures_in_result)

    async def _show(
        self, connection: Connection, project_id: int, action_id: str, report_of: ReportOf, failures: int
    ) -> ShownAction:
        key = {"project_id": project_id, "id": action_id, "failures": failures}
        row = await (await connection.execute(_sql.get_action, key)).fetchone()
        if row is None:
            raise NotFoundError.of("async_action", action_id)
        action = action_of(row)
        action_type = self.action_types[action.type]
        report = report_of(action) if action_type.report_header and action.report_kept else None
        result = action_type.result(action_type, action, [Failure(*failure) for failure in row["failures"]], report)
        kin = await _kin(connection, project_id, [action])
        taken = {name: row[name] for name in TAKEN_OF_FILE}
        known = {**shown(action, kin.get(action.id)), **_effects(action_type, action), **taken, "log_id": row["log_id"]}
        content = {**known, "result": result, "processing_time": action.processing_time}
        is_final = action.ended and action.failures_kept and report is None and not _may_have_kin(action)
        return ShownAction(content, row["ended_ago"] if is_final else None)

    async def require_action(self, connection: Connection, project_id: int, action_id: str) -> None:
        """Raise NotFoundError where the project has no such action."""
        key = {"project_id": project_id, "action_id": action_id}
        if await (await connection.execute(_sql.require_action, key)).fetchone() is None:
            raise NotFoundError.of("async_action", action_id)

    async def list_actions(self, connection: Connection, project_id: int, wanted: Wanted) -> dict[str, Any]:
        """Return one page of actions, newest first, without results, and where the next page starts."""
        page = await find_page(connection, project_id, wanted)
        actions = [action_of(row) for row in page.rows]
        kin = await _kin(connection, project_id, actions)
        return {
            "object": "list",
            "data_ref": "async_actions",
            "async_actions": [shown(action, kin.get(action.id)) for action in actions],
            "has_more": page.more_after is not None,
            "more_starting_after": page.more_after,
        }


@dataclass(frozen=True, slots=True)
class Kin:
    """Facts about an action that come from its parents and its retries."""

    done_later: int = 0
    first_file_name: str | None = None


async def _kin(connection: Connection, project_id: int, actions: list[Action]) -> dict[str, Kin]:
    """Return the kin of the actions that may have any: retries, and actions with rows that can be retried."""
    ids = [each.id for each in actions if _may_have_kin(each)]
    if not ids:
        return {}
    rows = await (
        await connection.execute(_sql.get_kin, {"project_id": project_id, "ids": ids, "max_compared": _MAX_COMPARED})
    ).fetchall()
    return {row["id"]: Kin(row["done_later"], row["first_file_name"]) for row in rows}


def _no_report(_: Action) -> None:
    return None


def _may_have_kin(action: Action) -> bool:
    return bool(action.parent_id or action.failed_count or action.unprocessed_count)


def action_of(row: dict[str, Any]) -> Action:
    """Return the action that a row of its table is."""
    known = {name: row[name] for name in Action.__slots__}
    known |= {"status": Status(row["status"]), "operation_status": OperationStatus(row["operation_status"])}
    known |= {"on_error": OnError(row["on_error"]), "ended_by": EndedBy(row["ended_by"]) if row["ended_by"] else None}
    return Action(**known)


def shown(action: Action, kin: Kin | None = None) -> dict[str, Any]:
    """Return the wire format's fields, and beside them ours; nothing was retried of an action that still runs."""
    kin = kin or Kin()
    unsettled = 0 if action.dry_run else action.failed_count + action.unprocessed_count
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
        "total_count": action.total_count,
        "done_count": action.done_count,
        "failed_count": action.failed_count,
        "unprocessed_count": action.unprocessed_count,
        "started_at": wire_time(action.started_at),
        "finished_at": wire_time(action.finished_at),
        "eta_seconds": action.eta_seconds,
        "ended_by": action.ended_by,
        "reason": action.reason,
        "retry_count": action.retry_count,
        "retry_reason": action.retry_reason,
        "dry_run": action.dry_run,
        "on_error": action.on_error,
        "parent_id": action.parent_id,
        "user": action.requested_by,
        "file_name": action.file_name,
        "file_size": action.body_size,
        "failures_kept": action.failures_kept,
        "fixed_count": min(kin.done_later, unsettled),
        "first_file_name": kin.first_file_name,
    }


def _effects(action_type: ActionType, action: Action) -> dict[str, Any]:
    """Return how many resources were, or in a dry run would be, created and updated."""
    if action_type.deletes:
        return {"created_count": 0, "updated_count": 0}
    return {"created_count": action.created_count, "updated_count": action.done_count - action.created_count}
