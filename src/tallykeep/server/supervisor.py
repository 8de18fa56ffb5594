"""`tallykeep serve`: PostgreSQL, API and workers as child processes; one that dies comes back, all stop together."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import httpx
import psycopg
import structlog

from tallykeep.core.addresses import is_closed
from tallykeep.core.errors import DatabaseUnavailableError, DataDirectoryInUseError, TallykeepError
from tallykeep.core.settings import Settings, environment_of_roles, environment_without_settings
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.startup_wait import wait_for_database
from tallykeep.db.directories import make_directory, open_private
from tallykeep.db.embedded import EmbeddedServer, prepare_embedded
from tallykeep.db.transient import transient_cause
from tallykeep.server.child_process import Answers, Pulse, Role
from tallykeep.server.greeting import shown_keys, welcome
from tallykeep.tenants.projects import Keys

_log = structlog.get_logger()

_STOP_SECONDS = 15
_DATABASE_STOP_SECONDS = 120
_MAX_BACKOFF = 2.0
_HEALTHY_AFTER = 3.0
_AGAIN_SECONDS = 0.2
_MAX_WORKERS = 2  # unless more are asked for; each keeps a core busy with checks, and PostgreSQL another one
_QUESTIONS = 4  # without an answer, by which an API is known to be stuck

PrepareDatabase = Callable[[Settings, str], object]


class Supervisor:
    """Runs all roles; `run` returns once they have all stopped."""

    def __init__(self, settings: Settings, *, prepare_database: PrepareDatabase) -> None:
        self._settings = settings
        self._prepare_database = prepare_database
        self._stopping = asyncio.Event()
        self._keepers: list[asyncio.Task[None]] = []

    def run(self) -> int:
        """Serve until SIGINT or SIGTERM; returns the exit code, 1 when it could not start."""
        try:
            with _lock(self._settings):
                asyncio.run(self._serve())
        except TallykeepError as error:
            sys.stderr.write(f"tallykeep: {error}\n")
            return 1
        return 0

    async def _serve(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        port = _free_port(self._settings)
        database: Role | None = None
        roles: list[Role] = []
        try:
            database_url = self._settings.database_url
            if database_url is None:
                server = await asyncio.to_thread(prepare_embedded, self._settings.postgres_dir)
                await asyncio.to_thread(server.stop_leftover)
                database_url, database = server.url, self._database_role(server)
                self._keep(database)
                await self._until_answering(database, database_url)
            elif not await self._until_there(database_url):
                return
            keys = await self._prepared(database_url)
            if self._stopping.is_set():
                return
            if isinstance(keys, Keys):
                # At once: whatever comes next, these are not shown again.
                _say(shown_keys(keys, self._settings))
            heartbeat_files = self._heartbeat_files()
            api, *workers = roles = self._roles(database_url, port, heartbeat_files)
            for role in roles:
                self._keep(role)
            self._keepers.append(asyncio.create_task(self._watch_answers(api, port), name="answers"))
            for worker, file in zip(workers, heartbeat_files, strict=True):
                self._keepers.append(asyncio.create_task(self._watch_heartbeat(worker, file), name="heartbeat"))
            await self._announce(port, keys if isinstance(keys, Keys) else None)
            await self._stopping.wait()
        finally:
            self._stopping.set()
            for keeper in self._keepers:
                keeper.cancel()
            await asyncio.gather(*(role.stop(_STOP_SECONDS) for role in roles))
            if database is not None:
                await database.stop(_DATABASE_STOP_SECONDS)

    def _database_role(self, server: EmbeddedServer) -> Role:
        log = self._settings.data_dir / "postgres.log"
        # SIGINT is PostgreSQL's fast shutdown: it ends sessions and writes everything out.
        return Role(
            "postgres", server.command, signal.SIGINT, identity=server.identity, env=environment_without_settings(),
            output=open_private(log), log=log,
        )  # fmt: skip

    def _roles(self, database_url: str, port: int, heartbeat_files: Sequence[Path]) -> list[Role]:
        """The API, and a worker for each of these files."""
        at = {
            "database_url": database_url,
            "host": self._settings.host,
            "port": port,
            "data_dir": self._settings.data_dir,
        }
        command = [sys.executable, "-m", "tallykeep"]
        return [
            Role("api", [*command, "api"], env=environment_of_roles(**at)),
            *(
                Role(file.stem, [*command, "worker"], env=environment_of_roles(**at, heartbeat_file=file))
                for file in heartbeat_files
            ),
        ]

    def _heartbeat_files(self) -> list[Path]:
        """One for each worker, which is called by its name: worker, worker-2, and so on."""
        count = self._settings.workers or min(max((os.cpu_count() or 1) // 2, 1), _MAX_WORKERS)
        names = ["worker", *(f"worker-{number}" for number in range(2, count + 1))]
        files = [self._settings.data_dir.resolve() / f"{name}.heartbeat" for name in names]
        for file in files:
            file.unlink(missing_ok=True)
        return files

    def _keep(self, role: Role) -> None:
        self._keepers.append(asyncio.create_task(self._kept(role), name=role.name))

    async def _kept(self, role: Role) -> None:
        """Start the role, again and again, waiting longer each time it dies young."""
        backoff = 0.1
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            started = clock()
            process = await role.start()
            code = await process.wait()
            if self._stopping.is_set():
                return
            backoff = 0.1 if clock() - started > _HEALTHY_AFTER else min(backoff * 2, _MAX_BACKOFF)
            said = {"said": words} if (words := role.last_words()) else {}
            _log.warning(
                "a role ended and is started again", role=role.name, exit_code=code, in_seconds=backoff, **said
            )
            await asyncio.sleep(backoff)

    async def _watch_heartbeat(self, worker: Role, heartbeat_file: Path) -> None:
        """Kill a worker that is there but does nothing (stopped, stuck); `_kept` then starts another."""
        timeout_seconds = self._settings.worker_silence_seconds
        pulse = Pulse(heartbeat_file, timeout_seconds)
        while not self._stopping.is_set():
            await asyncio.sleep(timeout_seconds / 4)
            process = worker.process
            if process is None or process.returncode is not None:
                continue
            if pulse.silent_seconds(process.pid) > timeout_seconds:
                _log.warning(
                    "a worker shows no sign of life and is killed", role=worker.name, silent_for_seconds=timeout_seconds
                )
                process.kill()
                await process.wait()

    async def _watch_answers(self, api: Role, port: int) -> None:
        """Kill an API that is there but answers nothing (stopped, stuck); `_kept` then starts another."""
        timeout_seconds, failed = self._settings.api_silence_seconds, 0
        pause, url = timeout_seconds / _QUESTIONS, _url(self._settings.host, port)
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=pause) as client:
            answers = Answers(client, pause)
            while not self._stopping.is_set():
                if not failed:
                    await asyncio.sleep(pause)
                process = api.process
                if process is None or process.returncode is not None:
                    failed = 0
                    continue
                failed = await answers.failed_in_a_row(process.pid)
                if failed >= _QUESTIONS and process.returncode is None:
                    _log.warning("the API answers nothing and is killed", silent_for_seconds=timeout_seconds)
                    process.kill()
                    await process.wait()

    async def _until_answering(self, role: Role, database_url: str) -> None:
        """Wait for the server, however long its recovery takes, as long as it runs.

        Raises DatabaseUnavailableError where it has ended.
        """
        while not self._stopping.is_set():
            if role.process is not None and role.process.returncode is not None:
                log = self._settings.data_dir / "postgres.log"
                raise DatabaseUnavailableError(
                    f"The embedded PostgreSQL does not start; see {log}. It said: {role.last_words() or 'nothing'}"
                )
            try:
                await (await psycopg.AsyncConnection.connect(database_url, connect_timeout=5)).close()
            except psycopg.OperationalError:
                await asyncio.sleep(0.05)
            else:
                return

    async def _until_there(self, database_url: str) -> bool:
        """Wait for a database that others run, however long it is away; False where we are to stop before."""
        arriving = asyncio.create_task(wait_for_database(database_url))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((arriving, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not arriving.done():
            arriving.cancel()
            return False
        await arriving
        return True

    async def _prepared(self, database_url: str) -> object:
        """Prepare the database, again and again while it cannot be worked with; None where we are to stop."""
        is_logged = False
        while not self._stopping.is_set():
            try:
                return await asyncio.to_thread(self._prepare_database, self._settings, database_url)
            except Exception as error:
                if (reason := transient_cause(error)) is None:
                    raise
            if not is_logged:
                is_logged = True
                _log.warning("the database cannot be worked with yet, and is tried again", reason=reason_of(reason))
            await asyncio.sleep(_AGAIN_SECONDS)
        return None

    async def _announce(self, port: int, keys: Keys | None) -> None:
        url = _url(self._settings.host, port)
        ready = 404 if is_closed("/readyz", self._settings.closed_paths or ()) else 200
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            while not self._stopping.is_set():
                with suppress(httpx.HTTPError):
                    if (await client.get("/readyz")).status_code == ready:
                        break
                await asyncio.sleep(0.05)
        if self._stopping.is_set():
            return
        _say(welcome(url, keys, self._settings))


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _url(host: str, port: int) -> str:
    every = "0.0.0.0"  # noqa: S104 - it is only compared  # nosec B104
    reachable = {every: "127.0.0.1", "::": "[::1]"}.get(host, host)
    return f"http://{reachable}:{port}"


def _lock(settings: Settings) -> IO[bytes]:
    """Hold the data directory against a second supervisor, for as long as the file is open.

    Raises DataDirectoryInUseError where another one holds it.
    """
    # Root's PostgreSQL runs as a user of its own, who has to get through.
    make_directory(settings.data_dir, passable=os.geteuid() == 0)
    file = open_private(settings.data_dir / "serve.lock")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataDirectoryInUseError(
            f"Another `tallykeep serve` uses {settings.data_dir}; stop it, or choose another --data-dir"
        ) from None
    return file


def _free_port(settings: Settings) -> int:
    """Return the port to serve on (port 0: any that is free); raise TallykeepError when it is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except (OSError, TypeError) as error:  # the latter for a name that none can be
            reason = getattr(error, "strerror", None) or error
            raise TallykeepError(
                f"Cannot serve on {settings.host}:{settings.port} ({reason}); choose another with --port or --host"
            ) from None
        port: int = probe.getsockname()[1]
        return port
