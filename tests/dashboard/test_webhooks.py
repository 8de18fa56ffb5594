"""Webhooks on pages: made, tried, switched off and on, deleted; their deliveries, and sending one again."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from standardwebhooks import Webhook

from tests.dashboard.browser import Browser
from tests.receiver import Receiver, receiving
from tests.server import Api

EVENTS = ("async_action.started", "async_action.ended")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def made(visitor: Browser, target_url: str) -> tuple[str, str]:
    """The path of a new webhook's page, and its secret."""
    page = visitor.get("/webhooks")
    shown = visitor.send(page, "/webhooks", target_url=target_url, failure_threshold="7,5", events="async_action.ended")
    assert shown.status_code == 200, shown.text
    path, secret = re.search(r'href="(/webhooks/wh_\w+)"', shown.text), re.search(r"whsec_[^<]+", shown.text)
    assert path and secret, shown.text
    return path[1], unescape(secret[0])


def test_a_webhook_is_made_and_its_events_are_shown_and_sent_again(
    visitor: Browser, api: Api, receiver: Receiver
) -> None:
    path, secret = made(visitor, f"{receiver.url}/x")
    assert secret not in visitor.get("/webhooks").text
    assert "more than 7.5 % of all" in visitor.get(path).text
    action_id = api.import_json([{"code": "A", "gift": {"amount": 1}}])
    api.ended(action_id)
    event = receiver.next()
    Webhook(secret).verify(event.body, event.headers)
    while "Delivered" not in (page := visitor.get(path)).text.partition("<tbody>")[2]:
        pass
    assert f"/tasks/{action_id}" in page.text
    notice = visitor.send(page, f"{path}/resend")
    assert "is sent again" in notice.text
    assert event.event["id"] in page.text
    assert receiver.next().body == event.body
    while "All attempts" not in (page := visitor.get(path)).text:
        pass
    attempts = page.text.partition("All attempts")[2].partition("</ol>")[0]
    assert (attempts.count("<li>"), attempts.count("200</li>")) == (2, 2)
    kept = visitor.send(visitor.get(path, status="DELIVERED"), f"{path}/resend")
    assert (kept.url.params["status"], kept.url.params["number"]) == ("DELIVERED", "1")
    assert receiver.next().body == event.body
    assert "No deliveries" in visitor.get(path, status="GIVEN_UP").text


def test_a_webhook_is_tried_switched_off_and_on_and_deleted(visitor: Browser, api: Api, receiver: Receiver) -> None:
    path, first = made(visitor, f"{receiver.url}/x")
    visitor.send(visitor.get(path), f"{path}/test")
    assert receiver.next().event["type"] == "webhook.test"
    off = visitor.send(visitor.get(path), f"{path}/active")
    assert "No more events are sent" in off.text
    assert '<span class="state quiet">Off</span>' in visitor.get("/webhooks").text
    on = visitor.send(visitor.get(path), f"{path}/active")
    assert "Events are sent again" in on.text
    changed = visitor.send(visitor.get(path), f"{path}/secret")
    assert "The secret was changed" in changed.text
    assert first not in changed.text
    gone = visitor.send(visitor.get(path), f"{path}/delete")
    assert "was deleted" in gone.text
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target_url": "ftp://shop.example/", "events": EVENTS[0]}, "Where to should begin with https://"),
        ({"target_url": "https://shop.example/"}, "When should be an array"),
        (
            {"target_url": "https://shop.example/", "events": EVENTS[0], "failure_threshold": "lots"},
            "Many are more than",
        ),
        (
            {"target_url": "https://shop.example/", "events": EVENTS[0], "failure_threshold": "5.000"},
            "may be 5000 or 5.000",
        ),
    ],
)
def test_what_cannot_be_made_comes_back_with_what_is_wrong(
    visitor: Browser, fields: dict[str, str], words: str
) -> None:
    page = visitor.send(visitor.get("/webhooks"), "/webhooks", **({"failure_threshold": "10"} | fields))
    assert page.status_code == 422
    assert words in unescape(page.text)
    assert fields["target_url"] in page.text
    assert "<tbody>" not in page.text
