"""Who asks: a key of each role, a management key, an access token, and nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tallykeep.api.dependencies.permissions import need_of
from tallykeep.tenants.permissions import ROLES, Permission, Role
from tests.http.oauth import bearer, token_of
from tests.server import Api

Operation = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """What a caller shows, and what it may have."""

    headers: dict[str, str] = field(default_factory=dict)
    permissions: frozenset[Permission] = frozenset()
    kind: str = ""

    def may(self, operation: Operation) -> bool:
        """Tell whether an operation of the document is open to this caller."""
        need = need_of(operation)
        if need is None:
            return True
        if need.permission is None:
            return self.kind == "app" or (self.kind == "management" and need.managing)
        takes_such_keys = need.managing if self.kind == "management" else not need.only_managing
        return takes_such_keys and need.permission in self.permissions


def _with_role(role: Role) -> Callable[[Api], Caller]:
    def make(api: Api) -> Caller:
        key = api.http.post("/v1/keys", json={"role": role}).json()
        return Caller({"X-App-Id": key["id"], "X-App-Token": key["token"]}, ROLES[role], "app")

    return make


def _managing(api: Api) -> Caller:
    headers = {"X-Management-Id": api.keys.management_id, "X-Management-Token": api.keys.management_token}
    return Caller(headers, ROLES[Role.ADMIN], "management")


def _with_token(api: Api) -> Caller:
    return Caller(bearer(token_of(api)), ROLES[Role.ADMIN], "token")


# By name: what makes each in a project. Owners are not among them: they would delete the projects of the others.
CALLERS: dict[str, Callable[[Api], Caller]] = {
    **{role.value: _with_role(role) for role in Role if role != Role.OWNER},
    "management key": _managing,
    "access token": _with_token,
    "nobody": lambda _: Caller(),
}


def assert_refused(caller: Caller, operation: Operation, statuses: set[int], label: str) -> None:
    """Require that an operation that is not open to the caller was never answered with a success."""
    if not caller.may(operation):
        assert not [status for status in statuses if httpx.codes.is_success(status)], f"{label}: {statuses}"
