"""The audit log over HTTP: each route that changes something leaves one entry where it does, or where it is refused."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tallykeep.api.auditing.events import EVENTS
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType
from tallykeep.core.audit import Event
from tests.db.audit_log import entries_in, verdicts_on
from tests.http.test_errors import check
from tests.server import Api, Server, new_project

LOG = "/v1/audit-log"
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}

Route = tuple[str, str]
Call = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def audited_server(session_dir: Path, served_database: str) -> Iterator[Server]:
    # Of its own: what is refused to other tests counts against how many refusals may differ within a minute.
    running = Server(session_dir / "audited", database_url=served_database).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def audited(audited_server: Server, served_database: str) -> Iterator[Api]:
    client = Api(audited_server.url, new_project(served_database))
    with closing(client.http):
        yield client


def post(api: Api, path: str, body: Any) -> Any:
    answer = api.http.post(path, json=body)
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def voucher(api: Api) -> str:
    return str(post(api, "/v1/vouchers", GIFT)["code"])


def campaign(api: Api) -> str:
    return str(post(api, "/v1/campaigns", {"name": "Fall", "voucher": GIFT, "vouchers_count": 1})["id"])


def product(api: Api) -> str:
    return str(post(api, "/v1/products", {"name": "Shirt"})["id"])


def sku(api: Api) -> tuple[str, str]:
    product_id = product(api)
    return product_id, str(post(api, f"/v1/products/{product_id}/skus", {"source_id": "s"})["id"])


def schema(api: Api) -> str:
    return str(api.define_schema("voucher", {"k": {"type": "string"}})["id"])


def removed(api: Api) -> None:
    schema(api)
    assert api.http.delete("/v1/metadata-schemas/voucher/definitions/k").status_code == 200


def binned(api: Api) -> str:
    assert api.http.delete(f"/v1/vouchers/{voucher(api)}").status_code == 204
    return str(api.get("/v1/trash-bin")["data"][0]["id"])


def failed(api: Api) -> str:
    action_id = api.import_json([{"code": "BAD", "type": "NONE"}])
    assert api.ended(action_id)["failed_count"] == 1
    return action_id


def running(api: Api) -> str:
    """An action that has not ended, as its first batch is kept from the worker."""
    with psycopg.connect(_DATABASE[0]) as connection:
        known = connection.execute("SELECT project_id FROM projects WHERE id = %s", [api.keys.project]).fetchone()
        assert known
        action_id = f"aa_{known[0]:018x}"
        connection.execute(
            "INSERT INTO async_actions (project_id, id, type, status, operation_status, request_id, source,"
            " total_count, open_count, open_batches, created_at, updated_at, ready) VALUES (%s, %s, 'VOUCHERS.IMPORT',"
            " 'ENQUEUED', 'UNKNOWN', 'v-x', '{\"format\": \"json\"}', 1, 1, 1, now(), now(), false)",
            [known[0], action_id],
        )
    return action_id


_DATABASE: list[str] = []


@pytest.fixture(autouse=True)
def _database(served_database: str) -> None:
    _DATABASE[:] = [served_database]


def submission_of(action_type: ActionType) -> Callable[[Api], Call]:
    def call(api: Api) -> Call:
        path = action_type.path.replace("{target}", campaign(api) if "{target}" in action_type.path else "")
        if action_type.source == "json":
            return path, {"json": [{"code": "A", "source_id": "A"}]}
        if action_type.source == "ids":
            return path, {"json": {action_type.ids[0]: ["A"], "metadata": {"k": "v"}}}
        titles = [names[0] for names in action_type.required_columns] or ["Code"]
        return path, {"content": ",".join(titles) + "\n" + ",".join("x" * len(titles)) + "\n", "headers": CSV}

    return call


CSV = {"Content-Type": "text/csv"}
SCHEMAS = "/management/v1/projects/{project_id}/metadata-schemas"

# How each route is called so that it changes something: its path, and the body. What it needs is made before.
CALLS: dict[Route, Callable[[Api], Call]] = {
    **{("POST", each.path): submission_of(each) for each in ACTION_TYPES.values() if each.source != "planned"},
    ("POST", "/v1/async-actions/cancel"): lambda api: (f"/v1/async-actions/cancel?x={running(api)}", {}),
    ("POST", "/v1/async-actions/retry"): lambda api: (f"/v1/async-actions/retry?x={failed(api)}", {}),
    ("POST", "/v1/async-actions/{action_id}/cancel"): lambda api: (f"/v1/async-actions/{running(api)}/cancel", {}),
    ("POST", "/v1/async-actions/{action_id}/retry"): lambda api: (f"/v1/async-actions/{failed(api)}/retry", {}),
    ("POST", "/v1/vouchers"): lambda api: ("/v1/vouchers", {"json": GIFT}),
    ("POST", "/v1/vouchers/{code}"): lambda api: ("/v1/vouchers/NEW", {"json": GIFT}),
    ("PUT", "/v1/vouchers/{code}"): lambda api: (f"/v1/vouchers/{voucher(api)}", {"json": {"metadata": {"a": 1}}}),
    ("DELETE", "/v1/vouchers/{code}"): lambda api: (f"/v1/vouchers/{voucher(api)}", {}),
    ("POST", "/v1/vouchers/{code}/enable"): lambda api: (f"/v1/vouchers/{voucher(api)}/enable", {}),
    ("POST", "/v1/vouchers/{code}/disable"): lambda api: (f"/v1/vouchers/{voucher(api)}/disable", {}),
    ("POST", "/v1/campaigns"): lambda api: (
        "/v1/campaigns",
        {"json": {"name": "F", "voucher": GIFT, "vouchers_count": 2}},
    ),
    ("PUT", "/v1/campaigns/{campaign_id}"): lambda api: (
        f"/v1/campaigns/{campaign(api)}",
        {"json": {"description": "x"}},
    ),
    ("DELETE", "/v1/campaigns/{campaign_id}"): lambda api: (f"/v1/campaigns/{campaign(api)}", {}),
    ("POST", "/v1/campaigns/{campaign_id}/enable"): lambda api: (f"/v1/campaigns/{campaign(api)}/enable", {}),
    ("POST", "/v1/campaigns/{campaign_id}/disable"): lambda api: (f"/v1/campaigns/{campaign(api)}/disable", {}),
    ("POST", "/v1/campaigns/{campaign_id}/vouchers"): lambda api: (
        f"/v1/campaigns/{campaign(api)}/vouchers?vouchers_count=2",
        {},
    ),
    ("POST", "/v1/campaigns/{campaign_id}/vouchers/{code}"): lambda api: (
        f"/v1/campaigns/{campaign(api)}/vouchers/C1",
        {},
    ),
    ("POST", "/v1/categories"): lambda api: ("/v1/categories", {"json": {"name": "New"}}),
    ("PUT", "/v1/categories/{category_id}"): lambda api: (
        f"/v1/categories/{post(api, '/v1/categories', {'name': 'New'})['id']}",
        {"json": {"name": "Newer"}},
    ),
    ("DELETE", "/v1/categories/{category_id}"): lambda api: (
        f"/v1/categories/{post(api, '/v1/categories', {'name': 'New'})['id']}",
        {},
    ),
    ("POST", "/v1/customers"): lambda api: ("/v1/customers", {"json": {"source_id": "bob"}}),
    ("PUT", "/v1/customers/{customer_id}"): lambda api: (
        f"/v1/customers/{post(api, '/v1/customers', {'source_id': 'bob'})['id']}",
        {"json": {"name": "Bob"}},
    ),
    ("DELETE", "/v1/customers/{customer_id}"): lambda api: (
        f"/v1/customers/{post(api, '/v1/customers', {'source_id': 'bob'})['id']}",
        {},
    ),
    ("POST", "/v1/products"): lambda api: ("/v1/products", {"json": {"name": "Shirt"}}),
    ("PUT", "/v1/products/{product_id}"): lambda api: (f"/v1/products/{product(api)}", {"json": {"name": "Shoe"}}),
    ("DELETE", "/v1/products/{product_id}"): lambda api: (f"/v1/products/{product(api)}", {}),
    ("POST", "/v1/products/{product_id}/skus"): lambda api: (
        f"/v1/products/{product(api)}/skus",
        {"json": {"source_id": "s"}},
    ),
    ("PUT", "/v1/products/{product_id}/skus/{sku_id}"): lambda api: (
        "/v1/products/{}/skus/{}".format(*sku(api)),
        {"json": {"sku": "M"}},
    ),
    ("DELETE", "/v1/products/{product_id}/skus/{sku_id}"): lambda api: (
        "/v1/products/{}/skus/{}".format(*sku(api)),
        {},
    ),
    ("POST", "/v1/orders"): lambda api: ("/v1/orders", {"json": {"source_id": "o"}}),
    ("PUT", "/v1/orders/{order_id}"): lambda api: (
        f"/v1/orders/{post(api, '/v1/orders', {'source_id': 'o'})['id']}",
        {"json": {"status": "PAID"}},
    ),
    ("DELETE", "/v1/trash-bin/{entry_id}"): lambda api: (f"/v1/trash-bin/{binned(api)}", {}),
    ("POST", SCHEMAS): lambda api: (
        SCHEMAS.format(project_id=api.keys.project),
        {"json": {"related_object": "voucher", "properties": {}}},
    ),
    ("PUT", f"{SCHEMAS}/{{schema_id}}"): lambda api: (
        f"{SCHEMAS.format(project_id=api.keys.project)}/{schema(api)}",
        {"json": {"allow_defined_only": True}},
    ),
    ("DELETE", f"{SCHEMAS}/{{schema_id}}"): lambda api: (
        f"{SCHEMAS.format(project_id=api.keys.project)}/{schema(api)}",
        {},
    ),
    ("DELETE", "/v1/metadata-schemas/{resource}/definitions/{key}"): lambda api: (
        f"/v1/metadata-schemas/voucher/definitions/k?x={schema(api)}",
        {},
    ),
    ("POST", "/v1/metadata-schemas/{resource}/definitions/{key}/restore"): lambda api: (
        f"/v1/metadata-schemas/voucher/definitions/k/restore?x={removed(api)}",
        {},
    ),
    ("POST", "/v1/metadata-schemas/{resource}/definitions/{key}/purge"): lambda api: (
        "/v1/metadata-schemas/voucher/definitions/k/purge",
        {},
    ),
    ("POST", "/v1/keys"): lambda api: ("/v1/keys", {"json": {}}),
    ("DELETE", "/v1/keys/{key_id}"): lambda api: (f"/v1/keys/{post(api, '/v1/keys', {})['id']}", {}),
}


def ids(route: Route) -> str:
    return " ".join(route)


def of_request(database_url: str, request_id: str) -> list[dict[str, Any]]:
    """The entries of a request, but for the ends of actions that it has started."""
    return entries_in(database_url, "request_id = %s AND event <> 'action.end'", request_id)


def refusal_of(database_url: str, request_id: str) -> dict[str, Any]:
    """The one entry of a request that was refused, once it is written."""
    deadline = time.monotonic() + 30
    while not (entries := of_request(database_url, request_id)) and time.monotonic() < deadline:
        time.sleep(0.05)
    (entry,) = entries
    return entry


@pytest.mark.parametrize("route", EVENTS, ids=ids)
def test_a_change_leaves_one_entry(route: Route, audited: Api, served_database: str) -> None:
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
def test_a_change_that_is_refused_leaves_one_entry(route: Route, audited: Api, served_database: str) -> None:
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
def test_a_change_with_wrong_keys_leaves_one_entry(route: Route, audited: Api, served_database: str) -> None:
    headers = {"X-App-Id": audited.keys.app_id, "X-App-Token": "wrong"}
    path = route[1].replace("{", "").replace("}", "")
    answer = httpx.request(route[0], f"{audited.url}{path}", headers=headers, trust_env=False)
    check(answer, 401, "unauthorized")
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert (entry["event"], entry["outcome"], entry["details"]["status"]) == (EVENTS[route], "refused", 401)
    assert (entry["key_id"], entry["key_kind"]) == (audited.keys.app_id, "app")
    (mine,) = audited.get(LOG, outcome="refused")["data"]
    assert mine["id"] == entry["id"]


def test_every_route_with_an_event_is_called(audited: Api) -> None:
    assert CALLS.keys() == EVENTS.keys()


def test_reading_without_a_right_is_told_and_with_one_is_not(audited: Api, served_database: str) -> None:
    assert audited.http.get("/v1/vouchers").status_code == 200
    assert audited.http.get("/v1/vouchers/nothing").status_code == 404
    for name, key_id in (("App", audited.keys.app_id), ("Management", audited.keys.management_id)):
        headers = {f"X-{name}-Id": key_id, f"X-{name}-Token": "wrong"}
        answer = httpx.get(f"{audited.url}/management/v1/projects", headers=headers, trust_env=False)
        entry = refusal_of(served_database, answer.headers["x-request-id"])
        assert (entry["event"], entry["key_id"], entry["key_kind"]) == ("read", key_id, name.lower())
        assert entry["details"]["path"] == "/management/v1/projects"
    assert {entry["outcome"] for entry in audited.get(LOG)["data"]} == {"refused"}


def test_what_is_sent_in_place_of_a_key_is_not_kept(audited: Api, served_database: str) -> None:
    secret = "my-token-in-the-wrong-header"
    answer = httpx.get(f"{audited.url}/v1/keys", headers={"X-App-Id": secret, "X-App-Token": "x"}, trust_env=False)
    entry = refusal_of(served_database, answer.headers["x-request-id"])
    assert (entry["project_id"], entry["key_id"], entry["address"]) == (0, None, "127.0.0.1")
    assert secret not in str(entries_in(served_database))


def test_a_revoked_keys_attempts_are_its_projects(audited: Api, served_database: str) -> None:
    key = post(audited, "/v1/keys", {"name": "Supplier"})
    assert audited.http.delete(f"/v1/keys/{key['id']}").status_code == 204
    headers = {"X-App-Id": key["id"], "X-App-Token": key["token"]}
    answers = [httpx.delete(f"{audited.url}/v1/campaigns/x", headers=headers, trust_env=False) for _ in range(3)]
    refusal_of(served_database, answers[0].headers["x-request-id"])
    tried = audited.get(LOG, key=key["id"])["data"]
    assert [(entry["event"], entry["outcome"]) for entry in tried][-1] == ("campaign.delete", "refused")
    assert "Supplier" in str(audited.get(LOG, event="key.create")["data"][0]["details"])


def test_a_submission_that_is_sent_again_changes_nothing(audited: Api, served_database: str) -> None:
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


def chained_entries(api: Api, count: int, **query: Any) -> list[dict[str, Any]]:
    """The newest entries, once all of them are chained."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        entries: list[dict[str, Any]] = api.get(LOG, **query)["data"]
        if len(entries) >= count and all(entry["hash"] for entry in entries):
            return entries
        time.sleep(0.1)
    raise AssertionError(f"not chained: {entries}")


