"""Whatever is killed on the way: every action has its events, each under one id, and there are none besides."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

from tests.crash.test_kills import at_progress, client, database_url, file_of
from tests.receiver import Received, receiving
from tests.server import Api, Server

ROWS = 60_000
EVENTS = ["async_action.started", "async_action.failures_exceeded", "async_action.ended"]


def test_processes_killed_again_and_again_lose_and_invent_no_event(serve: Callable[..., Server]) -> None:
    with receiving() as receiver:
        server = serve(
            "webhooks", TALLYKEEP_WEBHOOK_ALLOW_PRIVATE="true", TALLYKEEP_WEBHOOK_TIMEOUT_SECONDS="2",
            TALLYKEEP_KEEP_WEBHOOK_DELIVERIES_DAYS="30",
        )  # fmt: skip
        api = client(server)
        _make_webhook(api, f"{receiver.url}/")
        actions = [api.import_csv(file_of(ROWS))]
        for progress, role in (
            (1, "worker"),
            (10_000, "api"),
            (20_000, "worker"),
            (30_000, "postgres"),
            (40_000, "worker"),
        ):
            at_progress(api, actions[0], progress)
            actions += [_small_import(api, len(actions) + number) for number in range(10)]
            server.kill_role(role)
            server.wait_ready()
        actions.append(_small_import(api, 1_000))
        api.http.post(f"/v1/async-actions/{actions[-1]}/cancel")
        for action in actions:
            api.ended(action, seconds=180)
        _until_none_is_pending(database_url(server))
        expected = {event for action in actions for event in _events_of(api.get(f"/v1/async-actions/{action}"))}
        received = _by_id(receiver.all())
        assert set(received) == expected
        for requests in received.values():
            assert len({each.body for each in requests}) == 1, "an id is of one event"


def _make_webhook(api: Api, target_url: str) -> None:
    project = api.get("/management/v1/projects")["data"][0]["id"]
    body = {"target_url": target_url, "events": EVENTS, "failure_threshold": 40}
    answer = api.http.post(f"/management/v1/projects/{project}/webhooks", json=body)
    assert answer.status_code == 200, answer.text


def _small_import(api: Api, number: int) -> str:
    """Two rows, of which every other import has one that fails."""
    rows: list[dict[str, Any]] = [
        {"code": f"S{number}", "gift": {"amount": 1}},
        {"code": f"T{number}", "gift": {"amount": 1}},
    ]
    return api.import_json([rows[0], {"code": "BAD"}] if number % 2 else rows)


def _events_of(action: dict[str, Any]) -> list[str]:
    names = ["started"] if action["started_at"] else []
    names += ["failures_exceeded"] if 100 * action["failed_count"] > 40 * action["total_count"] else []
    return [f"evt_{action['id'].removeprefix('aa_')}_{name}" for name in [*names, "ended"]]


def _by_id(requests: list[Received]) -> dict[str, list[Received]]:
    received: dict[str, list[Received]] = {}
    for each in requests:
        assert each.headers["webhook-id"] == each.event["id"]
        received.setdefault(each.event["id"], []).append(each)
    return received


def _until_none_is_pending(url: str) -> None:
    pending = "SELECT event_id FROM webhook_deliveries WHERE status = 'PENDING' LIMIT 1"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(pending).fetchone():
            time.sleep(0.05)
