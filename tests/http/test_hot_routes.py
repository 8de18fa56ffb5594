"""Hot routes answer as FastAPI's: the same requests with a query take the other way."""

from typing import Any

import httpx
import pytest

from tests.server import Api

GOOD = {"code": "GOOD", "gift": {"amount": 1}}
BAD = {"code": "BAD"}

_OWN = ("x-request-id", "date")  # of each answer


def _lasting(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in _OWN}


def _seen(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    body = answer.json() if answer.content else None
    if isinstance(body, dict) and "code" in body:
        assert body.pop("request_id") == answer.headers["x-request-id"]
    return answer.status_code, _lasting(answer), body


def _both(
    client: httpx.Client, method: str, path: str, query: str = "", **more: Any
) -> tuple[int, dict[str, str], Any]:
    hot = client.request(method, f"{path}?{query}" if query else path, **more)
    other = client.request(method, f"{path}?{query}&unknown=1", **more)
    assert hot.headers["x-request-id"] != other.headers["x-request-id"]
    assert _seen(hot) == _seen(other)
    return _seen(hot)


def test_actions_of_all_kinds(api: Api) -> None:
    bulk = api.http.post("/v1/vouchers/bulk/async", json=[{"code": "NONE", "metadata": {}}]).json()
    parent = api.import_json([GOOD, BAD])
    api.ended(parent)
    retry = api.http.post(f"/v1/async-actions/{parent}/retry").json()
    for action_id in (parent, bulk["async_action_id"], retry["async_action_id"], api.import_json([])):
        shown = api.ended(action_id)
        status, headers, body = _both(api.http, "GET", f"/v1/async-actions/{action_id}")
        assert (status, headers["content-type"], body) == (200, "application/json", shown)
        known = {"If-None-Match": headers["etag"]}
        assert _both(api.http, "GET", f"/v1/async-actions/{action_id}", headers=known)[0] == 304


def test_events_of_an_action(api: Api) -> None:
    action_id = api.import_json([GOOD, BAD])
    api.ended(action_id)
    hot, other = (api.http.get(f"/v1/async-actions/{action_id}/events{query}") for query in ("", "?unknown=1"))
    assert hot.headers["content-type"].startswith("text/event-stream")
    assert "event: done" in hot.text
    assert (hot.status_code, _lasting(hot), hot.text) == (other.status_code, _lasting(other), other.text)


@pytest.mark.parametrize("rest", ["", "/events"])
@pytest.mark.parametrize("action_id", ["aa_none", "a%2Fb", "%20", "retry", "é", "events"])
def test_what_is_not_there(api: Api, action_id: str, rest: str) -> None:
    assert _both(api.http, "GET", f"/v1/async-actions/{action_id}{rest}")[0] in (400, 404)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/v1/async-actions/aa_none", "/v1/async-actions/a/b", "/v1/async-actions/aa_none/events"]
)
def test_methods_and_paths_that_are_none_of_them(api: Api, method: str, path: str) -> None:
    assert _both(api.http, method, path)[0] in (404, 405)


@pytest.mark.parametrize(
    "keys",
    [{}, {"X-App-Id": "id"}, {"X-App-Token": "token"}, {"X-App-Id": "id", "X-App-Token": "no"}, {"X-App-Id": ""}],
)
def test_keys_that_are_none(api: Api, keys: dict[str, str]) -> None:
    with httpx.Client(base_url=api.url, headers=keys, trust_env=False) as client:
        for method, path, more in (
            ("GET", "/v1/async-actions/aa_none", {}),
            ("GET", "/v1/async-actions/aa_none/events", {}),
            ("POST", "/v1/vouchers/import", {"json": [GOOD]}),
        ):
            status, _, body = _both(client, method, path, **more)
            assert (status, body["key"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/json"}, b"[{]", 400),
        ({"Content-Type": "text/plain"}, b"[]", 415),
        ({"Content-Type": "application/json", "Content-Encoding": "br"}, b"[]", 415),
        ({"Content-Type": "application/json", "Idempotency-Key": "k" * 256}, b"[]", 400),
        ({}, b"", 415),
    ],
)
def test_submissions_that_are_refused(api: Api, headers: dict[str, str], body: bytes, status: int) -> None:
    refused = api.http.post("/v1/vouchers/import", headers=headers, content=body)
    assert refused.status_code == status, refused.text
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    assert api.http.get("/v1/vouchers/import").status_code in (404, 405)


def test_who_waits_for_the_end(api: Api, other_api: Api) -> None:
    action_id = api.import_json([GOOD, BAD])
    api.ended(action_id)
    path = f"/v1/async-actions/{action_id}"
    etag = api.http.get(path).headers["etag"]
    for seconds in ("1", "9", "10", "60"):
        assert _both(api.http, "GET", path, f"wait={seconds}")[0] == 200
    assert _both(api.http, "GET", path, "wait=5", headers={"If-None-Match": etag})[0] == 304
    assert _both(other_api.http, "GET", path, "wait=5")[0] == 404
    assert _both(api.http, "GET", "/v1/async-actions/none", "wait=5")[0] == 404
    assert _both(api.http, "GET", path, "wait=5", headers={"X-App-Token": "wrong"})[0] == 401
    for query in ("wait=61", "wait=-1", "wait=", "wait=1.5x", "wait=5&wait=61"):
        assert _both(api.http, "GET", path, query)[0] == 400
    for query in ("wait=0", "wait=1.5", "wait=05", "wait=%35", "wait=70&wait=5"):
        assert _both(api.http, "GET", path, query)[0] == 200
