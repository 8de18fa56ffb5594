"""A customer's personal data: exported, and erased from everything that the database holds.

All that there is about one customer carries a mark. It is sent through every door, and then searched for in all tables.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.conformance.project import number_of
from tests.db.audit_log import entries_in
from tests.http.test_errors import check
from tests.receiver import Receiver, receiving
from tests.server import Api, Server, new_project

MARK = "zq7mark"
KEY, EMAIL = f"{MARK}-id", f"{MARK}@example.com"
CUSTOMER = {
    "source_id": KEY, "name": f"{MARK} name", "email": EMAIL, "phone": f"{MARK} phone", "description": f"{MARK} text",
    "birthdate": "2001-02-03", "metadata": {"nick": f"{MARK} nick"},
    "address": {
        name: f"{MARK} {name}" for name in ("line_1", "line_2", "postal_code", "city", "state", "country")
    },
}  # fmt: skip
_TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
"""
_REMEMBERED_SECONDS = 30
HEADER = "Source_id,Name,Email,Birthdate,Nick\n"
FILE = (
    f"{HEADER}joe,Joe,joe@example.com,2001-01-01,Joey\n{KEY},{MARK} A,{EMAIL},2001-01-01,{MARK} B\n"
    f'{KEY},{MARK} C,,{MARK} no day,{MARK} D\n,"{MARK} E",{EMAIL},{MARK} no day either,\nzoe,Zoe,,no day,Z\n'
    f'"{KEY},{MARK} open,{EMAIL},,\n'
)


