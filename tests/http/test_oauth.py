"""OAuth 2.0: version 1 of the token endpoint, tokens wherever keys may be sent, and when they end."""

import gzip
from contextlib import ExitStack
from typing import Any

import httpx
import psycopg
import pytest

from tallykeep.tenants.permissions import Permission
from tests.http.oauth import FORM, GRANT, INTROSPECT, REVOKE, V1, V2, Fields, basic, bearer, check_oauth, send, token_of
from tests.http.test_errors import check
from tests.http.test_keys import KEYS, made
from tests.http.watching import vouchers_held_back
from tests.server import Api, Server, new_project


def test_a_token_stands_for_its_key(api: Api, nobody: httpx.Client) -> None:
    answer = send(api.http, V1, GRANT, ("scope", "api"))
    token = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert {name: token[name] for name in ("client_id", "expires_in", "scope", "token_type")} == {
        "client_id": api.keys.app_id, "expires_in": 900, "scope": "api", "token_type": "Bearer",
    }  # fmt: skip
    headers = bearer(token["access_token"])
    assert nobody.get(KEYS, headers=headers).status_code == 200
    started = nobody.post("/v1/vouchers/import", json=[{"code": "T", "gift": {"amount": 1}}], headers=headers)
    assert started.status_code == 202, started.text
    action_id = started.json()["async_action_id"]
    api.ended(action_id)
    for path in ("", "?wait=1", "/events", "/file", "/failures.csv", "/batches"):
        assert nobody.get(f"/v1/async-actions/{action_id}{path}", headers=headers).status_code == 200
    assert nobody.get("/v1/lists/csv/vouchers", headers=headers).status_code == 200
    shown = api.get(f"/v1/async-actions/{action_id}")
    assert shown["user"] == api.keys.app_id


def test_no_token_is_kept_nor_shown_again(api: Api, served_database: str) -> None:
    token = token_of(api)
    with psycopg.connect(served_database) as connection:
        kept = connection.execute("SELECT access_tokens::text FROM access_tokens").fetchall()
    assert not [row for row in kept if token in row[0] or token.partition(".")[2] in row[0]]


V1_REFUSED: list[tuple[Fields, str]] = [
    ([], "missing_parameters"),
    ([GRANT], "missing_parameters"),
    ([GRANT, ("scope", "")], "missing_parameters"),
    ([GRANT, ("scope", " ")], "missing_parameters"),
    ([("scope", "api")], "missing_parameters"),
    ([("grant_type", ""), ("scope", "api")], "missing_parameters"),
    ([("grant_type", "password"), ("scope", "api")], "invalid_grant_type"),
    ([("grant_type", "CLIENT_CREDENTIALS"), ("scope", "api")], "invalid_grant_type"),
    ([GRANT, GRANT, ("scope", "api")], "invalid_payload"),
    ([GRANT, ("scope", "api"), ("scope", "vouchers")], "invalid_payload"),
    ([GRANT, ("scope", "vouchers,campaigns")], "invalid_scope"),
    ([GRANT, ("scope", "vouchers everything")], "invalid_scope"),
    ([GRANT, ("scope", "vouchers.read")], "invalid_scope"),
]


@pytest.mark.parametrize(("fields", "key"), V1_REFUSED)
def test_v1_refuses_in_the_wire_format(api: Api, fields: Fields, key: str) -> None:
    body = check(send(api.http, V1, *fields), 400, key)
    if key == "invalid_scope":
        assert body["message"] == f"Invalid scope: {dict(fields)['scope'].removeprefix('vouchers ')}"


