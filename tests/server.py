"""A really running `tallykeep serve`, and a client that speaks to it as anybody would."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import httpx
import psutil
import psycopg

from tallykeep.server.child_process import die_with_parent
from tallykeep.tenants.projects import Keys, add_keys_to_first_project, add_project, new_keys
from tests.postgres import copy_cluster
from tests.reference_api import hold_to_reference_api

# For clients made again and again: to read every authority takes each of them 20 ms, and nothing here speaks TLS.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
START_SECONDS = 120
ENDED = ("DONE", "FAILED")


class Server:
    """`tallykeep serve` as a child process; `role` finds its children by name."""

    _directories: ClassVar[set[Path]] = set()

    def __init__(
        self, directory: Path, *, database_url: str | None = None, cluster: Path | None = None,
        cwd: Path | None = None, **variables: str,
    ) -> None:  # fmt: skip
        self.directory = directory
        self._cluster = cluster
        self.log = directory / "serve.log"
        env = {name: value for name, value in os.environ.items() if not name.startswith("TALLYKEEP_")}
        # All tests come from one address, and many send wrong keys.
        env |= {"TALLYKEEP_MAX_WRONG_CREDENTIALS": "0"}
        # Which batch which worker has is nobody's choice: with one, tests of order know who has it.
        env |= {"TALLYKEEP_WORKERS": "1"}
        env |= {"TALLYKEEP_DATA_DIR": str(directory / "data"), "TALLYKEEP_PORT": str(kept_port()), **variables}
        if database_url:
            env["TALLYKEEP_DATABASE_URL"] = database_url
        self._env = env
        self._cwd = cwd
        self.url = ""
        self.output: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> "Server":
        if not self.url:
            # Another server's database has other keys: whoever used this directory next would be refused for ever.
            assert self.directory not in self._directories, f"another server has used {self.directory}"
            self._directories.add(self.directory)
            self._make_directory()
        self._process = self._launch("serve")
        assert self._process.stdout is not None
        self.output = []
        match = None
        while not match and (line := self._process.stdout.readline()):
            self.output.append(line)
            match = re.search(r"http://\S+:\d+", line)
        assert match, f"serve did not start: {self.log.read_text()}"
        self.url = match.group()
        return self

    def _launch(self, role: str) -> subprocess.Popen[str]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tallykeep", role],
                env=self._env, cwd=self._cwd, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip

    def _make_directory(self) -> None:
        """With a copy of the cluster, where one is given, which is there sooner than initdb and migrations make one."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if self._cluster is not None:
            copy_cluster(self._cluster, self.directory / "data" / "postgres")

    def fails_to_start(self, role: str = "serve") -> int:
        """The exit code of a start that is expected to be refused."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "tallykeep", role]
            return subprocess.run(command, env=self._env, stderr=log, timeout=START_SECONDS, check=False).returncode

    @property
    def running(self) -> bool:
        """Whether the supervisor runs."""
        return self._process is not None and self._process.poll() is None

    def wait_ready(self) -> None:
        """Return once requests and work are served again."""
        self._wait_for("/readyz")

    def _wait_for(self, path: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(base_url=self.url, trust_env=False, verify=NO_TLS) as client:
            while time.monotonic() < deadline:
                with suppress(httpx.TransportError):
                    if client.get(path).status_code == 200:
                        return
                time.sleep(0.05)
        raise AssertionError("the server did not get ready")

    def stop(self) -> int:
        """Stop as a user would; returns the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def kill_everything(self) -> None:
        """SIGKILL for the supervisor and every process below it, PostgreSQL's included."""
        assert self._process is not None
        family = [*psutil.Process(self._process.pid).children(recursive=True), psutil.Process(self._process.pid)]
        for process in family:
            _kill(process)
        psutil.wait_procs(family, timeout=60)
        self._process.wait(60)

    def kill_role(self, name: str) -> None:
        """SIGKILL for the process of one role: `api`, `worker` or `postgres` (the postmaster)."""
        self.role(name).kill()

    def role(self, name: str) -> psutil.Process:
        """The process of one role, waiting for it where it is just being started again."""
        return self.role_processes(name, 1)[0]

    def role_processes(self, name: str, count: int) -> list[psutil.Process]:
        """The processes of one role, waiting until there are so many."""
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            commands = ((process, _command(process)) for process in psutil.Process(self._process.pid).children())
            processes = [each for each, words in commands if words and name in (words[-1], Path(words[0]).name)]
            if len(processes) >= count:
                return processes
            time.sleep(0.02)
        raise AssertionError(f"no {count} processes for {name}")

    def family(self) -> list[psutil.Process]:
        """Every process below and including the supervisor."""
        assert self._process is not None
        supervisor = psutil.Process(self._process.pid)
        return [supervisor, *supervisor.children(recursive=True)]


