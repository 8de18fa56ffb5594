"""Results: nothing is counted before there is anything to count."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action import Action, OperationStatus, Status

TIMESTAMP = datetime(2026, 1, 1, tzinfo=UTC)
NEW = Action(
    1, "aa_1", "", Status.ENQUEUED, OperationStatus.UNKNOWN, "v-1", TIMESTAMP, TIMESTAMP,
    total_count=3, done_count=0, failed_count=0,
)  # fmt: skip
COUNTS = {"message", "done_count", "failed_count"}
LISTS = {"failed", "reports", "errors"}


@pytest.mark.parametrize("name", ACTION_TYPES)
@pytest.mark.parametrize("status", [Status.ENQUEUED, Status.IN_PROGRESS])
def test_nothing_is_counted_before_the_first_outcome(name: str, status: Status) -> None:
    action_type = ACTION_TYPES[name]
    early = action_type.result(action_type, replace(NEW, type=name, status=status), [], None)
    late = action_type.result(action_type, replace(NEW, type=name, status=Status.DONE), [], None)
    begun = action_type.result(action_type, replace(NEW, type=name, status=Status.IN_PROGRESS, done_count=1), [], None)
    assert not COUNTS & early.keys()
    assert late.keys() == begun.keys() == early.keys() | (COUNTS & late.keys())
    assert {key: value for key, value in early.items() if key in LISTS} == {key: [] for key in LISTS & late.keys()}
