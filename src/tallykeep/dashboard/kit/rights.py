"""What the signed-in key may do: pages show what it may use, and say of the rest why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tallykeep.dashboard.kit.api_client import Api


@dataclass(frozen=True, slots=True)
class Rights:
    """The permissions of a key, and for each of the others why it lacks it, in the API's words."""

    permissions: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)

    def may(self, *permissions: str) -> bool:
        """Return whether the key has all of these."""
        return self.permissions.issuperset(permissions)

    def may_any(self, permissions: tuple[str, ...]) -> bool:
        """Return whether the key has one of these."""
        return not self.permissions.isdisjoint(permissions)

    def first_lacked(self, *permissions: str) -> str | None:
        """Return the first of these that the key lacks, None where it has all."""
        return next((each for each in permissions if each not in self.permissions), None)

    def why_not(self, permission: str) -> str:
        """Return why the key lacks the permission."""
        return self.reasons.get(permission, f"There is no permission {permission}")


class UnknownRights(Rights):
    """What is not known yet, or cannot be asked now: the navigation leads everywhere, and each page says for itself."""

    def may_any(self, permissions: tuple[str, ...]) -> bool:
        """Return True."""
        return True


async def rights_of(api: Api) -> Rights:
    """Return what the key may do now: it may be changed while somebody is signed in with it."""
    answer = await api.get("/v1/keys/current")
    reasons = {each["permission"]: each["why"] for each in answer["lacking"]}
    return Rights(frozenset(answer["permissions"]), reasons)
