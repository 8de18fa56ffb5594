"""Waiting for actions: long polls and event streams, on the running server."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import httpx
import psycopg
import pytest

from tests.http import raw
from tests.http.watching import WatchQueries, events, vouchers_held_back
from tests.server import Api

GIFT = {"gift": {"amount": 1}}
MANY = 40
SOON = 20  # seconds: on a busy machine, and still before anybody's 30 s are over


def _poll(api: Api, action_id: str, seconds: float) -> tuple[dict[str, Any], float]:
    """The answer of a long poll, and how long it took."""
    started = time.monotonic()
    action = api.get(f"/v1/async-actions/{action_id}", wait=seconds)
    return action, time.monotonic() - started


def test_a_long_poll_is_answered_as_soon_as_the_action_ends(api: Api, served_database: str) -> None:
    with ThreadPoolExecutor() as threads:
        with vouchers_held_back(served_database):
            action_id = api.import_json([{"code": "POLL", **GIFT}])
            action, took = _poll(api, action_id, 0.5)
            assert action["status"] in ("ENQUEUED", "IN_PROGRESS")
            assert 0.5 <= took < SOON
            waiting = threads.submit(_poll, api, action_id, 30)
            _poll(api, action_id, 0.5)
            assert not waiting.done()
        released = time.monotonic()
        action, _ = waiting.result()
    assert time.monotonic() - released < SOON
    assert (action["status"], action["result"]["done_count"]) == ("DONE", 1)
    assert _poll(api, action_id, 30)[1] < SOON


@pytest.mark.parametrize("wait", ["-1", "60.5", "nan", "inf", "soon", ""])
def test_how_long_to_wait_has_limits(api: Api, wait: str) -> None:
    answer = api.http.get(f"/v1/async-actions/{api.import_json([])}", params={"wait": wait})
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
    assert "Property .wait" in answer.json()["details"]


def test_there_is_nothing_to_wait_for_in_another_project(api: Api, other_api: Api) -> None:
    action_id = api.import_json([])
    for path in (f"/v1/async-actions/{action_id}?wait=30", f"/v1/async-actions/{action_id}/events"):
        answer = other_api.http.get(path)
        assert (answer.status_code, answer.json()["resource_id"]) == (404, action_id)
        answer = httpx.get(api.url + path, headers={"X-App-Id": api.keys.app_id, "X-App-Token": "wrong"})
        assert (answer.status_code, answer.json()["key"]) == (401, "unauthorized")


def _stream(api: Api, action_id: str, **headers: str) -> list[tuple[str, dict[str, Any]]]:
    with api.http.stream("GET", f"/v1/async-actions/{action_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [(event.name, event.content) for event in events(answer)]


def test_a_stream_tells_the_state_then_the_changes_then_the_result(api: Api, served_database: str) -> None:
    with ThreadPoolExecutor() as threads:
        with vouchers_held_back(served_database):
            action_id = api.import_json([{"code": "STREAM", **GIFT}, {"code": "BAD"}])
            streaming = threads.submit(_stream, api, action_id)
            _poll(api, action_id, 0.5)
            assert not streaming.done()
        received = streaming.result()
    (first, state), (last, action) = received[0], received[-1]
    assert (first, last) == ("progress", "done")
    assert {name for name, _ in received[:-1]} == {"progress"}
    assert state["status"] in ("ENQUEUED", "IN_PROGRESS")
    assert (state["id"], state["total_count"], state["progress"], state["done_count"]) == (action_id, 2, 0, 0)
    assert {"eta_seconds", "failed_count", "unprocessed_count"} <= set(state)
    assert "result" not in state
    assert action == api.get(f"/v1/async-actions/{action_id}")
    assert (action["status"], len(action["result"]["failed"])) == ("DONE", 1)
    again = _stream(api, action_id, **{"Last-Event-ID": "17"})
    assert [name for name, _ in again] == ["progress", "done"]
    assert again[-1] == received[-1]


def test_a_large_action_is_told_in_steps_but_not_too_often(api: Api) -> None:
    rows = 150_000
    lines = "".join(f"L{number},GIFT_VOUCHER,1\n" for number in range(rows))
    action_id = api.import_csv("Code,Voucher Type,Value\n" + lines)
    with api.http.stream("GET", f"/v1/async-actions/{action_id}/events") as answer:
        received = list(events(answer))
    steps = [event for event in received if event.name == "progress"]
    counts = [event.content["done_count"] for event in steps]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    pauses = [after.at - before.at for before, after in pairwise(steps)]
    assert sum(pauses) / len(pauses) > 0.2
    assert received[-1].name == "done"
    assert received[-1].content["done_count"] == rows


def test_those_who_wait_hold_nothing_that_others_need(api: Api, served_database: str) -> None:
    waiting: list[Future[Any]] = []
    with ThreadPoolExecutor(2 * MANY) as threads, psycopg.connect(served_database, autocommit=True) as connection:
        with vouchers_held_back(served_database):
            action_ids = [api.import_json([{"code": f"WAIT-{number}", **GIFT}]) for number in range(3)]
            for number in range(MANY):
                waiting.append(threads.submit(_poll, api, action_ids[number % 3], 30))
                waiting.append(threads.submit(_stream, api, action_ids[number % 3]))
            WatchQueries(connection).until_queried()
            started = time.monotonic()
            for _ in range(20):
                api.get("/v1/async-actions")
            assert time.monotonic() - started < SOON
            (busy,) = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tallykeep api' AND state <> 'idle'"
            ).fetchone() or (None,)
            assert busy is not None
            assert busy <= 2
            assert not any(future.done() for future in waiting)
        for poll, stream in zip(waiting[::2], waiting[1::2], strict=True):
            assert poll.result()[0]["status"] == "DONE"
            assert stream.result()[-1][0] == "done"


def test_nobody_is_waited_for_who_went_away(api: Api, served_database: str) -> None:
    with psycopg.connect(served_database, autocommit=True) as connection, vouchers_held_back(served_database):
        action_id = api.import_json([{"code": "GONE", **GIFT}])
        queries = WatchQueries(connection)
        with api.http.stream("GET", f"/v1/async-actions/{action_id}/events") as answer:
            received = events(answer)
            assert next(received).name == "progress"
            queries.until_queried()
        queries.until_silent()
        with pytest.raises(httpx.ReadTimeout):
            api.http.get(f"/v1/async-actions/{action_id}", params={"wait": 30}, timeout=httpx.Timeout(60, read=0.5))
        queries.until_silent()


def test_who_announced_a_body_and_went_away_is_not_waited_for_either(api: Api, served_database: str) -> None:
    with psycopg.connect(served_database, autocommit=True) as connection, vouchers_held_back(served_database):
        action_id = api.import_json([{"code": "GONE-2", **GIFT}])
        queries = WatchQueries(connection)
        with raw.Client(api) as client:
            assert client.send(client.head("GET", f"/v1/async-actions/{action_id}/events", "Content-Length: 100"), b"x")
            queries.until_queried()
        queries.until_silent()


def test_who_asks_right_after_submitting_is_not_told_that_the_action_waits(api: Api) -> None:
    for number in range(20):
        action_id = api.import_json([{"code": f"SOON-{number}", **GIFT}])
        action = api.get(f"/v1/async-actions/{action_id}")
        assert action["status"] != "ENQUEUED"
        assert action["result"]["failed"] == []


def test_an_action_that_waits_its_turn_is_shown_after_a_moment_and_counts_nothing(
    api: Api, served_database: str
) -> None:
    with ThreadPoolExecutor(MANY) as threads:
        with psycopg.connect(served_database) as held:
            held.execute("LOCK TABLE customers IN SHARE MODE")
            orders = [[{"source_id": f"o-{number}", "customer": {"source_id": "c"}}] for number in range(2)]
            ids = [api.http.post("/v1/orders/import", json=rows).json()["async_action_id"] for rows in orders]
            polls = list(threads.map(lambda _: _poll(api, ids[1], 0), range(MANY)))
            list_spec = api.get("/v1/async-actions", limit=1)["async_actions"]
        action = api.ended(ids[1])
    assert {poll["status"] for poll, _ in polls} == {"ENQUEUED"}
    assert [poll["result"] for poll, _ in polls] == [{"failed": []}] * MANY
    assert max(took for _, took in polls) < 2
    assert list_spec[0]["status"] == "ENQUEUED"
    assert action["result"]["message"] == "1 order(s) imported successfully, 0 failed."
