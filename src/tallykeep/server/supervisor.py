"""`tallykeep serve`: PostgreSQL, API and worker as child processes; one that dies comes back, all stop together."""

import asyncio
import ctypes
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import psycopg
import structlog

from tallykeep.core.errors import DatabaseUnavailableError, DataDirectoryInUseError, TallykeepError
from tallykeep.core.settings import Settings, environment_of_roles, environment_without_settings
from tallykeep.db.connections.arrival import until_answering
from tallykeep.db.connections.reach import reason_of
from tallykeep.db.directories import make_directory, open_private
from tallykeep.db.embedded import EmbeddedServer, prepare_embedded
from tallykeep.db.transient import transient_cause
from tallykeep.tenants.projects import Keys

_log = structlog.get_logger()

_STOP_SECONDS = 15
_DATABASE_STOP_SECONDS = 120
_MAX_BACKOFF = 2.0
_HEALTHY_AFTER = 3.0
_AGAIN_SECONDS = 0.2
_MAX_STARTS = 16  # silences
_PR_SET_PDEATHSIG = 1
_LAST_WORDS_BYTES = 4096
_WENT_WRONG = ("FATAL:", "PANIC:", "could not ", "No space left")

PrepareDatabase = Callable[[Settings, str], object]


@dataclass
class Role:
    """A child process that has to run for as long as the supervisor does."""

    name: str
    command: list[str]
    stop_signal: signal.Signals = signal.SIGTERM
    identity: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] | None = None
    output: IO[bytes] | None = None
    log: Path | None = None
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def start(self) -> asyncio.subprocess.Process:
        """Start the process in a session of its own: the terminal's Ctrl-C is the supervisor's to hand on."""
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            env=self.env,
            cwd="/" if self.identity else None,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            start_new_session=True,
            preexec_fn=die_with_parent(self.stop_signal),
            **self.identity,
        )
        return self.process

    def last_words(self) -> str:
        """What the process wrote to its log in the end, where it went wrong; empty where that cannot be told."""
        if self.log is None:
            return ""
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - _LAST_WORDS_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
            fatal = [line.strip() for line in lines if any(mark in line for mark in _WENT_WRONG)]
            return fatal[-1] if fatal else ""
        return ""

    async def stop(self, timeout_seconds: float) -> None:
        """Ask the process to stop, and end it when it has not after `timeout_seconds`."""
        if self.process is None or self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        try:
            await asyncio.wait_for(self.process.wait(), timeout_seconds)
        except TimeoutError:
            _log.warning("role did not stop in time and is killed", role=self.name)
            self.process.kill()
            await self.process.wait()


