"""Whatever is killed on the way: every action has its events, each under one id, and there are none besides."""

import time
from collections.abc import Callable
from typing import Any

from tests.crash.test_kills import at_progress, client, database_url, file_of
from tests.crash.webhooks import all_are_delivered, by_id, events_of, make_webhook
from tests.receiver import receiving
from tests.server import Api, Server
from tests.sizes import sized

ROWS = sized(60_000, short=6_000)


def test_processes_killed_again_and_again_lose_and_invent_no_event(serve: Callable[..., Server]) -> None:
    with receiving() as receiver:
        server = serve(
            "webhooks", TALLYKEEP_WEBHOOK_ALLOW_PRIVATE="true", TALLYKEEP_WEBHOOK_TIMEOUT_SECONDS="2",
            TALLYKEEP_KEEP_WEBHOOK_DELIVERIES_DAYS="30", TALLYKEEP_BATCH_ROWS=str(ROWS // 6),
        )  # fmt: skip
        api = client(server)
        make_webhook(api, f"{receiver.url}/")
        actions = [api.import_csv(file_of(ROWS))]
        for progress, role in (
            (0.001, "worker"),
            (1 / 6, "api"),
            (2 / 6, "worker"),
            (3 / 6, "postgres"),
            (4 / 6, "worker"),
        ):
            at_progress(api, actions[0], int(progress * ROWS))
            actions += [_small_import(api, len(actions) + number) for number in range(10)]
            server.kill_role(role)
            server.wait_ready()
        actions.append(_small_import(api, 1_000))
        api.http.post(f"/v1/async-actions/{actions[-1]}/cancel")
        for action in actions:
            api.ended(action, seconds=180)
        assert all_are_delivered(database_url(server))
        expected = {event for action in actions for event in events_of(api.get(f"/v1/async-actions/{action}"))}
        received = by_id(receiver.all())
        assert set(received) == expected
        for requests in received.values():
            assert len({each.body for each in requests}) == 1, "an id is of one event"


def _small_import(api: Api, number: int) -> str:
    """Two rows, of which every other import has one that fails."""
    rows: list[dict[str, Any]] = [
        {"code": f"S{number}", "gift": {"amount": 1}},
        {"code": f"T{number}", "gift": {"amount": 1}},
    ]
    rows = [rows[0], {"code": "BAD"}] if number % 2 else rows
    headers = {"Idempotency-Key": f"small {number}"}
    # Sent again for as long as connections that died with the database come to light.
    while (answer := api.http.post("/v1/vouchers/import", json=rows, headers=headers)).status_code == 503:
        time.sleep(0.02)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["async_action_id"])
