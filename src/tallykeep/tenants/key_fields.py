"""The fields of a key that are chosen: read from a request's body, and shown."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.core.ids import wire_time
from tallykeep.tenants.addresses import read_network
from tallykeep.tenants.permissions import BY_CODE, ROLES, Role

_MAX_NAME_LENGTH = 100
_MAX_ADDRESSES = 100
_MAX_SHOWN_LENGTH = 100
_MAX_OVERLAP_SECONDS = 30 * 86_400
OVERLAP_SECONDS = 86_400


def read_fields(body: Mapping[str, Any], before: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the columns that a body makes of those before: what it leaves out stays.

    Raises InvalidPayloadError for what cannot be taken, such as an expiry that is past `now`, the database's time.
    """
    chosen = {name: read(body[name]) if name in body else before[name] for name, read in _READ.items()}
    if "expires_at" in body and chosen["expires_at"] is not None and chosen["expires_at"] <= now:
        raise InvalidPayloadError(f"Property .expires_at is past: it is {wire_time(now)} by the database's clock")
    _require_within_role(chosen["role"], chosen["scopes"])
    return chosen


def read_overlap(body: Mapping[str, Any]) -> int:
    """Return how many seconds the token before stays valid; raise InvalidPayloadError."""
    seconds = body.get("overlap_seconds", OVERLAP_SECONDS)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= _MAX_OVERLAP_SECONDS:
        raise InvalidPayloadError(
            f"Property .overlap_seconds should be a whole number from 0 to {_MAX_OVERLAP_SECONDS}"
        )
    return seconds


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _MAX_NAME_LENGTH or not value.isprintable():
        raise InvalidPayloadError(f"Property .name should be a text of 1 to {_MAX_NAME_LENGTH} printable characters")
    return value.strip()


def _role(value: Any) -> str:
    if value not in list(Role):
        raise InvalidPayloadError(
            f"Property .role must be one of {', '.join(Role)} (actual value is {_shortened(value)})"
        )
    return str(value)


def _scopes(value: Any) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(code, str) for code in value):
        raise InvalidPayloadError("Property .scopes should be an array of permissions, such as vouchers.read, or null")
    if unknown := [code for code in value if code not in BY_CODE]:
        known = ", ".join(BY_CODE)
        raise InvalidPayloadError(
            f"Property .scopes: there is no permission {_shortened(unknown[0])}; there are {known}"
        )
    return sorted(set(value))


def _require_within_role(role: str, scopes: list[str] | None) -> None:
    beyond = [code for code in scopes or () if BY_CODE[code] not in ROLES[Role(role)]]
    if beyond:
        raise InvalidPayloadError(f"Property .scopes: the role {role} does not have {', '.join(beyond)}")


def _expiry(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        expires_at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if expires_at is not None:
            return (expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidPayloadError("Property .expires_at should be a time such as 2027-01-31T12:00:00Z, or null")


def _addresses(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MAX_ADDRESSES:
        raise InvalidPayloadError(f"Property .addresses should be an array of at most {_MAX_ADDRESSES} networks")
    return list(dict.fromkeys(map(_network, value)))


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[:_MAX_SHOWN_LENGTH]}…"


def _network(value: Any) -> str:
    try:
        return str(read_network(value if isinstance(value, str) else ""))
    except ValueError as error:
        raise InvalidPayloadError(
            f"Property .addresses should have networks such as 192.0.2.0/24 or 2001:db8::1, not {_shortened(value)}:"
            f" {str(error)[:_MAX_SHOWN_LENGTH]}"
        ) from None


_READ: Mapping[str, Callable[[Any], Any]] = {
    "name": _name, "role": _role, "scopes": _scopes, "expires_at": _expiry, "addresses": _addresses,
}  # fmt: skip


def read_end_previous(body: Mapping[str, Any]) -> bool:
    """Return whether a rotation may end a token that an overlap keeps valid; raise InvalidPayloadError."""
    end = body.get("end_previous_token", False)
    if not isinstance(end, bool):
        raise InvalidPayloadError("Property .end_previous_token should be true or false")
    return end


def shown_key(row: Mapping[str, Any], project: str, *, current: bool) -> dict[str, Any]:
    """Return a key of the project as answers show it, without its token."""
    return {
        "id": row["key_id"],
        "project_id": project,
        "kind": row["kind"],
        "name": row["name"],
        "role": row["role"],
        "scopes": row["scopes"],
        "expires_at": wire_time(row["expires_at"]),
        "expired": row["expired"],
        "addresses": row["addresses"],
        "last_used_at": wire_time(row["last_used_at"]),
        "previous_token_until": wire_time(row["previous_token_until"]),
        "created_at": wire_time(row["created_at"]),
        "current": current,
        "object": "key",
    }
