"""Each route that changes something leaves one entry in the audit log where it does, and one where it is refused."""

from typing import Any

import httpx
import psycopg
import pytest

from tallykeep.api.auditing.events import EVENTS
from tests.db.audit_log import entries_in
from tests.http.audit_calls import (
    CALLS,
    GIFT,
    LOG,
    Audited,
    Route,
    access_token,
    campaign,
    key,
    of_request,
    post,
    refusal_of,
    webhook,
)
from tests.http.test_errors import check
from tests.server import Server

BY_BASIC = ("POST", "/v2/oauth/token")  # which no application key may be sent to
ROUTES = [route for route in EVENTS if route != BY_BASIC]


def ids(route: Route) -> str:
    return " ".join(route)


def log_id_of(database_url: str, action_id: str) -> str:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT log_id FROM async_actions WHERE id = %s", (action_id,)).fetchone()
    assert row
    return str(row[0])


@pytest.mark.parametrize("route", ROUTES, ids=ids)
def test_a_change_leaves_one_entry(route: Route, audited: Audited, served_database: str) -> None:
    path, body = CALLS[route](audited)
    answer = audited.http.request(route[0], path, **body)
    assert answer.status_code < 300, answer.text
    (entry,) = of_request(served_database, answer.headers["x-request-id"])
    assert (entry["event"], entry["outcome"], entry["door"]) == (EVENTS[route], "success", "api")
    manager = body.get("headers", {}).get("X-Management-Id")
    caller = (manager, "management") if manager else (audited.keys.app_id, "app")
    assert (entry["key_id"], entry["key_kind"], entry["address"]) == (*caller, "127.0.0.1")
    assert entry["resource_type"] == EVENTS[route].resource_type
    assert entry["resource_id"], "whatever was changed has an id"
    started = answer.json().get("async_action_id") if answer.content else None
    if started is not None:
        assert (entry["action_id"], entry["id"]) == (started, log_id_of(served_database, started))


@pytest.mark.parametrize("route", ROUTES, ids=ids)
def test_a_change_that_is_refused_leaves_one_entry(route: Route, audited: Audited, served_database: str) -> None:
    named = dict.fromkeys(("target", "action_id", "code", "campaign_id", "category_id", "customer_id"), "nothing")
    named |= dict.fromkeys(
        ("product_id", "sku_id", "order_id", "entry_id", "schema_id", "resource", "key", "key_id"), "nothing"
    )
    named |= dict.fromkeys(("webhook_id", "event_id"), "nothing")
    path = route[1].format(project_id=audited.keys.project, **named)
    wrong = {"limit": "x", "dry_run": "x", "force": "x", "include_unprocessed": "x"}
    answer = audited.http.request(route[0], path, params=wrong, content=b"{", headers={"Content-Type": "text/nonsense"})
    assert 400 <= answer.status_code < 500, answer.text
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert (entry["event"], entry["outcome"], entry["key_id"]) == (EVENTS[route], "refused", audited.keys.app_id)
    assert entry["details"]["status"] == answer.status_code
    assert (entry["details"]["error"], entry["details"]["count"]) == (answer.json()["key"], 1)


@pytest.mark.parametrize("route", ROUTES, ids=ids)
def test_a_change_with_wrong_keys_leaves_one_entry(route: Route, audited: Audited, served_database: str) -> None:
    headers = {"X-App-Id": audited.keys.app_id, "X-App-Token": "wrong"}
    path = route[1].replace("{", "").replace("}", "")
    answer = httpx.request(route[0], f"{audited.url}{path}", headers=headers, trust_env=False)
    check(answer, 401, "unauthorized")
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert (entry["event"], entry["outcome"], entry["details"]["status"]) == (EVENTS[route], "refused", 401)
    assert (entry["key_id"], entry["key_kind"]) == (audited.keys.app_id, "app")
    (mine,) = audited.get(LOG, outcome="refused")["data"]
    assert mine["id"] == entry["id"]


def test_every_route_with_an_event_is_called(audited: Audited) -> None:
    assert CALLS.keys() == set(ROUTES)


