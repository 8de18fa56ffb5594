"""A webhook that hears of everything, and what it has to hear of an action."""

import time
from collections.abc import Iterable
from typing import Any

import psycopg

from tests.receiver import Received
from tests.server import Api

EVENTS = ["async_action.started", "async_action.failures_exceeded", "async_action.ended"]
FAILURE_THRESHOLD = 40
_TIMEOUT_SECONDS = 120


def make_webhook(api: Api, target_url: str) -> None:
    """Make a webhook of the keys' project, for every event."""
    project = api.get("/management/v1/projects")["data"][0]["id"]
    body = {"target_url": target_url, "events": EVENTS, "failure_threshold": FAILURE_THRESHOLD}
    answer = api.http.post(f"/management/v1/projects/{project}/webhooks", json=body)
    assert answer.status_code == 200, answer.text


def events_of(action: dict[str, Any]) -> list[str]:
    """Return the ids of the events that an ended action has, in order."""
    names = ["started"] if action["started_at"] else []
    names += ["failures_exceeded"] if 100 * action["failed_count"] > FAILURE_THRESHOLD * action["total_count"] else []
    return [f"evt_{action['id'].removeprefix('aa_')}_{name}" for name in [*names, "ended"]]


def by_id(requests: Iterable[Received]) -> dict[str, list[Received]]:
    """Return the requests of each event."""
    received: dict[str, list[Received]] = {}
    for each in requests:
        assert each.headers["webhook-id"] == each.event["id"]
        received.setdefault(each.event["id"], []).append(each)
    return received


def all_are_delivered(url: str) -> bool:
    """Wait until each event is delivered or given up; return False where one is pending for too long."""
    pending = "SELECT count(*) FROM webhook_deliveries WHERE status = 'PENDING'"
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(pending).fetchone() != (0,):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    return True
