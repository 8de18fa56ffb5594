"""OAuth 2.0, version 2 of the token endpoint: what machines get for a service key, and how they are refused."""

import base64
from typing import Any

import httpx
import pytest

from tests.http.oauth import GRANT, V2, Fields, basic, bearer, check_oauth, send, token_of
from tests.http.test_errors import check
from tests.server import Api


def test_v2_gives_what_the_scope_names(nobody: httpx.Client, service: dict[str, Any], api: Api) -> None:
    headers = basic(service["id"], service["token"])
    answer = send(nobody, V2, GRANT, ("scope", "vouchers.read"), ("project_id", api.keys.project), **headers)
    token = answer.json()
    assert answer.status_code == 200, answer.text
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert token.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 900, "vouchers.read")
    shown = bearer(token["access_token"])
    assert nobody.get("/v1/vouchers", headers=shown).status_code == 200
    check(nobody.post("/v1/vouchers", json={}, headers=shown), 403, "forbidden", "vouchers.write")
    everything = send(nobody, V2, GRANT, ("scope", ""), **headers).json()
    assert everything["scope"] == "vouchers.read vouchers.write"
    check(nobody.get("/v1/vouchers", headers={"X-App-Id": service["id"], "X-App-Token": service["token"]}), 401,
          "unauthorized")  # fmt: skip


V2_REFUSED: list[tuple[Fields, str]] = [
    ([], "invalid_request"),
    ([("scope", "vouchers.read")], "invalid_request"),
    ([("grant_type", "")], "invalid_request"),
    ([("grant_type", "password")], "unsupported_grant_type"),
    ([("grant_type", "refresh_token")], "unsupported_grant_type"),
    ([GRANT, GRANT], "invalid_request"),
    ([GRANT, ("scope", "vouchers.read"), ("scope", "vouchers.write")], "invalid_request"),
    ([GRANT, ("scope", "vouchers.eat")], "invalid_scope"),
    ([GRANT, ("scope", 'vouchers.read "\\é')], "invalid_scope"),
    ([GRANT, ("scope", "vouchers")], "invalid_scope"),
    ([GRANT, ("scope", "vouchers.read customers.read")], "invalid_scope"),
    ([GRANT, ("scope", "keys.manage")], "invalid_scope"),
    ([GRANT, ("project_id", "proj_other")], "invalid_request"),
    ([GRANT, ("client_secret", "x")], "invalid_request"),
    ([GRANT, ("client_id", "x")], "invalid_request"),
]


@pytest.mark.parametrize(("fields", "error"), V2_REFUSED)
def test_v2_refuses_in_the_form_of_the_rfc(
    nobody: httpx.Client, service: dict[str, Any], fields: Fields, error: str
) -> None:
    answer = send(nobody, V2, *fields, **basic(service["id"], service["token"]))
    check_oauth(answer, 400, error)


def test_v2_refuses_in_the_form_of_the_rfc_whoever_finds_the_fault(nobody: httpx.Client) -> None:
    for key_id in ("\0", "a\0b", "%00", "\N{REPLACEMENT CHARACTER}", "x" * 2_000):
        check_oauth(send(nobody, V2, GRANT, **basic(key_id, "x")), 401, "invalid_client")
    check_oauth(nobody.post(f"{V2}?x=%00"), 400, "invalid_request")
    check_oauth(nobody.post(V2 + "?" + "a&" * 1_000), 400, "invalid_request")
    answer = nobody.get(V2)
    check_oauth(answer, 405, "invalid_request")
    assert answer.headers["allow"] == "POST"


def test_v2_knows_clients_by_basic_alone(api: Api, nobody: httpx.Client, service: dict[str, Any]) -> None:
    right = basic(service["id"], service["token"])
    as_form = (("client_id", service["id"]), ("client_secret", service["token"]))
    wrong: list[tuple[dict[str, str], tuple[tuple[str, str], ...]]] = [
        ({}, ()),
        ({}, as_form),
        (basic(service["id"], "wrong"), ()),
        (basic("nobody", service["token"]), ()),
        (basic(api.keys.app_id, api.keys.app_token), ()),
        (basic(api.keys.management_id, api.keys.management_token), ()),
        (basic("", ""), ()),
        ({"Authorization": "Basic !!!"}, ()),
        ({"Authorization": "Basic " + base64.b64encode(b"no colon").decode()}, ()),
        ({"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()}, ()),
        ({"Authorization": "Basic"}, ()),
        (bearer(token_of(api)), ()),
    ]
    for headers, fields in wrong:
        answer = send(nobody, V2, GRANT, *fields, **headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), (headers, fields)
        assert answer.headers["www-authenticate"].startswith('Basic realm="tallykeep"')
    for several in (right | {"X-App-Id": "x"}, right | {"X-Management-Token": "x"}):
        answer = send(nobody, V2, GRANT, **several)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert send(nobody, V2, GRANT, ("client_id", service["id"]), **right).status_code == 200
