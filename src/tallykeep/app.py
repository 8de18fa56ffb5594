"""The composition root: the only place that wires things together."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

import uvicorn

from tallykeep import log
from tallykeep.actions import ACTION_TYPES
from tallykeep.alone import apply_alone, in_a_process_of_its_own
from tallykeep.config import Settings
from tallykeep.dashboard.mount import Beside, create_dashboard
from tallykeep.db.embedded import running_embedded
from tallykeep.db.migrate import current_revision, migrate, newest_revision
from tallykeep.db.pool import make_pool
from tallykeep.db.upkeep import database_status, open_prompt
from tallykeep.engine.accept import Acceptance
from tallykeep.engine.apply import Applier
from tallykeep.engine.beginning import Samples
from tallykeep.engine.control import Controller
from tallykeep.engine.queue import Queue
from tallykeep.engine.read import Reader
from tallykeep.engine.report import signing_secret
from tallykeep.engine.rescue import Rescuer
from tallykeep.engine.room import return_memory_at_once
from tallykeep.engine.side_thread import SideThread
from tallykeep.engine.tidy import Tidier
from tallykeep.engine.watch import BriefWatcher, Watcher
from tallykeep.engine.worker import EXPRESS_CONCURRENCY, run_worker
from tallykeep.errors import DatabaseUnavailableError
from tallykeep.http.api import create_api
from tallykeep.http.context import Context
from tallykeep.resources.projects import Keys, add_keys_to_first_project, ensure_first_project
from tallykeep.supervisor import Supervisor, shown_keys

_WORKER = "tallykeep worker"
_GRACEFUL_SECONDS = 10
_LOCK_TIMEOUT_SECONDS = 10  # that a request waits for what somebody else is writing
_SWITCH_SECONDS = 0.0005  # files are read in a thread, beside which requests have to be answered
_BEHIND = "not this version's: tallykeep db migrate"


def serve(settings: Settings) -> int:
    """Run all roles until told to stop; returns the exit code."""
    log.configure(settings)
    return Supervisor(settings, prepare_database=prepare_database).run()


def api(settings: Settings) -> int:
    """Run one API process until told to stop."""
    log.configure(settings)
    database_url = find_database(settings)
    keys = prepare_database(settings, database_url)
    if keys is not None:
        sys.stdout.write(shown_keys(keys, settings))
        sys.stdout.flush()

    @asynccontextmanager
    async def open_context() -> AsyncIterator[Context]:
        async with (
            make_pool(
                database_url,
                size=settings.api_pool_size,
                name="tallykeep api",
                lock_timeout_seconds=_LOCK_TIMEOUT_SECONDS,
            ) as pool,
            # Its own pool: portions of uploads are large, and others are not to wait behind them.
            make_pool(
                database_url,
                size=settings.api_pool_size,
                name="tallykeep intake",
                lock_timeout_seconds=_LOCK_TIMEOUT_SECONDS,
            ) as intake,
        ):
            return_memory_at_once()
            sys.setswitchinterval(_SWITCH_SECONDS)
            aside = SideThread()
            acceptance = Acceptance(intake, settings, aside)
            controller = Controller(pool, acceptance, ACTION_TYPES, settings)
            reader = Reader(ACTION_TYPES, settings.failures_in_result)
            async with pool.connection() as connection:
                secret = await signing_secret(connection)
            yield Context(
                settings=settings, pool=pool, intake=intake, acceptance=acceptance, reader=reader,
                samples=Samples(settings), controller=controller, watcher=Watcher(pool),
                brief_watcher=BriefWatcher(pool), kinds=ACTION_TYPES, report_secret=secret, aside=aside,
            )  # fmt: skip

    app = create_api(ACTION_TYPES, open_context)
    dashboard = create_dashboard(app, lambda: app.state.context.pool, settings.session_hours)
    app.add_middleware(Beside, dashboard=dashboard)
    server = _Server(
        uvicorn.Config(
            app,
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


class _Server(uvicorn.Server):
    """Lets go of those who wait for actions before it waits for their connections to close."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self.config.app.state.context.watcher.close()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def worker(settings: Settings) -> int:
    """Run one worker process until told to stop; 1 means it has to be started anew."""
    log.configure(settings)
    database_url = find_database(settings)
    migrate(database_url)
    return 0 if asyncio.run(_work(settings, database_url)) else 1


def try_alone(settings: Settings, project_id: int, action_id: str, first_row: int) -> int:
    """Apply one portion in this process, at which others died; the exit code tells how it went."""
    log.configure(settings)
    return asyncio.run(apply_alone(settings, find_database(settings), project_id, action_id, first_row))


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
        told = json.dumps({**asdict(status), "up_to_date": status.is_current}, indent=2)
    else:
        schema = f"at {status.revision or 'nothing'}, {'up to date' if status.is_current else _BEHIND}"
        size = f"{status.size_bytes / 1e6:,.1f} MB"
        told = f"PostgreSQL {status.version} at {status.where}, {size}; its schema is {schema}"
    sys.stdout.write(f"{told}\n")
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
    """Become psql on the database."""
    open_prompt(find_database(settings), embedded=settings.database_url is None)
    return 1


async def _work(settings: Settings, database_url: str) -> bool:
    queue = Queue(database_url)
    size = settings.worker_concurrency + EXPRESS_CONCURRENCY + 3
    async with make_pool(database_url, size=size, name=_WORKER, lock_timeout_seconds=settings.lease_seconds) as pool:
        applier = Applier(pool, ACTION_TYPES, settings, in_a_process_of_its_own(settings, database_url))
        queue.on_advance(applier.advance)
        rescuer = Rescuer(pool, settings, _WORKER)
        return await run_worker(queue, rescuer, Tidier(pool, settings), concurrency=settings.worker_concurrency)


def find_database(settings: Settings) -> str:
    """The database a single role works with; raises DatabaseUnavailableError when there is none."""
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
