"""Projects over the management API: who may create, see, change and delete which, and what becomes of a deleted one."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import psycopg
import pytest

from tallykeep.tenants.managing.fields import KEPT, REFUSED, UNUSED
from tallykeep.tenants.projects import Keys
from tests.db.audit_log import entries_in, verdicts_on
from tests.http.test_errors import check
from tests.server import NO_TLS, Api, Server, management_headers, new_owner

PROJECTS = "/management/v1/projects"
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
KEPT_VALUES = {"dial_code": "+48", "client_trusted_domains": ["https://a.example"]}


@pytest.fixture(scope="module")
def owner(server: Server, served_database: str) -> Iterator[httpx.Client]:
    """A client with a key that reaches all projects."""
    headers = new_owner(served_database)
    with closing(
        httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False, verify=NO_TLS)
    ) as client:
        yield client


@pytest.fixture
def manager(api: Api) -> Iterator[httpx.Client]:
    """A client with the management key of a single project."""
    headers = management_headers(api.keys)
    with closing(httpx.Client(base_url=api.url, headers=headers, timeout=60, trust_env=False, verify=NO_TLS)) as client:
        yield client


def path_of(api: Api, more: str = "") -> str:
    return f"{PROJECTS}/{api.keys.project}{more}"


def created(owner: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = owner.post(PROJECTS, json={"name": "Shop", **fields})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def deleted(client: httpx.Client, project: str) -> dict[str, Any]:
    """A project's deletion once it has ended."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        deletion = client.get(f"{PROJECTS}/{project}/deletion").json()
        if deletion["status"] in ("DONE", "FAILED"):
            return dict(deletion)
        time.sleep(0.05)
    raise AssertionError(f"the project was not deleted: {deletion}")


def test_a_new_project_is_used_with_the_keys_that_come_with_it(owner: httpx.Client, server: Server) -> None:
    fields = {"description": "Vouchers\nof the shop", "timezone": "Europe/Vienna", "currency": "EUR"}
    project = created(owner, **fields)
    assert project.items() >= {**fields, "name": "Shop", "deletion": None, "case_sensitive_codes": True}.items()
    app, management = project["server_side_key"], project["management_key"]
    keys = Keys(project["id"], *app.values(), *management.values())
    own = Api(server.url, keys)
    assert own.ended(own.import_json([{"code": "A", **GIFT}]))["done_count"] == 1
    assert own.define_schema("voucher", {"k": {"type": "string"}})["related_object"] == "voucher"
    assert [each["id"] for each in own.get(PROJECTS)["data"]] == [project["id"]]
    assert own.get(f"{PROJECTS}/{project['id']}")["timezone"] == "Europe/Vienna"
    roles = {key["kind"]: key["role"] for key in own.get("/v1/keys")["keys"]}
    assert roles == {"app": "admin", "management": "admin"}
    shown = owner.get(PROJECTS).text
    assert app["app_token"] not in shown
    assert management["management_token"] not in shown
    own.http.close()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": None}, ".name should be a text of 1 to 100"),
        ({"name": " "}, ".name should be"),
        ({"name": "x" * 101}, ".name should be"),
        ({"name": "a\u0007b"}, ".name should be"),
        ({"name": 5}, ".name should be"),
        ({"description": "x" * 1_001}, ".description should be a text of at most 1,000"),
        ({"description": ["x"]}, ".description should be"),
        ({"timezone": "Europe"}, ".timezone should be a time zone of the IANA database"),
        ({"timezone": "Mars/Olympus"}, "(actual value is 'Mars/Olympus')"),
        ({"timezone": "../../etc/passwd"}, ".timezone should be"),
        ({"timezone": "/etc/localtime"}, ".timezone should be"),
        ({"timezone": "GMT+25"}, ".timezone should be"),
        ({"timezone": 1}, ".timezone should be"),
        ({"currency": "eur"}, ".currency should be a code of ISO 4217 in capitals"),
        ({"currency": "EURO"}, ".currency should be"),
        ({"currency": True}, ".currency should be"),
        ({"dial_code": "forty"}, ".dial_code should be"),
        ({"case_sensitive_codes": False}, ".case_sensitive_codes can only be true: codes that differ in case"),
        ({"api_version": "v2"}, ".api_version can only be v2018-08-01"),
        ({"webhook_version": "v1"}, ".webhook_version can only be v2024-01-01"),
        ({"client_redeem_enabled": "yes"}, ".client_redeem_enabled should be true or false"),
        ({"client_trusted_domains": "a"}, ".client_trusted_domains should be an array of at most 100"),
        ({"client_trusted_domains": [""]}, ".client_trusted_domains should be"),
        ({"client_trusted_domains": ["a"] * 101}, ".client_trusted_domains should be"),
        ({"quotas": {"rows_per_day": 0}}, ".quotas.rows_per_day should be a whole number from 1 to"),
        ({"quotas": {"rows_per_day": True}}, ".quotas.rows_per_day should be"),
        ({"quotas": {"stored_rows": 1.5}}, ".quotas.stored_rows should be"),
        ({"quotas": {"open_actions": 10**13}}, ".quotas.open_actions should be"),
        ({"quotas": {"planets": 8}}, ".quotas.planets is no quota; there are rows_per_day, stored_rows, open_actions"),
        ({"quotas": [5]}, ".quotas should be an object with rows_per_day"),
        ({"planet": "Mars"}, "Property .planet is none of a project; there are api_usage_notifications, "),
        *(({name: {"x": 1}}, f"Property .{name} cannot be chosen") for name in REFUSED),
    ],
)
def test_fields_that_cannot_be_taken_are_named(
    owner: httpx.Client, manager: httpx.Client, api: Api, fields: dict[str, Any], message: str
) -> None:
    check(owner.post(PROJECTS, json={"name": "Shop", **fields}), 400, "invalid_payload", message)
    changing = owner if "quotas" in fields else manager
    check(changing.put(path_of(api), json=fields), 400, "invalid_payload", message)
    assert api.get(path_of(api))["name"] == "Test"


