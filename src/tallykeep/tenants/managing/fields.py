"""The fields of a project that are chosen: read from a request's body, and shown (schema ManagementProject)."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.core.ids import wire_time

_MAX_NAME_LENGTH = 100
_MAX_DESCRIPTION_LENGTH = 1_000
_MAX_DOMAINS = 100
_MAX_DOMAIN_LENGTH = 255
_MAX_SHOWN_LENGTH = 100

_CURRENCY = re.compile(r"[A-Z]{3}")
_DIAL_CODE = re.compile(r"\+?[0-9]{1,4}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")
_OFFSET = re.compile(r"(?:GMT|UTC)(?:[+-](?:0?[0-9]|1[0-4])(?::[0-5][0-9])?)?")
_LINE_BREAKS = str.maketrans("\r\n\t", "   ")

_FLAGS = (
    "client_redeem_enabled", "client_publish_enabled", "client_list_vouchers_enabled", "client_create_customer_enabled",
    "client_loyalty_events_enabled", "client_set_voucher_expiration_date_enabled",
)  # fmt: skip
_DOMAINS = "client_trusted_domains"
_FIXED = {
    "case_sensitive_codes": (True, "codes that differ in case are different codes"),
    "api_version": ("v2018-08-01", "there is no other version"),
    "webhook_version": ("v2024-01-01", "there is no other version"),
}
# Accepted without effect, as nothing here is in clusters or sends notifications.
_UNUSED = frozenset({"cluster_id", "api_usage_notifications", "webhooks_callout_notifications"})
_REFUSED = {
    "users": "there are no users here; who may do what is up to keys (POST /v1/keys)",
    "default_code_config": "codes are made as their campaign's, or their request's, code_config says",
}

_MAX_QUOTA = 1_000_000_000_000
QUOTAS = "quotas"
# By the names in the wire format, the columns.
_QUOTAS = {"rows_per_day": "max_rows_per_day", "stored_rows": "max_stored_rows", "open_actions": "max_open_actions"}

NEW: Mapping[str, Any] = {
    "name": None, "description": "", "timezone": "UTC", "currency": None, "dial_code": None, "client_settings": {},
    **dict.fromkeys(_QUOTAS.values()),
}  # fmt: skip


def read_fields(body: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that a body makes of those before: what it leaves out stays.

    Raises InvalidPayloadError for fields that are not known, refused, or cannot be taken, and where there is no name.
    """
    _require_known(body)
    _require_fixed(body)
    chosen = {name: read(body[name]) if name in body else before[name] for name, read in _READ.items()}
    if chosen["name"] is None:
        raise InvalidPayloadError("Property .name is missing; a project needs one")
    settings = {name: _setting(name, body[name]) for name in (*_FLAGS, _DOMAINS) if name in body}
    quotas = {column: before[column] for column in _QUOTAS.values()}
    if QUOTAS in body:
        quotas |= _quotas(body[QUOTAS])
    return {**chosen, "client_settings": before["client_settings"] | settings, **quotas}


