"""Those who wait: an outage does not break their waiting, and they do not hold up a shutdown."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.crash.conftest import KEYS
from tests.crash.test_kills import at_progress, database_url, file_of
from tests.http.watching import Event, WatchQueries, events
from tests.server import Api, Server, new_project

ROWS = 100_000
STREAMS = 5


def _streamed(api: Api, action_id: str) -> list[Event]:
    with api.http.stream("GET", f"/v1/async-actions/{action_id}/events") as answer:
        return list(events(answer))


def _poll(api: Api, action_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = api.get(f"/v1/async-actions/{action_id}", wait=60)
    return answer


@pytest.fixture(scope="module")
def server(session_dir: Path, cluster: Path) -> Iterator[Server]:
    """One for all of these tests; the last one stops it."""
    variables = {"TALLYKEEP_RESCUE_AFTER_SECONDS": "1", **KEYS}
    running = Server(session_dir / "waiting", cluster=cluster, **variables).start()
    yield running
    if running.running:
        running.stop()


@pytest.fixture
def api(server: Server) -> Iterator[Api]:
    client = Api(server.url, new_project(database_url(server)))
    yield client
    client.http.close()


def test_waiting_outlasts_an_outage_of_the_database(server: Server, api: Api) -> None:
    action_id = api.import_csv(file_of(ROWS))
    with ThreadPoolExecutor() as threads:
        polling, streaming = threads.submit(_poll, api, action_id), threads.submit(_streamed, api, action_id)
        at_progress(api, action_id, 10_000)
        server.kill_role("postgres")
        assert polling.result()["status"] == "DONE"
        last = streaming.result()[-1]
    assert (last.name, last.content["status"], last.content["done_count"]) == ("done", "DONE", ROWS - ROWS // 1_000)


def test_a_long_poll_ends_in_time_even_without_a_database(server: Server, api: Api) -> None:
    action_id = _endless(server, api)
    with ThreadPoolExecutor() as threads:
        started = time.monotonic()
        polling = threads.submit(lambda: api.get(f"/v1/async-actions/{action_id}", wait=3))
        with psycopg.connect(database_url(server), autocommit=True) as connection:
            WatchQueries(connection).until_queried()
        postgres = server.role("postgres")
        stopped = [*postgres.children(), postgres]
        for process in stopped:
            process.suspend()
        try:
            assert polling.result()["status"] == "ENQUEUED"
            assert 3 <= time.monotonic() - started < 30
        finally:
            for process in stopped:
                process.resume()


def _endless(server: Server, api: Api) -> str:
    """An action of the project that no worker gets on with: it has no batch."""
    with psycopg.connect(database_url(server)) as connection:
        connection.execute(
            "INSERT INTO async_actions (project_id, id, type, status, operation_status, request_id, source,"
            " total_count, open_count, open_batches, created_at, updated_at)"
            " SELECT project_id, 'aa_endless', 'VOUCHERS.IMPORT', 'ENQUEUED', 'UNKNOWN', 'v-1', '{}', 1, 1, 1,"
            " now(), now() FROM projects WHERE id = %s",
            (api.keys.project,),
        )
    return "aa_endless"


def test_those_who_wait_do_not_hold_up_a_shutdown(server: Server, api: Api) -> None:
    action_id = _endless(server, api)
    with (
        ThreadPoolExecutor(2 * STREAMS) as threads,
        api.http.stream("GET", f"/v1/async-actions/{action_id}/events") as answer,
    ):
        streams = [threads.submit(_streamed, api, action_id) for _ in range(STREAMS)]
        polls = [threads.submit(_poll, api, action_id) for _ in range(STREAMS)]
        received = events(answer)
        assert next(received).name == "progress"
        assert next(received).name == ""  # kept alive, after a quarter of a minute
        assert not any(waiting.done() for waiting in (*streams, *polls))
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 12  # who does not stop is killed after 15
        assert list(received) == []
        assert {poll.result()["status"] for poll in polls} == {"ENQUEUED"}
        for stream in streams:
            assert sorted({event.name for event in stream.result()} - {""}) == ["progress"]