def test_a_project_needs_a_name(owner: httpx.Client) -> None:
    check(owner.post(PROJECTS, json={}), 400, "invalid_payload", ".name is missing")
    check(owner.post(PROJECTS, json=[]), 400, "invalid_payload")


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+1", "America/Argentina/Ushuaia", "GMT", "GMT+2", "UTC-03:30"])
def test_time_zones_have_names_and_offsets(manager: httpx.Client, api: Api, zone: str) -> None:
    assert manager.put(path_of(api), json={"timezone": zone}).json()["timezone"] == zone


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_shown(owner: httpx.Client, name: str) -> None:
    value = KEPT_VALUES.get(name, True)
    project = created(owner, **{name: value})
    assert project[name] == value
    cleared = owner.put(f"{PROJECTS}/{project['id']}", json={name: None}).json()
    assert not cleared[name]


@pytest.mark.parametrize("name", UNUSED)
def test_what_is_unused_is_taken(manager: httpx.Client, api: Api, name: str) -> None:
    assert manager.put(path_of(api), json={name: {"messages": {"enabled": True}}}).status_code == 200
    assert name not in api.get(path_of(api))


def test_an_update_changes_what_it_names_and_nothing_else(manager: httpx.Client, api: Api) -> None:
    first = manager.put(path_of(api), json={"name": "Shop", "client_redeem_enabled": True, "currency": "PLN"}).json()
    second = manager.put(path_of(api), json={"description": "Spring", "client_publish_enabled": True}).json()
    assert second == {**first, "description": "Spring", "client_publish_enabled": True}
    assert api.get(path_of(api)) == second
    assert manager.put(path_of(api), json={}).json() == second


def test_a_management_key_reaches_its_own_project_and_no_other(
    manager: httpx.Client, api: Api, other_api: Api, owner: httpx.Client
) -> None:
    assert [each["id"] for each in manager.get(PROJECTS).json()["data"]] == [api.keys.project]
    for method, more, body in (
        ("GET", "", None), ("PUT", "", {"name": "Mine"}), ("DELETE", "", None), ("GET", "/deletion", None),
        ("GET", "/usage", None), ("GET", "/metadata-schemas", None), ("GET", "/webhooks", None),
        ("GET", "/audit-log", None),
    ):  # fmt: skip
        answer = manager.request(method, path_of(other_api, more), json=body)
        check(answer, 404, "not_found", f"Cannot find project with id {other_api.keys.project}")
    check(manager.post(PROJECTS, json={"name": "Another"}), 403, "forbidden", "installation.manage")
    assert owner.get(path_of(other_api)).json()["name"] == "Other"


