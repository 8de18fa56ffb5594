"""Every route of the application, asked by everybody who may and by many who may not: generated from its declarations.

A leak is a request that should have been refused and was not, or an answer that tells of another project.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import httpx
import psycopg
import pytest
from docs.write import operations

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.tenants.permissions import ROLES, Permission, Role
from tests.http.calls import WEBHOOK, Walk
from tests.server import Api, Server, new_owner, new_project

Headers = dict[str, str]

_NO_KEY = b'{"kind": "none"}'  # without a body, a key would be made each time
_TOKEN_PATH = "/v2/oauth/token"
_SECRET = "foreign-0f8fad5b"


@dataclass(frozen=True)
class Operation:
    """One route: its method and path, what it declares, and whether management keys will do, or nothing else."""

    method: str
    path: str
    permission: Permission | None
    is_public: bool
    managing: bool
    only_managing: bool
    parameters: tuple[str, ...]

    def url(self, **values: str) -> str:
        """Its path, with these values or others that name nothing."""
        return re.sub(r"\{([^}]*)\}", lambda match: values.get(match[1], "none"), self.path)

    def ways(self, **values: str) -> list[str]:
        """Its address; that of a hot route also with a query, with which it goes the other way."""
        url = self.url(**values)
        return [url, f"{url}?unknown=1"] if self.is_hot else [url]

    @property
    def deletes_the_project(self) -> bool:
        """Whether it would delete the very project that asks."""
        return (self.method, self.path) == ("DELETE", "/management/v1/projects/{project_id}")

    @property
    def is_hot(self) -> bool:
        """Whether it is found past FastAPI's routes."""
        if self.path == "/v1/async-actions/{action_id}":
            return self.method == "GET"
        return self.method == "POST" and any(self.path == action_type.path for action_type in ACTION_TYPES.values())


def every_operation() -> list[Operation]:
    """All of them, as the document describes them, and the document itself."""
    described = []
    for name, operation in operations().items():
        method, path = name.split(" ")
        code = operation.get("x-required-permission")
        described.append(
            Operation(
                method, path, Permission[code.upper().replace("-", "_").replace(".", "_")] if code else None,
                "x-public" in operation, "x-management-keys" in operation,
                operation.get("x-management-keys") == "only", tuple(re.findall(r"\{([^}]*)\}", path)),
            )
        )  # fmt: skip
    document = Operation(
        "GET", "/openapi.json", None, is_public=True, managing=False, only_managing=False, parameters=()
    )
    return [*described, document]


OPERATIONS = every_operation()
GUARDED = [operation for operation in OPERATIONS if not operation.is_public]
_BY_NEED = {operation.permission: operation for operation in GUARDED if not operation.only_managing}
ONE_OF_EACH = [operation for operation in _BY_NEED.values() if operation.permission]


