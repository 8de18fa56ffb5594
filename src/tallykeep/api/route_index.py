"""An index of all routes: a request is compared only with those whose paths begin as its own does.

FastAPI compares it with one route after another, of one router after another, twice. For most of our routes that took
longer than the statement that they run.
"""

from collections.abc import Iterable, Iterator

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

_SEGMENTS = 2  # that routes are told apart by: /v1/vouchers

_Prefix = tuple[str, ...]


def add_routers(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Add the routes of all routers, as they are, and have requests find them by the index."""
    app.router.routes.extend(route for router in routers for route in router.routes)
    app.router.middleware_stack = RouteIndex(app.router)


class RouteIndex:
    """Serves what matches a route in method and path; all else is left to the router: 404, 405, a slash too many.

    Routes that are added later are not in it: the router serves them where nothing in the index matches.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._routes: dict[_Prefix, list[BaseRoute]] = {}
        for route in router.routes:
            if isinstance(route, Route):
                self._routes.setdefault(_literal_prefix(route.path), []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            scope.setdefault("router", self._router)
            for route, child_scope in self.matching(scope):
                scope.update(child_scope)
                await route.handle(scope, receive, send)
                return
        await self._router.app(scope, receive, send)

    def matching(self, scope: Scope) -> Iterator[tuple[BaseRoute, Scope]]:
        """Yield the routes that a request matches, the first first, with what each finds in the path."""
        for route in self._routes.get(_prefix(scope["path"]), ()):
            match, child_scope = route.matches(scope)
            if match is Match.FULL:
                yield route, child_scope


def _prefix(path: str) -> _Prefix:
    return tuple(path.split("/", _SEGMENTS + 1)[1 : _SEGMENTS + 1])


def _literal_prefix(path: str) -> _Prefix:
    """Return a route's first segments; raise RuntimeError where they are none that requests can be told apart by."""
    prefix = _prefix(path)
    if any("{" in segment for segment in prefix):
        raise RuntimeError(f"{path}: the first {_SEGMENTS} segments of a path are no parameters")
    return prefix
