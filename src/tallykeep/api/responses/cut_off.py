"""What the log says of an answer that is cut off on purpose, so that it does not pass for complete."""

from typing import Any

import structlog
from starlette.types import Scope

from tallykeep.core.logs.redaction import route_in_log
from tallykeep.tenants.callers import Caller

_log = structlog.get_logger()


def log_cut_off(scope: Scope, reason: str, key_id: str | None = None) -> None:
    """Say in one line whose answer is cut off, and why; the key is the caller's unless it is given."""
    state: dict[str, Any] = scope.get("state", {})
    caller: Caller | None = state.get("caller")
    _log.warning(
        "an answer is cut off", reason=reason, route=route_in_log(scope), request_id=state.get("request_id"),
        key_id=key_id or (caller.key_id if caller else None),
    )  # fmt: skip
