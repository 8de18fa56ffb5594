"""The audit log tells who did something, or tried to: keys, tokens and addresses, and none of their secrets."""

from typing import Any

import httpx

from tallykeep.api.auditing.events import EVENTS
from tests.db.audit_log import entries_in
from tests.http.audit_calls import (
    BY_BASIC,
    GIFT,
    LOG,
    Audited,
    access_token,
    failed,
    key,
    of_request,
    post,
    refusal_of,
    refusals_of,
    webhook,
)
from tests.http.test_errors import check
from tests.server import NO_TLS, Server


def anonymous(api: Audited, method: str, path: str, **content: Any) -> httpx.Response:
    return httpx.request(method, f"{api.url}{path}", trust_env=False, verify=NO_TLS, **content)


def test_reading_without_a_right_is_told_and_with_one_is_not(audited: Audited, served_database: str) -> None:
    assert audited.http.get("/v1/vouchers").status_code == 200
    assert audited.http.get("/v1/vouchers/nothing").status_code == 404
    for name, key_id in (("App", audited.keys.app_id), ("Management", audited.keys.management_id)):
        headers = {f"X-{name}-Id": key_id, f"X-{name}-Token": "wrong"}
        answer = httpx.get(f"{audited.url}/management/v1/projects", headers=headers, trust_env=False, verify=NO_TLS)
        entry = refusal_of(served_database, answer.headers["x-request-id"])
        assert (entry["event"], entry["key_id"], entry["key_kind"]) == ("read", key_id, name.lower())
        assert entry["details"]["path"] == "/management/v1/projects"
    wrong = {"X-App-Id": audited.keys.app_id, "X-App-Token": "wrong"}
    answer = httpx.get(f"{audited.url}/v1/async-actions/aa_1", headers=wrong, trust_env=False, verify=NO_TLS)
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert entry["details"]["path"] == "/v1/async-actions/{action_id}"
    assert {entry["outcome"] for entry in audited.get(LOG)["data"]} == {"refused"}


def test_what_is_sent_in_place_of_a_key_is_not_kept(audited: Audited, served_database: str) -> None:
    secret = "my-token-in-the-wrong-header"
    answer = httpx.get(
        f"{audited.url}/v1/keys", headers={"X-App-Id": secret, "X-App-Token": "x"}, trust_env=False, verify=NO_TLS
    )
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert (entry["project_id"], entry["key_id"], entry["address"]) == (0, None, "127.0.0.1")
    assert secret not in str(entries_in(served_database))


def test_a_revoked_keys_attempts_are_its_projects(audited: Audited, served_database: str) -> None:
    key = post(audited, "/v1/keys", {"name": "Supplier", "role": "reader"})
    assert audited.http.delete(f"/v1/keys/{key['id']}").status_code == 204
    headers = {"X-App-Id": key["id"], "X-App-Token": key["token"]}
    answers = [
        httpx.delete(f"{audited.url}/v1/campaigns/x", headers=headers, trust_env=False, verify=NO_TLS) for _ in range(3)
    ]
    refusal_of(served_database, answers[0].headers["x-request-id"])
    tried = audited.get(LOG, key=key["id"])["data"]
    assert [(entry["event"], entry["outcome"]) for entry in tried][-1] == ("campaign.delete", "refused")
    assert "Supplier" in str(audited.get(LOG, event="key.create")["data"][0]["details"])


def test_a_permission_that_a_key_lacks_is_told(audited: Audited, served_database: str) -> None:
    reader = key(audited, role="reader")
    headers = {"X-App-Id": reader["id"], "X-App-Token": reader["token"]}
    for method, path in (("DELETE", "/v1/campaigns/x"), ("POST", "/v1/vouchers/import"), ("GET", "/v1/keys")):
        answer = anonymous(audited, method, path, headers=headers)
        check(answer, 403, "forbidden")
        entry = refusal_of(served_database, answer.headers["x-request-id"])
        assert (entry["key_id"], entry["event"]) == (reader["id"], EVENTS.get((method, path), entry["event"]))
        assert entry["details"]["permission"] in answer.json()["details"]


def test_each_action_that_a_retry_of_all_refuses_is_told(audited: Audited, served_database: str) -> None:
    vouchers = [failed(audited) for _ in range(2)]
    customers = str(
        post(audited, "/v1/customers/bulk/async", [{"source_id": "x", "birthdate": "?"}])["async_action_id"]
    )
    assert audited.ended(customers)["failed_count"] == 1
    operator = key(audited, role="operator", scopes=["async-actions.manage", "customers.write"])
    headers = {"X-App-Id": operator["id"], "X-App-Token": operator["token"]}
    counted = anonymous(audited, "POST", "/v1/async-actions/retry?dry_run=true", headers=headers)
    assert (counted.json()["matched_count"], counted.json()["refused"]) == (3, [])
    answer = anonymous(audited, "POST", "/v1/async-actions/retry", headers=headers)
    assert [each["id"] for each in answer.json()["done"]] == [customers]
    assert [each["id"] for each in answer.json()["refused"]] == vouchers[::-1]
    entries = refusals_of(served_database, answer.headers["x-request-id"], len(vouchers))
    assert {entry["resource_id"] for entry in entries} == set(vouchers)
    for entry in entries:
        assert (entry["event"], entry["key_id"], entry["door"]) == ("action.retry", operator["id"], "api")
        assert entry["details"] == {
            "status": 403, "error": "forbidden", "permission": "vouchers.write", "method": "POST",
            "path": "/v1/async-actions/retry", "count": 1,
        }  # fmt: skip
    assert of_request(served_database, counted.headers["x-request-id"]) == []


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
    done = httpx.post(f"{proxied.url}/v1/vouchers", json=GIFT, headers=headers, trust_env=False, verify=NO_TLS)
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
