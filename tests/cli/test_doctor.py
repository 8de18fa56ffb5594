"""`tallykeep doctor`: what is wrong is found, with what to do about it."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tallykeep.server.child_process import die_with_parent
from tests.cli.running import COMMAND, environment, in_terminal, run
from tests.server import Api

Status = dict[str, Any]


def checks(api: Api | None, *flags: str, **variables: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and the findings by check."""
    ended = run(api, "doctor", "--json", *flags, **variables)
    return ended.returncode, {finding["check"]: finding for finding in json.loads(ended.stdout)["checks"]}


def test_all_is_well(api: Api) -> None:
    # What a busy machine takes is no fault, and not what this is about.
    with altered(api, lambda status: status["database"].update(answer_seconds=0.001)) as url:
        code, findings = checks(api, "--url", url)
    assert code == 0
    levels = {name: finding["level"] for name, finding in findings.items()}
    assert levels.pop("disk") == "unknown", "the database is not embedded"
    assert set(levels) == {
        "connection",
        "server",
        "keys",
        "version",
        "worker",
        "database",
        "schema",
        "clock",
        "database clock",
    }
    assert set(levels.values()) == {"ok"}
    assert api.keys.project in findings["keys"]["message"]


def test_a_person_sees_marks_and_what_to_do(api: Api) -> None:
    with in_terminal(api, "doctor", "--app-token", "wrong", columns=100) as terminal:
        assert terminal.wait() == 1
        assert " ✓  server" in terminal.text
        assert " ✗  keys" in terminal.text
        assert "→ Ask an admin of the project for others" in terminal.text


def test_a_dead_port(api: Api) -> None:
    code, findings = checks(api, "--url", "http://127.0.0.1:9")
    assert (code, list(findings)) == (1, ["connection", "server"])
    assert "nothing listens there" in findings["server"]["message"]
    assert "tallykeep serve" in findings["server"]["message"]


def test_a_host_that_there_is_not(api: Api) -> None:
    _, findings = checks(api, "--url", "http://nowhere.invalid")
    assert "there is no such host" in findings["server"]["message"]


def test_something_else_answers(api: Api) -> None:
    code, findings = checks(api, "--url", f"{api.url}/docs?x=")
    assert (code, findings["server"]["level"]) == (1, "wrong")


def test_keys_missing_or_wrong(api: Api) -> None:
    code, findings = checks(None, TALLYKEEP_URL=api.url)
    assert (code, findings["keys"]["level"], findings["readiness"]["level"]) == (1, "wrong", "ok")
    assert "profiles save" in findings["keys"]["todo"]
    code, findings = checks(api, "--app-id", "nobody")
    assert (code, findings["keys"]["message"]) == (1, "they are wrong or were revoked")


def test_profiles_that_others_may_read(api: Api, tmp_path: Path) -> None:
    run(api, "profiles", "save")
    (tmp_path / "config" / "tallykeep" / "profiles.toml").chmod(0o640)
    code, findings = checks(None)
    assert (code, "chmod 600" in findings["connection"]["message"]) == (1, True)


@pytest.fixture
def without_worker(database_url: str, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """An API process alone: its URL, and the variables that hold its keys."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    keys = {"TALLYKEEP_APP_ID": "a", "TALLYKEEP_APP_TOKEN": "t"}
    env = environment(None, TALLYKEEP_DATABASE_URL=database_url, TALLYKEEP_PORT=str(port), **keys)
    url = f"http://127.0.0.1:{port}"
    ending = die_with_parent(signal.SIGTERM)
    with subprocess.Popen([*COMMAND, "api"], env=env, stdout=subprocess.DEVNULL, preexec_fn=ending) as process:
        try:
            _until_alive(url)
            yield url, {**keys, "TALLYKEEP_URL": url}
        finally:
            process.terminate()


def _until_alive(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.get(f"{url}/livez", trust_env=False).raise_for_status()
            return
        time.sleep(0.05)
    raise AssertionError("the API did not start")


def test_without_a_worker(without_worker: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    url, variables = without_worker
    code, findings = checks(None, **variables)
    assert (code, findings["worker"]["level"]) == (1, "wrong")
    assert "tallykeep worker" in findings["worker"]["todo"]
    _, findings = checks(None, TALLYKEEP_URL=url)
    assert "No worker is running" in findings["readiness"]["message"]
    file = tmp_path / "v.csv"
    file.write_text("Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n")
    with in_terminal(None, "import", "vouchers", str(file), columns=120, **variables) as terminal:
        terminal.until(lambda text: "no worker processes it; is `tallykeep worker` running?" in text)
        terminal.type("\x03")
        assert terminal.wait() == 130


@contextmanager
def altered(api: Api, alter: Callable[[Status], None]) -> Iterator[str]:
    """The URL of a proxy in front of the server; what it says of its status is altered."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = api.http.get(self.path)
            body = answer.json()
            if self.path == "/v1/status":
                alter(body)
            self.send_response(answer.status_code)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Proxy)
    Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


GB = 1_000_000_000
ALTERED: dict[str, tuple[str, Status, str, str]] = {
    "another version": ("version", {"version": "9.0.0"}, "warning", "the server has 9.0.0"),
    "a clock that is wrong": ("clock", {"time": "2020-01-01T00:00:00.000Z"}, "warning", "apart"),
    "a slow database": ("database", {"database": {"answer_seconds": 0.7}}, "warning", "700.0 ms"),
    "an old PostgreSQL": ("database", {"database": {"version": "15.7 (Debian)"}}, "wrong", "PostgreSQL 15.7"),
    "a newer schema": ("schema", {"database": {"revision": "9999"}}, "wrong", "at 9999, but the server's is 0"),
    "an older schema": ("schema", {"database": {"revision": "0001"}}, "wrong", "at 0001, but the server's is 0"),
    "no schema": ("schema", {"database": {"revision": None}}, "wrong", "at nothing"),
    "a database in the future": (
        "database clock",
        {"database": {"clock_ahead_seconds": 90}},
        "wrong",
        "1 min 30 s ahead",
    ),
    "much space": (
        "disk",
        {"disk": {"free_bytes": 50 * GB, "total_bytes": 100 * GB}},
        "ok",
        "50.0 GB free of 100.0 GB",
    ),
    "little space": ("disk", {"disk": {"free_bytes": 8 * GB, "total_bytes": 100 * GB}}, "warning", "8.0 GB free"),
    "hardly any space": ("disk", {"disk": {"free_bytes": GB // 10, "total_bytes": GB}}, "wrong", "100.0 MB free"),
}


@pytest.mark.parametrize(("check", "change", "level", "message"), ALTERED.values(), ids=list(ALTERED))
def test_what_the_status_gives_away(api: Api, check: str, change: Status, level: str, message: str) -> None:
    def alter(status: Status) -> None:
        for name, value in change.items():
            status[name] = {**(status[name] or {}), **value} if isinstance(value, dict) else value

    with altered(api, alter) as url:
        code, findings = checks(api, "--url", url)
    assert (findings[check]["level"], message in findings[check]["message"]) == (level, True), findings[check]
    assert bool(findings[check]["todo"]) == (level != "ok")
    assert code == (1 if level == "wrong" else 0)