def test_an_owner_reaches_all_of_them(owner: httpx.Client, api: Api, other_api: Api, served_database: str) -> None:
    shown = owner.get(PROJECTS).json()
    ids = [each["id"] for each in shown["data"]]
    assert {api.keys.project, other_api.keys.project} < set(ids)
    assert shown["total"] == len(ids)
    changed = owner.put(path_of(api), json={"name": "By the owner"})
    assert api.get(path_of(api))["name"] == "By the owner"
    schema = {"related_object": "voucher", "properties": {"k": {"type": "string"}}}
    assert owner.post(path_of(api, "/metadata-schemas"), json=schema).status_code == 200
    assert api.get("/v1/metadata-schemas/voucher")["properties"].keys() == {"k"}
    (entry,) = entries_in(served_database, "request_id = %s", changed.headers["x-request-id"])
    log = api.get("/v1/audit-log", event="project.update")["data"]
    assert [(each["id"], each["key_id"], each["key_kind"]) for each in log] == [
        (entry["id"], owner.headers["x-management-id"], "management")
    ]
    check(owner.get(f"{PROJECTS}/proj_none"), 404, "not_found")


def test_application_keys_manage_no_projects(api: Api) -> None:
    for method, more in (("PUT", ""), ("DELETE", ""), ("GET", "/usage"), ("GET", "/deletion")):
        check(api.http.request(method, path_of(api, more), json={}), 401, "unauthorized", "X-Management-Id")
    check(api.http.post(PROJECTS, json={"name": "Another"}), 401, "unauthorized", "X-Management-Id")
    assert api.get(path_of(api))["deletion"] is None


def test_only_owners_make_owners_and_only_of_the_management_api(
    manager: httpx.Client, owner: httpx.Client, api: Api
) -> None:
    wanted = {"kind": "management", "role": "owner"}
    check(manager.post("/v1/keys", json=wanted), 403, "forbidden", "lacks installation.manage")
    check(owner.post("/v1/keys", json={"role": "owner"}), 400, "invalid_payload", "only keys of the kind management")
    made = owner.post("/v1/keys", json=wanted).json()
    assert (made["role"], made["kind"]) == ("owner", "management")
    reader = manager.post("/v1/keys", json={"kind": "management", "role": "admin", "scopes": ["projects.read"]}).json()
    changed = manager.put(f"/v1/keys/{reader['id']}", json={"role": "owner", "scopes": None})
    check(changed, 403, "forbidden", "lacks installation.manage")
    check(api.http.put(f"/v1/keys/{api.keys.app_id}", json={"role": "owner"}), 400, "invalid_payload")


def test_the_first_project_is_not_deleted(owner: httpx.Client) -> None:
    first = owner.get(PROJECTS).json()["data"][0]
    refused = owner.delete(f"{PROJECTS}/{first['id']}")
    check(refused, 409, "resource_in_use", "its keys manage the others")
    assert owner.get(PROJECTS).json()["data"][0] == first


def test_what_a_project_holds_is_counted(manager: httpx.Client, api: Api) -> None:
    api.ended(api.import_json([{"code": f"C{number}", **GIFT} for number in range(3)]))
    assert api.http.post("/v1/customers", json={"source_id": "bob"}).status_code == 200
    usage = manager.get(path_of(api, "/usage")).json()
    counted = {name: count for name, count in usage["counts"].items() if count}
    assert counted == {"vouchers": 3, "customers": 1, "async_actions": 1, "keys": 2}
    assert usage["total"] == 7


def _held(database_url: str, project: str) -> psycopg.Connection[Any]:
    """A session that keeps one of the project's vouchers locked, so that its deletion comes to no end."""
    connection = psycopg.connect(database_url)
    connection.execute(
        "SELECT FROM vouchers JOIN projects USING (project_id) WHERE projects.id = %s FOR UPDATE OF vouchers",
        (project,),
    )
    return connection