def tables_with_mark(database_url: str) -> set[str]:
    """The tables in a row of which the mark stands, as a text or as bytes."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(_TABLES).fetchall()
        return {name for schema, name in tables if _has_mark(connection, sql.Identifier(schema, name))}


def _has_mark(connection: psycopg.Connection[Any], table: sql.Composable) -> bool:
    query = sql.SQL("SELECT EXISTS (SELECT FROM {} AS held WHERE held::text ILIKE ANY (%s))").format(table)
    patterns = [f"%{MARK}%", f"%{MARK.encode().hex()}%", f"%{MARK.upper().encode().hex()}%"]
    (has_mark,) = connection.execute(query, (patterns,)).fetchone() or (None,)
    return bool(has_mark)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def own_server(session_dir: Path, database_url: str) -> Iterator[Server]:
    """A server with a database that holds nothing of other tests."""
    running = Server(
        session_dir / "personal", database_url=database_url, TALLYKEEP_WEBHOOK_ALLOW_PRIVATE="true"
    ).start()
    yield running
    assert running.stop() == 0


def _without_mark(api: Api, action_id: str) -> dict[str, Any]:
    """The action without the mark, as soon as the API does not answer from memory, which it may for five seconds."""
    deadline = time.monotonic() + _REMEMBERED_SECONDS
    while MARK in json.dumps(action := api.get(f"/v1/async-actions/{action_id}")):
        assert time.monotonic() < deadline, action
        time.sleep(0.1)
    return dict(action)


def started(answer: httpx.Response) -> str:
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["async_action_id"])


def import_file(api: Api, text: str = FILE, name: str = "customers.csv", **more: Any) -> httpx.Response:
    return api.http.post("/v1/customers/importCSV", files={"file": (name, text)}, **more)


def _order(number: int, **more: Any) -> dict[str, Any]:
    return {"source_id": f"o{number}", "items": [{"source_id": "shirt", "related_object": "product", "quantity": 1,
            "price": 5, "product": {"name": "Shirt"}}], **more}  # fmt: skip


def send_through_every_door(api: Api, receiver: Receiver) -> list[str]:
    """Everything about the customer, in files and in JSON, done and failed, tried and repeated; the actions' ids."""
    keys = {"X-Management-Id": api.keys.management_id, "X-Management-Token": api.keys.management_token}
    hook = {"target_url": receiver.url, "events": ["async_action.ended", "async_action.started"]}
    made = api.http.post(f"/management/v1/projects/{api.keys.project}/webhooks", json=hook, headers=keys)
    assert made.status_code == 200, made.text
    assert api.http.post("/v1/customers", json=CUSTOMER).status_code == 200
    assert api.http.put(f"/v1/customers/{KEY}", json={"phone": f"{MARK} other phone"}).status_code == 200
    check(api.http.put(f"/v1/customers/{KEY}", json={"email": f"{MARK} none"}), 400, "invalid_customer", MARK)
    order = _order(1, customer={"source_id": KEY, "name": f"{MARK} buyer"}, metadata={"note": f"{MARK} note"})
    assert api.http.post("/v1/orders", json=order).status_code == 200
    preview = api.http.post("/v1/imports/preview", files={"file": ("rows.csv", FILE)})
    assert preview.status_code == 200, preview.text
    actions = [
        started(import_file(api, name=f"{EMAIL}.csv")),
        started(import_file(api, params={"dry_run": "true"})),
        started(import_file(api, params={"on_error": "reject"})),
        started(import_file(api, f"{HEADER}{KEY},{MARK} only,,,\n", name=f"{MARK} alone.csv")),
        started(import_file(api, params={
            "values": json.dumps({"Email": {"x": EMAIL}}), "defaults": json.dumps({"Email": EMAIL}),
        })),
        *(started(import_file(api, headers={"Idempotency-Key": "k"})) for _ in "ab"),
    ]  # fmt: skip
    bulk = [CUSTOMER, {"source_id": KEY, "email": f"{MARK} none", "metadata": {"deep": [{"x": f"{MARK} deep"}]}}, 5]
    actions += [
        started(api.http.post("/v1/customers/bulk/async", json=bulk)),
        started(api.http.post("/v1/customers/bulk/async", content="\n".join(map(json.dumps, bulk)).encode(),
                               headers={"Content-Type": "application/x-ndjson"})),
        started(api.http.post("/v1/customers/metadata/async",
                               json={"source_ids": [KEY], "metadata": {"nick": f"{MARK} nick of all"}})),
    ]  # fmt: skip
    orders = [
        _order(2, customer={**CUSTOMER, "name": f"{MARK} inside"}),
        _order(3, customer={"source_id": KEY}, status=f"{MARK} status"),
        _order(4, customer={"source_id": "joe"}, referrer={"source_id": KEY, "email": EMAIL}),
    ]
    actions.append(started(api.http.post("/v1/orders/import", json=orders)))
    for action_id in actions:
        api.ended(action_id)
    failed = api.http.post(f"/v1/async-actions/{actions[0]}/retry")
    actions.append(started(failed))
    api.ended(actions[-1])
    api.get(f"/v1/async-actions/{actions[0]}/failures", group_by="reason")
    for path in ("/v1/lists/csv/customers", f"/v1/async-actions/{actions[0]}/failures.csv"):
        assert MARK in api.http.get(path).text
    return actions


