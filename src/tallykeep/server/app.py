"""The composition root: the only place that wires things together."""

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from functools import partial
from typing import TypeVar

import structlog
import uvicorn

from tallykeep.api.app import create_api
from tallykeep.api.dependencies import lock_waits as timeout_seconds
from tallykeep.api.dependencies.context import Context
from tallykeep.api.dependencies.open_actions import OpenActions
from tallykeep.api.dependencies.shares import Pools, Shares
from tallykeep.api.transport.body_pacing import PacedBodies
from tallykeep.api.transport.http_protocol import BoundedProtocol, bounded_protocol
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core import logs as log
from tallykeep.core.concurrency.side_thread import SideThread
from tallykeep.core.errors import DatabaseUnavailableError
from tallykeep.core.settings import Settings
from tallykeep.dashboard.app import Beside, create_dashboard
from tallykeep.db.connections.arrival import until_answering
from tallykeep.db.connections.guard import Guard
from tallykeep.db.connections.pool import make_pool
from tallykeep.db.connections.reach import reason_of
from tallykeep.db.embedded import running_embedded
from tallykeep.db.migrate import current_revision, migrate, newest_revision
from tallykeep.db.transient import transient_cause
from tallykeep.db.upkeep import database_status, open_prompt, why_unsupported
from tallykeep.engine.applier import Applier
from tallykeep.engine.downloads.report_files import signing_secret
from tallykeep.engine.intake.accept import Acceptance
from tallykeep.engine.intake.memory_budget import return_freed_memory
from tallykeep.engine.intake.sample import Samples
from tallykeep.engine.reading.action_reader import ActionReader
from tallykeep.engine.reading.watch import BriefWatcher, Watcher
from tallykeep.engine.recovering.rescuer import Rescuer
from tallykeep.engine.retention.pruner import Pruner
from tallykeep.engine.scheduling.job_queue import Queue
from tallykeep.engine.worker import SMALL_CONCURRENCY, run_worker
from tallykeep.server.greeting import shown_keys
from tallykeep.server.isolated_worker import apply_isolated, in_a_process_of_its_own
from tallykeep.server.supervisor import Supervisor
from tallykeep.tenants.projects import Keys, add_keys_to_first_project, ensure_first_project

Done = TypeVar("Done")
_log = structlog.get_logger()

_WORKER = "tallykeep worker"
_AGAIN_SECONDS = 0.2
_FIRST_CHECK_SECONDS = 5.0
_GRACEFUL_SECONDS = 10
_TICKS_BETWEEN_CHECKS = 5
_OWN_CONNECTIONS = 4  # of an API process: for keys, sessions, and those who watch
_READ_SECONDS = 30  # that one question of a request may take
_SWITCH_SECONDS = 0.0005  # files are read in a thread, beside which requests have to be answered


def serve(settings: Settings) -> int:
    """Run all roles until told to stop; returns the exit code."""
    log.configure(settings)
    return Supervisor(settings, prepare_database=prepare_database).run()


def api(settings: Settings) -> int:
    """Run one API process until told to stop."""
    log.configure(settings)
    database_url = find_database(settings)
    keys = _waited_for(database_url, partial(prepare_database, settings, database_url))
    if keys is not None:
        sys.stdout.write(shown_keys(keys, settings))
        sys.stdout.flush()
    secret = _waited_for(database_url, lambda: asyncio.run(_signing_secret(database_url)))

    @asynccontextmanager
    async def open_context() -> AsyncIterator[Context]:
        return_freed_memory()
        sys.setswitchinterval(_SWITCH_SECONDS)
        aside = SideThread()
        async with _open_pools(database_url, settings.api_pool_size) as (guard, pools):
            with suppress(TimeoutError):
                await asyncio.wait_for(guard.present(), _FIRST_CHECK_SECONDS)
            yield Context(
                settings=settings, pools=pools, shares=Shares(settings),
                acceptance=Acceptance(pools.intake, settings, aside),
                reader=ActionReader(ACTION_TYPES, settings.failures_in_result), samples=Samples(settings),
                watcher=Watcher(pools.own), brief_watcher=BriefWatcher(pools.own), action_types=ACTION_TYPES,
                report_secret=secret, open_actions=OpenActions(pools.own, settings.max_open_actions), guard=guard,
                aside=aside,
            )  # fmt: skip

    app = create_api(ACTION_TYPES, open_context)
    dashboard = create_dashboard(app, lambda: app.state.context.pools.own, settings.session_hours)
    app.add_middleware(Beside, dashboard=dashboard)
    app.add_middleware(PacedBodies, max_seconds=settings.max_body_seconds)
    server = _Server(
        uvicorn.Config(
            app,
            http=bounded_protocol(settings.max_connections),
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_GRACEFUL_SECONDS,
        )
    )
    server.run()
    return 0 if server.started else 1


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
    """Looks after its connections; lets go of those who wait for actions before it waits for these to close."""

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
        self.config.app.state.context.watcher.close()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def worker(settings: Settings) -> int:
    """Run one worker process until told to stop, through whatever outages there are."""
    log.configure(settings)
    database_url = find_database(settings)
    _waited_for(database_url, partial(migrate, database_url))
    asyncio.run(_work(settings, database_url))
    return 0


