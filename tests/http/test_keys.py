"""Keys: what a project does with its own, over the API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests.http.test_errors import check
from tests.server import Api, new_project

KEYS = "/v1/keys"


def list_spec(api: Api) -> dict[str, dict[str, Any]]:
    return {key["id"]: key for key in api.get(KEYS)["keys"]}


def made(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.http.post(KEYS, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def with_key(api: Api, key: dict[str, Any]) -> httpx.Client:
    name = {"app": "App", "management": "Management"}[key["kind"]]
    headers = {f"X-{name}-Id": key["id"], f"X-{name}-Token": key["token"]}
    return httpx.Client(base_url=api.url, headers=headers, trust_env=False)


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


def test_management_keys_manage_keys_too(api: Api) -> None:
    key = made(api, kind="management", name="Deployment")
    with with_key(api, key) as manager:
        assert manager.get("/management/v1/projects").status_code == 200
        assert [shown["id"] for shown in manager.get(KEYS).json()["keys"] if shown["current"]] == [key["id"]]
        assert manager.delete(f"{KEYS}/{api.keys.app_id}").status_code == 204
        assert api.http.get(KEYS).status_code == 401
        refused = manager.delete(f"{KEYS}/{key['id']}")
        check(refused, 409, "resource_in_use", "with the key", "make another one")
    with with_key(api, key) as manager:
        assert manager.get(KEYS).status_code == 200


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
        for kind in ("app", "management"):
            connection.execute(
                "INSERT INTO api_keys SELECT %s, %s, project_id, token_hash, 'x', now() FROM api_keys"
                " WHERE kind = 'app' AND key_id = %s",
                (shared, kind, api.keys.app_id),
            )
    check(api.http.delete(f"{KEYS}/{shared}"), 409, "conflict", "say which with kind")
    assert api.http.delete(f"{KEYS}/{shared}", params={"kind": "app"}).status_code == 204
    assert list_spec(api)[shared]["kind"] == "management"
    assert api.http.delete(f"{KEYS}/{shared}").status_code == 204


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": ""}, "Property .name"),
        ({"name": 7}, "Property .name"),
        ({"name": "x" * 101}, "1 to 100"),
        ({"name": "a\u0000b"}, "printable"),
        ({"kind": "root"}, "must be one of app, management"),
        ({"kind": ["app"]}, "must be one of"),
    ],
)
def test_what_a_key_cannot_be(api: Api, body: dict[str, Any], words: str) -> None:
    before = list_spec(api)
    check(api.http.post(KEYS, json=body), 400, "invalid_payload", words)
    assert list_spec(api) == before


def test_there_may_be_a_hundred_keys(server: Any, served_database: str) -> None:
    api = Api(server.url, new_project(served_database))
    while len(list_spec(api)) < 100:
        made(api)
    check(api.http.post(KEYS), 409, "conflict", "100 keys")


def test_keys_are_asked_for(api: Api) -> None:
    for method, path in (("GET", KEYS), ("POST", KEYS), ("DELETE", f"{KEYS}/x")):
        answer = httpx.request(method, api.url + path, trust_env=False)
        check(answer, 401, "unauthorized", "missing")
