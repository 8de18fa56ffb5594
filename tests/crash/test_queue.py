"""The queue fails as procrastinate is known to, and workers in their ways: no action hangs, and no row doubles."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tallykeep.server.child_process import die_with_parent
from tests.crash.conftest import KEYS
from tests.crash.test_kills import at_progress, audit, client, database_url, file_of
from tests.server import Api, Server, new_project

ROWS = 20_000

SABOTAGE = {
    "jobs are lost": "DELETE FROM procrastinate_jobs",
    "jobs are stuck in doing": "UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'",
    "jobs are delivered again and again": (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args)"
        " SELECT queue_name, task_name, priority, args FROM procrastinate_jobs, generate_series(1, 20)"
        " WHERE task_name = 'advance' LIMIT 60"
    ),
}


@pytest.fixture(scope="module")
def shared(session_dir: Path, cluster: Path) -> Iterator[Server]:
    """A server for tests that kill nothing of it; each has a project of its own."""
    variables = {"TALLYKEEP_BATCH_ROWS": "500", "TALLYKEEP_RESCUE_AFTER_SECONDS": "1", **KEYS}
    server = Server(session_dir / "queue", cluster=cluster, **variables).start()
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize("sabotage", SABOTAGE.values(), ids=list(SABOTAGE))
def test_whatever_becomes_of_the_jobs(shared: Server, sabotage: str) -> None:
    api = Api(shared.url, new_project(database_url(shared)))
    action_id = api.import_csv(file_of(ROWS))
    with psycopg.connect(database_url(shared), autocommit=True) as connection:
        for progress in (0, 4_000, 8_000, 12_000):
            at_progress(api, action_id, progress)
            connection.execute(sabotage)
    api.ended(action_id)
    audit(shared, action_id, ROWS, api)


LIMITS_OF_OTHERS = {
    "statement_timeout": "60ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "60ms",
    "idle_session_timeout": "300ms",
    "transaction_timeout": "100ms",
}


def test_limits_that_others_set_for_the_database_end_no_work(serve: Callable[..., Server]) -> None:
    server = serve("limits", TALLYKEEP_BATCH_ROWS="2000")
    api = client(server)
    with psycopg.connect(database_url(server), autocommit=True) as connection:
        for name, limit in LIMITS_OF_OTHERS.items():
            connection.execute(f"ALTER DATABASE postgres SET {name} = '{limit}'")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
        )
    server.wait_ready()

    def slowly() -> Iterator[bytes]:
        """An upload whose transaction is idle for longer than all of these limits together."""
        body = file_of(ROWS).encode()
        for start in range(0, len(body), len(body) // 4 + 1):
            yield body[start : start + len(body) // 4 + 1]
            time.sleep(0.2)

    answer = api.http.post("/v1/vouchers/importCSV", content=slowly(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 202, answer.text
    action_id = answer.json()["async_action_id"]
    assert api.ended(action_id)["retry_count"] == 0
    with psycopg.connect(database_url(server), autocommit=True) as connection:
        for name in LIMITS_OF_OTHERS:
            connection.execute(f"ALTER DATABASE postgres RESET {name}")
    audit(server, action_id, ROWS)


def _in_a_batch(url: str, application_name: str = "tallykeep worker") -> set[int]:
    """Process ids of the sessions that are in the middle of a batch."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid)"
            " WHERE application_name = %s AND relation = 'batches'::regclass AND mode = 'RowShareLock'",
            (application_name,),
        ).fetchall()
    return {pid for (pid,) in rows}


def _stop_in_a_batch(url: str, worker: psutil.Process) -> set[int]:
    """Stop the worker while it holds a batch, however often that has to be tried; returns its sessions."""
    while True:
        worker.suspend()
        time.sleep(0.1)  # what it had sent already is being answered
        if held := _in_a_batch(url):
            return held
        worker.resume()
        time.sleep(0.02)


def test_a_worker_stopped_beyond_its_lease_commits_nothing_when_it_wakes_up(serve: Callable[..., Server]) -> None:
    server = serve("asleep", TALLYKEEP_BATCH_ROWS="500", TALLYKEEP_LEASE_SECONDS="2")
    api, url = client(server), database_url(server)
    action_id = api.import_csv(file_of(ROWS))
    at_progress(api, action_id, 1_000)
    sleeper = server.role("worker")
    held = _stop_in_a_batch(url, sleeper)
    other = _second_worker(url)
    try:
        action = api.ended(action_id, seconds=60)
        assert sleeper.status() == psutil.STATUS_STOPPED  # it was the other who did it
        assert held.isdisjoint(_in_a_batch(url))
        sleeper.resume()
        after = api.ended(api.import_json([{"code": "AFTER", "gift": {"amount": 1}}]))
        assert after["done_count"] == 1
    finally:
        other.terminate()
        other.wait(30)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM vouchers WHERE code = 'AFTER'")
    assert api.get(f"/v1/async-actions/{action_id}") == action
    audit(server, action_id, ROWS)


def _second_worker(url: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "TALLYKEEP_DATABASE_URL": url, "TALLYKEEP_LEASE_SECONDS": "2"}
    return subprocess.Popen([sys.executable, "-m", "tallykeep", "worker"], env=env, stderr=subprocess.DEVNULL,
                            preexec_fn=die_with_parent(signal.SIGTERM))  # fmt: skip


def test_sessions_ended_in_the_middle_of_batches(shared: Server) -> None:
    url = database_url(shared)
    api = Api(shared.url, new_project(url))
    action_id = api.import_csv(file_of(ROWS))
    ended = 0
    with psycopg.connect(url, autocommit=True) as connection:
        while ended < 10 and _is_open(api, action_id):
            for pid in _in_a_batch(url):
                connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
                ended += 1
            time.sleep(0.05)
    assert ended >= 5
    assert api.ended(action_id)["status"] == "DONE"
    audit(shared, action_id, ROWS, api)


def _is_open(api: Api, action_id: str) -> bool:
    return api.get(f"/v1/async-actions/{action_id}")["status"] != "DONE"
