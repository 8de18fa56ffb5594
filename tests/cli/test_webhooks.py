"""Webhooks on the command line."""

import json
import re
from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook

from tallykeep.cli.kit.phrases import when
from tests.cli.running import in_terminal, run
from tests.receiver import Receiver, receiving
from tests.server import Api


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_webhook_is_made_tried_and_its_events_sent_again(api: Api, receiver: Receiver) -> None:
    assert run(api, "webhooks", "list").stdout == "No webhooks.\n"
    made = run(api, "webhooks", "create", f"{receiver.url}/")
    webhook_id, secret = made.stdout.split()
    assert secret.startswith("whsec_")
    assert "only once" in made.stderr
    tried = run(api, "webhooks", "test", webhook_id)
    assert (tried.returncode, f"webhooks deliveries {webhook_id}" in tried.stdout) == (0, True)
    event = receiver.next()
    Webhook(secret).verify(event.body, event.headers)
    again = json.loads(run(api, "webhooks", "resend", webhook_id, event.event["id"], "--json").stdout)
    assert again["id"] == event.event["id"]
    assert receiver.next().body == event.body
    while run(api, "webhooks", "deliveries", webhook_id, "--status", "pending").stdout != "No deliveries.\n":
        pass
    shown_list = run(api, "webhooks", "deliveries", webhook_id).stdout
    assert event.event["id"] in shown_list
    assert "DELIVERED" in shown_list
    assert "active" in run(api, "webhooks", "list").stdout


def test_it_is_shown_when_a_delivery_is_tried_again(api: Api) -> None:
    with receiving() as gone:
        url = gone.url
    webhook_id = run(api, "webhooks", "create", f"{url}/").stdout.split()[0]
    assert run(api, "webhooks", "test", webhook_id).returncode == 0
    words = ("webhooks", "deliveries", webhook_id)
    # An attempt under way is counted already, and the next one is due by when this one would have been lost.
    while not (delivery := json.loads(run(api, *words, "--json").stdout)["data"][0])["history"]:
        pass
    title, row = run(api, *words).stdout.splitlines()
    assert "next attempt" in title
    times = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row)
    assert times[0] == when(delivery["created_at"])
    assert times[1] >= when(delivery["next_attempt_at"])


def test_a_webhook_is_changed_for_scripts(api: Api) -> None:
    words = ("webhooks", "create", "https://shop.example/", "--event", "async_action.ended", "--failure-threshold", "5")
    made = json.loads(run(api, *words, "--json").stdout)
    assert (made["events"], made["failure_threshold"]) == (["async_action.ended"], 5)
    off = json.loads(run(api, "webhooks", "update", made["id"], "--inactive", "--json").stdout)
    assert "secret" not in off
    assert (off["active"], off["events"], off["target_url"]) == (False, made["events"], made["target_url"])
    assert "inactive" in run(api, "webhooks", "update", made["id"], "--event", "async_action.started").stdout
    rotated = run(api, "webhooks", "rotate-secret", made["id"]).stdout.split()
    assert rotated[1] != made["secret"]
    (shown,) = json.loads(run(api, "webhooks", "list", "--json").stdout)["data"]
    assert (shown["events"], "secret" in shown) == (["async_action.started"], False)
    assert run(api, "webhooks", "deliveries", made["id"], "--json").returncode == 0


def test_a_webhook_is_deleted_once_that_was_confirmed(api: Api) -> None:
    webhook_id = run(api, "webhooks", "create", "https://shop.example/").stdout.split()[0]
    unasked = run(api, "webhooks", "delete", webhook_id)
    assert (unasked.returncode, "--yes" in unasked.stderr) == (2, True)
    for answer, code in (("n", 130), ("y", 0)):
        with in_terminal(api, "webhooks", "delete", webhook_id) as terminal:
            terminal.until(lambda text: "for good?" in text)
            terminal.type(f"{answer}\n")
            assert terminal.wait() == code
    assert run(api, "webhooks", "delete", webhook_id, "--yes").returncode == 3


def test_what_is_refused_says_why(api: Api) -> None:
    refused = run(api, "webhooks", "create", "http://0177.0.0.1/")
    assert (refused.returncode, "URL should" in refused.stderr) == (3, True), refused.stderr
    event = run(api, "webhooks", "create", "https://shop.example/", "--event", "voucher.created")
    assert (event.returncode, "is no event" in event.stderr) == (3, True)
