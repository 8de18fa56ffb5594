"""Events: their names, and the body that a receiver gets."""

from collections.abc import Iterable
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.ids import wire_time

PREFIX = "async_action"
OCCURRENCES = ("started", "failures_exceeded", "ended")
TEST_EVENT = "webhook.test"


def event_names(action_types: Iterable[str]) -> list[str]:
    """Return what a webhook can be subscribed to: the three of every type, then those of each, in the order given.

    Named as the reference API names its own (campaign.vouchers.generation.started): lower case, what it is about, then
    what happened.
    """
    of_all = [f"{PREFIX}.{occurrence}" for occurrence in OCCURRENCES]
    return of_all + [f"{PREFIX}.{name.lower()}.{occurrence}" for name in action_types for occurrence in OCCURRENCES]


def event_body(delivery: dict[str, Any]) -> bytes:
    """Return the JSON of a claimed delivery, the same at every attempt; `project` is the project's public id."""
    return exact_json.dumps(
        {
            "id": delivery["event_id"],
            "object": "event",
            "type": delivery["event"],
            "timestamp": wire_time(delivery["created_at"]),
            "project_id": delivery["project"],
            "data": delivery["data"],
        }
    )