@dataclass
class Survey:
    """A project, its keys of all sorts, and what came of asking with them."""

    api: Api
    client: httpx.Client
    line: HTTPConnection  # for the thousands: as little as a client can be
    leaks: list[str] = field(default_factory=list)
    wrongly_refused: list[str] = field(default_factory=list)
    granted: set[Permission] = field(default_factory=set)
    refused: set[Permission] = field(default_factory=set)
    count: int = 0

    def key(self, **fields: Any) -> dict[str, Any]:
        """A key made by the project's management key."""
        headers = {"X-Management-Id": self.api.keys.management_id, "X-Management-Token": self.api.keys.management_token}
        answer = self.client.post("/v1/keys", json=fields, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def bearer(self, key: dict[str, Any]) -> Headers:
        """A token of a service key."""
        form = {"grant_type": "client_credentials"}
        answer = self.client.post(_TOKEN_PATH, data=form, auth=(key["id"], key["token"]))
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def ask(self, operation: Operation, headers: Headers) -> Iterator[tuple[str, int, str]]:
        """Its addresses, with the status and the body of the answer from each; almost nothing is sent as a body."""
        is_new_key = (operation.method, operation.path) == ("POST", "/v1/keys")
        typed = headers | {"Content-Type": "application/json"} if is_new_key else headers
        named = {} if operation.deletes_the_project else {"project_id": self.api.keys.project}
        for url in operation.ways(**named):
            self.count += 1
            self.line.request(operation.method, url, _NO_KEY if is_new_key else None, typed)
            answer = self.line.getresponse()
            yield url, answer.status, answer.read().decode()

    def expect(self, operation: Operation, headers: Headers, status: int, who: str) -> None:
        """Refusal with this status, of whatever way."""
        for url, code, body in self.ask(operation, headers):
            if code != status:
                self.leaks.append(f"{who}: {operation.method} {url} is answered {code}")
            elif status == 403 and operation.permission:
                self.refused.add(operation.permission)
                assert operation.permission in json.loads(body)["details"]

    def expect_granted(self, operation: Operation, headers: Headers, who: str) -> None:
        """Anything but a refusal: what follows may find nothing, or miss a body."""
        for url, code, body in self.ask(operation, headers):
            if code in (401, 403) or code >= 500:
                self.wrongly_refused.append(f"{who}: {operation.method} {url} is answered {body}")
            elif operation.permission:
                self.granted.add(operation.permission)


def app_headers(key: dict[str, Any]) -> Headers:
    """A key as requests bring it."""
    name = "Management" if key["kind"] == "management" else "App"
    return {f"X-{name}-Id": key["id"], f"X-{name}-Token": key["token"]}


@pytest.fixture(scope="module")
def survey(server: Server, served_database: str) -> Iterator[Survey]:
    api = Api(server.url, new_project(served_database))
    with psycopg.connect(served_database) as connection:
        owner = "UPDATE api_keys SET role = 'owner' WHERE kind = 'management' AND key_id = %s"
        connection.execute(owner, (api.keys.management_id,))
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        survey = Survey(api, client, HTTPConnection(server.url.removeprefix("http://"), timeout=60))
        yield survey
        assert survey.leaks == []
        assert survey.wrongly_refused == []
        survey.line.close()
        print(f"{survey.count} requests of {len(OPERATIONS)} routes, {len(survey.leaks)} leaks")
    api.http.close()


def test_who_shows_nothing_or_the_wrong_thing(survey: Survey) -> None:
    key = survey.key(role="admin")
    service = survey.key(role="admin", kind="service")
    nothing: list[tuple[str, Headers]] = [
        ("no credentials", {}),
        ("a wrong id", {"X-App-Id": "nobody", "X-App-Token": key["token"]}),
        ("a wrong token", {"X-App-Id": key["id"], "X-App-Token": "wrong"}),
        ("an id alone", {"X-App-Id": key["id"]}),
        ("a service key as keys", {"X-App-Id": service["id"], "X-App-Token": service["token"]}),
        ("a wrong bearer", {"Authorization": "Bearer 1.wrong"}),
        ("wrong management keys", {"X-Management-Id": "x", "X-Management-Token": "x"}),
    ]
    for operation in GUARDED:
        for who, headers in nothing:
            survey.expect(operation, headers, 401, who)
        survey.expect(operation, app_headers(key) | {"Authorization": "Bearer 1.x"}, 400, "two kinds at once")
    _settle(survey)


def test_public_routes_ask_for_nothing(survey: Survey) -> None:
    for operation in OPERATIONS:
        if operation.is_public and operation.path != _TOKEN_PATH:
            survey.expect_granted(operation, {}, "nobody")
    _settle(survey)


@pytest.mark.parametrize("role", Role)
def test_each_role(survey: Survey, role: Role) -> None:
    manager = app_headers(survey.key(role=role, kind="management"))
    others: list[tuple[str, Headers]] = []
    if role != Role.OWNER:  # which those of other kinds cannot be
        service = survey.key(role=role, kind="service")
        others = [
            (f"{role} key", app_headers(survey.key(role=role))),
            (f"{role} token", survey.bearer(service)),
        ]
    for operation in GUARDED:
        may = operation.permission is None or operation.permission in ROLES[role]
        of_manager = [(f"{role} management key", manager)]
        for who, headers in [*others, *(of_manager if operation.managing else [])]:
            is_other = operation.only_managing and "X-Management-Id" not in headers
            if is_other or (operation.permission is None and "Authorization" in headers):
                survey.expect(operation, headers, 401, who)  # a token gets no further ones
            elif may:
                survey.expect_granted(operation, headers, who)
            else:
                survey.expect(operation, headers, 403, who)
        if not operation.managing:
            survey.expect(operation, manager, 401, "management key")
    _settle(survey)


@pytest.mark.parametrize("permission", Permission)
def test_each_scope_and_all_but_each(survey: Survey, permission: Permission) -> None:
    if permission not in ROLES[Role.ADMIN]:
        pytest.skip("no application key can have it")
    only = survey.key(scopes=[permission.value])
    without = survey.key(scopes=[code.value for code in ROLES[Role.ADMIN] if code != permission])
    for operation in GUARDED:
        if operation.permission == permission and operation.only_managing:
            survey.expect(operation, app_headers(only), 401, f"only {permission}")
        elif operation.permission == permission:
            survey.expect_granted(operation, app_headers(only), f"only {permission}")
            survey.expect(operation, app_headers(without), 403, f"all but {permission}")
    for operation in ONE_OF_EACH:
        if operation.permission != permission:
            survey.expect(operation, app_headers(only), 403, f"only {permission}")
    for key in (only, without):
        _revoke(survey, key)
    _settle(survey)


@pytest.mark.parametrize(
    "permission", sorted({each.permission for each in GUARDED if each.managing and each.permission})
)
def test_each_scope_of_management_keys(survey: Survey, permission: Permission) -> None:
    sort = {"kind": "management", "role": "owner"}
    only = survey.key(**sort, scopes=[permission.value])
    without = survey.key(**sort, scopes=[code.value for code in Permission if code != permission])
    for operation in GUARDED:
        if operation.managing and operation.permission == permission:
            survey.expect_granted(operation, app_headers(only), f"only {permission}")
            survey.expect(operation, app_headers(without), 403, f"all but {permission}")
        elif operation.managing:
            survey.expect(operation, app_headers(only), 403, f"only {permission}")
    for key in (only, without):
        _revoke(survey, key)
    _settle(survey)


def test_expired_and_revoked_keys_and_their_tokens(survey: Survey, served_database: str) -> None:
    ended = {
        "expired": [survey.key(kind=kind) for kind in ("app", "service", "management")],
        "revoked": [survey.key(kind=kind) for kind in ("app", "service", "management")],
    }
    shown = {
        f"{why} {key['kind']}": survey.bearer(key) if key["kind"] == "service" else app_headers(key)
        for why, keys in ended.items()
        for key in keys
    }
    with psycopg.connect(served_database) as connection:
        ids = [key["id"] for key in ended["expired"]]
        connection.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = ANY (%s)", (ids,))
    for key in ended["revoked"]:
        _revoke(survey, key)
    for operation in GUARDED:
        for who, headers in shown.items():
            survey.expect(operation, headers, 401, who)
    _settle(survey)


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


_PLAIN = {"resource": "voucher", "row_type": "vouchers", "key": "lang"}
_BODIES: dict[str, Any] = {"PUT": {"name": "changed"}, "POST": {"name": "made"}}


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
    _settle(survey)


def test_every_permission_was_granted_and_refused(survey: Survey) -> None:
    assert survey.granted == set(Permission)
    assert survey.refused == set(Permission)


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


def _revoke(survey: Survey, key: dict[str, Any]) -> None:
    headers = {"X-Management-Id": survey.api.keys.management_id, "X-Management-Token": survey.api.keys.management_token}
    answer = survey.client.delete(f"/v1/keys/{key['id']}", headers=headers)
    assert answer.status_code == 204, answer.text


def _settle(survey: Survey) -> None:
    """Fail where something leaked, or was refused wrongly."""
    assert survey.leaks == [], f"{len(survey.leaks)} leaks"
    assert survey.wrongly_refused == []


def test_what_takes_a_second_permission(survey: Survey) -> None:
    """A retry writes what the first action wrote, and a list as a file shows what the list shows."""
    api = survey.api
    parent = api.import_json([{"code": "BAD"}])
    api.ended(parent)
    managing = survey.key(scopes=["async-actions.manage", "async-actions.read", "exports.read", "customers.read"])
    headers = app_headers(managing)
    retry = f"/v1/async-actions/{parent}/retry"
    refused = survey.client.post(retry, headers=headers)
    assert (refused.status_code, "vouchers.write" in refused.json()["details"]) == (403, True)
    of_all = survey.client.post("/v1/async-actions/retry", headers=headers).json()
    assert of_all["done"] == []
    assert ["vouchers.write" in one["details"] for one in of_all["refused"] if one["id"] == parent] == [True]
    allowed = survey.key(scopes=["async-actions.manage", "vouchers.write"])
    assert survey.client.post(retry, headers=app_headers(allowed)).status_code == 202
    assert survey.client.get("/v1/lists/csv/customers", headers=headers).status_code == 200
    for row_type, permission in (("vouchers", "vouchers.read"), ("products", "products.read")):
        refused = survey.client.get(f"/v1/lists/csv/{row_type}", headers=headers)
        assert (refused.status_code, permission in refused.json()["details"]) == (403, True)