@dataclass
class _Pulse:
    """How long a worker has shown no sign of life, by a clock that nobody sets: its heartbeat only has to change.

    A start may take as long as a silence, so a new process counts as heard that much ahead; twice as much behind one
    that never showed any sign of life, for on a busy machine starts take long.
    """

    heartbeat_file: Path
    timeout_seconds: float
    _seen: tuple[int, int] = (0, 0)
    _heard_at: float = 0.0
    _starting: float = 0.0  # seconds that the present process was given to start, until it was heard

    def silent_seconds(self, pid: int) -> float:
        """Seconds since the heartbeat of this process was last seen to change."""
        present = asyncio.get_running_loop().time()
        beat = self.heartbeat_file.stat().st_mtime_ns if self.heartbeat_file.exists() else 0
        if self._seen[0] != pid:
            self._starting = min(max(self.timeout_seconds, 2 * self._starting), _MAX_STARTS * self.timeout_seconds)
            self._heard_at = present + self._starting
        elif self._seen[1] != beat:
            self._starting, self._heard_at = 0.0, present
        self._seen = (pid, beat)
        return present - self._heard_at


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
            roles = self._roles(database_url, port)
            for role in roles:
                self._keep(role)
            self._keepers.append(asyncio.create_task(self._watch_heartbeat(roles[-1]), name="heartbeat"))
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

    def _roles(self, database_url: str, port: int) -> list[Role]:
        self._heartbeat_file.unlink(missing_ok=True)
        env = environment_of_roles(
            database_url=database_url, host=self._settings.host, port=port, data_dir=self._settings.data_dir,
            heartbeat_file=self._heartbeat_file,
        )  # fmt: skip
        command = [sys.executable, "-m", "tallykeep"]
        return [Role(name, [*command, name], env=env) for name in ("api", "worker")]

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

    async def _watch_heartbeat(self, worker: Role) -> None:
        """Kill a worker that is there but does nothing (stopped, stuck); `_kept` then starts another."""
        timeout_seconds = self._settings.worker_silence_seconds
        pulse = _Pulse(self._heartbeat_file, timeout_seconds)
        while not self._stopping.is_set():
            await asyncio.sleep(timeout_seconds / 4)
            process = worker.process
            if process is None or process.returncode is not None:
                continue
            if pulse.silent_seconds(process.pid) > timeout_seconds:
                _log.warning("the worker shows no sign of life and is killed", silent_for_seconds=timeout_seconds)
                process.kill()
                await process.wait()

    @property
    def _heartbeat_file(self) -> Path:
        return self._settings.data_dir.resolve() / "worker.heartbeat"

    async def _until_answering(self, role: Role, database_url: str) -> None:
        """Wait for the server, however long its recovery takes, as long as it runs."""
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
        arriving = asyncio.create_task(until_answering(database_url))
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
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            while not self._stopping.is_set():
                with suppress(httpx.HTTPError):
                    if (await client.get("/readyz")).status_code == 200:
                        break
                await asyncio.sleep(0.05)
        if self._stopping.is_set():
            return
        _say(_welcome(url, keys, self._settings))


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


_FIRST_START = "This first start made the project Default. Its keys are shown this once:"


def shown_keys(keys: Keys, settings: Settings, *, heading: str = _FIRST_START) -> str:
    """A new project's keys for a person to note down; a token that the environment gave is not repeated."""
    app_token = "as given in TALLYKEEP_APP_TOKEN" if settings.app_token else keys.app_token
    management_token = "as given in TALLYKEEP_MANAGEMENT_TOKEN" if settings.management_token else keys.management_token
    return (
        f"{heading}\n"
        f"  project id         {keys.project}\n"
        f"  X-App-Id           {keys.app_id}\n"
        f"  X-App-Token        {app_token}\n"
        f"  X-Management-Id    {keys.management_id}\n"
        f"  X-Management-Token {management_token}\n\n"
    )


def _welcome(url: str, keys: Keys | None, settings: Settings) -> str:
    lines = [f"Tallykeep serves on {url} (dashboard: {url}/, API docs: {url}/docs). Stop with Ctrl-C."]
    if keys:
        token = "$TALLYKEEP_APP_TOKEN" if settings.app_token else keys.app_token
        lines += [
            "",
            "Import your first vouchers:",
            f"  printf 'Code,Voucher Type,Discount Type,Value\\nHELLO-1,DISCOUNT_VOUCHER,PERCENT,10\\n' |"
            f" curl -sS {url}/v1/vouchers/importCSV \\",
            f'    -H "X-App-Id: {keys.app_id}" -H "X-App-Token: {token}" -F file=@-',
        ]
        if not settings.app_token:
            lines += [
                "",
                "For the command line, in another terminal:",
                f"  export TALLYKEEP_URL={url} TALLYKEEP_APP_ID={keys.app_id} TALLYKEEP_APP_TOKEN={token}",
            ]
    elif settings.database_url is None:
        lines.append(f"Data directory: {settings.data_dir}")
    return "\n".join(lines) + "\n"


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    return f"http://{reachable}:{port}"


def _lock(settings: Settings) -> IO[bytes]:
    """Hold the data directory against a second supervisor, for as long as the file is open."""
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
    """The port to serve on (port 0: any that is free); raises TallykeepError when it is taken."""
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


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """On Linux: have the kernel stop the child when a killed supervisor can no longer do so."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, stop_signal)
