"""Rate limits: what every sort of request counts as, what its answers say of it, and that all hosts count together."""

import re
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.http.raw import Client
from tests.http.test_keys import made
from tests.http.test_oauth import basic, bearer, token_of
from tests.server import NO_TLS, Api, Server, new_project

OF_KEY, OF_PROJECT = 5, 8
HOST_SETTINGS = {"TALLYKEEP_RATE_LIMIT": str(OF_KEY), "TALLYKEEP_PROJECT_RATE_LIMIT": str(OF_PROJECT)}
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
HEADERS = (
    "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Retry", "X-Rate-Limit-Type", "RateLimit-Policy",
    "RateLimit",
)  # fmt: skip


@pytest.fixture
def free(api: Api, limited: Api) -> Api:
    """The same project on a server without limits, to prepare what the limited one is asked for."""
    api.keys = limited.keys
    api.http.headers.update(limited.http.headers)
    return api


Ask = Callable[[], httpx.Response]


@dataclass(frozen=True)
class Case:
    """A request that is sent again and again: how it is made, what it is answered, and as what it counts."""

    asking: Callable[[Api, Api], Ask]
    status: int
    call_type: str = "api_calls"


def one_action(limited: Api, free: Api) -> Ask:
    action_id = free.import_json([{"code": "A", **GIFT}])
    free.ended(action_id)
    return lambda: limited.http.get(f"/v1/async-actions/{action_id}")


def unchanged_action(limited: Api, free: Api) -> Ask:
    ask = one_action(free, free)
    tag, path = ask().headers["etag"], ask().request.url.path
    return lambda: limited.http.get(path, headers={"If-None-Match": tag})


def waiting_for_an_action(limited: Api, free: Api) -> Ask:
    path = one_action(free, free)().request.url.path
    return lambda: limited.http.get(path, params={"wait": 1})


def getting(path: str) -> Callable[[Api, Api], Ask]:
    return lambda limited, free: lambda: limited.http.get(path)


def posting(path: str, **body: Any) -> Callable[[Api, Api], Ask]:
    return lambda limited, free: lambda: limited.http.post(path, **body)


def with_a_token(limited: Api, free: Api) -> Ask:
    token = token_of(free)
    client = httpx.Client(base_url=limited.url, headers=bearer(token), trust_env=False, verify=NO_TLS)
    return lambda: client.get("/v1/vouchers")


def without_the_permission(limited: Api, free: Api) -> Ask:
    key = made(free, role="reader")
    headers = {"X-App-Id": key["id"], "X-App-Token": key["token"]}
    return lambda: limited.http.post("/v1/vouchers", json=GIFT, headers=headers)


def for_a_token(limited: Api, free: Api) -> Ask:
    key = made(free, kind="service", role="reader")
    client = httpx.Client(base_url=limited.url, headers=basic(key["id"], key["token"]), trust_env=False, verify=NO_TLS)
    return lambda: client.post("/v2/oauth/token", data={"grant_type": "client_credentials"})


def with_management_keys(limited: Api, free: Api) -> Ask:
    keys = limited.keys
    headers = {"X-Management-Id": keys.management_id, "X-Management-Token": keys.management_token}
    client = httpx.Client(base_url=limited.url, headers=headers, trust_env=False, verify=NO_TLS)
    return lambda: client.get("/management/v1/projects")


def retrying(limited: Api, free: Api) -> Ask:
    path = one_action(free, free)().request.url.path
    return lambda: limited.http.post(f"{path}/retry")