def erase(api: Api, key: str = KEY, **query: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = api.http.post(f"/v1/customers/{key}/permanent-deletion", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json(), api.ended(answer.json()["async_action_id"])


def test_a_mark_in_all_fields_is_nowhere_when_the_customer_is_erased(
    own_server: Server, database_url: str, receiver: Receiver
) -> None:
    api = Api(own_server.url, new_project(database_url))
    assert tables_with_mark(database_url) == set()
    actions = send_through_every_door(api, receiver)
    assert tables_with_mark(database_url) > {
        "customers", "orders", "batches", "failures", "async_actions", "report_parts", "reason_counts",
        "webhook_deliveries",
    }  # fmt: skip
    before = [api.get(f"/v1/async-actions/{action_id}") for action_id in actions]
    answer, action = erase(api)
    assert (answer["data_json"]["customer"], answer["data_json"]["orders"]) == (1, 2)
    assert (action["status"], action["failed_count"]) == ("DONE", 0)
    assert action["done_count"] > len(actions)
    # Names of files stay in the audit log, as docs/personal-data.md says, and nothing else does.
    assert tables_with_mark(database_url) <= {"audit_log", "audit_pending"}
    entries = entries_in(database_url)
    named = [entry["details"].pop("file_name", None) for entry in entries]
    assert f"{EMAIL}.csv" in named
    assert MARK not in json.dumps(entries, default=str)
    for tally in before:
        after = _without_mark(api, tally["id"])
        changed = {name for name in tally if tally[name] != after[name]}
        assert changed <= {"result", "file_name", "first_file_name"}
        assert len(after["result"].get("failed", [])) == len(tally["result"].get("failed", []))
    left = {order["source_id"]: order for order in api.get("/v1/orders")["orders"]}
    assert left.keys() == {"o4"}
    assert left["o4"]["referrer_id"] is None
    assert api.get("/v1/customers/joe")["metadata"] == {"Nick": "Joey"}
    assert MARK not in own_server.log.read_text()
    api.http.close()


def test_what_others_sent_is_as_it_was(api: Api) -> None:
    action_id = started(import_file(api))
    api.ended(action_id)
    erase(api)
    rows = api.http.get(f"/v1/async-actions/{action_id}/file").text
    lines = rows.lstrip("\ufeff").splitlines()
    assert lines[1] == "joe,Joe,joe@example.com,2001-01-01,Joey"
    assert lines[5] == "zoe,Zoe,,no day,Z"
    assert [lines[at] for at in (2, 3, 4, 6)] == [",,,,,erased"] * 4
    failures = api.get(f"/v1/async-actions/{action_id}/failures", source_rows="true")["failures"]
    assert [(each["row"], each["key"]) for each in failures] == [
        (3, "erased"), (4, "erased"), (5, "zoe"), (6, "erased"),
    ]  # fmt: skip
    assert [each["cells"][-1] for each in failures] == ["erased", "erased", "Z", "erased"]


def test_the_answer_is_that_of_the_reference_api(api: Api) -> None:
    """Public SDK: type CustomersPermanentDeletionCreateResponseBody."""
    customer = api.http.post("/v1/customers", json={"source_id": "bob"}).json()
    answer, _ = erase(api, "bob")
    assert answer.pop("created_at").endswith("Z")
    assert answer.pop("async_action_id") == "aa_" + answer["id"].removeprefix("del_")
    assert answer.pop("id").startswith("del_")
    counts = dict.fromkeys(("events", "customer_events", "daily_events", "segments", "orders", "order_events"), 0)
    assert answer == {
        "related_object_id": customer["id"], "related_object": "customer", "status": "DONE",
        "data_json": {**counts, "customer": 1}, "object": "pernament_deletion",
    }  # fmt: skip
    check(api.http.get("/v1/customers/bob"), 404, "not_found", "bob")


def test_the_same_request_twice_is_one_deletion(api: Api) -> None:
    api.http.post("/v1/customers", json=CUSTOMER)
    path, headers = f"/v1/customers/{KEY}/permanent-deletion", {"Idempotency-Key": "once"}
    first, second = (api.http.post(path, headers=headers) for _ in "ab")
    assert first.json() == second.json()
    assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")
    api.ended(first.json()["async_action_id"])
    assert api.http.post(path, headers=headers).json() == first.json()
    check(api.http.post(path), 404, "not_found", KEY)


def test_there_is_no_dry_run_of_a_deletion(api: Api) -> None:
    api.http.post("/v1/customers", json=CUSTOMER)
    refused = api.http.post(f"/v1/customers/{KEY}/permanent-deletion", params={"dry_run": "true"})
    check(refused, 400, "invalid_query_params", "dry_run")
    assert api.get(f"/v1/customers/{KEY}")["email"] == EMAIL


def test_the_export_has_all_that_is_stored(api: Api, receiver: Receiver) -> None:
    actions = send_through_every_door(api, receiver)
    answer = api.http.get(f"/v1/customers/{KEY}/personal-data")
    assert "attachment" in answer.headers["content-disposition"]
    exported = answer.json()
    customer = api.get(f"/v1/customers/{KEY}")
    assert exported["customer"] == customer
    assert set(exported["identifiers"]) >= {KEY, EMAIL, customer["id"]}
    assert {order["source_id"] for order in exported["orders"]} == {"o1", "o2"}
    rows = exported["rows"]
    assert {row["action_id"] for row in rows} == set(actions)
    assert all(MARK in json.dumps(row["content"]) for row in rows)
    assert all((row["reason"] is not None) == row["failed"] for row in rows)
    of_file = [(row["row"], row["line"], row["failed"]) for row in rows if row["action_id"] == actions[0]]
    assert of_file == [(2, 3, False), (3, 4, True), (4, 5, True), (6, 7, True)]
    unread = next(row for row in rows if row["action_id"] == actions[0] and row["row"] == 6)
    assert unread["content"] == f'"{KEY},{MARK} open,{EMAIL},,'
    assert {event["event"] for event in exported["events"]} >= {"customer.create", "customer.update", "customer.export"}
    assert not any({"key_id", "address"} & event.keys() for event in exported["events"])


def test_the_export_of_somebody_of_whom_there_is_nothing_more(api: Api) -> None:
    made = api.http.post("/v1/customers", json={"name": "Nobody"}).json()
    exported = api.get(f"/v1/customers/{made['id']}/personal-data")
    assert exported["customer"]["id"] == made["id"]
    assert (exported["orders"], exported["rows"], exported["identifiers"]) == ([], [], [made["id"]])


def test_both_are_in_the_audit_log_without_the_person(api: Api, served_database: str) -> None:
    customer = api.http.post("/v1/customers", json={"source_id": EMAIL}).json()
    api.get(f"/v1/customers/{EMAIL}/personal-data")
    check(api.http.get(f"/v1/customers/nobody-{EMAIL}/personal-data"), 404, "not_found", "nobody")
    answer, _ = erase(api, EMAIL)
    check(api.http.post(f"/v1/customers/{EMAIL}/permanent-deletion"), 404, "not_found", EMAIL)
    erase(api, EMAIL, gone="true")
    entries = entries_in(served_database, "project_id = %s", number_of(served_database, api.keys.project))
    happened = [(each["event"], each["outcome"], each["resource_id"]) for each in entries]
    assert ("customer.export", "success", customer["id"]) in happened
    assert ("customer.erase", "success", customer["id"]) in happened
    erased = next(each for each in entries if each["event"] == "customer.erase")
    assert erased["action_id"] == answer["async_action_id"]
    assert MARK not in json.dumps(entries, default=str)


@pytest.mark.parametrize("path", ["permanent-deletion", "personal-data"])
def test_only_admins_may(api: Api, path: str) -> None:
    keys = {"X-Management-Id": api.keys.management_id, "X-Management-Token": api.keys.management_token}
    operator = api.http.post("/v1/keys", json={"kind": "app", "role": "operator"}, headers=keys).json()
    headers = {"X-App-Id": operator["id"], "X-App-Token": operator["token"]}
    method = "POST" if path == "permanent-deletion" else "GET"
    refused = api.http.request(method, f"/v1/customers/x/{path}", headers=headers)
    code = "customers.erase" if method == "POST" else "customers.export"
    check(refused, 403, "forbidden", code)


def test_another_projects_rows_are_left(api: Api, other_api: Api) -> None:
    actions = [started(import_file(each)) for each in (api, other_api)]
    for each, action_id in zip((api, other_api), actions, strict=True):
        each.ended(action_id)
    theirs = other_api.http.get(f"/v1/async-actions/{actions[1]}/file").text
    erase(api)
    assert other_api.http.get(f"/v1/async-actions/{actions[1]}/file").text == theirs
    assert other_api.get(f"/v1/customers/{KEY}")["source_id"] == KEY


def test_it_is_listed_like_any_other_action_and_cannot_be_canceled(api: Api) -> None:
    api.http.post("/v1/customers", json=CUSTOMER)
    _, action = erase(api)
    actions = api.get("/v1/async-actions", type="CUSTOMERS.PERMANENT_DELETION")["async_actions"]
    assert [each["id"] for each in actions] == [action["id"]]
    check(api.http.post(f"/v1/async-actions/{action['id']}/cancel"), 409, "conflict", "CUSTOMERS.PERMANENT_DELETION")
