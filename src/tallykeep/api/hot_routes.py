"""Hot routes: the paths that clients ask for most, found by one look-up and served without a tree of dependencies.

FastAPI compares a request with one operation after another and solves the dependencies of the one that fits; for these
paths that costs more than the statement they run. The functions that answer are those of FastAPI's routes, which
describe the paths in /openapi.json and serve every request that is not plainly one of these.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from tallykeep.api.auditing.events import PATH
from tallykeep.api.dependencies.auth import admit
from tallykeep.api.dependencies.context import Context
from tallykeep.api.dependencies.permissions import Need, need_of
from tallykeep.api.routes.actions import read, wait

Handlers = Mapping[Any, Callable[[Request, Any], Any]]  # as Starlette has them; ours are all asynchronous
_Endpoint = Callable[..., Awaitable[Response]]  # of the request, the context and the caller


class _HotRoute(NamedTuple):
    route: APIRoute
    need: Need
    endpoint: _Endpoint


_ACTIONS = "/v1/async-actions/"
_EVENTS = "/events"
_WAIT = re.compile(rb"(?:wait=([1-9]|[1-5][0-9]|60))?")  # whole seconds, as most who wait have them


class HotRoutes:
    """Serves GET of one action, with a wait or without, and of its events; submissions whose path names no target.

    All others are handed on.

    Errors are answered by the same `handlers` as FastAPI's; one that has none is raised.
    """

    def __init__(self, app: ASGIApp, submissions: Sequence[BaseRoute], handlers: Handlers) -> None:
        self._app = app
        self._handlers = handlers
        routes = [route for route in submissions if isinstance(route, APIRoute) and "{" not in route.path]
        self._submissions = {route.path: _hot(route) for route in routes}
        self._one_action = _hot(_route_of(read.router, read.get_action))
        self._events = _hot(_route_of(wait.router, wait.watch_action))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._find(scope) if scope["type"] == "http" and not scope.get("root_path") else None
        if route is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            await _serve(request, route, send)
        except Exception as error:
            await (await self._answer_to(request, error))(scope, receive, send)

    def _find(self, scope: Scope) -> _HotRoute | None:
        if scope["method"] == "POST":
            return self._submissions.get(scope["path"])
        if scope["method"] != "GET" or not scope["path"].startswith(_ACTIONS):
            return None
        rest = scope["path"][len(_ACTIONS) :]
        hot = self._events if rest.endswith(_EVENTS) else self._one_action
        wanted = _wanted_in(scope["query_string"]) if hot is self._one_action or not scope["query_string"] else None
        action_id = rest.removesuffix(_EVENTS)
        # U+0000 is a slash that was written %2F.
        if wanted is None or not action_id or "/" in action_id or "\0" in action_id:
            return None
        scope.setdefault("state", {})[PATH] = hot.route.path
        return hot._replace(endpoint=partial(hot.endpoint, action_id=action_id, **wanted))

    async def _answer_to(self, request: Request, error: Exception) -> Response:
        """Return the answer to a request that failed; raise a defect again, to be answered and logged further out."""
        for error_type in type(error).__mro__[: -len(Exception.__mro__)]:
            if error_type in self._handlers:
                answer: Response = await self._handlers[error_type](request, error)
                return answer
        raise error


def _wanted_in(query_string: bytes) -> dict[str, float] | None:
    """Return the parameters of a query string that is plainly right; None for any other."""
    plain = _WAIT.fullmatch(query_string)
    if plain is None:
        return None
    return {"wait": float(plain[1])} if plain[1] else {}


def _route_of(router: APIRouter, endpoint: Callable[..., Any]) -> APIRoute:
    (route,) = [each for each in router.routes if isinstance(each, APIRoute) and each.endpoint is endpoint]
    return route


def _hot(route: APIRoute) -> _HotRoute:
    need = need_of(route.openapi_extra)
    if need is None:
        raise RuntimeError(f"{route}: hot routes are none of the public ones")
    return _HotRoute(route, need, route.endpoint)


async def _serve(request: Request, hot: _HotRoute, send: Send) -> None:
    """Answer a caller who may do this, and who holds one of its slots for requests until the answer was sent."""
    context: Context = request.app.state.context
    request.scope["route"] = hot.route
    caller = await admit(request, context, hot.need)
    async with context.slot(caller, context.shares.requests):
        answer = await hot.endpoint(request, context, caller)
        await answer(request.scope, request.receive, send)
