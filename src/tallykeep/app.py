"""The composition root: the only place that wires things together, and the `tallykeep` command's entry."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from tallykeep import log
from tallykeep.actions import ACTION_TYPES
from tallykeep.alone import apply_alone, in_a_process_of_its_own
from tallykeep.cli.main import Roles, make_cli
from tallykeep.config import Settings
from tallykeep.dashboard.mount import Beside, create_dashboard
from tallykeep.db.embedded import running_embedded
from tallykeep.db.migrate import migrate
from tallykeep.db.pool import make_pool
from tallykeep.engine.accept import Acceptance
from tallykeep.engine.apply import Applier
from tallykeep.engine.beginning import Samples
from tallykeep.engine.control import Controller
from tallykeep.engine.queue import Queue
from tallykeep.engine.read import Reader
from tallykeep.engine.report import signing_secret
from tallykeep.engine.rescue import Rescuer
from tallykeep.engine.tidy import Tidier
from tallykeep.engine.watch import Watcher
from tallykeep.engine.worker import run_worker
from tallykeep.errors import DatabaseUnavailableError
from tallykeep.http.api import create_api
from tallykeep.http.context import Context
from tallykeep.resources.projects import Keys, add_keys_to_first_project, ensure_first_project
from tallykeep.supervisor import Supervisor, shown_keys

_WORKER = "tallykeep worker"
_GRACEFUL_SECONDS = 10


def main() -> None:
    """Run the command line."""
    make_cli(Roles(serve=serve, api=api, worker=worker, create_keys=create_keys, apply_alone=try_alone))()


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
            make_pool(database_url, size=settings.api_pool_size, name="tallykeep api") as pool,
            # Its own pool: a slow upload keeps a connection for as long as it takes.
            make_pool(database_url, size=settings.api_pool_size, name="tallykeep intake") as intake,
        ):
            queue = Queue(database_url)
            acceptance = Acceptance(intake, queue, settings)
            controller = Controller(pool, queue, acceptance, ACTION_TYPES, settings)
            reader = Reader(ACTION_TYPES, settings.failures_in_result)
            async with pool.connection() as connection:
                secret = await signing_secret(connection)
            yield Context(
                settings=settings, pool=pool, intake=intake, acceptance=acceptance, reader=reader,
                samples=Samples(settings), controller=controller, watcher=Watcher(pool), kinds=ACTION_TYPES,
                report_secret=secret,
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


def create_keys(settings: Settings) -> int:
    """Make further keys for the first project and show them: the way back in for who lost theirs."""
    database_url = find_database(settings)
    migrate(database_url)
    keys = add_keys_to_first_project(database_url)
    sys.stdout.write(shown_keys(keys, Settings.model_construct(), heading="These keys are shown this once:"))
    return 0


async def _work(settings: Settings, database_url: str) -> bool:
    queue = Queue(database_url)
    async with make_pool(database_url, size=settings.worker_concurrency + 3, name=_WORKER) as pool:
        applier = Applier(pool, queue, ACTION_TYPES, settings, in_a_process_of_its_own(settings, database_url))
        queue.on_advance(applier.advance)
        rescuer = Rescuer(pool, queue, settings, _WORKER)
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
