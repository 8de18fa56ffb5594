"""Moments that differ: lists that go on behind one need another for each resource."""

from datetime import UTC, datetime, timedelta


class Moments:
    """The present, in microseconds that are handed out once."""

    def __init__(self) -> None:
        self._free = datetime.min.replace(tzinfo=UTC)

    def take(self, count: int) -> datetime:
        """The first of so many moments, a microsecond apart."""
        first = max(datetime.now(UTC), self._free)
        self._free = first + timedelta(microseconds=count)
        return first


MOMENTS = Moments()
