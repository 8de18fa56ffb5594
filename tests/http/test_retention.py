"""Retention on a running server: its worker tidies up by itself."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.postgres import fresh_database
from tests.server import Api, Server, new_project

KEPT = {
    "TALLYKEEP_KEEP_ACTIONS_DAYS": "90",
    "TALLYKEEP_KEEP_FAILURES_DAYS": "7",
    "TALLYKEEP_PRUNE_INTERVAL_SECONDS": "0.05",
}


@pytest.fixture(scope="module")
def pruning(postgres: str, template: str, session_dir: Path) -> Iterator[tuple[Server, str]]:
    with fresh_database(postgres, template) as url:
        server = Server(session_dir / "pruning", database_url=url, **KEPT).start()
        yield server, url
        assert server.stop() == 0


@pytest.fixture
def prune_api(pruning: tuple[Server, str]) -> Iterator[tuple[Api, str]]:
    server, url = pruning
    api = Api(server.url, new_project(url))
    with closing(api.http):
        yield api, url


def _age(database_url: str, days: int) -> None:
    """Move every action into the past."""
    moved = ", ".join(f"{name} = {name} - make_interval(days => %(days)s)" for name in ("created_at", "finished_at"))
    with psycopg.connect(database_url) as connection:
        connection.execute(f"UPDATE async_actions SET {moved}", {"days": days})


def _until(seen: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_old_goes_by_itself(prune_api: tuple[Api, str]) -> None:
    api, database_url = prune_api
    answer = api.http.post("/v1/vouchers/bulk/async", json=[{"code": "NONE", "metadata": {}}])
    path = f"/v1/async-actions/{api.ended(answer.json()['async_action_id'])['id']}"
    (report,) = api.get(path)["result"]["reports"]
    assert "NONE" in httpx.get(report).text

    _age(database_url, 8)
    _until(lambda: not api.get(path)["failures_kept"])
    action = api.get(path)
    assert (action["failed_count"], action["result"]["errors"]) == (1, [])
    assert api.get(f"{path}/failures")["failures_kept"] is False
    for answer in (api.http.get(f"{path}/failures.csv"), api.http.post(f"{path}/retry")):
        assert (answer.status_code, answer.json()["key"]) == (409, "conflict")
    assert api.get(f"{path}/failures", group_by="reason")["reasons"] == []
    assert "NONE" in httpx.get(report).text

    _age(database_url, 25)
    _until(lambda: not api.get(path)["result"]["reports"])
    gone = httpx.get(report)
    assert (gone.status_code, gone.json()["resource_type"]) == (404, "report")

    _age(database_url, 60)
    _until(lambda: api.http.get(path).status_code == 404)
    assert api.get("/v1/async-actions")["async_actions"] == []


def test_a_tag_does_not_outlive_its_action(prune_api: tuple[Api, str]) -> None:
    api, database_url = prune_api
    action_id = api.import_json([{"code": "FINE", "gift": {"amount": 1}}])
    path = f"/v1/async-actions/{api.ended(action_id)['id']}"
    known = {"If-None-Match": api.http.get(path).headers["etag"]}
    assert api.http.get(path, headers=known).status_code == 304

    _age(database_url, 8)
    _until(lambda: api.http.get(path, headers=known).status_code == 200)
    assert api.get(path)["failures_kept"] is False

    _age(database_url, 85)
    _until(lambda: api.http.get(path, headers=known).status_code == 404)


def test_keys_of_submissions_are_known_for_a_day_at_least(session_dir: Path) -> None:
    server = Server(session_dir / "hasty", TALLYKEEP_KEEP_IDEMPOTENCY_HOURS="23")
    server.directory.mkdir()
    assert server.fails_to_start() == 2
    assert "TALLYKEEP_KEEP_IDEMPOTENCY_HOURS is '23'" in server.log.read_text()
