"""Every answer carries what protects it in browsers and caches: of every route, and of what never gets to one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from tallykeep.api.app import create_api
from tallykeep.api.transport.safe_answers import NOT_STORED, OVER_TLS, TABLE
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.dashboard import app as dashboard
from tests.http.raw import Client
from tests.http.test_bulk_updates import gifts, submitted
from tests.server import Api, ApiOnly, Server, new_project, serving

HOST = "bulk.example.com"


def _routes() -> Iterator[tuple[str, str, str]]:
    """What its answers are, method and path of every route there is; parameters are filled with a word."""
    api_routers = create_api(ACTION_TYPES, lambda: None).state.routers  # type: ignore[arg-type, return-value]
    for what, routers in (("data", api_routers), ("pages", dashboard._ROUTERS)):
        for route in (route for router in routers for route in router.routes):
            assert isinstance(route, Route)
            for method in sorted(route.methods or ()):
                yield what, method, route.path.replace(":path}", "}").replace(":key}", "}")
    yield from (("data", "GET", "/openapi.json"), ("pages", "GET", "/"), ("pages", "GET", "/static/app.css"))


ROUTES = list(_routes())


def _filled(path: str) -> str:
    before, brace, rest = path.partition("{")
    return before + "x" + _filled(rest.partition("}")[2]) if brace else before


def _protected(answer: httpx.Response, what: str) -> None:
    for name, value in TABLE[what].items():
        assert answer.headers.get_list(name) == [value], (answer.request.url, name)
    assert not answer.headers.keys() & {name.lower() for name in OVER_TLS}
    if "etag" not in answer.headers:
        assert answer.headers.get_list("cache-control") == list(NOT_STORED.values())


def test_every_route_is_asked() -> None:
    assert len(ROUTES) > 130
    assert {"/v1/async-actions/{action_id}", "/docs", "/tasks/{action_id}/events"} <= {path for _, _, path in ROUTES}


@pytest.mark.parametrize("signed", [True, False], ids=["with keys", "without"])
def test_every_route_protects_its_answers(api: Api, server: Server, signed: bool) -> None:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as anonymous:
        client = api.http if signed else anonymous
        statuses = set()
        for what, method, path in ROUTES:
            answer = client.request(method, _filled(path))
            _protected(answer, what)
            statuses.add(answer.status_code)
    assert statuses >= ({200, 202, 400, 404} if signed else {200, 303, 401, 404})


def test_answers_with_data_are_protected(api: Api) -> None:
    gifts(api, "A")
    action = submitted(
        api, "/v1/vouchers/bulk/async", [{"code": "A", "metadata": {}}, {"code": "NONE", "metadata": {}}]
    )
    path = f"/v1/async-actions/{action['id']}"
    for ending in ("/failures", "/failures.csv", "/failures.ndjson", "/file", "/batches", "/events"):
        _protected(api.http.get(path + ending), "data")
    for other in (action["result"]["reports"][0], "/v1/lists/csv/vouchers", "/v1/keys", "/v1/vouchers/A", "/nothing"):
        _protected(api.http.get(other), "data")


@pytest.mark.parametrize("path", ["/v1/async-actions/{id}", "/v1/async-actions"])
def test_what_has_an_entity_tag_may_be_kept_and_asked_for_again(api: Api, path: str) -> None:
    action = api.ended(api.import_json([{"code": "A", "gift": {"amount": 1}}]))
    answer = api.http.get(path.format(**action))
    again = api.http.get(path.format(**action), headers={"If-None-Match": answer.headers["etag"]})
    assert (answer.status_code, again.status_code) == (200, 304)
    for each in (answer, again):
        _protected(each, "data")
        assert each.headers.get_list("cache-control") == ["private, no-cache"]


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n"])
def test_what_is_refused_before_it_is_a_request_is_protected_too(api: Api, request_: bytes) -> None:
    with Client(api) as client:
        client.send(request_)
        head = client.received().partition(b"\r\n\r\n")[0].decode().lower()
    for name, value in {**TABLE["data"], **NOT_STORED}.items():
        assert f"\r\n{name}: {value}".lower() in head


def test_no_redirect_leads_where_the_client_said_that_we_are(api: Api, server: Server) -> None:
    with httpx.Client(base_url=server.url, headers={"Host": "evil.example"}, trust_env=False) as client:
        for path in ("/v1/vouchers/", "/tasks", "/tasks/", "/", "/resources"):
            answer = client.get(path)
            assert answer.is_redirect, path
            location = answer.headers["location"]
            assert location.startswith("/")
            assert not location.startswith("//")
            assert "evil" not in location
        assert client.get("/v1/vouchers/").headers["location"] == "/v1/vouchers"


@pytest.mark.parametrize("header", ["X-Forwarded-Proto: https", "Forwarded: proto=https", "X-Forwarded-Ssl: on"])
def test_nobody_is_believed_who_says_that_it_came_by_tls(server: Server, header: str) -> None:
    name, _, value = header.partition(": ")
    _protected(httpx.get(f"{server.url}/livez", headers={name: value}, trust_env=False), "data")


@pytest.fixture(scope="module")
def deployed(session_dir: Path, server: Server, served_database: str) -> Iterator[Server]:
    """A server as one is deployed: behind a proxy, with a name."""
    with serving(
        session_dir / "deployed", ApiOnly, database_url=served_database, TALLYKEEP_PUBLIC_URL=f"https://{HOST}/bulk",
        TALLYKEEP_TRUSTED_HOSTS=f"{HOST},*.example.org", TALLYKEEP_TRUSTED_PROXIES="127.0.0.1",
        TALLYKEEP_CLOSED_PATHS="/docs,/openapi.json",
    ) as running:  # fmt: skip
        yield running


@pytest.fixture
def deployed_api(deployed: Server, served_database: str) -> Iterator[Api]:
    client = Api(deployed.url, new_project(served_database))
    client.http.headers.update({"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"})
    yield client
    client.http.close()


@pytest.mark.parametrize("path", ["/v1/vouchers", "/sign-in", "/nothing", "/docs"])
def test_what_came_by_tls_says_that_nothing_else_is_to_come(deployed_api: Api, path: str) -> None:
    for name, value in OVER_TLS.items():
        assert deployed_api.http.get(path).headers.get_list(name) == [value]
        assert name not in deployed_api.http.get(path, headers={"X-Forwarded-Proto": "http"}).headers


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs/x", "/openapi.json", "/%64ocs"])
def test_closed_paths_are_not_there(deployed_api: Api, server: Server, path: str) -> None:
    answer = deployed_api.http.get(path)
    assert (answer.status_code, answer.json()["key"]) == (404, "not_found")
    assert answer.json()["request_id"].startswith("v-")
    assert deployed_api.http.get("/sign-in").status_code == 200
    assert httpx.get(f"{server.url}/openapi.json", trust_env=False).status_code == 200, "by default they are open"


@pytest.mark.parametrize("host", ["evil.example", f"{HOST}.evil.example", "example.org"])
def test_hosts_that_are_not_ours_are_refused(deployed_api: Api, host: str) -> None:
    for path in ("/v1/vouchers", "/sign-in", "/"):
        answer = deployed_api.http.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["key"]) == (421, "misdirected_request")
        assert "TALLYKEEP_TRUSTED_HOSTS" in answer.json()["details"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert host not in answer.text
    for path in ("/livez", "/readyz"):
        assert deployed_api.http.get(path, headers={"Host": host}).status_code == 200
    for ours in ("a.example.org", f"{HOST}:443", "127.0.0.1:1"):
        assert deployed_api.http.get("/v1/vouchers", headers={"Host": ours}).status_code == 200


def test_links_begin_with_the_public_url(deployed_api: Api) -> None:
    gifts(deployed_api, "A")
    action: dict[str, Any] = submitted(deployed_api, "/v1/vouchers/bulk/async", [{"code": "A", "metadata": {}}])
    (url,) = action["result"]["reports"]
    assert url.startswith(f"https://{HOST}/bulk/v1/reports/")
    path = httpx.URL(url).path.removeprefix("/bulk")
    assert httpx.get(deployed_api.url + path, headers={"Host": HOST}, trust_env=False).status_code == 200


def test_cookies_are_for_tls_where_it_came_by_tls(deployed_api: Api) -> None:
    keys = {"app_id": deployed_api.keys.app_id, "app_token": deployed_api.keys.app_token}
    answer = deployed_api.http.post("/sign-in", data=keys)
    assert answer.status_code == 303
    assert all(word in answer.headers["set-cookie"] for word in ("; HttpOnly", "; Secure", "; SameSite=lax"))