def test_reading_without_a_right_is_told_and_with_one_is_not(audited: Audited, served_database: str) -> None:
    assert audited.http.get("/v1/vouchers").status_code == 200
    assert audited.http.get("/v1/vouchers/nothing").status_code == 404
    for name, key_id in (("App", audited.keys.app_id), ("Management", audited.keys.management_id)):
        headers = {f"X-{name}-Id": key_id, f"X-{name}-Token": "wrong"}
        answer = httpx.get(f"{audited.url}/management/v1/projects", headers=headers, trust_env=False)
        entry = refusal_of(served_database, answer.headers["x-request-id"])
        assert (entry["event"], entry["key_id"], entry["key_kind"]) == ("read", key_id, name.lower())
        assert entry["details"]["path"] == "/management/v1/projects"
    wrong = {"X-App-Id": audited.keys.app_id, "X-App-Token": "wrong"}
    answer = httpx.get(f"{audited.url}/v1/async-actions/aa_1", headers=wrong, trust_env=False)
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert entry["details"]["path"] == "/v1/async-actions/{action_id}"
    assert {entry["outcome"] for entry in audited.get(LOG)["data"]} == {"refused"}


def test_what_is_sent_in_place_of_a_key_is_not_kept(audited: Audited, served_database: str) -> None:
    secret = "my-token-in-the-wrong-header"
    answer = httpx.get(f"{audited.url}/v1/keys", headers={"X-App-Id": secret, "X-App-Token": "x"}, trust_env=False)
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert (entry["project_id"], entry["key_id"], entry["address"]) == (0, None, "127.0.0.1")
    assert secret not in str(entries_in(served_database))


def test_a_revoked_keys_attempts_are_its_projects(audited: Audited, served_database: str) -> None:
    key = post(audited, "/v1/keys", {"name": "Supplier"})
    assert audited.http.delete(f"/v1/keys/{key['id']}").status_code == 204
    headers = {"X-App-Id": key["id"], "X-App-Token": key["token"]}
    answers = [httpx.delete(f"{audited.url}/v1/campaigns/x", headers=headers, trust_env=False) for _ in range(3)]
    refusal_of(served_database, answers[0].headers["x-request-id"])
    tried = audited.get(LOG, key=key["id"])["data"]
    assert [(entry["event"], entry["outcome"]) for entry in tried][-1] == ("campaign.delete", "refused")
    assert "Supplier" in str(audited.get(LOG, event="key.create")["data"][0]["details"])


def test_a_submission_that_is_sent_again_changes_nothing(audited: Audited, served_database: str) -> None:
    own = {"Idempotency-Key": "k-1"}
    first, second = [audited.http.post("/v1/vouchers/import", json=[GIFT], headers=own) for _ in range(2)]
    assert first.json() == second.json()
    assert len(of_request(served_database, first.headers["x-request-id"])) == 1
    assert of_request(served_database, second.headers["x-request-id"]) == []
    campaign_id = campaign(audited)
    first, second = [
        audited.http.delete(f"/v1/campaigns/{campaign_id}", headers={"Idempotency-Key": "k-2"}) for _ in range(2)
    ]
    assert first.json() == second.json()
    assert len(of_request(served_database, first.headers["x-request-id"])) == 1
    assert of_request(served_database, second.headers["x-request-id"]) == []


def anonymous(api: Audited, method: str, path: str, **content: Any) -> httpx.Response:
    return httpx.request(method, f"{api.url}{path}", trust_env=False, **content)


def test_a_permission_that_a_key_lacks_is_told(audited: Audited, served_database: str) -> None:
    reader = key(audited, role="reader")
    headers = {"X-App-Id": reader["id"], "X-App-Token": reader["token"]}
    for method, path in (("DELETE", "/v1/campaigns/x"), ("POST", "/v1/vouchers/import"), ("GET", "/v1/keys")):
        answer = anonymous(audited, method, path, headers=headers)
        check(answer, 403, "forbidden")
        entry = refusal_of(served_database, answer.headers["x-request-id"])
        assert (entry["key_id"], entry["event"]) == (reader["id"], EVENTS.get((method, path), entry["event"]))
        assert entry["details"]["permission"] in answer.json()["details"]


