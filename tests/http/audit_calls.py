"""Calls of every route that changes something, each so that it does; and the entries that requests have left."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType
from tallykeep.tenants.projects import Keys
from tests.db.audit_log import entries_in
from tests.server import Api, management_headers, new_owner

LOG = "/v1/audit-log"
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}

Route = tuple[str, str]
Call = tuple[str, dict[str, Any]]

BY_BASIC: Route = ("POST", "/v2/oauth/token")  # which no application key may be sent to


class Audited(Api):
    """A client that may look into the server's database."""

    def __init__(self, url: str, keys: Keys, database_url: str) -> None:
        super().__init__(url, keys)
        self.database_url = database_url


def post(api: Audited, path: str, body: Any) -> Any:
    answer = api.http.post(path, json=body)
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def voucher(api: Audited) -> str:
    return str(post(api, "/v1/vouchers", GIFT)["code"])


def campaign(api: Audited) -> str:
    return str(post(api, "/v1/campaigns", {"name": "Fall", "voucher": GIFT, "vouchers_count": 1})["id"])


def product(api: Audited) -> str:
    return str(post(api, "/v1/products", {"name": "Shirt"})["id"])


def sku(api: Audited) -> tuple[str, str]:
    product_id = product(api)
    return product_id, str(post(api, f"/v1/products/{product_id}/skus", {"source_id": "s"})["id"])


def schema(api: Audited) -> str:
    return str(api.define_schema("voucher", {"k": {"type": "string"}})["id"])


def removed(api: Audited) -> None:
    schema(api)
    assert api.http.delete("/v1/metadata-schemas/voucher/definitions/k").status_code == 200


def binned(api: Audited) -> str:
    assert api.http.delete(f"/v1/vouchers/{voucher(api)}").status_code == 204
    return str(api.get("/v1/trash-bin")["data"][0]["id"])


def failed(api: Audited) -> str:
    action_id = api.import_json([{"code": "BAD", "type": "NONE"}])
    assert api.ended(action_id)["failed_count"] == 1
    return action_id


def running(api: Audited) -> str:
    """An action that has not ended, as its first batch is kept from the worker."""
    with psycopg.connect(api.database_url) as connection:
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


def submission_of(action_type: ActionType) -> Callable[[Audited], Call]:
    def call(api: Audited) -> Call:
        path = action_type.path.replace("{target}", campaign(api) if "{target}" in action_type.path else "")
        if action_type.source == "json":
            return path, {"json": [{"code": "A", "source_id": "A"}]}
        if action_type.source == "ids":
            return path, {"json": {action_type.ids[0]: ["A"], "metadata": {"k": "v"}}}
        titles = [names[0] for names in action_type.required_columns] or ["Code"]
        return path, {"content": ",".join(titles) + "\n" + ",".join("x" * len(titles)) + "\n", "headers": CSV}

    return call


def key(api: Audited, **fields: Any) -> dict[str, Any]:
    return dict(post(api, "/v1/keys", {"role": "admin", **fields}))


def access_token(api: Audited, scope: str = "api") -> str:
    answer = api.http.post("/v1/oauth/token", data={**GRANT, "scope": scope})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def webhook(api: Audited) -> str:
    path = WEBHOOKS.format(project_id=api.keys.project)
    return f"{path}/{post(api, path, HOOK)['id']}"


def delivery(api: Audited) -> str:
    path = webhook(api)
    return f"{path}/deliveries/{post(api, f'{path}/test', None)['id']}"


CSV = {"Content-Type": "text/csv"}
GRANT = {"grant_type": "client_credentials", "scope": "api"}
HOOK = {"target_url": "https://hooks.example/secret-in-the-path", "events": ["async_action.ended"], "active": False}
WEBHOOKS = "/management/v1/projects/{project_id}/webhooks"
SCHEMAS = "/management/v1/projects/{project_id}/metadata-schemas"
PROJECTS = "/management/v1/projects"
PROJECT = f"{PROJECTS}/{{project_id}}"