def try_isolated(settings: Settings, project_id: int, action_id: str, first_row: int) -> int:
    """Apply one batch in this process, at which others died; the exit code says how it went."""
    log.configure(settings)
    return asyncio.run(apply_isolated(settings, find_database(settings), project_id, action_id, first_row))


def recover_keys(settings: Settings) -> int:
    """Make further keys for the first project and show them: the way back in for who lost theirs."""
    database_url = find_database(settings)
    migrate(database_url)
    keys = add_keys_to_first_project(database_url)
    sys.stdout.write(shown_keys(keys, Settings.model_construct(), heading="These keys are shown this once:"))
    return 0


def show_database(settings: Settings, as_json: bool) -> int:
    """Say how the database stands; 1 where its schema is not this version's."""
    status = database_status(find_database(settings))
    if as_json:
        shown = json.dumps({**asdict(status), "up_to_date": status.is_current, "todo": status.todo}, indent=2)
    else:
        state = "up to date" if status.is_current else "not this version's"
        size = f"{status.size_bytes / 1e6:,.1f} MB"
        shown = f"PostgreSQL {status.version} at {status.where}, {size}; its schema is at"
        shown += f" {status.revision or 'nothing'}, {state}"
        shown += f": {status.todo}" if status.todo else ""
    sys.stdout.write(f"{shown}\n")
    return 0 if status.is_current else 1


def migrate_database(settings: Settings) -> int:
    """Bring the schema up to date, as every start does."""
    database_url = find_database(settings)
    before = current_revision(database_url)
    migrate(database_url)
    came_from = "it was there already" if before == newest_revision() else f"it was at {before or 'nothing'}"
    sys.stdout.write(f"The schema is at {newest_revision()}; {came_from}\n")
    return 0


def prompt_database(settings: Settings) -> int:
    """Become psql on the database; one that this version does not work with is warned of."""
    database_url = find_database(settings)
    if reason := why_unsupported(database_url):
        sys.stderr.write(f"tallykeep: {reason}\n")
    open_prompt(database_url, embedded=settings.database_url is None)
    return 1


async def _work(settings: Settings, database_url: str) -> None:
    size = settings.worker_concurrency + SMALL_CONCURRENCY + 3
    async with (
        Guard(database_url, name=_WORKER) as guard,
        make_pool(
            database_url, size=size, name=_WORKER, lock_timeout_seconds=settings.lease_seconds, guard=guard
        ) as pool,
    ):
        queue = Queue(database_url, guard=guard)
        applier = Applier(pool, ACTION_TYPES, settings, in_a_process_of_its_own(settings, database_url))
        queue.on_advance(applier.advance)
        rescuer = Rescuer(pool, settings, _WORKER)
        await guard.present()
        await run_worker(queue, rescuer, Pruner(pool, settings), guard, concurrency=settings.worker_concurrency)


def _waited_for(database_url: str, work: Callable[[], Done]) -> Done:
    """Do work that needs the database, begun when that is there, and anew where it goes away meanwhile.

    Raises DatabaseUnavailableError where no waiting helps.
    """
    is_logged = False
    while True:
        asyncio.run(until_answering(database_url))
        try:
            return work()
        except Exception as error:
            if (reason := transient_cause(error)) is None:
                raise
        if not is_logged:
            is_logged = True
            _log.warning("the database cannot be worked with yet, and is tried again", reason=reason_of(reason))
        time.sleep(_AGAIN_SECONDS)


async def _signing_secret(database_url: str) -> bytes:
    async with make_pool(database_url, size=1, name="tallykeep api") as pool, pool.connection() as connection:
        return await signing_secret(connection)


def find_database(settings: Settings) -> str:
    """Find the database a single role works with; raise DatabaseUnavailableError when there is none."""
    database_url = settings.database_url or running_embedded(settings.postgres_dir)
    if database_url is None:
        raise DatabaseUnavailableError(
            f"No database: set TALLYKEEP_DATABASE_URL, or run `tallykeep serve --data-dir {settings.data_dir}`"
        )
    return database_url


def prepare_database(settings: Settings, database_url: str) -> Keys | None:
    """Bring the schema up to date and make the first project; returns its keys when it was made just now."""
    migrate(database_url)
    return ensure_first_project(database_url, settings)