# Each with what version 1 answers, and the error that version 2 calls it.
NO_FORMS: list[tuple[bytes, dict[str, str], int]] = [
    (b"grant_type=client_credentials&scope=api", {"Content-Type": "text/plain"}, 415),
    (b'{"grant_type": "client_credentials", "scope": "api"}', {"Content-Type": "application/json"}, 415),
    (b"grant_type=client_credentials&scope=api", {}, 415),
    (b"grant_type=client_credentials", FORM | {"Content-Encoding": "br"}, 415),
    (b"grant_type=client_credentials", FORM | {"Content-Encoding": "gzip"}, 400),
    (gzip.compress(b"scope=" + b"x" * 20_000, mtime=0), FORM | {"Content-Encoding": "gzip"}, 413),
    (b"scope=%ff&grant_type=client_credentials", FORM, 400),
    (b"scope=\xc3\xa9", FORM, 400),
    (b"scope=\0", FORM, 400),
    (b"grant_type=%00&access_token=%00", FORM, 400),
    (b"grant_type=client_credentials&scope=%00", FORM, 400),
    (b"grant_type=client_credentials&scope=a%00b%ED%A0%80", FORM, 400),
    (b"a=1&" * 200, FORM, 400),
    (b"scope=api&grant_type=client_credentials&scope=api", FORM, 400),
    (b"scope=" + b"x" * 20_000, FORM, 413),
]


@pytest.mark.parametrize(("content", "headers", "status"), NO_FORMS)
def test_bodies_that_are_no_such_form(
    api: Api, service: dict[str, Any], nobody: httpx.Client, content: bytes, headers: dict[str, str], status: int
) -> None:
    issued = api.http.post(V1, content=content, headers=headers)
    check(issued, status, issued.json()["key"])
    for path in (INTROSPECT, REVOKE):
        answer = api.http.post(path, content=content, headers=headers)
        if b"access_token" in content:  # which opens nothing, whatever it is
            assert answer.status_code == (200 if path == INTROSPECT else 404)
        else:
            check(answer, status, answer.json()["key"])
    of_rfc = nobody.post(V2, content=content, headers=headers | basic(service["id"], service["token"]))
    check_oauth(of_rfc, 400, "invalid_request", "unsupported_grant_type", "invalid_scope")


