"""What a route needs of who asks, declared beside the route, for `openapi_extra`.

Every route says one of three things: the permission it needs; that any key will do; or that it is public. Admission
goes by it (`auth.py`), /openapi.json publishes it, and an application with a route that says nothing does not start.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tallykeep.core.errors import ForbiddenError
from tallykeep.tenants.callers import Caller, Grant
from tallykeep.tenants.permissions import ROLES, Permission

REQUIRED, ANY_KEY, PUBLIC = "x-required-permission", "x-any-key", "x-public"
_MANAGEMENT, _WATCHING = "x-management-keys", "x-while-deleted"
_ONLY = "only"
_DECLARATIONS = (REQUIRED, ANY_KEY, PUBLIC)
_HOW_TO_GET_IT = "Get a token whose scope has it, with a key that has it"


@dataclass(frozen=True, slots=True)
class Need:
    """What a route needs: a permission, or none beyond a valid key; whether management keys will do, or nothing else
    (`only_managing`); and whether it is there for a project that is being deleted, too (`watching`).
    """

    permission: Permission | None
    managing: bool = False
    only_managing: bool = False
    watching: bool = False


def needs(
    permission: Permission, *, managing: bool = False, only_managing: bool = False, watching: bool = False
) -> dict[str, Any]:
    """Declare the permission that a route needs; with `managing`, keys of the management API may have it, too, and with
    `only_managing`, no others.

    With `watching`, the route is there for a project that is being deleted, too.
    """
    management = {_MANAGEMENT: _ONLY if only_managing else True} if managing or only_managing else {}
    return {REQUIRED: permission, **management, **({_WATCHING: True} if watching else {})}


def any_key(reason: str, *, managing: bool = False) -> dict[str, Any]:
    """Declare that a route needs an application key, whatever its permissions, and why that is enough; with `managing`,
    a key of the management API will do, too.
    """
    return {ANY_KEY: reason, **({_MANAGEMENT: True} if managing else {})}


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
    management = declared.get(_MANAGEMENT)
    return Need(declared.get(REQUIRED), management is not None, management == _ONLY, _WATCHING in declared)


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
    """Return the refusal that says which permission is missing, who has it, and how to get it."""
    if permission in ROLES[grant.role]:
        why = f"its role {grant.role} has it, but its scopes leave it out"
    else:
        why = f"its role is {grant.role}; the roles that have it: {', '.join(_roles_with(permission))}"
    what = "token" if grant.token_id else "key"
    how = _HOW_TO_GET_IT if grant.token_id else f"Ask an admin of the project to change this key, {grant.key_id}"
    refusal = ForbiddenError(
        f"The {what} lacks the permission {permission} ({permission.meaning}): {why}. {how}, or use another one"
    )
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
