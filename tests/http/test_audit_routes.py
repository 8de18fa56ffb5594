"""Each route that changes something leaves one entry in the audit log where it does, and one where it is refused."""

import httpx
import pytest

from tallykeep.api.auditing.events import EVENTS
from tests.db.audit_log import entries_in
from tests.http.audit_calls import CALLS, GIFT, LOG, Audited, Route, campaign, of_request, post, refusal_of
from tests.http.test_errors import check


def ids(route: Route) -> str:
    return " ".join(route)


@pytest.mark.parametrize("route", EVENTS, ids=ids)
def test_a_change_leaves_one_entry(route: Route, audited: Audited, served_database: str) -> None:
    path, body = CALLS[route](audited)
    answer = audited.http.request(route[0], path, **body)
    assert answer.status_code < 300, answer.text
    (entry,) = of_request(served_database, answer.headers["x-request-id"])
    assert (entry["event"], entry["outcome"], entry["door"]) == (EVENTS[route], "success", "api")
    assert (entry["key_id"], entry["key_kind"], entry["address"]) == (audited.keys.app_id, "app", "127.0.0.1")
    assert entry["resource_type"] == EVENTS[route].resource_type
    assert entry["resource_id"], "whatever was changed has an id"
    started = answer.json().get("async_action_id") if answer.content else None
    assert started is None or (
        entry["action_id"] == started and audited.get(f"/v1/async-actions/{started}")["log_id"] == entry["id"]
    )


@pytest.mark.parametrize("route", EVENTS, ids=ids)
def test_a_change_that_is_refused_leaves_one_entry(route: Route, audited: Audited, served_database: str) -> None:
    named = dict.fromkeys(("target", "action_id", "code", "campaign_id", "category_id", "customer_id"), "nothing")
    named |= dict.fromkeys(
        ("product_id", "sku_id", "order_id", "entry_id", "schema_id", "resource", "key", "key_id"), "nothing"
    )
    path = route[1].format(project_id=audited.keys.project, **named)
    wrong = {"limit": "x", "dry_run": "x", "force": "x", "include_unprocessed": "x"}
    answer = audited.http.request(route[0], path, params=wrong, content=b"{", headers={"Content-Type": "text/nonsense"})
    assert 400 <= answer.status_code < 500, answer.text
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert (entry["event"], entry["outcome"], entry["key_id"]) == (EVENTS[route], "refused", audited.keys.app_id)
    assert entry["details"]["status"] == answer.status_code
    assert (entry["details"]["error"], entry["details"]["count"]) == (answer.json()["key"], 1)


@pytest.mark.parametrize("route", EVENTS, ids=ids)
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
    assert CALLS.keys() == EVENTS.keys()


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
