"""Commands in a real terminal: what a person sees of bars, and what Ctrl-C does."""

import json
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg
import pytest

from tests.cli.running import EXAMPLES, environment, in_terminal, run
from tests.server import Api
from tests.terminal import Terminal

SUPPLIER = str(EXAMPLES / "3-supplier-vouchers.csv")
CTRL_C = "\x03"


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More rows than are done before anybody could press a key."""
    file = tmp_path / "many.csv"
    lines = (f"MANY-{number:06},GIFT_VOUCHER,1\n" for number in range(150_000))
    file.write_text("Code,Voucher Type,Value\n" + "".join(lines))
    return file


@contextmanager
def standstill(database_url: str, api: Api) -> Iterator[None]:
    """While it lasts, no row of the project's vouchers can be written."""
    with psycopg.connect(database_url) as connection:
        connection.execute("LOCK TABLE vouchers IN SHARE MODE")
        yield


@pytest.mark.parametrize("columns", [40, 60, 80, 140])
def test_bars_fit_whatever_the_width(api: Api, columns: int) -> None:
    with in_terminal(api, "import", SUPPLIER, columns=columns, lines=120) as terminal:
        assert terminal.wait() == 1
        (sending,) = [line for line in terminal.lines if line.startswith("  uploading")]
        (processing,) = [line for line in terminal.lines if line.startswith("  processing")]
        assert re.fullmatch(r"  uploading +━+ 100% 45\.6 kB", sending)
        assert re.match(r"  processing ━+ 100% 400", processing)
        assert "of 400 rows" in processing or columns == 40
        assert ("rows/s" in processing) == (columns >= 60)
        assert "13 failed" in terminal.text


def test_colours_are_for_terminals_that_want_them(api: Api) -> None:
    coloured = re.compile(rb"\x1b\[[0-9;]*3[0-9]")
    for variables, wanted in (({}, True), ({"NO_COLOR": "1"}, False)):
        with in_terminal(api, "import", "--again", SUPPLIER, **variables) as terminal:
            terminal.wait()
            assert bool(coloured.search(terminal.raw)) == wanted
    piped = run(api, "import", "--again", SUPPLIER)
    assert "\x1b" not in piped.stdout + piped.stderr


def test_json_stays_clean_beside_the_bars(api: Api, tmp_path: Path) -> None:
    output = tmp_path / "told.json"
    words = f'"{sys.executable}" -m tallykeep import "{SUPPLIER}" --json > "{output}"'
    with Terminal(["/bin/sh", "-c", words], environment(api)) as terminal:
        assert terminal.wait() == 1
        assert "processing" in terminal.text
    assert json.loads(output.read_text())[0]["action"]["failed_count"] == 13


def test_the_bar_moves_and_tells_rate_and_time_left(api: Api, many: Path) -> None:
    moving = re.compile(r"processing .* \d+% [\d,]+ of 150,000 rows, [\d,]+ rows/s, \d+ s left")
    with in_terminal(api, "import", "vouchers", str(many), columns=120) as terminal:
        terminal.until(lambda text: bool(moving.search(text)))
        assert terminal.wait() == 0
        assert "150,000 of 150,000 rows" in terminal.text


def test_ctrl_c_arrives_whatever_signals_the_tests_themselves_ignore() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a job that a shell runs in the background
    try:
        with Terminal([sys.executable, "-c", "print('ready', flush=True); input()"], environment(None)) as terminal:
            terminal.until(lambda text: "ready" in text)
            terminal.type(CTRL_C)
            terminal.wait()
            assert "KeyboardInterrupt" in terminal.text
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_while_rows_are_processed_leaves_the_import_running(api: Api, served_database: str, many: Path) -> None:
    with in_terminal(api, "import", "vouchers", str(many)) as terminal, standstill(served_database, api):
        terminal.until(lambda text: "processing" in text)
        terminal.type(CTRL_C)
        assert terminal.wait() == 130
        action_id = api.get("/v1/async-actions")["async_actions"][0]["id"]
        assert f"{action_id} keeps running" in terminal.text
        assert f"tallykeep actions watch {action_id}" in terminal.text
        assert f"tallykeep actions cancel {action_id}" in terminal.text
        assert api.get(f"/v1/async-actions/{action_id}")["finished_at"] is None
    assert api.ended(action_id)["done_count"] == 150_000
    with in_terminal(api, "actions", "watch", action_id) as terminal:
        assert terminal.wait() == 0
        assert "150,000 done" in terminal.text


class _Swallower(BaseHTTPRequestHandler):
    """Takes a request's head and the first of its body, and nothing more."""

    def do_POST(self) -> None:
        self.rfile.read(1 << 16)
        self.server.held.wait()  # type: ignore[attr-defined]


@contextmanager
def swallower() -> Iterator[str]:
    """The URL of a server that takes the beginning of an upload and then stands still."""
    server = HTTPServer(("127.0.0.1", 0), _Swallower)
    server.held = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.held.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()


def test_ctrl_c_while_the_file_is_sent_says_that_nothing_was_accepted(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_bytes(b"[" + b" " * 200_000_000)
    sending = re.compile(r"uploading .* \d+% .* of 200\.0 MB")
    with swallower() as url, in_terminal(api, "update", "vouchers", str(file), "--url", url, columns=120) as terminal:
        terminal.until(lambda text: bool(sending.search(text)))
        terminal.type(CTRL_C)
        assert terminal.wait() == 130
        assert f"nothing of {file} was accepted".replace(" ", "") in re.sub(r"\s", "", terminal.text)
    assert api.get("/v1/async-actions")["async_actions"] == []


def test_ctrl_c_before_the_answer_says_that_it_is_not_known(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "small.json"
    file.write_text('[{"code": "A"}]')
    with swallower() as url, in_terminal(api, "update", "vouchers", str(file), "--url", url, columns=120) as terminal:
        terminal.until(lambda text: "the server is storing them" in text)
        terminal.type(CTRL_C)
        assert terminal.wait() == 130
        assert "may have been accepted, or not" in terminal.text.replace("\n", " ")


def test_rows_can_be_typed_in(api: Api) -> None:
    with in_terminal(api, "import", "vouchers", "-") as terminal:
        terminal.until(lambda text: "Ctrl-D ends them" in text)
        terminal.type("Code,Voucher Type,Value\nTYPED,GIFT_VOUCHER,5\n\x04")
        assert terminal.wait() == 0
        assert "1 done" in terminal.text
    assert api.get("/v1/vouchers/TYPED")["gift"]["amount"] == 500
