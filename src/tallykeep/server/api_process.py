"""The role `api`: one process that answers HTTP, with all that it needs wired together."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import structlog
import uvicorn
from starlette.types import ASGIApp

from tallykeep.api.app import create_api
from tallykeep.api.auditing.refusals import Refusals
from tallykeep.api.dependencies import lock_waits as timeout_seconds
from tallykeep.api.dependencies.context import Context
from tallykeep.api.dependencies.open_actions import OpenActions
from tallykeep.api.dependencies.shares import Pools, Shares
from tallykeep.api.limits.quotas import open_quotas
from tallykeep.api.limits.rate_limit_headers import RateLimitHeaders
from tallykeep.api.limits.rate_limits import rate_limits_of
from tallykeep.api.responses.ended_answers import EndedAnswers
from tallykeep.api.transport.body_pacing import PacedBodies
from tallykeep.api.transport.connections import bounded_protocol
from tallykeep.api.transport.http_protocol import BoundedProtocol
from tallykeep.api.transport.safe_answers import Doors, SafeAnswers
from tallykeep.api.transport.trusted_hosts import TrustedHosts
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.addresses import is_loopback
from tallykeep.core.concurrency.side_thread import SideThread
from tallykeep.core.logs import configuring as log
from tallykeep.core.settings import Settings
from tallykeep.dashboard.app import Beside, create_dashboard
from tallykeep.db.connections.guard import Guard
from tallykeep.db.connections.pool import make_pool
from tallykeep.engine.downloads.report_files import signing_secret
from tallykeep.engine.intake.accept import Acceptance
from tallykeep.engine.intake.sample import Samples
from tallykeep.engine.reading.action_reader import ActionReader
from tallykeep.engine.reading.watch import BriefWatcher, Watcher
from tallykeep.server.database import find_database, prepare_database, until_done
from tallykeep.server.freed_memory import return_freed_memory
from tallykeep.server.greeting import shown_keys
from tallykeep.server.short_tokens import require_long_tokens
from tallykeep.tenants.limits.wrong_credentials import WrongCredentials

_log = structlog.get_logger()

_FIRST_CHECK_SECONDS = 5.0
_GRACEFUL_SECONDS = 10
_LARGE_BYTES = 1 << 17  # of a batch of one of many uploads; what is read of a connection at once is smaller
_TICKS_BETWEEN_CHECKS = 5
_OWN_CONNECTIONS = 4  # of an API process: for keys, sessions, and those who watch
_READ_SECONDS = 30  # that one question of a request may take
_SWITCH_SECONDS = 0.0005  # files are read in a thread, beside which requests have to be answered


def api(settings: Settings) -> int:
    """Run one API process until told to stop."""
    log.configure(settings)
    require_long_tokens(settings)
    database_url = find_database(settings)
    keys = until_done(database_url, partial(prepare_database, settings, database_url))
    if keys is not None:
        sys.stdout.write(shown_keys(keys, settings))
        sys.stdout.flush()
    secret = until_done(database_url, lambda: asyncio.run(_signing_secret(database_url)))

    app = create_api(ACTION_TYPES, partial(_open_context, settings, database_url, secret))
    dashboard = create_dashboard(app, lambda: app.state.context.pools.own, settings.session_hours)
    app.add_middleware(Beside, dashboard=dashboard)
    app.add_middleware(PacedBodies, max_seconds=settings.max_body_seconds)
    if settings.rate_limit or settings.project_rate_limit:
        app.add_middleware(RateLimitHeaders)
    served = SafeAnswers(
        app, dashboard.state.paths, Doors(settings.closed_paths or (), TrustedHosts(settings.trusted_hosts))
    )
    # The context comes once the server runs.
    server = _Server(lambda: app.state.context.watcher.close(), _configured(served, settings))  # noqa: PLW0108
    _warn_of_any_host(settings)
    server.run()
    return 0 if server.started else 1


@asynccontextmanager
async def _open_context(settings: Settings, database_url: str, secret: bytes) -> AsyncIterator[Context]:
    """Open what routes work with, and what runs beside them, for as long as the process serves."""
    return_freed_memory(_LARGE_BYTES)
    sys.setswitchinterval(_SWITCH_SECONDS)
    aside = SideThread()
    refusals, wrong_credentials = Refusals(), WrongCredentials(settings.max_wrong_credentials)
    async with (
        _open_pools(database_url, settings.api_pool_size) as (guard, pools),
        refusals.written_to(pools.own),
        wrong_credentials.shared_over(pools.own),
        open_quotas(pools.own, settings) as quotas,
    ):
        with suppress(TimeoutError):
            await asyncio.wait_for(guard.wait_until_available(), _FIRST_CHECK_SECONDS)
        yield Context(
            settings=settings, pools=pools, shares=Shares(settings),
            acceptance=Acceptance(pools.intake, settings, aside),
            reader=ActionReader(ACTION_TYPES, settings.failures_in_result), samples=Samples(settings),
            ended_answers=EndedAnswers(settings),
            watcher=Watcher(pools.own), brief_watcher=BriefWatcher(pools.own), action_types=ACTION_TYPES,
            report_secret=secret, open_actions=OpenActions(pools.own, settings.max_open_actions), guard=guard,
            aside=aside, refusals=refusals, wrong_credentials=wrong_credentials,
            rate_limits=rate_limits_of(pools.own, settings), quotas=quotas,
        )  # fmt: skip


def _configured(served: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        served,
        interface="asgi3",  # not to be told by its looks
        http=bounded_protocol(settings.max_connections),  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=list(settings.trusted_proxies or ()),
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
    )


@asynccontextmanager
async def _open_pools(database_url: str, size: int) -> AsyncIterator[tuple[Guard, Pools]]:
    """Open the pools of connections, by what they are for, with the guard that watches over them."""
    async with Guard(database_url, name="tallykeep api") as guard:
        make = partial(make_pool, database_url, lock_timeout_seconds=timeout_seconds.SECONDS, guard=guard)
        async with (
            make(size=_OWN_CONNECTIONS, name="tallykeep api") as own,
            make(size=size, name="tallykeep reads", statement_timeout_seconds=_READ_SECONDS) as reading,
            make(size=size, name="tallykeep writes") as writing,
            make(size=size, name="tallykeep intake") as intake,
        ):
            yield guard, Pools(own, reading, writing, intake)


class _Server(uvicorn.Server):
    """Looks after its connections; before it waits for them to close, it ends those that wait for actions."""

    def __init__(self, end_waiting: Callable[[], None], config: uvicorn.Config) -> None:
        super().__init__(config)
        self._end_waiting = end_waiting

    async def on_tick(self, counter: int) -> bool:
        """Do what is due ten times a second."""
        if counter % _TICKS_BETWEEN_CHECKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol):
                    connection.check(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._end_waiting()
        await super().shutdown(sockets)


def _warn_of_any_host(settings: Settings) -> None:
    if settings.trusted_hosts is None and not is_loopback(settings.host):
        _log.warning(
            "requests may name any host, and links in answers do: set TALLYKEEP_TRUSTED_HOSTS and TALLYKEEP_PUBLIC_URL"
        )


async def _signing_secret(database_url: str) -> bytes:
    async with make_pool(database_url, size=1, name="tallykeep api") as pool, pool.connection() as connection:
        return await signing_secret(connection)
