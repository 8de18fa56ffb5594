"""An entry of the audit log, as whoever writes it describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallykeep.core.audit.events import Door, Event, Outcome
from tallykeep.core.ids import new_id

_MAX_LENGTH = 200
_MAX_DETAILS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of the audit log, before it is chained. When it was is added by the database.

    `token_id` and `session_id` tell of a token, or of somebody signed in to the dashboard, where the key was used
    through one. `details` are few and short, and never what rows hold, nor anything secret.
    """

    project_id: int
    event: Event
    outcome: Outcome = "success"
    door: Door = "api"
    id: str = field(default_factory=lambda: new_id("log_"))
    key_id: str | None = None
    key_kind: str | None = None
    token_id: str | None = None
    session_id: str | None = None
    address: str | None = None
    request_id: str | None = None
    action_id: str | None = None
    resource_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def short(value: Any) -> Any:
    """Return a detail, or an id, as it is kept: cut to 200 characters; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    storable = value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return storable if len(storable) <= _MAX_LENGTH else storable[: _MAX_LENGTH - 1] + "…"


def short_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details that are known, each cut to 200 characters."""
    known = {name: short(value) for name, value in details.items() if value is not None}
    return dict(list(known.items())[:_MAX_DETAILS])
