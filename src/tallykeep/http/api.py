"""The application: every router, the errors, the request ids."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from tallykeep import __version__
from tallykeep.engine.kinds import ActionTypes
from tallykeep.http import (
    async_actions,
    customers,
    health,
    metadata_schemas,
    orders,
    products,
    reports,
    trash_bin,
    vouchers,
)
from tallykeep.http.answers import RequestIds, answer_errors
from tallykeep.http.context import Context
from tallykeep.http.submissions import submission_routes

_DESCRIPTION = """Bulk actions on promotion data, with every row accounted for.

Speaks the wire format of Voucherify's async actions, so that its official SDKs work unchanged. Tallykeep is not
affiliated with that company."""


def create_api(kinds: ActionTypes, open_context: Callable[[], AbstractAsyncContextManager[Context]]) -> FastAPI:
    """The application; `open_context` opens pools when it starts and closes them when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_context() as context:
            app.state.context = context
            yield

    app = FastAPI(title="Tallykeep", version=__version__, description=_DESCRIPTION, lifespan=lifespan, redoc_url=None)
    app.add_middleware(RequestIds)
    answer_errors(app)
    # Submissions first: /v1/vouchers/import must not be taken for a voucher's code.
    app.state.routers = [
        submission_routes(kinds),
        async_actions.router,
        reports.router,
        vouchers.router,
        customers.router,
        products.router,
        orders.router,
        trash_bin.router,
        metadata_schemas.router,
        metadata_schemas.management,
        health.router,
    ]
    for router in app.state.routers:
        app.include_router(router)
    return app
