"""A `tallykeep serve` of its own for a benchmark, on a throw-away embedded PostgreSQL."""

import json
import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from benchmarks.children.processes import running
from benchmarks.database import Database
from tallykeep.db.embedded import running_embedded

KEYS = {"app_id": "bench", "app_token": "bench-token"}
_SETTINGS = {
    "TALLYKEEP_APP_ID": KEYS["app_id"], "TALLYKEEP_APP_TOKEN": KEYS["app_token"],
    "TALLYKEEP_MANAGEMENT_ID": "bench-manager",
    "TALLYKEEP_MANAGEMENT_TOKEN": "bench-manager-token",
}  # fmt: skip
HEADERS = {"X-App-Id": KEYS["app_id"], "X-App-Token": KEYS["app_token"]}
_MANAGEMENT_HEADERS = {
    "X-Management-Id": _SETTINGS["TALLYKEEP_MANAGEMENT_ID"],
    "X-Management-Token": _SETTINGS["TALLYKEEP_MANAGEMENT_TOKEN"],
}  # fmt: skip

_BOUNDARY = "benchmark-boundary"
_FORM_HEAD = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="rows.csv"\r\n'
    "Content-Type: text/csv\r\n\r\n"
).encode()
_FORM_END = f"\r\n--{_BOUNDARY}--\r\n".encode()
_TIMEOUT = 1_800
_IDLE_SECONDS = 2
_LOGGED_SECONDS = 0.2  # after which a statement that was answered is in the log


