"""The audit log."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, NextPage, Time
from tallykeep.core.audit.events import Door, Event, Outcome


class AuditEntry(TypedDict):
    """Who did what, or tried to, when, and from where. `number`, `previous_hash` and `hash` are null until the entry is
    chained, about a second after it was written. `hash` is SHA-256 of the entry's other fields but for `object`, as RFC
    8785 writes them.
    """

    id: str
    project: Annotated[str, Field(description="The project's id.")]
    number: Annotated[int | None, Field(description="Counts the project's entries, without gaps.")]
    created_at: Time
    event: Event
    outcome: Annotated[Outcome, Field(description="`failed` is an action that ended early.")]
    door: Annotated[Door, Field(description="The way it came in.")]
    key_id: Annotated[str | None, Field(description="The key; of an action's end, that of its submission.")]
    key_kind: str | None
    token_id: Annotated[str | None, Field(description="The token, where the key was used through one.")]
    session_id: Annotated[str | None, Field(description="The session, where it was done in the dashboard.")]
    address: Annotated[str | None, Field(description="The client's address.")]
    request_id: str | None
    action_id: str | None
    resource_type: str | None
    resource_id: str | None
    details: dict[str, Any]
    format: Annotated[int, Field(description="Which fields the hash covers, and how.")]
    previous_hash: str | None
    hash: str | None
    object: Literal["audit_entry"]


class AuditLog(TypedDict):
    """A page of the audit log, newest first."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[AuditEntry]
    has_more: bool
    more_starting_after: NextPage
