"""Those whom an outage hits: an API and a worker by themselves, and a `serve`; and what their clients see of it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg

from tallykeep.db.embedded import running_embedded
from tallykeep.server.child_process import die_with_parent
from tallykeep.tenants.projects import Keys
from tests.crash.conftest import KEYS
from tests.server import Server

_TIMEOUT = 60


class Household:
    """An API and a worker, whoever runs them; its client asks for nothing but the bare answers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.http = httpx.Client(trust_env=False, timeout=60)
        self.url = ""
        self._numbers = 0

    def serve_at(self, url: str) -> None:
        keys = Keys("", *KEYS.values())
        self.url = url
        self.http = httpx.Client(
            base_url=url, headers={"X-App-Id": keys.app_id, "X-App-Token": keys.app_token}, trust_env=False, timeout=60
        )

    def status_of(self, path: str) -> int:
        """The status that is answered, 0 where nothing is."""
        try:
            return self.http.get(path).status_code
        except httpx.TransportError:
            return 0

    def submit(self) -> httpx.Response | None:
        """An import of one row, if it is answered."""
        self._numbers += 1
        rows = [{"code": f"{self.name}-{self._numbers}", "gift": {"amount": 1}}]
        with suppress(httpx.TransportError):
            return self.http.post("/v1/vouchers/import", json=rows)
        return None

    def seconds_until_well(self, since: float) -> dict[str, float]:
        """How long after `since` (monotonic) a read, a submission and its completion were there again."""
        delays = {"read": self.until(lambda: self.status_of("/v1/vouchers") == 200) - since}
        answers: list[httpx.Response] = []

        def submitted() -> bool:
            answer = self.submit()
            if answer is not None and answer.status_code == 202:
                answers.append(answer)
            return bool(answers)

        delays["submission"] = self.until(submitted) - since
        delays["completion"] = self.until(lambda: self.is_done(answers[0].json()["async_action_id"])) - since
        delays["ready"] = self.until(lambda: self.status_of("/readyz") == 200) - since
        return delays

    def is_done(self, action_id: str) -> bool:
        with suppress(httpx.TransportError):
            answer = self.http.get(f"/v1/async-actions/{action_id}")
            return answer.status_code == 200 and answer.json()["status"] == "DONE"
        return False

    def until(self, so: Callable[[], bool]) -> float:
        """The moment (monotonic) when it is so at last."""
        deadline = time.monotonic() + _TIMEOUT
        while time.monotonic() < deadline:
            if so():
                return time.monotonic()
            time.sleep(0.02)
        raise AssertionError(f"{self.name} did not come back within {_TIMEOUT} seconds")


class Roles(Household):
    """`tallykeep api` and `tallykeep worker`, by themselves."""

    def __init__(self, directory: Path, database_url: str) -> None:
        super().__init__("roles")
        directory.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        env = {name: value for name, value in os.environ.items() if not name.startswith("TALLYKEEP_")}
        env |= {**KEYS, "TALLYKEEP_DATA_DIR": str(directory), "TALLYKEEP_PORT": str(port)}
        self._env = env | {"TALLYKEEP_DATABASE_URL": database_url}
        self.log = directory / "roles.log"
        self.processes = {name: self._start(name) for name in ("api", "worker")}
        self.serve_at(f"http://127.0.0.1:{port}")

    def _start(self, role: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tallykeep", role], env=self._env, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip

    def all_alive(self) -> bool:
        """Whether no process has ended."""
        return all(process.poll() is None for process in self.processes.values())

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(30)


class Served(Household):
    """`tallykeep serve`, on a given database or an embedded one."""

    def __init__(self, directory: Path, database_url: str | None = None) -> None:
        super().__init__("serve" if database_url else "embedded")
        self.server = Server(directory, database_url=database_url, **KEYS)
        self.server.start()
        self.log = self.server.log
        self.serve_at(self.server.url)

    def all_alive(self) -> bool:
        """Whether no role had to be started again."""
        return not re.search("a role ended", self.log.read_text())

    def stop(self) -> None:
        self.server.stop()

    def database_answers(self) -> bool:
        """Whether the embedded PostgreSQL lets somebody in."""
        url = running_embedded(self.server.directory / "data" / "postgres")
        try:
            if url is not None:
                psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return url is not None
