"""The filters of lists, as they are in the URL: texts, and a period in the reader's time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilters:
    """The filters of one list; empty texts filter nothing. `since` and `until` are in the reader's `zone`.

    A list says its `path`, which of its filters are `texts`, and what else makes sense with a period only.
    """

    path: ClassVar[str]
    texts: ClassVar[tuple[str, ...]]
    of_period: ClassVar[tuple[str, ...]] = ("since", "until", "zone")

    since: str = ""
    until: str = ""
    zone: str = ""

    @property
    def active(self) -> int:
        """How many there are; a period is one."""
        return sum(bool(getattr(self, name)) for name in self.texts) + bool(self.since or self.until)

    @property
    def fields(self) -> dict[str, str]:
        """Return the parameters with which a URL or a form has the same filters."""
        names = (*self.texts, *(self.of_period if self.since or self.until else ()))
        return {name: value for name in names if (value := getattr(self, name))}

    def url(self, path: str | None = None, **more: str) -> str:
        """Return the list's path, or another, with these filters and `more`, which replace those of their names."""
        query = urlencode(self.fields | more)
        return f"{path or self.path}?{query}" if query else path or self.path

    def period(self, from_name: str, before_name: str) -> dict[str, str]:
        """Return the period as the API's parameters of these names."""
        return {from_name: in_utc(self.since, self.zone), before_name: in_utc(self.until, self.zone)}


def in_utc(text: str, zone: str) -> str:
    """Return a time in UTC, as the API takes it; it refuses a text that is no time, which stays as it is."""
    try:
        local = datetime.fromisoformat(text)
        timestamp = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone or "UTC"))
    except (ValueError, ZoneInfoNotFoundError):
        return text
    return timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
