"""The index of routes: each request meets the route that it would meet if all of them were tried in turn."""

import asyncio
import re
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute

from tallykeep.api.app import create_api
from tallykeep.api.route_index import RouteIndex, add_routers
from tallykeep.catalog.action_types import ACTION_TYPES

_EXAMPLES = {"path": "a/b"}  # of parameters that are no plain segment, by their type
_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")


def _api() -> FastAPI:
    return create_api(ACTION_TYPES, asynccontextmanager(lambda: iter(())))  # type: ignore[arg-type, return-value]


def _scope(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": [], "query_string": b""}


def _requests(app: FastAPI) -> list[tuple[str, str]]:
    """A request for each route, with something in place of each parameter."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    paths = {
        _PARAMETER.sub(lambda child_scope: _EXAMPLES.get(child_scope[2] or "", "x"), route.path) for route in routes
    }
    return [(method, path) for path in sorted(paths) for method in ("GET", "POST", "PUT", "DELETE", "PATCH")]


def _by_order(app: FastAPI, method: str, path: str) -> Any:
    for route in app.routes:
        match, child_scope = route.matches(_scope(method, path))
        if match.name == "FULL":
            return route, child_scope["path_params"]
    return None


def _by_index(index: RouteIndex, method: str, path: str) -> Any:
    return next(iter(index.matching(_scope(method, path))), None)


def test_every_request_meets_the_route_that_comes_first() -> None:
    app = _api()
    index, requests = RouteIndex(app.router), _requests(app)
    assert len(requests) > 300
    met = 0
    for method, path in requests:
        expected, indexed = _by_order(app, method, path), _by_index(index, method, path)
        assert (indexed and (indexed[0], indexed[1]["path_params"])) == expected, (method, path)
        met += expected is not None
    assert met > 100


@pytest.mark.parametrize(
    "path", ["", "/", "//", "/v1", "/v1/", "/v1//", "/v1/vouchers/", "v1/vouchers", "/nothing/here"]
)
def test_what_meets_no_route_is_left_to_the_router(path: str) -> None:
    assert _by_index(RouteIndex(_api().router), "GET", path) is None


def test_a_route_whose_prefix_has_a_parameter_is_refused() -> None:
    router = APIRouter()

    @router.get("/{noun}/{key}")
    async def anything() -> None:
        """A route that might be any."""

    with pytest.raises(RuntimeError):
        add_routers(FastAPI(), [router])


def test_other_methods_and_slashes_too_many_are_answered_as_ever() -> None:
    app, router = FastAPI(), APIRouter()

    @router.get("/v1/things/{key}")
    async def thing(request: Request, key: str) -> dict[str, str]:
        return {"key": key, "path": request.scope["route"].path}

    add_routers(app, [router])

    async def ask(method: str, path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://things") as client:
            return await client.request(method, path)

    assert asyncio.run(ask("GET", "/v1/things/a")).json() == {"key": "a", "path": "/v1/things/{key}"}
    answer = asyncio.run(ask("POST", "/v1/things/a"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert asyncio.run(ask("GET", "/v1/things/a/")).headers["location"] == "http://things/v1/things/a"
    assert asyncio.run(ask("GET", "/v1/other")).status_code == 404