def test_entries_are_chained_and_filtered_and_paged(audited: Api, other_api: Api) -> None:
    campaign_id = campaign(audited)
    voucher(audited)
    deleted = audited.http.delete(f"/v1/campaigns/{campaign_id}").json()["async_action_id"]
    audited.ended(deleted)
    voucher(other_api)
    entries = chained_entries(audited, 4)
    assert [entry["event"] for entry in entries] == [
        "action.end",
        "campaign.delete",
        "voucher.create",
        "campaign.create",
    ]
    assert [entry["number"] for entry in entries] == [4, 3, 2, 1]
    hashes = [entry["hash"] for entry in entries]
    assert [entry["previous_hash"] for entry in entries] == [*hashes[1:], "0" * 64]
    deletion = entries[1]
    assert (deletion["resource_id"], deletion["action_id"]) == (campaign_id, deleted)
    assert deletion["details"] == {"name": "Fall", "force": False}

    def numbers(**query: Any) -> list[int]:
        return [entry["number"] for entry in audited.get(LOG, **query)["data"]]

    assert numbers(event="campaign.delete") == [3]
    assert numbers(event="campaign.delete,voucher.create") == [3, 2]
    assert numbers(event="action.end") == [4]
    assert numbers(resource_id=campaign_id) == [3, 1]
    assert numbers(resource_id=deleted) == [4]
    assert numbers(action_id=deleted) == [4, 3]
    assert numbers(key=audited.keys.app_id, outcome="success", event="campaign.create") == [1]
    assert numbers(outcome="refused") == numbers(key="nobody") == []
    timestamp = entries[1]["created_at"]
    assert numbers(**{"from": timestamp})[-1] <= 3
    assert 3 not in numbers(to=timestamp)
    first = audited.get(LOG, limit=3)
    assert ([entry["number"] for entry in first["data"]], first["has_more"]) == ([4, 3, 2], True)
    second = audited.get(LOG, limit=3, starting_after_id=first["more_starting_after"])
    assert ([entry["number"] for entry in second["data"]], second["more_starting_after"]) == ([1], None)
    assert audited.get(f"{LOG}/{deletion['id']}") == deletion
    check(other_api.http.get(f"{LOG}/{deletion['id']}"), 404, "not_found", deletion["id"])
    check(audited.http.get(LOG, params={"event": "nothing"}), 400, "invalid_query_params", "campaign.delete")
    check(audited.http.get(LOG, params={"starting_after_id": "log_x"}), 400, "invalid_query_params", "log_x")


