"""What a route needs of who asks, declared beside the route, for `openapi_extra`.

Every route says one of three things: the permission it needs; that any key will do; or that it is public. Admission
goes by it (`auth.py`), /openapi.json publishes it, and an application with a route that says nothing does not start.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tallykeep.core.action_type import ActionType
from tallykeep.core.errors import ForbiddenError
from tallykeep.tenants.callers import Caller, Grant
from tallykeep.tenants.permissions import ROLES, Permission

REQUIRED, MANAGEMENT, ANY_KEY, PUBLIC = "x-required-permission", "x-management-keys", "x-any-key", "x-public"
_DECLARATIONS = (REQUIRED, ANY_KEY, PUBLIC)


@dataclass(frozen=True, slots=True)
class Need:
    """What a route needs: a permission, or none beyond a valid key; and whether management keys will do."""

    permission: Permission | None
    managing: bool = False


def needs(permission: Permission, *, managing: bool = False) -> dict[str, Any]:
    """Declare the permission that a route needs; with `managing`, keys of the management API may have it, too."""
    return {REQUIRED: permission} | ({MANAGEMENT: True} if managing else {})


def any_key(reason: str) -> dict[str, Any]:
    """Declare that a route needs an application key, whatever its permissions, and why that is enough."""
    return {ANY_KEY: reason}


def public(reason: str) -> dict[str, Any]:
    """Declare that a route asks for no key, and why."""
    return {PUBLIC: reason}


def need_of(declared: Mapping[str, Any] | None) -> Need | None:
    """Read a route's declaration; None for one that is public. Raises LookupError where it declares nothing, or
    several things.
    """
    names = [name for name in _DECLARATIONS if name in (declared or {})]
    if declared is None or len(names) != 1:
        raise LookupError(f"a route declares one of {', '.join(_DECLARATIONS)}, not {names}")
    if names == [PUBLIC]:
        return None
    return Need(declared.get(REQUIRED), MANAGEMENT in declared)


def submits(action_type: ActionType) -> Permission:
    """Return the permission that it takes to submit an action of this type, or to retry one."""
    if action_type.erases:
        return Permission.CUSTOMERS_ERASE
    noun = action_type.path.split("/")[2]
    return Permission.METADATA_SCHEMAS_MANAGE if noun == "metadata-schemas" else Permission[_name(noun, "WRITE")]


def reads(noun: str) -> Permission:
    """Return the permission to see the resources of a path's first step, such as `vouchers`."""
    return Permission[_name(noun, "READ")]


def writes(noun: str) -> Permission:
    """Return the permission to change them."""
    return Permission[_name(noun, "WRITE")]


def _name(noun: str, verb: str) -> str:
    return f"{noun.replace('-', '_').upper()}_{verb}"


def require(caller: Caller, permission: Permission) -> None:
    """Raise ForbiddenError where the caller lacks the permission."""
    if permission not in caller.grant.permissions:
        raise lacking(caller.grant, permission)


def lacking(grant: Grant, permission: Permission) -> ForbiddenError:
    """Return the refusal that says which permission is missing, and who has it."""
    if permission in ROLES[grant.role]:
        why = f"its role {grant.role} has it, but its scopes leave it out"
    else:
        why = f"its role is {grant.role}; the roles that have it: {', '.join(_roles_with(permission))}"
    what = "token" if grant.token_id else "key"
    refusal = ForbiddenError(f"The {what} lacks the permission {permission} ({permission.meaning}): {why}")
    refusal.permission = permission.value
    if grant.token_id:
        refusal.headers["WWW-Authenticate"] = (
            f'Bearer realm="tallykeep", error="insufficient_scope", scope="{permission}"'
        )
    return refusal


def _roles_with(permission: Permission) -> Iterator[str]:
    for role, permissions in ROLES.items():
        if permission in permissions:
            yield str(role)
