"""An attempt: what a request is about to do, by whom and from where, until it is done or refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from tallykeep.api.auditing.events import event_of, path_of
from tallykeep.api.dependencies.credentials import client_address
from tallykeep.core import exact_json
from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Door, Event
from tallykeep.core.ids import new_id
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.tenants.callers import Caller

_STATE = "attempt"
_CUSTOMERS = f"/v1/{CUSTOMER.plural}/"


@dataclass(slots=True)
class Attempt:
    """What a request is about; routes add which resource and which action that is, as soon as they know.

    `is_done` is false where the request turned out to change nothing, because it was sent before.
    """

    event: Event
    door: Door
    request_id: str
    address: str | None
    session_id: str | None
    path: str
    resource_id: str | None
    id: str = field(default_factory=lambda: new_id("log_"))
    action_id: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    is_done: bool = True

    def about(self, resource_id: Any = None, *, action_id: str | None = None, **details: Any) -> None:
        """Note which resource it is, as far as that is known by now, which action does it, and what else to tell."""
        self.resource_id = str(resource_id) if resource_id is not None else self.resource_id
        self.action_id = action_id or self.action_id
        self.details |= details

    def compare(self, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
        """Note that nothing was changed, where what was shown under a lock before is shown the same now, but for
        `updated_at`. None before is something new.
        """
        self.details.pop("unchanged", None)  # of a try that was rolled back
        if before is not None and _bare(before) == _bare(after):
            self.details["unchanged"] = True

    def entry(self, caller: Caller) -> Entry:
        """Return the entry of its success."""
        return Entry(
            id=self.id,
            project_id=caller.project_id,
            event=self.event,
            door=self.door,
            key_id=caller.key_id,
            key_kind=caller.key_kind,
            token_id=caller.grant.token_id,
            session_id=self.session_id,
            address=self.address,
            request_id=self.request_id,
            action_id=self.action_id,
            resource_id=self.resource_id,
            details=self.details,
        )


def _bare(shown: Mapping[str, Any]) -> bytes:
    """Return it without its timestamp, as bytes: true is not 1 there."""
    return exact_json.dumps({name: value for name, value in shown.items() if name != "updated_at"})


def attempt_of(request: Request) -> Attempt:
    """Return what this request attempts, the same each time."""
    return attempt_in(request.scope)


def attempt_in(scope: Any) -> Attempt:
    """Return what the request of this scope attempts, the same each time."""
    state = scope["state"]
    if _STATE not in state:
        state[_STATE] = _begun(scope, state)
    attempt: Attempt = state[_STATE]
    return attempt


def _begun(scope: Any, state: dict[str, Any]) -> Attempt:
    path = path_of(scope)
    return Attempt(
        event=event_of(scope),
        door=state.get("door", "api"),
        request_id=state["request_id"],
        address=client_address(scope),
        session_id=state.get("session_id"),
        path=path,
        resource_id=_resource_of(scope, path),
    )


def _resource_of(scope: Any, path: str) -> str | None:
    """Return the last parameter of the path; a customer's only if it is an id of ours.

    A source_id is often an e-mail address, and no entry can ever be erased.
    """
    parameters = list(scope.get("path_params", {}).values())
    key = str(parameters[-1]) if parameters else None
    is_personal = key is not None and path.startswith(_CUSTOMERS) and not key.startswith(CUSTOMER.prefix)
    return None if is_personal else key
