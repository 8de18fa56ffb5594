"""Whatever is killed on the way: entries of the audit log are exactly the changes, and their chain has no gap."""

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

import httpx
import psycopg

from tests.crash.test_kills import client, database_url
from tests.db.audit_log import entries_in, verdicts_on
from tests.server import Server

CLIENTS = 3
KILLS = ("worker", "api", "worker", "postgres", "api", "worker")
BETWEEN_KILLS = 60  # changes
_PAUSE = 0.03  # between those of a client, who would otherwise make thousands while something starts


def _change_again_and_again(server: Server, name: int, changed: list[str], stopping: threading.Event) -> None:
    """Make and delete vouchers one by one, and submit some; what the answer to was lost may have happened or not."""
    with closing(client(server).http) as http:
        number = 0
        while not stopping.is_set():
            number += 1
            with suppress(httpx.TransportError):
                http.post(f"/v1/vouchers/S{name}-{number}", json={"gift": {"amount": 1}, "type": "GIFT_VOUCHER"})
                if number % 2:
                    http.delete(f"/v1/vouchers/S{name}-{number}", params={"force": "true"})
                http.post("/v1/vouchers/import", json=[{"code": f"I{name}-{number}", "gift": {"amount": 1}}])
                changed.append(str(number))
            stopping.wait(_PAUSE)


def _kill_in_between(server: Server, changed: list[str]) -> None:
    for role in KILLS:
        enough = len(changed) + BETWEEN_KILLS
        while len(changed) < enough:
            time.sleep(0.001)
        server.kill_role(role)
        server.wait_ready()


def test_entries_equal_changes_whatever_is_killed(serve: Callable[..., Server]) -> None:
    server = serve("audit-kills")
    changed: list[str] = []
    stopping = threading.Event()
    threads = [
        threading.Thread(target=_change_again_and_again, args=(server, name, changed, stopping))
        for name in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        _kill_in_between(server, changed)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    url = database_url(server)
    _until_all_ended_and_chained(url)
    _compare(url)
    (verdict,) = verdicts_on(url)
    assert (verdict.problem, verdict.pending) == (None, 0)


def _until_all_ended_and_chained(url: str) -> None:
    left = "SELECT FROM async_actions WHERE finished_at IS NULL UNION ALL SELECT FROM audit_pending"
    deadline = time.monotonic() + 120
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(left).fetchone() is not None:
            assert time.monotonic() < deadline, "actions do not end, or entries are not chained"
            time.sleep(0.05)


def _compare(url: str) -> None:
    def entries(event: str, of: str) -> list[str]:
        return sorted(entry[of] for entry in entries_in(url, "event = %s AND outcome = 'success'", event))

    with psycopg.connect(url) as connection:
        actions = [row[0] for row in connection.execute("SELECT id FROM async_actions ORDER BY id")]
        vouchers = {row[0] for row in connection.execute("SELECT code FROM vouchers WHERE code LIKE 'S%%'")}
        log_ids = {row[0] for row in connection.execute("SELECT log_id FROM async_actions")}
    assert entries("action.submit", "action_id") == actions
    assert entries("action.end", "action_id") == actions
    assert {entry["id"] for entry in entries_in(url, "event = 'action.submit'")} == log_ids
    created, deleted = entries("voucher.create", "resource_id"), entries("voucher.delete", "resource_id")
    assert len(created) == len(set(created))
    assert len(deleted) == len(set(deleted))
    assert set(created) - set(deleted) == vouchers
    assert set(deleted) <= set(created)
    assert len(created) > BETWEEN_KILLS