def test_v1_is_asked_with_application_keys_alone(api: Api, nobody: httpx.Client, service: dict[str, Any]) -> None:
    wrong = {"X-App-Id": api.keys.app_id, "X-App-Token": "wrong"}
    of_service = {"X-App-Id": service["id"], "X-App-Token": service["token"]}
    of_manager = {"X-App-Id": api.keys.management_id, "X-App-Token": api.keys.management_token}
    for headers in ({}, wrong, of_service, of_manager, bearer(token_of(api)), basic(service["id"], service["token"])):
        for path in (V1, INTROSPECT, REVOKE):
            answer = send(nobody, path, GRANT, ("scope", "api"), ("access_token", "x"), **headers)
            check(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"] == 'Bearer realm="tallykeep"'


def test_a_token_has_what_its_scope_and_its_key_have(api: Api, nobody: httpx.Client) -> None:
    token = bearer(token_of(api, "vouchers  skus redemptions"))
    assert nobody.get("/v1/vouchers", headers=token).status_code == 200
    refused = nobody.get("/v1/customers", headers=token)
    check(refused, 403, "forbidden", "The token lacks the permission customers.read")
    assert 'error="insufficient_scope", scope="customers.read"' in refused.headers["www-authenticate"]
    check(nobody.get("/v1/customers", headers=bearer(token_of(api, "client_api segments"))), 403, "forbidden")
    path = f"/v1/customers/{api.http.post('/v1/customers', json={'source_id': 'jane'}).json()['id']}"
    of_customers = bearer(token_of(api, "customers"))
    check(nobody.get(f"{path}/personal-data", headers=of_customers), 403, "forbidden", "customers.export")
    assert nobody.get(f"{path}/personal-data", headers=bearer(token_of(api, "api"))).status_code == 200
    assert nobody.post(f"{path}/permanent-deletion", headers=of_customers).status_code == 200
    reader = made(api, role="reader")
    with httpx.Client(base_url=api.url, trust_env=False) as client:
        client.headers.update({"X-App-Id": reader["id"], "X-App-Token": reader["token"]})
        token = bearer(send(client, V1, GRANT, ("scope", "api")).json()["access_token"])
    assert nobody.get("/v1/vouchers", headers=token).status_code == 200
    check(nobody.post("/v1/vouchers", json={}, headers=token), 403, "forbidden", "vouchers.write")
    api.http.put(f"{KEYS}/{reader['id']}", json={"scopes": ["customers.read"]})
    check(nobody.get("/v1/vouchers", headers=token), 403, "forbidden")


def test_two_kinds_of_credentials_at_once_are_refused(api: Api) -> None:
    token = token_of(api)
    for path in ("/v1/vouchers", "/v1/async-actions/aa_none", "/v1/async-actions/aa_none?x=1", KEYS):
        check(api.http.get(path, headers=bearer(token)), 400, "invalid_request")
    check(send(api.http, V1, GRANT, ("scope", "api"), **bearer(token)), 400, "invalid_request")
    twice = [("Authorization", f"Bearer {token}")] * 2
    check(httpx.get(f"{api.url}/v1/vouchers", headers=twice, trust_env=False), 400, "invalid_request")
    proxy = {"Authorization": "Basic cHJveHk6cHJveHk="}
    assert api.http.get("/v1/vouchers", headers=proxy).status_code == 200


@pytest.mark.parametrize("token", ["x", "1.x", "1", ".", "9" * 40 + ".x", "²." + "x", "-1.x", "a b"])
def test_tokens_that_are_none(nobody: httpx.Client, token: str) -> None:
    answer = nobody.get("/v1/vouchers", headers={"Authorization": f"Bearer {token}".encode()})
    check(answer, 401, "unauthorized")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_no_credentials_name_no_error(nobody: httpx.Client) -> None:
    answer = nobody.get("/v1/vouchers")
    check(answer, 401, "unauthorized", "missing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="tallykeep"'


def test_a_token_of_one_project_is_none_of_another(api: Api, other_api: Api, nobody: httpx.Client) -> None:
    token = token_of(api)
    number = token_of(other_api).partition(".")[0]
    check(nobody.get("/v1/vouchers", headers=bearer(f"{number}.{token.partition('.')[2]}")), 401, "unauthorized")
    for client in (other_api.http, _with(api, made(api))):
        introspected = send(client, INTROSPECT, ("access_token", token))
        assert (introspected.status_code, introspected.json()) == (200, {"active": False})
        revoked = send(client, REVOKE, ("access_token", token))
        assert (revoked.status_code, revoked.content) == (404, b"")
    assert nobody.get("/v1/vouchers", headers=bearer(token)).status_code == 200


def _with(api: Api, key: dict[str, Any]) -> httpx.Client:
    headers = {"X-App-Id": key["id"], "X-App-Token": key["token"]}
    return httpx.Client(base_url=api.url, headers=headers, trust_env=False)


def test_a_token_is_introspected_and_revoked(api: Api, nobody: httpx.Client) -> None:
    issued = send(api.http, V1, GRANT, ("scope", "vouchers campaigns")).json()
    token = issued["access_token"]
    answer = send(api.http, INTROSPECT, ("access_token", token))
    shown = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert 0 < shown.pop("expires_in") <= issued.pop("expires_in")
    assert shown == {**issued, "active": True}
    assert nobody.get("/v1/vouchers", headers=bearer(token)).status_code == 200
    revoked = send(api.http, REVOKE, ("access_token", token))
    assert (revoked.status_code, revoked.content) == (204, b"")
    check(nobody.get("/v1/vouchers", headers=bearer(token)), 401, "unauthorized")
    assert send(api.http, INTROSPECT, ("access_token", token)).json() == {"active": False}
    again = send(api.http, REVOKE, ("access_token", token))
    assert (again.status_code, again.content) == (404, b"")


def test_a_stream_sends_nothing_more_once_its_token_is_revoked(
    api: Api, nobody: httpx.Client, served_database: str
) -> None:
    token = token_of(api, "async-actions")
    with ExitStack() as held:
        held.enter_context(vouchers_held_back(served_database))
        action_id = api.import_json([{"code": "A", "gift": {"amount": 1}}])
        with nobody.stream("GET", f"/v1/async-actions/{action_id}/events", headers=bearer(token)) as stream:
            lines = stream.iter_lines()
            assert next(line for line in lines if line.startswith("event:")) == "event: progress"
            assert send(api.http, REVOKE, ("access_token", token)).status_code == 204
            held.close()
            assert not [line for line in lines if line.startswith("event:")]
    assert api.ended(action_id)["done_count"] == 1


@pytest.mark.parametrize("path", [INTROSPECT, REVOKE])
@pytest.mark.parametrize("fields", [[], [("access_token", "")], [("token", "x")]])
def test_a_token_has_to_be_named(api: Api, path: str, fields: Fields) -> None:
    check(send(api.http, path, *fields), 400, "missing_parameters")
    check(send(api.http, path, ("access_token", "x"), ("access_token", "x")), 400, "invalid_payload")
    assert send(api.http, INTROSPECT, ("access_token", "x")).json() == {"active": False}


def test_a_token_dies_with_its_key_and_not_by_its_rotation(api: Api, nobody: httpx.Client, service: Any) -> None:
    answer = send(nobody, V2, GRANT, **basic(service["id"], service["token"]))
    token = bearer(answer.json()["access_token"])
    rotated = api.http.post(f"{KEYS}/{service['id']}/rotate", json={"overlap_seconds": 0}).json()
    assert nobody.get("/v1/vouchers", headers=token).status_code == 200
    assert send(nobody, V2, GRANT, **basic(service["id"], service["token"])).status_code == 401
    assert send(nobody, V2, GRANT, **basic(service["id"], rotated["token"])).status_code == 200
    api.http.delete(f"{KEYS}/{service['id']}")
    check(nobody.get("/v1/vouchers", headers=token), 401, "unauthorized", "revoked")
    assert send(nobody, V2, GRANT, **basic(service["id"], rotated["token"])).status_code == 401


def test_a_token_ends_with_its_time_and_with_its_keys(
    api: Api, nobody: httpx.Client, service: Any, served_database: str
) -> None:
    headers = basic(service["id"], service["token"])
    tokens = [send(nobody, V2, GRANT, **headers).json()["access_token"] for _ in range(2)]
    with psycopg.connect(served_database) as connection:
        connection.execute("UPDATE access_tokens SET expires_at = now() WHERE key_id = %s", (service["id"],))
    check(nobody.get("/v1/vouchers", headers=bearer(tokens[0])), 401, "unauthorized", "expired")
    with psycopg.connect(served_database) as connection:
        connection.execute(
            "UPDATE api_keys SET expires_at = now() + interval '300 seconds' WHERE key_id = %s", (service["id"],)
        )
    issued = send(nobody, V2, GRANT, **headers).json()
    assert issued["expires_in"] <= 300
    assert nobody.get("/v1/vouchers", headers=bearer(issued["access_token"])).status_code == 200
    with psycopg.connect(served_database) as connection:
        connection.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = %s", (service["id"],))
    check(nobody.get("/v1/vouchers", headers=bearer(tokens[1])), 401, "unauthorized")


def test_a_token_works_from_the_addresses_of_its_key(api: Api, proxied: Server) -> None:
    key = made(api, kind="service", addresses=["192.0.2.0/24"])
    headers = basic(key["id"], key["token"])
    with httpx.Client(base_url=proxied.url, trust_env=False) as nobody:
        refused = send(nobody, V2, GRANT, **headers)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        answer = send(nobody, V2, GRANT, **headers, **{"X-Forwarded-For": "192.0.2.9"})
        token = bearer(answer.json()["access_token"])
        check(nobody.get("/v1/vouchers", headers=token), 403, "forbidden", "address")
        assert nobody.get("/v1/vouchers", headers=token | {"X-Forwarded-For": "192.0.2.1"}).status_code == 200


def test_a_project_has_a_thousand_tokens_at_most(server: Server, served_database: str) -> None:
    api = Api(server.url, new_project(served_database))
    service = made(api, kind="service")
    token_of(api)
    with psycopg.connect(served_database) as connection:
        copy = (
            "INSERT INTO access_tokens (project_id, token_hash, id, key_kind, key_id, scope, created_at, expires_at)"
            " SELECT project_id, sha256(n::text::bytea), 'tok_' || n, key_kind, 'key-' || n %% 10, scope, created_at,"
            " expires_at FROM access_tokens, generate_series(1, %s) AS n WHERE key_id = %s"
        )
        connection.execute(copy, (998, api.keys.app_id))
    token_of(api)
    answer = send(api.http, V1, GRANT, ("scope", "api"))
    check(answer, 429, "too_many_requests", "1000 tokens")
    assert 0 < int(answer.headers["retry-after"]) <= 900
    with httpx.Client(base_url=api.url, trust_env=False) as nobody:
        of_rfc = send(nobody, V2, GRANT, **basic(service["id"], service["token"]))
        assert (of_rfc.status_code, of_rfc.json()["error"]) == (429, "temporarily_unavailable")
    with psycopg.connect(served_database) as connection:
        connection.execute("UPDATE access_tokens SET expires_at = now() - interval '1 hour' WHERE id = 'tok_7'")
    token_of(api)
    with psycopg.connect(served_database) as connection:
        assert connection.execute("SELECT 1 FROM access_tokens WHERE id = 'tok_7'").fetchone() is None


def test_a_key_has_a_hundred_tokens_at_most(server: Server, served_database: str) -> None:
    api = Api(server.url, new_project(served_database))
    service = made(api, kind="service")
    oldest = token_of(api)
    for _ in range(99):
        token_of(api)
    refused = send(api.http, V1, GRANT, ("scope", "api"))
    check(refused, 429, "too_many_requests", "The key has 100 tokens")
    assert 0 < int(refused.headers["retry-after"]) <= 900
    with httpx.Client(base_url=api.url, trust_env=False) as nobody:
        assert nobody.get("/v1/vouchers", headers=bearer(oldest)).status_code == 200
        assert send(nobody, V2, GRANT, **basic(service["id"], service["token"])).status_code == 200


def test_a_token_makes_changes_and_rotates_no_keys(api: Api, nobody: httpx.Client) -> None:
    token, weak = bearer(token_of(api)), made(api, role="reader", name="weak")
    one = f"{KEYS}/{weak['id']}"
    for refused in (
        nobody.post(KEYS, json={"role": "reader", "expires_at": "2099-01-01"}, headers=token),
        nobody.put(one, json={"role": "admin"}, headers=token),
        nobody.put(one, json={"name": "x"}, headers=token),
        nobody.post(f"{one}/rotate", headers=token),
    ):
        check(refused, 403, "forbidden", "Ask with the key", api.keys.app_id)
    assert nobody.get(KEYS, headers=token).status_code == 200
    assert nobody.delete(one, headers=token).status_code == 204


def test_the_document_names_the_scopes_of_a_token(api: Api) -> None:
    document = api.get("/openapi.json")
    flow = document["components"]["securitySchemes"]["OAuth2"]["flows"]["clientCredentials"]
    assert flow == {"tokenUrl": V2, "scopes": {permission.value: permission.meaning for permission in Permission}}
    operation = document["paths"]["/v1/vouchers"]["get"]
    assert operation["x-required-permission"] == "vouchers.read"
    assert operation["security"] == [{"X-App-Id": [], "X-App-Token": []}, {"OAuth2": ["vouchers.read"]}]
