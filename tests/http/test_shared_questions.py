"""Many who ask the same at once are one question to the database, except where an answer of before would be wrong."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import httpx
import psycopg

from tests.http.watching import WatchQueries, events, vouchers_held_back
from tests.server import Api

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
MANY = 30
TIMEOUT_SECONDS = 60
_FIRST_QUERIES = ("%SELECT FROM async_actions WHERE project_id%", "%AS ended_ago%")  # by a stream; by a long poll

Watching = psycopg.Connection[Any]


@contextmanager
def held_back(database_url: str, table: str) -> Iterator[None]:
    """Nobody reads the table while the context lasts."""
    with psycopg.connect(database_url) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def waiting(connection: Watching, pool: str, words: str, since: datetime | None = None) -> int:
    """How many connections of a pool of the API wait for a lock with such a question, asked after that time."""
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
        " AND wait_event_type = 'Lock' AND query LIKE %s AND query_start > coalesce(%s::timestamptz, '-infinity')",
        (pool, f"%{words}%", since),
    ).fetchone()
    assert row
    return int(row[0])


def key_checks(connection: Watching) -> int:
    return waiting(connection, "tallykeep api", "previous_token_hash")


class Asking:
    """A request under way with the project's key, so that it is asked for as soon as it is not remembered any more."""

    def __init__(self, api: Api, threads: ThreadPoolExecutor) -> None:
        self._ask = partial(threads.submit, api.http.get, "/v1/async-actions")
        self.answer: Future[httpx.Response] = self._ask()

    def goes_on(self) -> bool:
        """Ask again where there is an answer; always true."""
        if self.answer.done():
            self.answer = self._ask()
        return True


@contextmanager
def watched_for_long(api: Api, connection: Watching, threads: ThreadPoolExecutor, database_url: str) -> Iterator[None]:
    """Somebody waits for an action that does not end while the context lasts, so that the API goes on looking."""
    with held_back(database_url, "customers"):
        orders = [{"source_id": "o", "customer": {"source_id": "c"}}]
        action_id = api.http.post("/v1/orders/import", json=orders).json()["async_action_id"]
        polling = threads.submit(api.http.get, f"/v1/async-actions/{action_id}", params={"wait": 60})
        WatchQueries(connection).until_queried()
        yield
    assert polling.result().json()["status"] == "DONE"


def test_streams_that_wake_together_ask_for_their_key_once(api: Api, served_database: str) -> None:
    with (
        ThreadPoolExecutor() as threads, psycopg.connect(served_database, autocommit=True) as connection,
        watched_for_long(api, connection, threads, served_database), ExitStack() as vouchers, ExitStack() as streams,
    ):  # fmt: skip
        vouchers.enter_context(vouchers_held_back(served_database))
        path = f"/v1/async-actions/{api.import_json([{'code': 'WAKE', **GIFT}])}/events"
        received = [events(streams.enter_context(api.http.stream("GET", path))) for _ in range(MANY)]
        assert {next(each).name for each in received} == {"progress"}
        with held_back(served_database, "api_keys"):
            asking = Asking(api, threads)
            until(lambda: asking.goes_on() and key_checks(connection) >= 1, "the key is remembered for ever")
            vouchers.close()
            until(lambda: asking.goes_on() and key_checks(connection) >= 2, "nobody asks whether the key still holds")
            WatchQueries(connection).until_queried()  # by one of the connections that keys are looked up with
            assert key_checks(connection) == 2, "one for the request, and one for all streams"
        assert asking.answer.result().status_code == 200
        assert {list(each)[-1].name for each in received} == {"done"}


def test_requests_that_come_together_ask_for_their_key_once(api: Api, served_database: str) -> None:
    with (
        ThreadPoolExecutor(MANY + 2) as threads, psycopg.connect(served_database, autocommit=True) as connection,
        watched_for_long(api, connection, threads, served_database),
    ):  # fmt: skip
        with held_back(served_database, "api_keys"):
            asking = Asking(api, threads)
            until(lambda: asking.goes_on() and key_checks(connection) >= 1, "the key is remembered for ever")
            together = [threads.submit(api.http.get, "/v1/vouchers") for _ in range(MANY)]
            for _ in range(2):
                WatchQueries(connection).until_queried()
            assert key_checks(connection) == 1
        assert {each.result().status_code for each in (asking.answer, *together)} == {200}


def test_who_begins_to_wait_together_reads_together(api: Api, served_database: str) -> None:
    action_id = api.import_json([])
    api.ended(action_id)
    path = f"/v1/async-actions/{action_id}"
    with (
        ThreadPoolExecutor(2 * MANY) as threads, psycopg.connect(served_database, autocommit=True) as connection,
    ):  # fmt: skip
        with held_back(served_database, "async_actions"):
            together = [threads.submit(api.http.get, path, params={"wait": 30}) for _ in range(MANY)]
            together += [threads.submit(api.http.get, f"{path}/events") for _ in range(MANY)]
            for words in _FIRST_QUERIES:
                until(partial(_is_read, connection, words), f"nobody reads {words}")
            for _ in range(5):  # behind all that have come by now
                api.get("/v1/vouchers", limit=1)
            assert [_reading(connection, words) for words in _FIRST_QUERIES] == [1, 1]
        assert {each.result().status_code for each in together} == {200}


def _reading(connection: Watching, words: str) -> int:
    return waiting(connection, "tallykeep reads", words)


def _is_read(connection: Watching, words: str) -> bool:
    return _reading(connection, words) > 0


def test_long_polls_that_timed_out_read_for_themselves(api: Api, served_database: str) -> None:
    """What another one is reading may be of before: it is shared among those who know that the action has ended."""
    wait_seconds = 2
    api.ended(api.import_json([{"code": "HELD", **GIFT}]))
    updates = [{"code": f"NONE-{number}", "metadata": {"k": 1}} for number in range(10_000)]
    with (
        ThreadPoolExecutor() as threads, psycopg.connect(served_database, autocommit=True) as connection,
        psycopg.connect(served_database) as holder,
    ):  # fmt: skip
        holder.execute(
            "SELECT FROM vouchers JOIN projects USING (project_id) WHERE projects.id = %s FOR UPDATE OF vouchers",
            (api.keys.project,),
        )
        answer = api.http.post("/v1/vouchers/bulk/async", json=[*updates, {"code": "HELD", "metadata": {"k": 1}}])
        path = f"/v1/async-actions/{answer.json()['async_action_id']}"
        until(lambda: api.get(path)["failed_count"] == len(updates), "the first batch is not closed")
        (due,) = connection.execute(
            "SELECT clock_timestamp() + make_interval(secs => %s)", (wait_seconds,)
        ).fetchone() or (None,)
        polls = [threads.submit(api.http.get, path, params={"wait": wait_seconds}) for _ in range(6)]
        WatchQueries(connection).until_queried()
        for _ in range(5):  # behind what they read first
            api.get("/v1/async-actions", limit=1)
        with held_back(served_database, "failures"):

            def reading_at_last() -> bool:
                assert not all(poll.done() for poll in polls), "they read together"
                return waiting(connection, "tallykeep reads", "failures", since=due) > 1

            until(reading_at_last, "nobody reads")
        holder.rollback()
        assert api.ended(path.rpartition("/")[2])["done_count"] == 1
