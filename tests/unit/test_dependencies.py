"""Dependencies of routes: FastAPI would run a plain function in a thread, which takes longer than all of them do."""

from collections.abc import Iterator
from contextlib import asynccontextmanager
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from tallykeep.api.app import create_api
from tallykeep.catalog.action_types import ACTION_TYPES


def _calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def test_no_dependency_runs_in_a_thread() -> None:
    app = create_api(ACTION_TYPES, asynccontextmanager(lambda: iter(())))  # type: ignore[arg-type]
    routes = [route for router in app.state.routers for route in router.routes if isinstance(route, APIRoute)]
    calls = {call for route in routes for call in _calls(route.dependant)}
    assert calls
    for call in calls:
        plain = call if iscoroutinefunction(call) or isasyncgenfunction(call) else type(call).__call__
        assert iscoroutinefunction(plain) or isasyncgenfunction(plain), call
