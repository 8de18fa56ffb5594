"""Hot routes: the paths that clients ask for most, found by one look-up and served without a tree of dependencies.

FastAPI compares a request with one operation after another and solves the dependencies of the one that fits; for these
paths that costs more than the statement they run. The functions that answer are those of FastAPI's routes, which
describe the paths in /openapi.json and serve every request that is not plainly one of these.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from tallykeep.api.auditing.events import PATH
from tallykeep.api.dependencies.auth import admit
from tallykeep.api.dependencies.context import Context
from tallykeep.api.dependencies.permissions import Need, need_of
from tallykeep.api.routes.actions.read import get_action, router
from tallykeep.tenants.callers import Caller

Handlers = Mapping[Any, Callable[[Request, Any], Any]]  # as Starlette has them; ours are all asynchronous
_Endpoint = Callable[[Request, Context, Caller], Awaitable[Response]]
_HotRoute = tuple[Need, _Endpoint]

_ACTIONS = "/v1/async-actions/"
_ONE_ACTION = f"{_ACTIONS}{{action_id}}"


class HotRoutes:
    """Serves GET of one action without a query, and submissions whose path names no target; hands on all others.

    Errors are answered by the same `handlers` as FastAPI's; one that has none is raised.
    """

    def __init__(self, app: ASGIApp, submissions: Sequence[BaseRoute], handlers: Handlers) -> None:
        self._app = app
        self._handlers = handlers
        routes = [route for route in submissions if isinstance(route, APIRoute) and "{" not in route.path]
        self._submissions: dict[str, _HotRoute] = {route.path: (_need(route), route.endpoint) for route in routes}
        (one_action,) = [each for each in router.routes if isinstance(each, APIRoute) and each.endpoint is get_action]
        self._one_action = _need(one_action)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._find(scope) if scope["type"] == "http" and not scope.get("root_path") else None
        if route is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            await _serve(request, *route, send)
        except Exception as error:
            await (await self._answer_to(request, error))(scope, receive, send)

    def _find(self, scope: Scope) -> _HotRoute | None:
        if scope["method"] == "POST":
            return self._submissions.get(scope["path"])
        if scope["method"] != "GET" or scope["query_string"] or not scope["path"].startswith(_ACTIONS):
            return None
        action_id = scope["path"][len(_ACTIONS) :]
        # U+0000 is a slash that was written %2F.
        if not action_id or "/" in action_id or "\0" in action_id:
            return None
        scope.setdefault("state", {})[PATH] = _ONE_ACTION
        return self._one_action, partial(get_action, action_id=action_id)

    async def _answer_to(self, request: Request, error: Exception) -> Response:
        """Return the answer to a request that failed; raise a defect again, to be answered and logged further out."""
        for error_type in type(error).__mro__[: -len(Exception.__mro__)]:
            if error_type in self._handlers:
                answer: Response = await self._handlers[error_type](request, error)
                return answer
        raise error


def _need(route: APIRoute) -> Need:
    need = need_of(route.openapi_extra)
    if need is None:
        raise RuntimeError(f"{route}: hot routes are none of the public ones")
    return need


async def _serve(request: Request, need: Need, endpoint: _Endpoint, send: Send) -> None:
    """Answer a caller who may do this, and who holds one of its slots for requests until the answer was sent."""
    context: Context = request.app.state.context
    caller = await admit(request, context, need)
    async with context.slot(caller, context.shares.requests):
        answer = await endpoint(request, context, caller)
        await answer(request.scope, request.receive, send)