def test_entries_that_are_not_chained_yet_are_shown_first(audited: Api, served_database: str) -> None:
    for _ in range(2):
        voucher(audited)
    chained_entries(audited, 2)
    with psycopg.connect(served_database) as connection:
        own = "project_id = (SELECT project_id FROM projects WHERE id = %s)"
        connection.execute(f"SELECT FROM audit_chains WHERE {own} FOR UPDATE", [audited.keys.project])  # type: ignore[call-overload]
        for _ in range(3):
            voucher(audited)
        pages, after = [], {}
        while True:
            page = audited.get(LOG, limit=2, **after)
            pages.append([entry["number"] for entry in page["data"]])
            if not page["has_more"]:
                break
            after = {"starting_after_id": page["more_starting_after"]}
        assert pages == [[None, None], [None, 2], [1]]
        pending = audited.get(LOG)["data"][0]
        assert (pending["hash"], pending["previous_hash"]) == (None, None)
        assert audited.get(f"{LOG}/{pending['id']}") == pending
    assert [entry["number"] for entry in chained_entries(audited, 5)] == [5, 4, 3, 2, 1]


def test_the_log_as_a_file(audited: Api) -> None:
    post(audited, "/v1/categories", {"name": "=1+1"})
    post(audited, "/v1/vouchers/=cmd", GIFT)
    entries = chained_entries(audited, 2)

    def rows(**query: str) -> list[dict[str, str]]:
        answer = audited.http.get(f"{LOG}.csv", params=query)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    plain, escaped = rows(), rows(**{"for": "spreadsheet"})
    assert [row["hash"] for row in plain] == [entry["hash"] for entry in entries]
    assert (plain[0]["resource_id"], escaped[0]["resource_id"]) == ("=cmd", "'=cmd")
    assert [row["event"] for row in rows(event="category.create")] == ["category.create"]
    assert rows(event="key.revoke") == []


