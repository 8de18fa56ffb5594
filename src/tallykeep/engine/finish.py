"""Results: what an action says of its rows, at any time, in the three shapes of the wire format."""

from typing import Any

from tallykeep.engine.kinds import ActionType
from tallykeep.model import Action, Failure


def import_result(kind: ActionType, action: Action, failures: list[Failure]) -> dict[str, Any]:
    """An import's result (captured examples of GET /v1/async-actions/{id}); `failures` come in row order."""
    return {
        "message": f"{action.done_count} {kind.noun}(s) imported successfully, {action.failed_count} failed.",
        "failed": [shown_failure(kind, failure) for failure in failures],
        "done_count": action.done_count,
        "failed_count": action.failed_count,
    }


def shown_failure(kind: ActionType, failure: Failure) -> dict[str, Any]:
    """A failed row with the fields its type shows: the key under its own name, the row number, the reason."""
    parts = {"row": failure.row, "reason": failure.reason}
    return {name: parts.get(name, failure.key) for name in kind.failure_fields}
