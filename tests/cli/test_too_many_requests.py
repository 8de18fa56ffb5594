"""What commands do when the server says that it was too much, or not now: they come back when it says, unless that is
far away.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tallykeep.cli.kit import exits
from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.exits import RefusedError, UnavailableError, Waits
from tests.cli.running import run
from tests.server import Api

HOST_SETTINGS = {"TALLYKEEP_MAX_ROWS_PER_DAY": "3"}

Answer = tuple[int, str | None]  # a status, and Retry-After


@contextmanager
def server_that_answers(*answers: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback that answers so, one request after the other, and the bodies that it was sent."""
    left, bodies = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            status, retry_after = left.pop(0)
            shown: dict[str, Any] = {"message": "Too many requests", "details": "Come back.", "request_id": "v-1"}
            content = json.dumps(shown if status >= 400 else {"async_action_id": "aa_1"}).encode()
            self.send_response(status)
            if retry_after is not None:
                self.send_header("Retry-After", retry_after)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", bodies
        listening.shutdown()


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(exits.time, "sleep", seconds.append)
    return seconds


def test_a_request_is_sent_again_when_the_server_says(waited: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with server_that_answers((429, "2"), (429, "30"), (200, None)) as (url, bodies), Client(url, {}) as client:
        assert client.post("/x", {"a": 1}) == {"async_action_id": "aa_1"}
    assert waited == [2, 30]
    assert bodies == [b'{"a":1}'] * 3
    errors = capsys.readouterr().err
    assert errors.count("waiting") == 1, "two seconds are not worth a line"
    assert "Come back." in errors


def test_a_download_is_asked_for_again(waited: list[float]) -> None:
    with server_that_answers((429, "1"), (200, None)) as (url, _), Client(url, {}) as client:
        assert b"aa_1" in b"".join(client.download("/x"))
    assert waited == [1]


@pytest.mark.parametrize("answers", [[(429, None)], [(429, "121")], [(429, "soon")], [(429, "100"), (429, "21")]])
def test_what_is_too_far_away_or_not_said_is_a_refusal(waited: list[float], answers: list[Answer]) -> None:
    with server_that_answers(*answers) as (url, _), Client(url, {}) as client, pytest.raises(RefusedError):
        client.get("/x")
    assert len(waited) == len(answers) - 1


Ask = Callable[[Client], object]
# What does no harm when it is done twice.
REPEATED: dict[str, Ask] = {
    "get": lambda client: client.get("/x"),
    "put": lambda client: client.put("/x", {"a": 1}),
    "delete": lambda client: client.delete("/x"),
    "download": lambda client: list(client.download("/x")),
    "start": lambda client: client.start("/x", {}, "once"),
}


@pytest.mark.parametrize("ask", REPEATED.values(), ids=REPEATED)
def test_a_short_outage_is_waited_out_and_told_once(
    waited: list[float], capsys: pytest.CaptureFixture[str], ask: Ask
) -> None:
    with server_that_answers((503, "1"), (503, "1"), (200, None)) as (url, bodies), Client(url, {}) as client:
        ask(client)
    assert waited == [1, 1]
    assert len(bodies) == 3
    errors = capsys.readouterr().err
    assert (errors.count("waiting"), "Come back." in errors) == (1, True)


def test_what_might_be_done_twice_is_not_sent_again(waited: list[float]) -> None:
    with server_that_answers((503, "1")) as (url, _), Client(url, {}) as client, pytest.raises(UnavailableError):
        client.post("/x", {"a": 1})
    assert not waited


def test_who_wants_to_know_at_once_does(waited: list[float]) -> None:
    with server_that_answers((503, "1"), (503, "1")) as (url, _), Client(url, {}) as client:
        with pytest.raises(UnavailableError):
            client.get_now("/x")
        assert not client.is_ready()
    assert not waited


@pytest.mark.parametrize(
    "answers", [[(503, None)], [(500, "1")], [(503, "121")], [(503, "60"), (503, "60"), (503, "1")]]
)
def test_patience_with_an_outage_has_an_end(waited: list[float], answers: list[Answer]) -> None:
    with server_that_answers(*answers) as (url, _), Client(url, {}) as client, pytest.raises(UnavailableError):
        client.get("/x")
    assert len(waited) == len(answers) - 1


def test_patience_goes_by_the_clock_too(waited: list[float]) -> None:
    """A server may take long to say that it cannot."""
    clock = iter((0.0, 100.0, 200.0))
    waits, away = Waits(clock=lambda: next(clock)), UnavailableError("away", 503, 1)
    for _ in range(2):
        waits.wait_for(away)
    with pytest.raises(UnavailableError):
        waits.wait_for(away)
    assert waited == [1, 1]


@pytest.mark.parametrize("status", [429, 503])
def test_a_file_is_sent_again_from_its_start(tmp_path: Path, status: int) -> None:
    file = tmp_path / "vouchers.ndjson"
    file.write_text('{"code": "A"}\n')
    with server_that_answers((status, "1"), (202, None)) as (url, bodies):
        keys = {"TALLYKEEP_URL": url, "TALLYKEEP_APP_ID": "a", "TALLYKEEP_APP_TOKEN": "b"}
        run(None, "import", "vouchers", str(file), "--no-wait", **keys)
    assert [body.count(b'{"code": "A"}') for body in bodies[:2]] == [1, 1]


def test_the_next_day_is_not_waited_for(limited: Api, tmp_path: Path) -> None:
    file = tmp_path / "vouchers.csv"
    file.write_text("Code,Voucher Type,Amount\n" + "".join(f"C{number},GIFT_VOUCHER,1\n" for number in range(3)))
    assert run(limited, "import", str(file)).returncode == 0
    done = run(limited, "import", str(file), "--again")
    assert done.returncode == 3
    assert "may submit 3 rows a day" in done.stderr