def test_what_is_done_and_refused_with_a_token_names_the_token(audited: Audited, served_database: str) -> None:
    token = access_token(audited, "vouchers")
    (given,) = audited.get(LOG, event="token.issue")["data"]
    assert (given["resource_type"], given["details"]) == ("access_token", {"scope": "vouchers"})
    headers = {"Authorization": f"Bearer {token}"}
    done = anonymous(audited, "POST", "/v1/vouchers", json=GIFT, headers=headers)
    refused = anonymous(audited, "DELETE", "/v1/campaigns/x", headers=headers)
    assert (done.status_code, refused.status_code) == (200, 403)
    (change,) = of_request(served_database, done.headers["x-request-id"])
    for entry in (change, refusal_of(served_database, refused.headers["x-request-id"])):
        assert (entry["token_id"], entry["key_id"]) == (given["resource_id"], audited.keys.app_id)
    ended = audited.http.post("/v1/oauth/token/revoke", data={"access_token": token})
    assert of_request(served_database, ended.headers["x-request-id"])[0]["resource_id"] == given["resource_id"]
    again = audited.http.post("/v1/oauth/token/revoke", data={"access_token": token})
    assert refusal_of(served_database, again.headers["x-request-id"])["details"]["status"] == 404


def test_tokens_of_service_keys_are_told(audited: Audited, served_database: str) -> None:
    service = key(audited, kind="service")
    form = {"grant_type": "client_credentials"}
    given = anonymous(audited, *BY_BASIC, data=form, auth=(service["id"], service["token"]))
    (entry,) = of_request(served_database, given.headers["x-request-id"])
    assert (entry["event"], entry["key_id"], entry["key_kind"]) == ("token.issue", service["id"], "service")
    for wrong, error in (({"grant_type": "x"}, "unsupported_grant_type"), (form, "invalid_client")):
        if error == "invalid_client":
            assert audited.http.delete(f"/v1/keys/{service['id']}").status_code == 204
        answer = anonymous(audited, *BY_BASIC, data=wrong, auth=(service["id"], service["token"]))
        refusal = refusal_of(served_database, answer.headers["x-request-id"])
        assert (refusal["event"], refusal["key_id"]) == ("token.issue", service["id"])
        assert (refusal["details"]["error"], refusal["project_id"]) == (error, entry["project_id"])


def test_a_key_that_is_used_from_elsewhere_is_told(audited: Audited, served_database: str) -> None:
    distant = key(audited, addresses=["192.0.2.0/24"])
    answer = anonymous(
        audited, "GET", "/v1/vouchers", headers={"X-App-Id": distant["id"], "X-App-Token": distant["token"]}
    )
    check(answer, 403, "forbidden")
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert (entry["key_id"], entry["address"]) == (distant["id"], "127.0.0.1")
    (made,) = audited.get(LOG, event="key.create")["data"]
    assert made["details"] == {"kind": "app", "name": "app key", "role": "admin", "addresses": ["192.0.2.0/24"]}


def test_the_address_is_the_one_that_a_trusted_proxy_names(
    audited: Audited, proxied: Server, served_database: str
) -> None:
    distant = key(audited, addresses=["192.0.2.0/24"])
    headers = {"X-App-Id": distant["id"], "X-App-Token": distant["token"], "X-Forwarded-For": "192.0.2.9"}
    done = httpx.post(f"{proxied.url}/v1/vouchers", json=GIFT, headers=headers, trust_env=False)
    assert done.status_code == 200, done.text
    assert of_request(served_database, done.headers["x-request-id"])[0]["address"] == "192.0.2.9"
    believed = anonymous(audited, "GET", "/v1/vouchers", headers=headers)
    assert refusal_of(served_database, believed.headers["x-request-id"])["address"] == "127.0.0.1"


def test_no_secret_is_told(audited: Audited, served_database: str) -> None:
    made = key(audited)
    rotated = audited.http.post(f"/v1/keys/{made['id']}/rotate").json()
    path = webhook(audited)
    secret = audited.http.post(f"{path}/secret").json()["secret"]
    secrets = (made["token"], rotated["token"], access_token(audited), secret, "secret-in-the-path")
    own = "project_id = (SELECT project_id FROM projects WHERE id = %s)"
    entries = entries_in(served_database, own, audited.keys.project)
    assert {"key.rotate", "webhook.create", "webhook.rotate_secret"} <= {entry["event"] for entry in entries}
    assert [each for each in secrets if each in str(entries)] == []


def test_only_who_may_reads_the_log(audited: Audited) -> None:
    for role, status in (("reader", 403), ("operator", 403), ("admin", 200)):
        made = key(audited, role=role)
        headers = {"X-App-Id": made["id"], "X-App-Token": made["token"]}
        for path in (LOG, f"{LOG}.csv"):
            answer = anonymous(audited, "GET", path, headers=headers)
            assert answer.status_code == status
            assert answer.headers["cache-control"] == "no-store"
