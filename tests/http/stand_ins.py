"""Stand-ins for what is another one each time: tokens, ids, times, and what tells of the machine.

Each has the form of what it stands for, and none of them opens anything. An id has the same stand-in wherever it is.
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SHOWN_ONCE = "shown this once"
ACCESS_TOKEN = f"1.{SHOWN_ONCE}"
SECRET = "whsec_" + base64.b64encode(b"shown this once, then never more").decode()
REPORT = "/v1/reports/which-report-and-until-when.its-signature"
_LIFETIME_SECONDS = 900  # of an access token

_BY_NAME: Mapping[str, Any] = {
    **dict.fromkeys(("token", "app_token", "management_token"), SHOWN_ONCE),
    "secret": SECRET,
    "expires_in": _LIFETIME_SECONDS,
    "processing_time": 100,
}
# What tells of the machine, or of when it was asked, by the type that it is a part of.
_BY_TYPE: Mapping[str, Mapping[str, Any]] = {
    "Ready": {"workers": 1},
    "ServerStatus": {
        "version": "0.1.0",
        "workers": 1,
        "database": {
            "answer_seconds": 0.002, "clock_ahead_seconds": 0.001, "size_bytes": 10_000_000, "version": "18.4",
            "revision": "0032", "newest_revision": "0032",
        },
    },
    "Throughput": {
        "data": [
            {"minute": "2026-01-31T11:59:00.000Z", "done_count": 0, "failed_count": 0},
            {"minute": "2026-01-31T12:00:00.000Z", "done_count": 31, "failed_count": 46},
        ]
    },
}  # fmt: skip
# Milliseconds behind what was created: an action begins, and takes its `processing_time`.
_LATER = {"started_at": 20, **dict.fromkeys(("finished_at", "updated_at", "closed_at", "reports_available_till"), 120)}

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{3}|\d{6})Z")
_MAX_AGE = timedelta(days=40)  # that anything made now is kept or valid
_SERVER = re.compile(r"http://127\.0\.0\.1:\d+")
_REPORT = re.compile(r"/v1/reports/[\w.-]+")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-([0-9a-f]{12})\b")
_ID = re.compile(r"\b([a-z]{1,5}[_-])([0-9a-f]{18})(e?)\b")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_NONE = "0" * 64  # the hash before the first


def as_any_time(type_name: str, value: Any, began: datetime) -> Any:
    """A value of this type as it would be at any time, but for its ids; `began` is when the first of all was made."""
    return _over(_timeless(value, "", began), _BY_TYPE.get(type_name, {}))


def _over(value: Any, fixed: Any) -> Any:
    if not isinstance(fixed, Mapping):
        return fixed
    return {**value, **{name: _over(value[name], inner) for name, inner in fixed.items()}}


def _timeless(value: Any, name: str, began: datetime) -> Any:
    if isinstance(value, dict):
        return {inner: _timeless(each, inner, began) for inner, each in value.items()}
    if isinstance(value, list):
        return [_timeless(each, name, began) for each in value]
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name == "expires_at" and isinstance(value, int):
        return int(NOW.timestamp()) + _LIFETIME_SECONDS
    return _text(value, name, began) if isinstance(value, str) else value


def _text(text: str, name: str, began: datetime) -> str:
    if name == "access_token" and ("." in text or text == "{token}"):
        return ACCESS_TOKEN
    if (match := _TIME.fullmatch(text)) is not None:
        return _time(text, len(match[1]), _LATER.get(name, 0), began)
    return _REPORT.sub(REPORT, _SERVER.sub("http://localhost:8000", text))


def _time(text: str, digits: int, later: int, began: datetime) -> str:
    """The time as many hours behind the usual one as it is behind the beginning; one that was sent stays."""
    passed = datetime.fromisoformat(text) - began
    if not -timedelta(minutes=1) < passed < _MAX_AGE:
        return text
    time = NOW + timedelta(hours=round(passed / timedelta(hours=1)), milliseconds=later)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06}"[: 20 + digits] + "Z"


class Numbers:
    """Ids by their numbers, in the order in which they are met."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def numbered(self, value: Any) -> Any:
        """The value with all ids in it numbered."""
        if isinstance(value, dict):
            return {name: self.numbered(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return list(map(self.numbered, value))
        if not isinstance(value, str):
            return value
        value = _UUID.sub(lambda match: f"00000000-0000-4000-8000-{self._of(match[0]):012x}", value)
        value = _HASH.sub(lambda match: match[0] if match[0] == _NONE else f"{self._of(match[0]):064x}", value)
        return _ID.sub(lambda match: f"{match[1]}{self._of(match[2]):018x}{match[3]}", value)

    def _of(self, known: str) -> int:
        return self._numbers.setdefault(known, len(self._numbers) + 1)
