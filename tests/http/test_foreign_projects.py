"""What another project has is out of reach, whatever is asked for by whichever of its names."""

import json
from typing import Any

import psycopg
import pytest

from tests.http.calls import WEBHOOK, Walk
from tests.http.survey import GUARDED, Survey, app_headers
from tests.server import Api, Server, new_owner, new_project

_SECRET = "foreign-0f8fad5b"
_PLAIN = {"resource": "voucher", "row_type": "vouchers", "key": "lang"}
_BODIES: dict[str, Any] = {"PUT": {"name": "changed"}, "POST": {"name": "made"}}


@pytest.fixture(scope="module")
def foreign(server: Server, served_database: str) -> dict[str, list[str]]:
    """What another project has, by the name of a path's parameter, and the project's own id."""
    api = Api(server.url, new_project(served_database))
    api.http.event_hooks = {}
    walk = Walk(api, new_owner(served_database))
    walk.call_all()
    api.http.post("/v1/vouchers", json={"code": _SECRET, "type": "GIFT_VOUCHER", "gift": {"amount": 1}})
    api.http.post("/v1/campaigns", json={"name": _SECRET, "voucher": {"gift": {"amount": 1}}})
    for noun in ("customers", "products", "orders"):
        api.http.post(f"/v1/{noun}", json={"source_id": _SECRET, "name": _SECRET})
    api.http.post(f"/v1/products/{_SECRET}/skus", json={"source_id": _SECRET})
    entries = api.get("/v1/trash-bin")["data"]
    webhooks = f"/management/v1/projects/{api.keys.project}/webhooks"
    webhook_id = api.http.post(webhooks, json={**WEBHOOK, "active": False}).json()["id"]
    event_id = api.http.post(f"{webhooks}/{webhook_id}/test").json()["id"]
    ids = {
        "project_id": [api.keys.project],
        "key_id": [api.keys.app_id, api.keys.management_id],
        "action_id": [action["id"] for action in api.get("/v1/async-actions")["async_actions"]][:2],
        "code": [_SECRET],
        "campaign_id": [_SECRET, api.get(f"/v1/campaigns/{_SECRET}")["id"]],
        "target": [_SECRET],
        "customer_id": [_SECRET, api.get(f"/v1/customers/{_SECRET}")["id"]],
        "product_id": [_SECRET, api.get(f"/v1/products/{_SECRET}")["id"]],
        "order_id": [_SECRET, api.get(f"/v1/orders/{_SECRET}")["id"]],
        "sku_id": [_SECRET, api.get(f"/v1/skus/{_SECRET}")["id"]],
        "category_id": [category["id"] for category in api.get("/v1/categories")["data"]][:1],
        "schema_id": [schema["id"] for schema in api.get("/v1/metadata-schemas")["schemas"]][:1],
        "entry_id": [entry["id"] for entry in entries][:1],
        "webhook_id": [webhook_id],
        "event_id": [event_id],
        "log_id": [entry["id"] for entry in api.get("/v1/audit-log")["data"]][:1],
    }
    api.http.close()
    return ids


def test_what_another_project_has_is_out_of_reach(
    survey: Survey, foreign: dict[str, list[str]], served_database: str
) -> None:
    key, manager = app_headers(survey.key()), app_headers(survey.key(kind="management"))
    before = _contents(served_database, foreign["project_id"][0])
    for operation in GUARDED:
        headers = manager if operation.only_managing else key
        for name in operation.parameters:
            if name in _PLAIN:
                continue
            for value in foreign[name]:
                values = {**_PLAIN, "project_id": survey.api.keys.project, name: value}
                url = operation.url(**values)
                survey.count += 1
                answer = survey.client.request(
                    operation.method, url, json=_BODIES.get(operation.method), headers=headers
                )
                made_here = operation.method == "POST" and name == "code"
                if answer.status_code < 400 and not made_here:
                    survey.leaks.append(f"foreign {name}: {operation.method} {url} is answered {answer.status_code}")
    assert _contents(served_database, foreign["project_id"][0]) == before
    for operation in GUARDED:
        # What was tried here is in the audit log, by the names that were tried.
        if operation.method == "GET" and not operation.parameters and "/audit-log" not in operation.path:
            answer = survey.client.get(operation.path, headers=key)
            if _SECRET in answer.text or foreign["project_id"][0] in answer.text:
                survey.leaks.append(f"{operation.path} tells of another project")
    entries = survey.client.get("/v1/audit-log", headers=key).json()["data"]
    assert {entry["project"] for entry in entries} == {survey.api.keys.project}
    survey.settle()


def _contents(database_url: str, project: str) -> str:
    with psycopg.connect(database_url) as connection:
        tables = ("vouchers", "campaigns", "customers", "products", "skus", "orders", "categories", "metadata_schemas")
        rows = [
            connection.execute(
                f"SELECT (to_jsonb({table}) - 'last_used_at')::text FROM {table} JOIN projects USING (project_id)"
                " WHERE projects.id = %s ORDER BY 1",
                (project,),
            ).fetchall()
            for table in (*tables, "bin_entries", "api_keys", "webhooks")
        ]
    return json.dumps(rows)
