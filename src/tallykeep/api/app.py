"""The application: every router, the errors, the request ids."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from anyio.lowlevel import checkpoint
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tallykeep import __version__
from tallykeep.api.dependencies.context import Context
from tallykeep.api.responses.answers import RequestIds, answer_errors
from tallykeep.api.routes import exports as list_files
from tallykeep.api.routes import import_preview as imports
from tallykeep.api.routes import report_files as reports
from tallykeep.api.routes import templates
from tallykeep.api.routes.actions import control
from tallykeep.api.routes.actions import control_matching as control_all
from tallykeep.api.routes.actions import read as async_actions
from tallykeep.api.routes.actions import throughput as pace
from tallykeep.api.routes.actions import wait as watching
from tallykeep.api.routes.operations import health, status
from tallykeep.api.routes.resources import (
    campaigns,
    categories,
    customers,
    keys,
    metadata_schemas,
    orders,
    products,
    trash_bin,
    vouchers,
)
from tallykeep.api.routes.submissions import submission_routes
from tallykeep.core.action_type import ActionTypes

_DESCRIPTION = """Bulk actions on promotion data, with every row accounted for.

Speaks the wire format of Voucherify's async actions, so that its official SDKs work unchanged. Tallykeep is not
affiliated with that company."""


def create_api(kinds: ActionTypes, open_context: Callable[[], AbstractAsyncContextManager[Context]]) -> FastAPI:
    """The application; `open_context` opens pools when it starts and closes them when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await checkpoint()  # loads what FastAPI would load at the first request, which takes 100 ms
        async with open_context() as context:
            app.state.context = context
            yield

    # FastAPI's own pages of the documentation load theirs from elsewhere: the dashboard has /docs.
    app = FastAPI(
        title="Tallykeep", version=__version__, description=_DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.add_middleware(RequestIds)
    answer_errors(app)
    # Submissions first: /v1/vouchers/import must not be taken for a voucher's code.
    app.state.routers = [
        submission_routes(kinds),
        async_actions.router,
        control.router,
        control_all.router,
        pace.router,
        watching.router,
        reports.router,
        templates.router,
        list_files.router,
        imports.router,
        vouchers.router,
        campaigns.router,
        categories.router,
        customers.router,
        products.router,
        orders.router,
        trash_bin.router,
        metadata_schemas.router,
        metadata_schemas.management,
        keys.router,
        health.router,
        status.router,
    ]
    for router in app.state.routers:
        app.include_router(router)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: both keys of a pair are needed together, and every error has one shape."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        for path in document["paths"].values():
            for operation in path.values():
                _correct(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _correct(operation: dict[str, Any]) -> None:
    names = [name for pair in operation.get("security", []) for name in pair]
    app_keys: dict[str, list[str]] = {name: [] for name in names if name.startswith("X-App")}
    management_keys: dict[str, list[str]] = {name: [] for name in names if name.startswith("X-Management")}
    if names:
        operation["security"] = [pair for pair in (management_keys, app_keys) if pair]
    operation["responses"].pop("422", None)
    for code, content in operation["responses"].items():
        if "text/event-stream" in content.get("content", {}):
            # What is written here otherwise belongs to a later version of OpenAPI than the document is of.
            content["content"]["text/event-stream"] = {"schema": {"type": "string"}}
        if code.startswith("2") and "application/json" in content.get("content", {}):
            body = content["content"]["application/json"]
            if "properties" not in body["schema"]:
                body["schema"] = {"type": "object"}
    operation["responses"]["4XX"] = {
        "description": "What is wrong, where, and what to do",
        "content": {"application/json": {"schema": _ERROR_SCHEMA}},
    }


_ERROR_SCHEMA = {
    "type": "object",
    "properties": {
        "code": {"type": "integer"},
        **{name: {"type": "string"} for name in ("key", "message", "details", "request_id")},
        **{name: {"type": "string"} for name in ("resource_id", "resource_type")},
    },
}
