"""Moments that are handed out once."""

from datetime import UTC, datetime, timedelta

from tallykeep.resources.unique_timestamps import Timestamps

PRESENT = datetime(2026, 1, 1, tzinfo=UTC)


def test_moments_taken_together_are_not_given_again() -> None:
    timestamps = Timestamps()
    assert timestamps.take(60_000_000, PRESENT) == PRESENT
    assert timestamps.take(2, PRESENT) == PRESENT + timedelta(minutes=1)
    assert timestamps.take(1, PRESENT) == PRESENT + timedelta(minutes=1, microseconds=2)
    assert timestamps.take(1, PRESENT + timedelta(hours=1)) == PRESENT + timedelta(hours=1)
