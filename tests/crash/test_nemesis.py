"""A short run of the nemesis; `make crash` runs longer ones."""

from pathlib import Path

from tests.crash.nemesis.run import Plan, as_text, is_clean, run

# On a machine that is busy with other tests a process may take longer to start than a try alone may take.
SHORT = Plan(seed=7, kills=10, rows=6_000, batch_attempts=9)


def test_no_row_and_no_event_is_lost_or_doubled_whatever_is_killed(session_dir: Path, cluster: Path) -> None:
    figures = run(SHORT, session_dir / "nemesis", cluster)
    assert is_clean(figures), as_text(figures)
    assert figures["rows"] >= SHORT.rows
    assert sum(figures["faults"].values()) == SHORT.kills
    # What has no key is sent once only: whether one of those few gets between the faults is chance in a run this short.
    certain = ("with an Idempotency-Key", "the API killed at that moment")
    assert all(figures["accepted in the dark"][which] for which in certain), as_text(figures)
    assert figures["values that several submissions wrote"] > 0
    assert figures["events"] > figures["submissions"]
    assert figures["events that came again"] > 0
