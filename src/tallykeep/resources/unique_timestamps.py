"""Timestamps that differ: a list that is paged by a timestamp needs a different one for each resource."""

from datetime import UTC, datetime, timedelta


class Timestamps:
    """Timestamps by the database's clock; each microsecond is handed out once."""

    def __init__(self) -> None:
        self._free = datetime.min.replace(tzinfo=UTC)

    def take(self, count: int, timestamp: datetime) -> datetime:
        """Return the first of `count` timestamps, a microsecond apart, none of them before the present."""
        first = max(timestamp, self._free)
        self._free = first + timedelta(microseconds=count)
        return first


TIMESTAMPS = Timestamps()
