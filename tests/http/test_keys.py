"""Keys: what a project does with its own, over the API."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests.http.test_errors import check
from tests.server import NO_TLS, Api, Server, new_project

KEYS = "/v1/keys"


def list_spec(api: Api) -> dict[str, dict[str, Any]]:
    return {key["id"]: key for key in api.get(KEYS)["keys"]}


def made(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.http.post(KEYS, json={"role": "admin", **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def with_key(api: Api, key: dict[str, Any]) -> httpx.Client:
    name = {"app": "App", "management": "Management"}[key["kind"]]
    headers = {f"X-{name}-Id": key["id"], f"X-{name}-Token": key["token"]}
    return httpx.Client(base_url=api.url, headers=headers, trust_env=False, verify=NO_TLS)


def test_a_key_is_made_used_and_revoked(api: Api) -> None:
    key = made(api, name="  CI  ")
    assert key == {**list_spec(api)[key["id"]], "token": key["token"]}
    assert (key["name"], key["kind"], key["object"], key["current"]) == ("CI", "app", "key", False)
    assert len(key["token"]) >= 32
    with with_key(api, key) as other:
        assert other.get("/v1/async-actions").status_code == 200
        assert {shown["id"]: shown["current"] for shown in other.get(KEYS).json()["keys"]}[key["id"]]
        assert api.http.delete(f"{KEYS}/{key['id']}").status_code == 204
        check(other.get("/v1/async-actions"), 401, "unauthorized", "revoked")
    assert key["id"] not in list_spec(api)
    check(api.http.delete(f"{KEYS}/{key['id']}"), 404, "not_found", key["id"])


def test_no_token_is_listed_nor_kept(api: Api, served_database: str) -> None:
    key = made(api)
    assert key["name"] == "app key"
    assert key["token"] not in api.http.get(KEYS).text
    with psycopg.connect(served_database) as connection:
        kept = connection.execute("SELECT api_keys::text FROM api_keys").fetchall()
    assert not [row for row in kept if key["token"] in row[0] or key["token"].encode().hex() in row[0]]


@pytest.fixture
def manager(api: Api) -> Iterator[httpx.Client]:
    headers = {"X-Management-Id": api.keys.management_id, "X-Management-Token": api.keys.management_token}
    with httpx.Client(base_url=api.url, headers=headers, trust_env=False, verify=NO_TLS) as client:
        yield client


def test_management_keys_manage_keys_of_every_kind(api: Api, manager: httpx.Client) -> None:
    key = manager.post(KEYS, json={"kind": "management", "role": "admin", "name": "Deployment"}).json()
    with with_key(api, key) as other:
        assert other.get("/management/v1/projects").status_code == 200
        assert [shown["id"] for shown in other.get(KEYS).json()["keys"] if shown["current"]] == [key["id"]]
        assert other.delete(f"{KEYS}/{api.keys.app_id}").status_code == 204
        assert api.http.get(KEYS).status_code == 401
        refused = other.delete(f"{KEYS}/{key['id']}")
        check(refused, 409, "resource_in_use", "with the key", "make another one")
        assert other.delete(f"{KEYS}/{api.keys.management_id}").status_code == 204
        assert manager.get(KEYS).status_code == 401
        assert other.get(KEYS).status_code == 200


def test_application_keys_do_not_manage_management_keys(api: Api, manager: httpx.Client) -> None:
    key = f"{KEYS}/{api.keys.management_id}"
    for refused in (
        api.http.post(KEYS, json={"kind": "management", "role": "admin"}),
        api.http.put(key, json={"name": "x"}),
        api.http.post(f"{key}/rotate"),
        api.http.delete(key),
    ):
        check(refused, 403, "forbidden", "managed with one of them")
    assert manager.get(KEYS).status_code == 200


def test_nobody_gives_what_they_lack(api: Api) -> None:
    strong = made(api, name="strong")
    weak = made(api, scopes=["keys.manage", "keys.read", "vouchers.read"])
    with with_key(api, weak) as manager:
        check(manager.post(KEYS, json={"role": "admin"}), 403, "forbidden", "vouchers.write")
        check(manager.post(KEYS, json={"role": "reader"}), 403, "forbidden", "customers.read")
        check(manager.put(f"{KEYS}/{strong['id']}", json={"scopes": ["vouchers.read"]}), 403, "forbidden")
        check(manager.post(f"{KEYS}/{strong['id']}/rotate"), 403, "forbidden")
        own = manager.post(KEYS, json={"role": "reader", "scopes": ["vouchers.read"]})
        assert own.status_code == 200, own.text
        change = f"{KEYS}/{own.json()['id']}"
        check(manager.put(change, json={"scopes": ["vouchers.read", "skus.read"]}), 403, "forbidden", "skus.read")
        check(manager.put(change, json={"scopes": None}), 403, "forbidden")
        assert manager.put(change, json={"name": "y"}).json()["name"] == "y"


def test_nobody_gives_more_addresses_or_time_than_they_have(api: Api) -> None:
    strong = made(api, name="strong")
    limits = {"addresses": ["127.0.0.0/8"], "expires_at": "2099-01-01T00:00:00Z"}
    with with_key(api, made(api, **limits)) as manager:
        for body, words in (
            ({}, "longer"),
            ({"expires_at": "2099-01-02T00:00:00Z"}, "longer"),
            ({"expires_at": "2098-01-01T00:00:00Z"}, "127.0.0.0/8"),
            ({**limits, "addresses": ["126.0.0.0/7"]}, "127.0.0.0/8"),
            ({**limits, "addresses": ["127.0.0.1", "::1"]}, "127.0.0.0/8"),
        ):
            check(manager.post(KEYS, json={"role": "admin", **body}), 403, "forbidden", words)
        check(manager.put(f"{KEYS}/{strong['id']}", json={"name": "x"}), 403, "forbidden", "longer")
        check(manager.delete(f"{KEYS}/{strong['id']}"), 403, "forbidden", "longer")
        own = manager.post(KEYS, json={"role": "admin", **limits, "addresses": ["127.0.0.1", "127.1.0.0/16"]})
        assert own.status_code == 200, own.text
        assert manager.delete(f"{KEYS}/{own.json()['id']}").status_code == 204


def test_a_key_is_changed_and_obeys_at_once(api: Api) -> None:
    key = made(api)
    path = f"{KEYS}/{key['id']}"
    with with_key(api, key) as other:
        assert other.post("/v1/categories", json={"name": "A", "hierarchy": 1}).status_code == 200
        changed = api.http.put(path, json={"role": "reader", "name": "Supplier"}).json()
        assert (changed["role"], changed["name"], changed["scopes"]) == ("reader", "Supplier", None)
        check(other.post("/v1/categories", json={}), 403, "forbidden", "categories.write", "operator, admin")
        assert other.get("/v1/categories").status_code == 200
        narrowed = api.http.put(path, json={"scopes": ["vouchers.read", "vouchers.read"]}).json()
        assert (narrowed["role"], narrowed["scopes"]) == ("reader", ["vouchers.read"])
        check(other.get("/v1/categories"), 403, "forbidden", "its role reader has it, but its scopes leave it out")
        check(api.http.put(path, json={"scopes": ["vouchers.write"]}), 400, "invalid_payload", "does not have")
        check(api.http.put(path, json={"kind": "service"}), 400, "invalid_payload", "make another key")
        assert api.http.put(path, json={"scopes": None, "role": "operator"}).json()["role"] == "operator"
        assert other.post("/v1/categories", json={"name": "B", "hierarchy": 2}).status_code == 200


def test_the_key_that_asks_changes_no_more_than_its_name(api: Api) -> None:
    own = f"{KEYS}/{api.keys.app_id}"
    assert api.http.put(own, json={"name": "Mine", "role": "admin"}).json()["name"] == "Mine"
    for body in ({"role": "reader"}, {"scopes": ["keys.manage"]}, {"addresses": ["192.0.2.1"]}):
        check(api.http.put(own, json=body), 409, "resource_in_use", "change it with that")


def test_two_admins_that_demote_each_other_at_once_leave_one(api: Api) -> None:
    for _ in range(5):
        one, two = made(api), made(api)
        with with_key(api, one) as first, with_key(api, two) as second, ThreadPoolExecutor(2) as threads:
            answers = [
                threads.submit(first.put, f"{KEYS}/{two['id']}", json={"role": "reader"}),
                threads.submit(second.put, f"{KEYS}/{one['id']}", json={"role": "reader"}),
            ]
            assert sorted(answer.result().status_code for answer in answers) == [200, 403]


def test_keys_say_which_project_they_are_of(api: Api, manager: httpx.Client) -> None:
    assert {key["project_id"] for key in list_spec(api).values()} == {api.keys.project}
    assert made(api)["project_id"] == api.keys.project
    for client, key_id in ((api.http, api.keys.app_id), (manager, api.keys.management_id)):
        current = client.get(f"{KEYS}/current").json()
        assert (current["id"], current["project_id"]) == (key_id, api.keys.project)


def test_an_expiry_is_judged_by_the_databases_clock(api: Api, served_database: str) -> None:
    with psycopg.connect(served_database) as connection:
        (soon,) = connection.execute("SELECT to_json(now() + interval '1 hour') #>> '{}'").fetchone() or ("",)
    key = made(api, expires_at=soon)
    assert (key["expires_at"] is not None, key["expired"]) == (True, False)
    with with_key(api, key) as client:
        assert client.get("/v1/vouchers").status_code == 200
        with psycopg.connect(served_database) as connection:
            connection.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = %s", (key["id"],))
        api.http.put(f"{KEYS}/{key['id']}", json={"name": "what is remembered is forgotten"})
        check(client.get("/v1/vouchers"), 401, "unauthorized", "expired")
        assert list_spec(api)[key["id"]]["expired"]
        assert api.http.put(f"{KEYS}/{key['id']}", json={"expires_at": None}).json()["expired"] is False
        assert client.get("/v1/vouchers").status_code == 200


@pytest.mark.parametrize(
    ("addresses", "client", "allowed"),
    [
        ([], "198.51.100.7", True),
        (["198.51.100.0/24"], "198.51.100.7", True),
        (["198.51.100.0/24"], "198.51.101.7", False),
        (["2001:db8::/32", "198.51.100.7"], "2001:db8:1::5", True),
        (["2001:db8::/32"], "198.51.100.7", False),
        (["198.51.100.0/24"], "::ffff:198.51.100.7", True),
        (["::ffff:198.51.100.0/120"], "198.51.100.7", True),
        (["::ffff:198.51.100.0/120"], "198.51.101.7", False),
        (["0.0.0.0/0"], "2001:db8::1", False),
        (["::/0"], "198.51.100.7", False),
        (["198.51.100.0/24"], "unknown", False),
    ],
)
def test_a_key_works_from_its_addresses_alone(
    api: Api, proxied: Server, addresses: list[str], client: str, allowed: bool
) -> None:
    key = made(api, addresses=addresses)
    with with_key(api, key) as other:
        answer = other.get(f"{proxied.url}/v1/vouchers", headers={"X-Forwarded-For": client})
    if allowed:
        assert answer.status_code == 200, answer.text
    else:
        check(answer, 403, "forbidden", "may not be used from the address")


def test_when_a_key_was_last_used_is_noted_beside_its_requests(api: Api) -> None:
    key = made(api)
    assert key["last_used_at"] is None
    deadline = time.monotonic() + 60
    with with_key(api, key) as other:
        assert other.get("/v1/vouchers").status_code == 200
        while (used := list_spec(api)[key["id"]]["last_used_at"]) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert used is not None
        api.http.put(f"{KEYS}/{key['id']}", json={"name": "what is remembered is forgotten"})
        assert other.get("/v1/vouchers").status_code == 200
    assert list_spec(api)[key["id"]]["last_used_at"] == used


def test_the_key_that_asks_is_not_revoked(api: Api) -> None:
    body = check(api.http.delete(f"{KEYS}/{api.keys.app_id}"), 409, "resource_in_use", api.keys.app_id)
    assert (body["resource_type"], body["resource_id"]) == ("key", api.keys.app_id)
    assert list_spec(api)[api.keys.app_id]["current"]


def test_two_keys_that_revoke_each_other_at_once_leave_one(api: Api) -> None:
    for _ in range(5):
        one, two = made(api), made(api)
        with with_key(api, one) as first, with_key(api, two) as second, ThreadPoolExecutor(2) as threads:
            answers = [
                threads.submit(first.delete, f"{KEYS}/{two['id']}"),
                threads.submit(second.delete, f"{KEYS}/{one['id']}"),
            ]
            assert sorted(answer.result().status_code for answer in answers) == [204, 401]


def test_projects_do_not_see_each_others_keys(api: Api, other_api: Api) -> None:
    key = made(api)
    assert list_spec(api).keys().isdisjoint(list_spec(other_api))
    check(other_api.http.delete(f"{KEYS}/{key['id']}"), 404, "not_found")
    assert key["id"] in list_spec(api)


def test_an_id_that_two_kinds_of_keys_share(api: Api, served_database: str) -> None:
    shared = f"shared/{api.keys.project}"
    with psycopg.connect(served_database) as connection:
        for kind in ("app", "service"):
            connection.execute(
                "INSERT INTO api_keys (key_id, kind, project_id, token_hash, name, role, created_at)"
                " SELECT %s, %s, project_id, token_hash, 'x', role, now() FROM api_keys"
                " WHERE kind = 'app' AND key_id = %s",
                (shared, kind, api.keys.app_id),
            )
    check(api.http.delete(f"{KEYS}/{shared}"), 409, "conflict", "say which with kind")
    assert api.http.delete(f"{KEYS}/{shared}", params={"kind": "app"}).status_code == 204
    assert list_spec(api)[shared]["kind"] == "service"
    changed = api.http.put(f"{KEYS}/{shared.replace('/', '%2F')}", json={"name": "by its escaped id"})
    assert (changed.status_code, changed.json()["name"]) == (200, "by its escaped id")
    assert api.http.delete(f"{KEYS}/{shared}").status_code == 204


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": ""}, "Property .name"),
        ({"name": 7}, "Property .name"),
        ({"name": "x" * 101}, "1 to 100"),
        ({"name": "a\u0000b"}, "printable"),
        ({"kind": "root"}, "must be one of app, management, service"),
        ({"kind": ["app"]}, "must be one of"),
        ({"role": "root"}, "must be one of reader, operator, admin"),
        ({"role": None}, "must be one of"),
        ({"scopes": []}, "Property .scopes"),
        ({"scopes": "vouchers.read"}, "Property .scopes"),
        ({"scopes": ["vouchers.eat"]}, "there is no permission 'vouchers.eat'"),
        ({"scopes": [["vouchers.read"]]}, "Property .scopes"),
        ({"role": "reader", "scopes": ["vouchers.write"]}, "the role reader does not have vouchers.write"),
        ({"expires_at": "soon"}, "Property .expires_at"),
        ({"expires_at": 7}, "Property .expires_at"),
        ({"expires_at": "2020-01-01"}, "past"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "Property .expires_at"),
        ({"addresses": "192.0.2.1"}, "Property .addresses"),
        ({"addresses": ["192.0.2.1/24"]}, "has host bits set"),
        ({"addresses": ["1/" * 100_000]}, "…"),
        ({"scopes": ["x" * 100_000]}, "…"),
        ({"role": "x" * 100_000}, "…"),
        ({"addresses": ["localhost"]}, "Property .addresses"),
        ({"addresses": [7]}, "Property .addresses"),
        ({"addresses": ["192.0.2.1"] * 101}, "at most 100"),
    ],
)
def test_what_a_key_cannot_be(api: Api, body: dict[str, Any], words: str) -> None:
    before = list_spec(api).keys()
    check(api.http.post(KEYS, json={"role": "admin", **body}), 400, "invalid_payload", words)
    assert list_spec(api).keys() == before


def test_nobody_makes_an_admin_by_leaving_something_out(api: Api, manager: httpx.Client) -> None:
    before = list_spec(api).keys()
    for client in (api.http, manager):
        for body in ({}, {"name": "CI"}, {"kind": "service", "scopes": ["vouchers.read"]}):
            refused = client.post(KEYS, json=body)
            check(refused, 400, "invalid_payload", "Property .role is missing", "reader (sees), operator", "admin")
        check(client.post(KEYS), 400, "invalid_payload", "Property .role is missing")
    assert list_spec(api).keys() == before


def test_there_may_be_a_hundred_keys(server: Any, served_database: str) -> None:
    api = Api(server.url, new_project(served_database))
    while len(list_spec(api)) < 100:
        made(api)
    check(api.http.post(KEYS, json={"role": "reader"}), 409, "conflict", "100 keys")


def test_keys_are_asked_for(api: Api) -> None:
    for method, path in (("GET", KEYS), ("POST", KEYS), ("DELETE", f"{KEYS}/x")):
        answer = httpx.request(method, api.url + path, trust_env=False, verify=NO_TLS)
        check(answer, 401, "unauthorized", "missing")
