"""Each route that changes something leaves one entry in the audit log where it does, and one where it is refused."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from tallykeep.api.auditing.events import EVENTS
from tests.db.audit_log import entries_in
from tests.http.audit_calls import (
    CALLS,
    GIFT,
    HOOK,
    LOG,
    SCHEMAS,
    Audited,
    Route,
    access_token,
    campaign,
    failed,
    key,
    of_request,
    post,
    product,
    refusal_of,
    refusals_of,
    schema,
    voucher,
    webhook,
)
from tests.http.test_errors import check
from tests.server import Server, new_project

BY_BASIC = ("POST", "/v2/oauth/token")  # which no application key may be sent to
ROUTES = [route for route in EVENTS if route != BY_BASIC]

Answers = dict[Route, tuple[Audited, httpx.Response]]


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


@contextmanager
def every_route(
    server: Server, database_url: str, ask: Callable[[Audited, Route], httpx.Response]
) -> Iterator[Answers]:
    """Ask each in a project of its own, all at once: refusals are written together, half a second later."""
    with ExitStack() as stack:
        answers = {}
        for route in ROUTES:
            api = Audited(server.url, new_project(database_url), database_url)
            stack.enter_context(closing(api.http))
            answers[route] = (api, ask(api, route))
        yield answers


@pytest.fixture(scope="module")
def refused(audited_server: Server, served_database: str) -> Iterator[Answers]:
    with every_route(audited_server, served_database, _ask_what_is_refused) as answers:
        yield answers


def _ask_what_is_refused(audited: Audited, route: Route) -> httpx.Response:
    named = dict.fromkeys(("target", "action_id", "code", "campaign_id", "category_id", "customer_id"), "nothing")
    named |= dict.fromkeys(
        ("product_id", "sku_id", "order_id", "entry_id", "schema_id", "resource", "key", "key_id"), "nothing"
    )
    named |= dict.fromkeys(("webhook_id", "event_id"), "nothing")
    path = route[1].format(project_id=audited.keys.project, **named)
    wrong = {"limit": "x", "dry_run": "x", "force": "x", "include_unprocessed": "x"}
    nonsense = {"Content-Type": "text/nonsense"}
    return audited.http.request(route[0], path, params=wrong, content=b"{", headers=nonsense)


@pytest.mark.parametrize("route", ROUTES, ids=ids)
def test_a_change_that_is_refused_leaves_one_entry(route: Route, refused: Answers, served_database: str) -> None:
    audited, answer = refused[route]
    assert 400 <= answer.status_code < 500, answer.text
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert (entry["event"], entry["outcome"], entry["key_id"]) == (EVENTS[route], "refused", audited.keys.app_id)
    assert entry["details"]["status"] == answer.status_code
    assert (entry["details"]["error"], entry["details"]["count"]) == (answer.json()["key"], 1)


@pytest.fixture(scope="module")
def shut_out(audited_server: Server, served_database: str) -> Iterator[Answers]:
    with every_route(audited_server, served_database, _ask_with_wrong_keys) as answers:
        yield answers


def _ask_with_wrong_keys(audited: Audited, route: Route) -> httpx.Response:
    headers = {"X-App-Id": audited.keys.app_id, "X-App-Token": "wrong"}
    path = route[1].replace("{", "").replace("}", "")
    return httpx.request(route[0], f"{audited.url}{path}", headers=headers, trust_env=False)


@pytest.mark.parametrize("route", ROUTES, ids=ids)
def test_a_change_with_wrong_keys_leaves_one_entry(route: Route, shut_out: Answers, served_database: str) -> None:
    audited, answer = shut_out[route]
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


def definition(api: Audited) -> str:
    schema(api)
    return "/v1/metadata-schemas/voucher/definitions/k"


def category(api: Audited) -> str:
    return f"/v1/categories/{post(api, '/v1/categories', {'name': 'New'})['id']}"


SCHEMA = {"properties": {"k": {"type": "string"}}, "allow_defined_only": True}
HOOKED = {**HOOK, "failure_threshold": 5}
# Requests that say how something is to be: where it is made, the method and path behind that, and the body.
SETTING: list[tuple[Callable[[Audited], str], str, str, dict[str, Any] | None]] = [
    (lambda api: f"/v1/vouchers/{voucher(api)}", "PUT", "", {"metadata": {"a": 1}, "active": False}),
    (lambda api: f"/v1/vouchers/{voucher(api)}", "POST", "/disable", None),
    (lambda api: f"/v1/campaigns/{campaign(api)}", "POST", "/disable", None),
    (category, "PUT", "", {"name": "Newer", "hierarchy": 2}),
    (lambda api: "/v1/customers", "POST", "", {"source_id": "bob", "name": "Bob", "metadata": {"a": 1}}),
    (lambda api: f"/v1/products/{product(api)}", "PUT", "", {"name": "Shoe", "price": 5}),
    (lambda api: f"{SCHEMAS.format(project_id=api.keys.project)}/{schema(api)}", "PUT", "", SCHEMA),
    (definition, "DELETE", "", None),
    (lambda api: f"/v1/keys/{key(api)['id']}", "PUT", "", {"role": "reader", "expires_at": "2099-01-01"}),
    (webhook, "PUT", "", HOOKED),
]


@pytest.mark.parametrize("setting", SETTING, ids=lambda setting: f"{setting[1]} {setting[2]}")
def test_what_was_so_already_is_told_as_unchanged(
    setting: tuple[Callable[[Audited], str], str, str, dict[str, Any] | None], audited: Audited, served_database: str
) -> None:
    made, method, behind, body = setting
    path = f"{made(audited)}{behind}"
    unchanged = []
    for _ in range(3):
        answer = audited.http.request(method, path, **({} if body is None else {"json": body}))
        assert answer.status_code == 200, answer.text
        (entry,) = of_request(served_database, answer.headers["x-request-id"])
        assert entry["outcome"] == "success"
        unchanged.append(entry["details"].get("unchanged"))
    assert unchanged == [None, True, True]


def test_what_only_looks_the_same_was_changed(audited: Audited, served_database: str) -> None:
    path = f"/v1/vouchers/{voucher(audited)}"
    unchanged = []
    for value in (1, True, "1", 1.5, [1], [1]):
        answer = audited.http.put(path, json={"metadata": {"a": value}})
        unchanged.append(of_request(served_database, answer.headers["x-request-id"])[0]["details"].get("unchanged"))
    assert unchanged == [None] * 5 + [True]
    order = {"source_id": "o", "customer": {"source_id": "c", "name": "Ann"}}
    for name in ("Ann", "Bob"):  # an order's own fields stay, and its customer is another by then
        answer = audited.http.post("/v1/orders", json={**order, "customer": {"source_id": "c", "name": name}})
        assert "unchanged" not in of_request(served_database, answer.headers["x-request-id"])[0]["details"]


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