CSV = {"file": ("a.csv", b"Code,Voucher Type,Amount\nC,GIFT_VOUCHER,1\n")}
CASES = {
    "one action": Case(one_action, 200),
    "one action, unchanged": Case(unchanged_action, 304),
    "waiting": Case(waiting_for_an_action, 200),
    "a list": Case(getting("/v1/vouchers"), 200),
    "actions": Case(getting("/v1/async-actions"), 200),
    "not there": Case(getting("/v1/async-actions/aa_0"), 404),
    "not understood": Case(getting("/v1/vouchers?limit=x"), 400),
    "a single write": Case(posting("/v1/vouchers", json=GIFT), 200),
    "a preview": Case(posting("/v1/imports/preview", files=CSV), 200),
    "by a token": Case(with_a_token, 200),
    "for a token": Case(for_a_token, 200),
    "by management keys": Case(with_management_keys, 200),
    "not permitted": Case(without_the_permission, 403),
    "submitting JSON": Case(posting("/v1/vouchers/import", json=[{"code": "A", **GIFT}]), 202, "bulk_api_calls"),
    "submitting CSV": Case(posting("/v1/vouchers/importCSV", files=CSV), 202, "bulk_api_calls"),
    "submitting for a campaign": Case(posting("/v1/campaigns/none/import", json=[]), 404, "bulk_api_calls"),
    "submitting nonsense": Case(posting("/v1/vouchers/import", content=b"{"), 415, "bulk_api_calls"),
    "retrying": Case(retrying, 409, "bulk_api_calls"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_request_counts_and_its_answer_says_what_is_left(limited: Api, free: Api, case: Case) -> None:
    ask = case.asking(limited, free)
    for left in reversed(range(OF_KEY)):
        answer = ask()
        assert answer.status_code == case.status, answer.text
        assert {"X-Rate-Limit-Limit": str(OF_KEY), "X-Rate-Limit-Remaining": str(left)}.items() <= of(answer).items()
        assert of(answer)["X-Rate-Limit-Type"] == case.call_type
        assert 0 < int(of(answer)["X-Rate-Limit-Retry"]) <= 60
        suffix = "" if case.call_type == "api_calls" else "-bulk"
        policy = f'"key{suffix}";q={OF_KEY};w=60, "project{suffix}";q={OF_PROJECT};w=60'
        assert of(answer)["RateLimit-Policy"] == policy
        of_project = OF_PROJECT - OF_KEY + left
        standing = rf'"key{suffix}";r={left};t=\d+, "project{suffix}";r={of_project};t=\d+'
        assert re.fullmatch(standing, of(answer)["RateLimit"]), of(answer)["RateLimit"]
    refused = ask()
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) == int(of(refused)["X-Rate-Limit-Retry"]) <= 60
    assert of(refused)["X-Rate-Limit-Remaining"] == "0"


def of(answer: httpx.Response) -> dict[str, str]:
    """What an answer says of limits, each once."""
    assert all(len(answer.headers.get_list(name)) == 1 for name in HEADERS), answer.headers
    return {name: answer.headers[name] for name in HEADERS}


def test_a_refusal_names_the_key_and_the_setting_and_submissions_are_counted_apart(limited: Api) -> None:
    answers = [limited.http.get("/v1/vouchers") for _ in range(OF_KEY + 1)]
    error = answers[-1].json()
    assert (error["code"], error["key"]) == (429, "rate_limit_exceeded")
    assert (error["resource_type"], error["resource_id"]) == ("key", limited.keys.app_id)
    assert (
        f"its {OF_KEY} requests of this minute (setting TALLYKEEP_RATE_LIMIT; ask who runs this server to raise it)"
        in error["details"]
    )
    assert limited.http.post("/v1/vouchers/import", json=[]).status_code == 202


def test_all_keys_of_a_project_share_its_limit(limited: Api, free: Api) -> None:
    other = made(free)
    headers = {"X-App-Id": other["id"], "X-App-Token": other["token"]}
    for _ in range(OF_KEY):
        assert limited.http.get("/v1/vouchers").status_code == 200
    answers = [limited.http.get("/v1/vouchers", headers=headers) for _ in range(OF_PROJECT - OF_KEY + 1)]
    assert [answer.status_code for answer in answers] == [200] * (OF_PROJECT - OF_KEY) + [429]
    error = answers[-1].json()
    assert (error["resource_type"], error["resource_id"]) == ("project", limited.keys.project)
    assert "TALLYKEEP_PROJECT_RATE_LIMIT" in error["details"]
    assert of(answers[-1])["X-Rate-Limit-Limit"] == str(OF_PROJECT)


def test_projects_are_counted_apart(limited: Api, host: Server, served_database: str) -> None:
    assert [limited.http.get("/v1/vouchers").status_code for _ in range(OF_KEY + 1)][-1] == 429
    with closing(Api(host.url, new_project(served_database)).http) as other:
        assert other.get("/v1/vouchers").status_code == 200


def test_all_hosts_count_together(limited: Api, other_host: Server) -> None:
    with closing(Api(other_host.url, limited.keys).http) as elsewhere:
        answers = [client.get("/v1/vouchers").status_code for client in [limited.http, elsewhere] * OF_KEY]
    assert sorted(answers) == [200] * OF_KEY + [429] * OF_KEY


def test_a_stream_counts_once_however_much_it_sends(limited: Api, free: Api) -> None:
    path = one_action(free, free)().request.url.path
    for left in reversed(range(OF_KEY)):
        answer = limited.http.get(f"{path}/events")
        assert (answer.status_code, of(answer)["X-Rate-Limit-Remaining"]) == (200, str(left))
        assert "event: done" in answer.text
    assert limited.http.get(f"{path}/events").status_code == 429


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/docs", "/openapi.json", "/sign-in"])
def test_what_asks_for_no_key_is_not_counted(limited: Api, path: str) -> None:
    for _ in range(OF_PROJECT + 1):
        answer = limited.http.get(path)
        assert answer.status_code == 200
        assert not [name for name in HEADERS if name in answer.headers]


def test_wrong_keys_take_nothing_from_anybody(limited: Api) -> None:
    for _ in range(OF_KEY + 1):
        answer = limited.http.get("/v1/vouchers", headers={"X-App-Token": "wrong"})
        assert answer.status_code == 401
        assert "X-Rate-Limit-Limit" not in answer.headers
    assert of(limited.http.get("/v1/vouchers"))["X-Rate-Limit-Remaining"] == str(OF_KEY - 1)


def test_a_key_at_a_wrong_address_takes_nothing_from_where_it_works(limited: Api, free: Api) -> None:
    key = made(free, addresses=["192.0.2.0/24"])
    shown = {"X-App-Id": key["id"], "X-App-Token": key["token"]}
    for _ in range(OF_PROJECT + 1):
        answer = limited.http.get("/v1/vouchers", headers=shown)
        assert answer.status_code == 403
        assert not [name for name in HEADERS if name in answer.headers]
    assert free.http.put(f"/v1/keys/{key['id']}", json={"addresses": []}).status_code == 200
    assert of(limited.http.get("/v1/vouchers"))["X-Rate-Limit-Remaining"] == str(OF_KEY - 1)
    with httpx.Client(base_url=limited.url, headers=shown, trust_env=False) as other:
        while (served := other.get("/v1/vouchers")).status_code == 403:
            pass  # what this server remembers of the key is soon over
    assert of(served)["X-Rate-Limit-Remaining"] == str(OF_KEY - 1)


def test_the_body_of_a_refused_submission_is_not_waited_for(limited: Api) -> None:
    for _ in range(OF_KEY):
        assert limited.http.post("/v1/vouchers/import", json=[]).status_code == 202
    with ExitStack() as held:
        client = held.enter_context(Client(limited))
        head = client.head("POST", "/v1/vouchers/import", "Content-Type: application/json", "Content-Length: 100000")
        client.send(head, b"[")
        assert client.first_line().startswith(b"HTTP/1.1 429")


def test_the_dashboard_says_that_it_was_too_much(limited: Api) -> None:
    keys = {"app_id": limited.keys.app_id, "app_token": limited.keys.app_token}
    with httpx.Client(base_url=limited.url, trust_env=False, verify=NO_TLS) as browser:
        assert browser.post("/sign-in", data=keys).status_code == 303
        pages = [browser.get("/tasks/all") for _ in range(OF_KEY)]
    assert pages[-1].status_code == 429
    assert "Too many requests" in pages[-1].text
    assert "TALLYKEEP_RATE_LIMIT" in pages[-1].text


def test_without_limits_answers_say_nothing_of_them(api: Api) -> None:
    answer = api.http.get("/v1/vouchers")
    assert not [name for name in HEADERS if name in answer.headers]


def test_every_operation_that_is_limited_says_so(api: Api) -> None:
    for path, operations in api.get("/openapi.json")["paths"].items():
        for method, operation in operations.items():
            declared = operation["responses"].get("429")
            assert (declared is not None) == bool(operation["security"]), (method, path)
            assert declared is None or {*HEADERS, "Retry-After"} == declared["headers"].keys()