def shown_project(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a project in the wire format; `deletion` tells of one that is being deleted."""
    settings: Mapping[str, Any] = row["client_settings"]
    under_way = row["deletion_id"] is not None
    deletion = {"async_action_id": row["deletion_id"], "started_at": wire_time(row["deletion_started_at"])}
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "timezone": row["timezone"],
        "currency": row["currency"],
        "dial_code": row["dial_code"],
        "api_version": _FIXED["api_version"][0],
        "case_sensitive_codes": True,
        "is_sandbox": False,
        _DOMAINS: settings.get(_DOMAINS, []),
        **{name: settings.get(name, False) for name in _FLAGS},
        QUOTAS: {name: row[column] for name, column in _QUOTAS.items()},
        "created_at": wire_time(row["created_at"]),
        "deletion": deletion if under_way else None,
    }


def _require_known(body: Mapping[str, Any]) -> None:
    for name in body:
        if name in _REFUSED:
            raise InvalidPayloadError(f"Property .{name} cannot be chosen: {_REFUSED[name]}")
        if name not in _KNOWN:
            raise InvalidPayloadError(
                f"Property .{name[:_MAX_SHOWN_LENGTH]} is none of a project; there are {', '.join(sorted(_KNOWN))}"
            )


def _require_fixed(body: Mapping[str, Any]) -> None:
    for name, (value, why) in _FIXED.items():
        if body.get(name) is not None and body[name] != value:
            raise InvalidPayloadError(
                f"Property .{name} can only be {str(value).lower()}: {why} (actual value is {_shortened(body[name])})"
            )


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _MAX_NAME_LENGTH or not value.isprintable():
        raise InvalidPayloadError(f"Property .name should be a text of 1 to {_MAX_NAME_LENGTH} printable characters")
    return value.strip()


def _description(value: Any) -> str:
    if value is None:
        return ""
    if (
        not isinstance(value, str)
        or len(value) > _MAX_DESCRIPTION_LENGTH
        or not value.translate(_LINE_BREAKS).isprintable()
    ):
        raise InvalidPayloadError(
            f"Property .description should be a text of at most {_MAX_DESCRIPTION_LENGTH:,} printable characters"
        )
    return value


def _timezone(value: Any) -> str:
    if value is None:
        return "UTC"
    if isinstance(value, str) and (_OFFSET.fullmatch(value) or _is_zone(value)):
        return value
    raise InvalidPayloadError(
        "Property .timezone should be a time zone of the IANA database, such as Europe/Vienna, or one like GMT+2"
        f" (actual value is {_shortened(value)})"
    )


def _is_zone(name: str) -> bool:
    if not _ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _currency(value: Any) -> str | None:
    return _matching(_CURRENCY, "currency", value, "a code of ISO 4217 in capitals, such as EUR")


def _dial_code(value: Any) -> str | None:
    return _matching(_DIAL_CODE, "dial_code", value, "a country's dial code, such as +48")


def _matching(pattern: re.Pattern[str], name: str, value: Any, wanted: str) -> str | None:
    if value is None or (isinstance(value, str) and pattern.fullmatch(value)):
        return value
    raise InvalidPayloadError(f"Property .{name} should be {wanted}, or null (actual value is {_shortened(value)})")


def _setting(name: str, value: Any) -> bool | list[str]:
    if name == _DOMAINS:
        return _domains(value)
    if value is not None and not isinstance(value, bool):
        raise InvalidPayloadError(f"Property .{name} should be true or false (actual value is {_shortened(value)})")
    return bool(value)


def _domains(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MAX_DOMAINS or not all(map(_is_domain, value)):
        raise InvalidPayloadError(
            f"Property .{_DOMAINS} should be an array of at most {_MAX_DOMAINS} addresses, each a text of 1 to"
            f" {_MAX_DOMAIN_LENGTH} printable characters"
        )
    return list(value)


def _quotas(value: Any) -> dict[str, int | None]:
    """Return the columns of the quotas that are given; null for all of them, or for one, is the server's setting."""
    if value is None:
        return dict.fromkeys(_QUOTAS.values())
    if not isinstance(value, dict):
        raise InvalidPayloadError(f"Property .{QUOTAS} should be an object with {', '.join(_QUOTAS)}, or null")
    return {_column(name): _quota(name, maximum) for name, maximum in value.items()}


def _column(name: str) -> str:
    if name not in _QUOTAS:
        raise InvalidPayloadError(
            f"Property .{QUOTAS}.{name[:_MAX_SHOWN_LENGTH]} is no quota; there are {', '.join(_QUOTAS)}"
        )
    return _QUOTAS[name]


def _quota(name: str, maximum: Any) -> int | None:
    is_number = isinstance(maximum, int) and not isinstance(maximum, bool)
    if maximum is None or (is_number and 1 <= maximum <= _MAX_QUOTA):
        return None if maximum is None else int(maximum)
    raise InvalidPayloadError(
        f"Property .{QUOTAS}.{name} should be a whole number from 1 to {_MAX_QUOTA:,}, or null for what the server's"
        f" settings say (actual value is {_shortened(maximum)})"
    )


def _is_domain(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_DOMAIN_LENGTH and value.isprintable()


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[:_MAX_SHOWN_LENGTH]}…"


_READ: Mapping[str, Callable[[Any], Any]] = {
    "name": _name, "description": _description, "timezone": _timezone, "currency": _currency, "dial_code": _dial_code,
}  # fmt: skip
_KNOWN = frozenset({*_READ, *_FLAGS, _DOMAINS, *_FIXED, *_UNUSED, QUOTAS})
UNUSED, REFUSED = tuple(sorted(_UNUSED)), tuple(sorted(_REFUSED))
KEPT = ("dial_code", _DOMAINS, *_FLAGS)
