"""Events that webhooks were sent, held against the actions that they tell of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.crash.webhooks import by_id, events_of
from tests.receiver import Received


@dataclass
class Findings:
    """Ids of events: those that never came, those that tell of nothing, and those that came in two versions."""

    lost: list[str] = field(default_factory=list)
    phantom: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def compare(actions: Iterable[dict[str, Any]], requests: Iterable[Received]) -> Findings:
    """Compare all actions of a project, which have ended, with all requests to its webhook; repeats are no fault."""
    expected = {event for action in actions for event in events_of(action)}
    received = by_id(requests)
    return Findings(
        lost=sorted(expected - received.keys()),
        phantom=sorted(received.keys() - expected),
        changed=sorted(event for event, repeats in received.items() if len({each.body for each in repeats}) > 1),
    )