class ApiOnly(Server):
    """`tallykeep api`, where a worker makes no difference: less than half of what `serve` takes to start."""

    def start(self) -> "ApiOnly":
        self._make_directory()
        self.url = f"http://127.0.0.1:{self._env['TALLYKEEP_PORT']}"
        self._process = self._launch("api")
        self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Return once requests are served."""
        self._wait_for("/livez")  # it is not ready as long as there is no worker

    def stop(self) -> int:
        """Stop it; returns the exit code, which is 0 as well where it has ended by the signal, as uvicorn does."""
        return 0 if (code := super().stop()) == -signal.SIGTERM else code


def kept_port() -> int:
    """A port for a server that is killed and comes back: whoever asks for any port meanwhile is given another one.

    A socket that is bound and does not listen keeps it until this process ends; a server may bind to it as well.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    _keepers.append(keeper)
    return int(keeper.getsockname()[1])


_keepers: list[socket.socket] = []


@contextmanager
def serving(directory: Path, kind: type[Server] = Server, **options: Any) -> Iterator[Server]:
    """A server while the context lasts, which then stops as a user would stop it."""
    running = kind(directory, **options).start()
    yield running
    assert running.stop() == 0


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()


def new_project(database_url: str, name: str = "Test") -> Keys:
    """Another project, so that tests keep out of each other's way on one server."""
    with psycopg.connect(database_url) as connection:
        return add_project(connection, name, new_keys())


def new_owner(database_url: str) -> dict[str, str]:
    """The headers of another management key that reaches all projects."""
    return management_headers(add_keys_to_first_project(database_url))


def management_headers(keys: Keys) -> dict[str, str]:
    return {"X-Management-Id": keys.management_id, "X-Management-Token": keys.management_token}


class Api:
    """A client with one project's keys; every answer it gets is held to the peer's OpenAPI file, if there is one."""

    def __init__(self, url: str, keys: Keys) -> None:
        self.keys = keys
        self.url = url
        headers = {"X-App-Id": keys.app_id, "X-App-Token": keys.app_token}
        hooks = {"response": [hold_to_reference_api]}
        self.http = httpx.Client(
            base_url=url, headers=headers, timeout=60, trust_env=False, verify=NO_TLS, event_hooks=hooks
        )

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def import_json(self, rows: list[Any]) -> str:
        answer = self.http.post("/v1/vouchers/import", json=rows)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["async_action_id"])

    def import_csv(self, content: str | bytes) -> str:
        answer = self.http.post("/v1/vouchers/importCSV", files={"file": ("vouchers.csv", content)})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["async_action_id"])

    def ended(self, action_id: str, seconds: float = 60) -> dict[str, Any]:
        """The action once it has ended; on the way the tally must hold at every look."""
        deadline, pause = time.monotonic() + seconds, 0.02
        while time.monotonic() < deadline:
            try:
                action = self.get(f"/v1/async-actions/{action_id}")
            except (httpx.TransportError, AssertionError):
                time.sleep(0.1)  # the API or its database is down: what crash tests are for
                continue
            assert 0 <= action["done_count"] + action["failed_count"] <= action["total_count"]
            assert action["result"].get("done_count", 0) == action["done_count"]
            if action["status"] in ENDED:
                return dict(action)
            time.sleep(pause)
            pause = min(1.2 * pause, 0.2)  # what takes long is looked at less often: it needs the machine, too
        raise AssertionError(f"action {action_id} did not end: {action}")

    def define_schema(self, related_object: str, properties: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Create a metadata schema through the management API."""
        headers = management_headers(self.keys)
        answer = httpx.post(
            f"{self.url}/management/v1/projects/{self.keys.project}/metadata-schemas",
            headers=headers,
            json={"related_object": related_object, "properties": properties, **options},
            trust_env=False,
            verify=NO_TLS,
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())
