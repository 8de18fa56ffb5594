"""Moments that are handed out once."""

from datetime import UTC, datetime, timedelta

from tallykeep.resources.upserts.moments import Moments


def test_moments_taken_together_are_not_given_again() -> None:
    moments = Moments()
    before = datetime.now(UTC)
    first = moments.take(60_000_000)
    assert before <= first <= datetime.now(UTC)
    assert moments.take(2) == first + timedelta(minutes=1)
    assert moments.take(1) == first + timedelta(minutes=1, microseconds=2)
