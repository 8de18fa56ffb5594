"""Each route that changes something leaves one entry in the audit log where it does, and one where it is refused."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from tallykeep.api.auditing.events import EVENTS
from tests.http.audit_calls import (
    BY_BASIC,
    CALLS,
    GIFT,
    HOOK,
    LOG,
    PROJECT,
    SCHEMAS,
    Audited,
    Route,
    campaign,
    key,
    of_request,
    post,
    product,
    refusal_of,
    schema,
    sku,
    voucher,
    webhook,
)
from tests.http.test_errors import check
from tests.server import NO_TLS, Server, management_headers, new_project

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
    return httpx.request(route[0], f"{audited.url}{path}", headers=headers, trust_env=False, verify=NO_TLS)


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
    (lambda api: f"/v1/products/{product(api)}/skus", "POST", "", {"source_id": "s", "sku": "M", "price": 5}),
    (lambda api: "/v1/products/{}/skus/{}".format(*sku(api)), "PUT", "", {"sku": "M", "metadata": {"a": 1}}),
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


def test_a_project_that_was_so_already_is_told_as_unchanged(audited: Audited, served_database: str) -> None:
    path, headers = PROJECT.format(project_id=audited.keys.project), management_headers(audited.keys)
    unchanged = []
    for change in ({"currency": "PLN"}, {"currency": "PLN"}, {"currency": "EUR"}, {}):
        answer = audited.http.put(path, json=change, headers=headers)
        assert answer.status_code == 200, answer.text
        (entry,) = of_request(served_database, answer.headers["x-request-id"])
        unchanged.append(entry["details"].get("unchanged"))
    assert unchanged == [None, True, None, True]


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
