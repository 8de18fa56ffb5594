"""Moments that differ: lists that go on behind one need another for each resource."""

from datetime import UTC, datetime, timedelta


class Timestamps:
    """Moments by the database's clock, in microseconds that are handed out once."""

    def __init__(self) -> None:
        self._free = datetime.min.replace(tzinfo=UTC)

    def take(self, count: int, timestamp: datetime) -> datetime:
        """Return the first of `count` timestamps, a microsecond apart, none of them before the present."""
        first = max(timestamp, self._free)
        self._free = first + timedelta(microseconds=count)
        return first


TIMESTAMPS = Timestamps()
