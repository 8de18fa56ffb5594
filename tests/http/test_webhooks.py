"""Webhooks of a running server: made, listed, changed, deleted; events arrive, and are sent again."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from standardwebhooks import Webhook

from tests.http.test_errors import check
from tests.receiver import Receiver, receiving
from tests.server import NO_TLS, Api

EVENTS = ["async_action.started", "async_action.ended"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def path_of(api: Api, *segments: str) -> str:
    return "/".join([f"/management/v1/projects/{api.keys.project}/webhooks", *segments])


def made(api: Api, target_url: str, **fields: Any) -> dict[str, Any]:
    answer = api.http.post(path_of(api), json={"target_url": target_url, "events": EVENTS, **fields})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_webhook_is_made_listed_changed_and_deleted(api: Api, other_api: Api) -> None:
    webhook = made(api, "https://shop.example/hooks")
    secret = webhook.pop("secret")
    assert secret.startswith("whsec_")
    assert webhook["id"].startswith("wh_")
    assert (webhook["object"], webhook["active"], webhook["failure_threshold"]) == ("webhook", True, 10)
    one = path_of(api, webhook["id"])
    assert api.get(one) == webhook
    shown_list = api.get(path_of(api))
    assert shown_list == {"object": "list", "data_ref": "data", "data": [webhook], "total": 1}
    assert secret not in api.http.get(path_of(api)).text
    body = {"target_url": "https://shop.example/other", "events": ["async_action.ended"], "active": False}
    changed = api.http.put(one, json={**body, "failure_threshold": 0}).json()
    assert {name: changed[name] for name in body} == body
    assert changed["failure_threshold"] == 0
    kept = api.http.put(one, json={"target_url": body["target_url"], "events": body["events"]}).json()
    assert (kept["active"], kept["failure_threshold"]) == (False, 0)
    check(other_api.http.get(one), 404, "not_found")
    check(other_api.http.get(path_of(other_api, webhook["id"])), 404, "not_found", webhook["id"])
    assert other_api.get(path_of(other_api))["total"] == 0
    assert api.http.delete(one).status_code == 204
    for method in ("GET", "DELETE"):
        check(api.http.request(method, one), 404, "not_found", webhook["id"])
    for below in ("secret", "test"):
        check(api.http.post(f"{one}/{below}"), 404, "not_found", webhook["id"])
    check(api.http.get(f"{one}/deliveries"), 404, "not_found", webhook["id"])
    check(api.http.put(one, json=body), 404, "not_found", webhook["id"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Property .target_url should be a URL"),
        ({"target_url": "http://2130706433/", "events": EVENTS}, "an address like"),
        ({"target_url": "http://a:b@shop.example/", "events": EVENTS}, "no user name"),
        ({"target_url": "https://shop.example/"}, "Property .events should be an array"),
        ({"target_url": "https://shop.example/", "events": []}, "1 to 200"),
        ({"target_url": "https://shop.example/", "events": ["voucher.created"]}, "'voucher.created' is no event"),
        ({"target_url": "https://shop.example/", "events": [5]}, "async_action.vouchers.import_csv.ended"),
        ({"target_url": "https://shop.example/", "events": EVENTS, "active": "yes"}, "true or false"),
        ({"target_url": "https://shop.example/", "events": EVENTS, "failure_threshold": 100}, "below 100"),
        ({"target_url": "https://shop.example/", "events": EVENTS, "failure_threshold": True}, "percentage"),
    ],
)
def test_what_a_webhook_cannot_be(api: Api, body: dict[str, Any], words: str) -> None:
    check(api.http.post(path_of(api), json=body), 400, "invalid_payload", words)
    assert api.get(path_of(api))["total"] == 0


def test_there_may_be_twenty(api: Api) -> None:
    for _ in range(20):
        made(api, "https://shop.example/")
    body = {"target_url": "https://shop.example/", "events": EVENTS}
    check(api.http.post(path_of(api), json=body), 409, "conflict", "20 webhooks")


def test_keys_are_asked_for(api: Api) -> None:
    for method, path in (("GET", path_of(api)), ("POST", path_of(api)), ("POST", path_of(api, "wh_1", "test"))):
        check(httpx.request(method, api.url + path, trust_env=False, verify=NO_TLS), 401, "unauthorized", "missing")


def test_events_arrive_signed_are_listed_and_sent_again(api: Api, receiver: Receiver) -> None:
    webhook = made(api, f"{receiver.url}/")
    action_id = api.import_json([{"code": "A", "gift": {"amount": 1}}])
    api.ended(action_id)
    started, ended = receiver.next(), receiver.next()
    for each in (started, ended):
        Webhook(webhook["secret"]).verify(each.body, each.headers)
        assert (each.event["project_id"], each.event["data"]["id"]) == (api.keys.project, action_id)
    assert started.event["type"] == "async_action.vouchers.import.started"
    assert {name: ended.event["data"][name] for name in ("status", "done_count")} == {"status": "DONE", "done_count": 1}
    deliveries = path_of(api, webhook["id"], "deliveries")
    _settled(api, deliveries)  # an attempt whose outcome is not noted yet has none once its event is sent again
    again = api.http.post(f"{deliveries}/{ended.event['id']}/resend")
    assert (again.status_code, again.json()["status"]) == (202, "PENDING")
    assert receiver.next().body == ended.body
    shown = _settled(api, deliveries)
    (twice,) = [each for each in shown if each["id"] == ended.event["id"]]
    assert [(each["number"], each["status"], each["error"]) for each in twice["history"]] == [
        (1, 200, None), (2, 200, None),
    ]  # fmt: skip
    assert twice["attempts"] == 2
    assert {each["id"]: each["action_id"] for each in shown} == dict.fromkeys(
        (started.event["id"], ended.event["id"]), action_id
    )
    assert api.get(deliveries, status="PENDING")["data"] == []
    first = api.get(deliveries, limit=1)
    assert (len(first["data"]), first["has_more"]) == (1, True)
    second = api.get(deliveries, limit=1, page=2)
    assert (second["data"][0]["id"] != first["data"][0]["id"], second["has_more"]) == (True, False)
    check(api.http.post(f"{deliveries}/evt_none/resend"), 404, "not_found", "evt_none")


def _settled(api: Api, deliveries: str) -> list[dict[str, Any]]:
    """All deliveries once none is pending."""
    while api.get(deliveries, status="PENDING")["data"]:
        pass
    return list(api.get(deliveries)["data"])


def test_a_test_event_and_a_secret_that_is_changed(api: Api, receiver: Receiver) -> None:
    webhook = made(api, f"{receiver.url}/")
    rotated = api.http.post(path_of(api, webhook["id"], "secret")).json()
    assert rotated["secret"] != webhook["secret"]
    assert rotated["previous_secret_until"] > rotated["updated_at"]
    queued = api.http.post(path_of(api, webhook["id"], "test"))
    assert queued.status_code == 202
    event = receiver.next()
    assert (event.event["type"], event.event["id"]) == ("webhook.test", queued.json()["id"])
    for secret in (webhook["secret"], rotated["secret"]):
        Webhook(secret).verify(event.body, event.headers)


def test_no_secret_is_stored_as_it_is(api: Api, served_database: str) -> None:
    secret = made(api, "https://shop.example/")["secret"]
    with psycopg.connect(served_database) as connection:
        rows = connection.execute("SELECT secret FROM webhooks").fetchall()
    assert rows
    assert not any(secret.encode() in row[0] or secret.removeprefix("whsec_").encode() in row[0] for row in rows)


def test_management_keys_manage_webhooks(api: Api) -> None:
    headers = {"X-Management-Id": api.keys.management_id, "X-Management-Token": api.keys.management_token}
    answer = httpx.get(api.url + path_of(api), headers=headers, trust_env=False, verify=NO_TLS)
    assert (answer.status_code, answer.json()["total"]) == (200, 0)
