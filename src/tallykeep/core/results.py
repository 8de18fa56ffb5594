"""Results: an action's summary of its rows, at any time, in the three shapes of the wire format.

Until the first row has an outcome nothing is counted: «0 imported, 0 failed» would read as if all were over.
"""

from typing import Any

from tallykeep.core.action import Action
from tallykeep.core.action_type import ActionType, Report
from tallykeep.core.ids import wire_time
from tallykeep.core.rows import Failure


def import_result(action_type: ActionType, action: Action, failures: list[Failure], _: Report | None) -> dict[str, Any]:
    """Return an import's result (captured examples of GET /v1/async-actions/{id}); `failures` come in row order."""
    if not action.has_outcomes:
        return {"failed": []}
    return {
        "message": f"{action.done_count} {action_type.noun}(s) imported successfully, {action.failed_count} failed.",
        "failed": [shown_failure(action_type, failure) for failure in failures],
        "done_count": action.done_count,
        "failed_count": action.failed_count,
    }


def count_result(action_type: ActionType, action: Action, _: list[Failure], __: Report | None) -> dict[str, Any]:
    """Return the result of an action that counts resources: «Updated 9 vouchers.», the noun always plural."""
    if not action.has_outcomes:
        return {}
    return {"message": f"{action_type.verb} {action.done_count} {action_type.noun}s.", "done_count": action.done_count}


def bulk_result(
    action_type: ActionType, action: Action, failures: list[Failure], report: Report | None
) -> dict[str, Any]:
    """Return a bulk update's result: counts, the link to its report once it has ended, and the errors."""
    counts = {"done_count": action.done_count, "failed_count": action.failed_count} if action.has_outcomes else {}
    return {
        **counts,
        "reports": [report.url] if report else [],
        "reports_available_till": wire_time(report.available_till) if report else None,
        "errors": [_shown_error(action_type, failure) for failure in failures],
    }


def _shown_error(action_type: ActionType, failure: Failure) -> dict[str, Any]:
    parts = {
        "message": _MESSAGES.get(failure.error_key or "", "Invalid payload"),
        "details": failure.reason,
        "key": failure.error_key or "invalid_payload",
    }
    return {name: parts.get(name, failure.key) for name in action_type.failure_fields}


_MESSAGES = {
    "not_found": "Resource not found",
    "internal_error": "Internal error",
    "damaged_batch": "Damaged batch",
}


def shown_failure(action_type: ActionType, failure: Failure) -> dict[str, Any]:
    """Return a failed row with the fields its type shows: the key under its own name, the row number, the reason."""
    parts = {"row": failure.row, "reason": failure.reason}
    key = failure.key if failure.key is not None else action_type.keyless
    return {name: parts.get(name, key) for name in action_type.failure_fields}
