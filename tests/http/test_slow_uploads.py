"""Uploads that are slow, large or hostile, on a really running server: nobody else notices, and memory is bounded."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
import pytest

from tallykeep.api.dependencies.shares import Shares
from tests.postgres import quiet_settings
from tests.server import Api, Server

MEBIBYTE = 1 << 20
MAX = 40 * MEBIBYTE  # over what the process has before
CSV = "/v1/vouchers/importCSV"
HEAD = b"Code,Voucher Type,Value,Note\n"
ROWS = b"".join(b"C%d,GIFT_VOUCHER,1,%s\n" % (number, b"n" * 40) for number in range(25_000))


def open_upload(api: Api, content: bytes, length: int) -> socket.socket:
    """A request whose body has come so far."""
    url = urlsplit(api.url)
    assert url.hostname
    connection = socket.create_connection((url.hostname, url.port or 80))
    connection.settimeout(60)
    head = (
        f"POST {CSV} HTTP/1.1\r\nHost: x\r\nX-App-Id: {api.keys.app_id}\r\nX-App-Token: {api.keys.app_token}\r\n"
        f"Content-Type: text/csv\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + content)
    return connection


def answer_of(connection: socket.socket) -> str:
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received.decode()


@contextmanager
def watched(api: Api, server: Server) -> Iterator[dict[str, float]]:
    """By how many bytes the API grows, and how long somebody else waits for an answer at most."""
    process, ended = server.role("api"), threading.Event()
    seen = {"bytes": 0.0, "seconds": 0.0, "answers": 0.0}
    before = process.memory_info().rss

    def watch() -> None:
        with httpx.Client(base_url=api.url, trust_env=False, timeout=60) as other:
            while not ended.is_set():
                begun = time.monotonic()
                seen["answers"] += other.get("/livez").status_code == 200
                seen["seconds"] = max(seen["seconds"], time.monotonic() - begun)
                seen["bytes"] = max(seen["bytes"], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def staged(served_database: str) -> int:
    with psycopg.connect(served_database) as connection:
        (row,) = connection.execute("SELECT count(*) FROM uploads").fetchall()
    return int(row[0])


def until_staged(served_database: str, least: int, maximum: int) -> None:
    deadline = time.monotonic() + 60
    while not least <= staged(served_database) <= maximum:
        assert time.monotonic() < deadline, staged(served_database)
        time.sleep(0.05)


OF_ONE_KEY = Shares(quiet_settings()).uploads.bounds.of_key


def test_many_slow_uploads_keep_nobody_waiting(api: Api, other_api: Api, server: Server, served_database: str) -> None:
    upload = HEAD + ROWS
    with ExitStack() as stack, watched(api, server) as seen:
        slow = [stack.enter_context(open_upload(api, upload[:-100], len(upload))) for _ in range(OF_ONE_KEY)]
        until_staged(served_database, OF_ONE_KEY, OF_ONE_KEY)
        begun = time.monotonic()
        assert other_api.ended(other_api.import_csv("Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n"))["done_count"] == 1
        assert time.monotonic() - begun < 20
        assert api.get("/v1/async-actions")["async_actions"] == []
        slow[0].sendall(upload[-100:])
        assert " 202 " in answer_of(slow[0]).partition("\r\n")[0]
        (action,) = api.get("/v1/async-actions")["async_actions"]
        assert action["total_count"] == 25_000
        assert api.http.post(f"/v1/async-actions/{action['id']}/cancel").status_code == 200
    until_staged(served_database, 0, 0)
    assert seen["bytes"] < MAX + (OF_ONE_KEY - 16) * 2 * MEBIBYTE  # all of them came in the same second
    assert seen["seconds"] < 5


def test_uploads_of_a_project_that_sends_several_at_once_take_little_memory(
    api: Api, server: Server, served_database: str
) -> None:
    upload = HEAD + ROWS
    with ExitStack() as stack, watched(api, server) as seen:
        for _ in range(16):
            stack.enter_context(open_upload(api, upload[:-100], len(upload)))
        until_staged(served_database, 16, 16)
    until_staged(served_database, 0, 0)
    assert seen["bytes"] < MAX


def test_what_a_killed_api_had_staged_is_not_accepted(api: Api, server: Server, served_database: str) -> None:
    with open_upload(api, HEAD + ROWS, 2 * len(ROWS)):
        until_staged(served_database, 1, 1)
        server.kill_role("api")
    server.wait_ready()
    assert api.get("/v1/async-actions")["async_actions"] == []
    with psycopg.connect(served_database) as connection:
        # What the pruner does with it some minutes later is told by tests of its own.
        assert connection.execute("DELETE FROM uploads RETURNING action_id").fetchall() != []
        connection.execute("DELETE FROM batches WHERE action_id NOT IN (SELECT id FROM async_actions)")


def csv_of(size: int, note: int) -> Iterator[bytes]:
    yield HEAD
    block = b"".join(b"C%d,GIFT_VOUCHER,1,%s\n" % (number, b"n" * note) for number in range(max(1, 100_000 // note)))
    for _ in range(size // len(block)):
        yield block


def ids() -> Iterator[bytes]:
    yield b'{"codes":["first"'
    for start in range(0, 1_000_000, 10_000):
        yield b"".join(b',"CODE-%07d"' % number for number in range(start, start + 10_000))
    yield b'],"metadata":{"a":1}}'


def array() -> Iterator[bytes]:
    yield b"["
    for number in range(2_000):
        yield b",".join(b'{"code":"C%d-%d","gift":{"amount":1}}' % (number, row) for row in range(100))
        yield b"]" if number == 1_999 else b","


LARGE = {
    "narrow rows": (CSV, "text/csv", lambda: csv_of(60 * MEBIBYTE, 10)),
    "wide rows": (CSV, "text/csv", lambda: csv_of(100 * MEBIBYTE, 3_000)),
    "ids": ("/v1/vouchers/metadata/async", "application/json", ids),
    "array": ("/v1/vouchers/import", "application/json", array),
    "packed": (CSV, "text/csv", lambda: iter([gzip.compress(b"".join(csv_of(60 * MEBIBYTE, 1_000)), 1)])),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_uploads_take_little_memory_and_nobody_waits_for_them(api: Api, server: Server, name: str) -> None:
    path, content_type, content = LARGE[name]
    chunks = content()
    with watched(api, server) as seen:
        answer = api.http.post(path, content=chunks, headers={"Content-Type": content_type}, timeout=300)
        assert answer.status_code == 202, answer.text
    api.http.post(f"/v1/async-actions/{answer.json()['async_action_id']}/cancel")
    assert seen["answers"] > 3
    assert seen["bytes"] < MAX
    assert seen["seconds"] < 5


FORM = "multipart/form-data; boundary=BOUNDARY"
IN_FORM = b'--BOUNDARY\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
HOSTILE = {
    "members": (CSV, "text/csv", gzip.compress(b"") * 100_000),
    "dashes": (CSV, FORM, IN_FORM + b"\r\n--BOUNDARYx" * 300_000),
    "zeros": (CSV, "text/csv", gzip.compress(bytes(300 * MEBIBYTE), 1)),
    "cells": ("/v1/imports/preview", "text/csv", b"," * 3_000_000),
    "numbers": (
        "/v1/vouchers/A",
        "application/json",
        b'{"metadata":{"a":[' + b"1.00000000000000000001," * 40_000 + b"1]}}",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_do_not_hold_up_the_event_loop(api: Api, server: Server, name: str) -> None:
    path, content_type, body = HOSTILE[name]
    with watched(api, server) as seen:
        answer = api.http.post(path, content=body, headers={"Content-Type": content_type}, timeout=300)
        assert answer.status_code < 500, answer.text
    assert isinstance(server.role("api"), psutil.Process)
    assert seen["seconds"] < 5