def test_while_a_project_is_deleted_its_keys_watch_that_and_nothing_else(
    manager: httpx.Client, owner: httpx.Client, api: Api, served_database: str
) -> None:
    api.ended(api.import_json([{"code": "A", **GIFT}]))
    session = api.http.post("/v1/oauth/token", data={"grant_type": "client_credentials", "scope": "api"}).json()
    with closing(_held(served_database, api.keys.project)):
        begun = manager.delete(path_of(api))
        assert begun.status_code == 202, begun.text
        action_id = begun.json()["async_action_id"]
        for client in (manager, owner):
            assert client.delete(path_of(api)).json() == {"async_action_id": action_id}
        refused = api.http.post("/v1/vouchers/import", json=[{"code": "B", **GIFT}])
        check(refused, 403, "forbidden", f"The project {api.keys.project} is being deleted")
        check(api.http.get("/v1/vouchers"), 403, "forbidden")
        bearer = {"Authorization": f"Bearer {session['access_token']}"}
        answer = httpx.get(f"{api.url}/v1/vouchers", headers=bearer, trust_env=False, verify=NO_TLS)
        assert answer.status_code in (401, 403)  # tokens are among what goes first
        for client in (manager, owner):
            check(client.put(path_of(api), json={"name": "New"}), 403, "forbidden", "is being deleted")
            check(client.get(path_of(api, "/metadata-schemas")), 403, "forbidden", "is being deleted")
            deletion = client.get(path_of(api, "/deletion")).json()
            assert deletion["status"] in ("ENQUEUED", "IN_PROGRESS")
            assert (deletion["async_action_id"], deletion["deleted_at"]) == (action_id, None)
            assert client.get(path_of(api, "/audit-log")).status_code == 200
            assert client.get(path_of(api)).json()["deletion"]["async_action_id"] == action_id
    assert deleted(owner, api.keys.project)["status"] == "DONE"


def test_of_a_deleted_project_there_is_what_became_of_it(
    manager: httpx.Client, owner: httpx.Client, api: Api, served_database: str
) -> None:
    api.ended(api.import_json([{"code": f"C{number}", **GIFT} for number in range(5)]))
    campaign = api.http.post("/v1/campaigns", json={"name": "Fall", "voucher": GIFT}).json()["id"]
    assert api.http.delete(f"/v1/campaigns/{campaign}").status_code == 202
    begun = manager.delete(path_of(api))
    deletion = deleted(owner, api.keys.project)
    assert (deletion["status"], deletion["failed_count"], deletion["requested_by"]) == (
        "DONE",
        0,
        api.keys.management_id,
    )
    assert deletion["done_count"] == deletion["total_count"] > 5
    assert deletion["deleted_at"] >= deletion["started_at"]
    assert deletion["project_name"] == "Test"
    for client in (manager, api.http):
        check(client.get(PROJECTS), 401, "unauthorized")
    check(owner.get(path_of(api)), 404, "not_found")
    check(owner.put(path_of(api), json={"name": "x"}), 404, "not_found")
    check(owner.get(path_of(api, "/webhooks")), 404, "not_found")
    assert api.keys.project not in [each["id"] for each in owner.get(PROJECTS).json()["data"]]
    assert owner.delete(path_of(api)).json() == begun.json()
    assert deleted(owner, api.keys.project) == deletion
    changes = entries_in(served_database, "resource_id = %s AND event = 'campaign.delete'", campaign)
    assert [each["key_id"] for each in changes] == [api.keys.app_id]
    number = changes[0]["project_id"]
    (end,) = entries_in(
        served_database, "project_id = %s AND action_id = %s AND event = 'action.end'", number,
        deletion["async_action_id"],
    )  # fmt: skip
    assert end["details"]["done_count"] == deletion["done_count"]
    (begun_by,) = entries_in(served_database, "project_id = %s AND event = 'project.delete'", number)
    assert (begun_by["outcome"], begun_by["resource_id"]) == ("success", api.keys.project)
    log = owner.get(path_of(api, "/audit-log"), params={"event": "campaign.delete,project.delete"}).json()["data"]
    assert [each["event"] for each in log] == ["project.delete", "campaign.delete"]
    assert {each["project"] for each in log} == {api.keys.project}
    (verdict,) = verdicts_on(served_database, api.keys.project)
    assert verdict.problem is None
    assert verdict.last + verdict.pending > 3


def test_others_are_left_alone(manager: httpx.Client, api: Api, other_api: Api, owner: httpx.Client) -> None:
    for each in (api, other_api):
        each.ended(each.import_json([{"code": "SAME", **GIFT}]))
    assert manager.delete(path_of(api)).status_code == 202
    deleted(owner, api.keys.project)
    assert other_api.get("/v1/vouchers/SAME")["code"] == "SAME"
    assert other_api.get("/v1/async-actions")["async_actions"][0]["status"] == "DONE"
    assert other_api.ended(other_api.import_json([{"code": "NEW", **GIFT}]))["done_count"] == 1