def test_management_keys_read_the_log_too(audited: Api) -> None:
    voucher(audited)
    headers = {"X-Management-Id": audited.keys.management_id, "X-Management-Token": audited.keys.management_token}
    answer = httpx.get(f"{audited.url}{LOG}", headers=headers, trust_env=False)
    assert [entry["event"] for entry in answer.json()["data"]] == ["voucher.create"]


def test_a_flood_of_wrong_keys_is_counted_and_keeps_nobody_waiting(audited: Api, served_database: str) -> None:
    with httpx.Client(
        base_url=audited.url, headers={"X-App-Id": "flood", "X-App-Token": "x"}, trust_env=False
    ) as client:
        first = client.get("/v1/customers")
        refusal_of(served_database, first.headers["x-request-id"])
        for _ in range(500):
            assert client.get("/v1/customers").status_code == 401
    flood = "project_id = 0 AND details ->> 'path' = '/v1/customers'"
    assert sum(entry["details"]["count"] for entry in entries_in(served_database, flood)) == 1
    assert voucher(audited)


def test_all_that_happened_is_verified(audited: Api, served_database: str) -> None:
    voucher(audited)
    chained_entries(audited, 1)
    assert [verdict for verdict in verdicts_on(served_database) if verdict.problem] == []
    assert set(Event) >= {entry["event"] for entry in entries_in(served_database)}