# How each route is called so that it changes something: its path, and the body. What it needs is made before.
CALLS: dict[Route, Callable[[Audited], Call]] = {
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
    ("POST", "/v1/customers/{customer_id}/permanent-deletion"): lambda api: (
        f"/v1/customers/{post(api, '/v1/customers', {'source_id': 'bob'})['id']}/permanent-deletion",
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
    ("POST", PROJECTS): lambda api: (PROJECTS, {"json": {"name": "New"}, "headers": new_owner(api.database_url)}),
    ("PUT", PROJECT): lambda api: (
        PROJECT.format(project_id=api.keys.project),
        {"json": {"description": "x"}, "headers": management_headers(api.keys)},
    ),
    ("DELETE", PROJECT): lambda api: (
        PROJECT.format(project_id=api.keys.project),
        {"headers": management_headers(api.keys)},
    ),
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
    ("POST", "/v1/keys"): lambda api: ("/v1/keys", {"json": {"role": "reader"}}),
    ("PUT", "/v1/keys/{key_id}"): lambda api: (f"/v1/keys/{key(api)['id']}", {"json": {"role": "reader"}}),
    ("POST", "/v1/keys/{key_id}/rotate"): lambda api: (f"/v1/keys/{key(api)['id']}/rotate", {}),
    ("DELETE", "/v1/keys/{key_id}"): lambda api: (f"/v1/keys/{key(api)['id']}", {}),
    ("POST", "/v1/oauth/token"): lambda api: ("/v1/oauth/token", {"data": GRANT}),
    ("POST", "/v1/oauth/token/revoke"): lambda api: (
        "/v1/oauth/token/revoke",
        {"data": {"access_token": access_token(api)}},
    ),
    ("POST", WEBHOOKS): lambda api: (WEBHOOKS.format(project_id=api.keys.project), {"json": HOOK}),
    ("PUT", f"{WEBHOOKS}/{{webhook_id}}"): lambda api: (webhook(api), {"json": HOOK}),
    ("DELETE", f"{WEBHOOKS}/{{webhook_id}}"): lambda api: (webhook(api), {}),
    ("POST", f"{WEBHOOKS}/{{webhook_id}}/secret"): lambda api: (f"{webhook(api)}/secret", {}),
    ("POST", f"{WEBHOOKS}/{{webhook_id}}/test"): lambda api: (f"{webhook(api)}/test", {}),
    ("POST", f"{WEBHOOKS}/{{webhook_id}}/deliveries/{{event_id}}/resend"): lambda api: (
        f"{delivery(api)}/resend",
        {},
    ),
}


def of_request(database_url: str, request_id: str) -> list[dict[str, Any]]:
    """The entries of a request, but for the ends of actions that it has started."""
    return entries_in(database_url, "request_id = %s AND event <> 'action.end'", request_id)


def refusal_of(database_url: str, request_id: str) -> dict[str, Any]:
    """The one entry of a request that was refused, once it is written."""
    refusals_of(database_url, request_id, 1)
    (entry,) = of_request(database_url, request_id)
    return entry


def refusals_of(database_url: str, request_id: str, count: int) -> list[dict[str, Any]]:
    """The entries of what a request was refused, once so many are written."""

    def refused() -> list[dict[str, Any]]:
        return [entry for entry in of_request(database_url, request_id) if entry["outcome"] == "refused"]

    deadline = time.monotonic() + 30
    while len(refused()) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return refused()


def chained_entries(api: Api, count: int, **query: Any) -> list[dict[str, Any]]:
    """The newest entries, once all of them are chained."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        entries: list[dict[str, Any]] = api.get(LOG, **query)["data"]
        if len(entries) >= count and all(entry["hash"] for entry in entries):
            return entries
        time.sleep(0.1)
    raise AssertionError(f"not chained: {entries}")
