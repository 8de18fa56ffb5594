"""The application: every router, the errors, the request ids."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from anyio.lowlevel import checkpoint
from fastapi import APIRouter, FastAPI, Request
from fastapi.telemetry import TelemetryConfig

from tallykeep import __version__
from tallykeep.api.auditing.middleware import RefusedAttempts
from tallykeep.api.dependencies.auth import require_declarations
from tallykeep.api.dependencies.context import Context
from tallykeep.api.dependencies.permissions import reads, writes
from tallykeep.api.hot_routes import HotRoutes
from tallykeep.api.openapi import openapi_document
from tallykeep.api.responses.answers import Json, RequestIds, answer_errors
from tallykeep.api.route_index import add_routers
from tallykeep.api.routes import audit_log, catalog, templates, webhooks
from tallykeep.api.routes import exports as list_files
from tallykeep.api.routes import import_preview as imports
from tallykeep.api.routes import report_files as reports
from tallykeep.api.routes.actions import control, throughput
from tallykeep.api.routes.actions import control_matching as control_all
from tallykeep.api.routes.actions import read as async_actions
from tallykeep.api.routes.actions import wait as watching
from tallykeep.api.routes.oauth import v1 as oauth
from tallykeep.api.routes.oauth import v2 as service_oauth
from tallykeep.api.routes.resources import (
    campaigns,
    categories,
    keys,
    metadata_schemas,
    personal_data,
    products,
    projects,
    trash_bin,
    vouchers,
)
from tallykeep.api.routes.resources.upserted import noun_routes
from tallykeep.api.routes.server import health, status
from tallykeep.api.routes.submissions import submission_routes
from tallykeep.catalog.nouns import NOUNS
from tallykeep.core.action_type import ActionTypes

_DESCRIPTION = """Bulk actions on promotion data, with every row accounted for.

Speaks the wire format of Voucherify's async actions, so that its official SDKs work unchanged. Tallykeep is not
affiliated with that company."""

# Else each request is looked at twice whether somebody wants to hear of it, which takes a tenth of GET of one action.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


def create_api(action_types: ActionTypes, open_context: Callable[[], AbstractAsyncContextManager[Context]]) -> FastAPI:
    """Create the application; `open_context` opens pools when it starts and closes them when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await checkpoint()  # loads what FastAPI would load at the first request, which takes 100 ms
        async with open_context() as context:
            app.state.context = context
            yield

    # FastAPI's own pages of the documentation load theirs from elsewhere: the dashboard has /docs.
    app = FastAPI(
        title="Tallykeep", version=__version__, description=_DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url=None, telemetry=_NO_TELEMETRY,
    )  # fmt: skip
    submissions = submission_routes(action_types)
    app.add_middleware(HotRoutes, submissions=submissions.routes, handlers=app.exception_handlers)
    app.add_middleware(RefusedAttempts)
    app.add_middleware(RequestIds)
    answer_errors(app)
    app.state.routers = _routers(submissions)
    for router in app.state.routers:
        require_declarations(router.routes)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    app.state.describing = asyncio.Lock()
    app.add_route("/openapi.json", _openapi, include_in_schema=False)
    add_routers(app, app.state.routers)
    return app


def _routers(submissions: APIRouter) -> list[APIRouter]:
    """Return all routers; submissions first, as /v1/vouchers/import must not be taken for a voucher's code."""
    return [
        submissions,
        async_actions.router,
        control.router,
        control_all.router,
        throughput.router,
        watching.router,
        reports.router,
        templates.router,
        list_files.router,
        imports.router,
        catalog.router,
        vouchers.router,
        campaigns.router,
        categories.router,
        products.router,
        personal_data.router,
        *(noun_routes(noun.spec, reads(noun.spec.plural), writes(noun.spec.plural)) for noun in NOUNS),
        trash_bin.router,
        metadata_schemas.router,
        projects.router,
        metadata_schemas.management,
        keys.router,
        oauth.router,
        service_oauth.router,
        webhooks.router,
        audit_log.router,
        audit_log.managed,
        health.router,
        status.router,
    ]


async def _openapi(request: Request) -> Json:
    """Return the OpenAPI document, made at the first request for it, by a thread, because that takes half a second."""
    async with request.app.state.describing:
        document = await asyncio.to_thread(request.app.openapi)
    return Json(document)