class Bench:
    """A running server: its API, its database, its processes."""

    def __init__(self, url: str, database: Database, pid: int, env: dict[str, str]) -> None:
        self.url = url
        self.database = database
        self.env = env
        self._pid = pid
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT)
        self._used = 0.0

    def request(self, method: str, path: str, body: Any = None, keys: Mapping[str, str] = HEADERS) -> Any:
        """One request on a connection kept open; the answer's JSON, raises on any status but 2xx."""
        content = None if body is None else json.dumps(body).encode()
        headers = {**keys, **({} if content is None else {"Content-Type": "application/json"})}
        self._keep_fresh()
        self._connection.request(method, path, content, headers)
        return self._answer()

    def access_token(self) -> str:
        """Ask for a token of OAuth with the application's keys."""
        self._keep_fresh()
        headers = {**HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", "/v1/oauth/token", "grant_type=client_credentials&scope=api", headers)
        return str(self._answer()["access_token"])

    def define_schema(self, noun: str, properties: Mapping[str, Any]) -> None:
        """Define the metadata of a noun that has no schema."""
        body = {"related_object": noun, "properties": properties}
        path = f"/management/v1/projects/{self.database.project()}/metadata-schemas"
        self.request("POST", path, body, _MANAGEMENT_HEADERS)

    def submit(self, route: str, path: Path) -> str:
        """Send a file by the kernel's own copying, so that the client takes nothing from the server; the action's id.

        A .csv goes as the part `file` of a form, a .json as the body.
        """
        self._keep_fresh()
        as_form = path.suffix == ".csv"
        head, end = (_FORM_HEAD, _FORM_END) if as_form else (b"", b"")
        self._connection.putrequest("POST", route)
        for name, value in HEADERS.items():
            self._connection.putheader(name, value)
        content_type = f"multipart/form-data; boundary={_BOUNDARY}" if as_form else "application/json"
        self._connection.putheader("Content-Type", content_type)
        self._connection.putheader("Content-Length", str(len(head) + path.stat().st_size + len(end)))
        self._connection.endheaders(head)
        wire = self._connection.sock
        assert isinstance(wire, socket.socket)
        with path.open("rb") as file:
            wire.sendfile(file)
        wire.sendall(end)
        return str(self._answer()["async_action_id"])

    def _keep_fresh(self) -> None:
        """Connect anew where the server may have closed a connection that was idle for long."""
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self._connection.close()

    def _answer(self) -> Any:
        answer = self._connection.getresponse()
        text = answer.read()
        self._used = time.monotonic()
        assert 200 <= answer.status < 300, f"{answer.status}: {text[:500]!r}"
        return json.loads(text)

    def timed(self, route: str, path: Path, *, failed: int = 0) -> float:
        """The seconds from submission to DONE; so many rows have to fail, and all others to be done."""
        started = time.perf_counter()
        self.wait_done(self.submit(route, path), failed=failed)
        return time.perf_counter() - started

    def timed_submit(self, route: str, path: Path) -> tuple[str, float]:
        """The action's id and the seconds until it was answered."""
        started = time.perf_counter()
        return self.submit(route, path), time.perf_counter() - started

    def timed_request(self, method: str, path: str, body: Any = None) -> float:
        """The same for an action that is asked for without rows."""
        started = time.perf_counter()
        self.wait_done(self.request(method, path, body)["async_action_id"])
        return time.perf_counter() - started

    def wait_done(self, action_id: str, *, failed: int = 0) -> None:
        """Wait for an action's end; so many rows have to fail, and all others to be done."""
        state = self.database.wait_for_end(action_id)
        assert state["status"] == "DONE" and state["failed"] == failed, (state, self._failures(action_id))

    def _failures(self, action_id: str) -> Any:
        return self.request("GET", _path(action_id))["result"].get("failed", [])[:20]

    def cancel(self, action_id: str) -> None:
        """Cancel an action, if it has not ended by itself meanwhile."""
        state = self.request("GET", _path(action_id))["status"]
        if state in ("ENQUEUED", "IN_PROGRESS"):
            self.request("POST", f"{_path(action_id)}/cancel")
        self.database.wait_for_end(action_id)

    def role(self, name: str) -> psutil.Process:
        """The process of one role, `api` or `worker`."""
        children = psutil.Process(self._pid).children()
        return next(process for process in children if process.cmdline()[-1:] == [name])

    def statements_of(self, run: Callable[[], None]) -> str:
        """What PostgreSQL logs while something runs: a line a statement, behind the name of who asked for it."""
        log = Path(self.env["TALLYKEEP_DATA_DIR"]) / "postgres.log"
        with self.database.logging_statements(), log.open() as lines:
            lines.seek(0, os.SEEK_END)
            run()
            time.sleep(_LOGGED_SECONDS)
            return lines.read()

    def cpu_seconds(self) -> float:
        """What the server, PostgreSQL with it, has had of the processors by now."""
        return sum(sum(process.cpu_times()[:4]) for process in self.processes())

    def processes(self) -> list[psutil.Process]:
        """The server's processes, those of its PostgreSQL with them."""
        server = psutil.Process(self._pid)
        return [server, *server.children(recursive=True)]

    @contextmanager
    def another_worker(self) -> Iterator[None]:
        """One more worker process on the same database, until the context ends."""
        with running("-m", "tallykeep", "worker", env={**self.env, "TALLYKEEP_DATABASE_URL": self.database.url}):
            time.sleep(3)  # it has nothing to do, and so no way to show that it is there
            yield


def _path(action_id: str) -> str:
    return f"/v1/async-actions/{action_id}"


@contextmanager
def running_bench(*, python: str = sys.executable, **settings: str) -> Iterator[Bench]:
    """Start everything, with further TALLYKEEP_… variables if any; yield it, stop it.

    `python` is that of another checkout, if not of this one.
    """
    with tempfile.TemporaryDirectory(prefix="tallykeep-bench-") as directory:
        env = {name: value for name, value in os.environ.items() if not name.startswith("TALLYKEEP_")}
        env |= {"TALLYKEEP_DATA_DIR": directory, "TALLYKEEP_PORT": "0", "TALLYKEEP_LOG_LEVEL": "warning", **_SETTINGS}
        env |= {"TALLYKEEP_MAX_BODY_BYTES": str(1 << 33), **settings}
        with running("-m", "tallykeep", "serve", env=env, python=python) as server:
            assert server.stdout is not None
            match = next(filter(None, (re.search(r"http://\S+:\d+", line) for line in server.stdout)), None)
            assert match, "the server did not start"
            database_url = running_embedded(Path(directory) / "postgres")
            assert database_url is not None
            database = Database(database_url)
            try:
                yield Bench(match.group(), database, server.pid, env)
            finally:
                database.close()
