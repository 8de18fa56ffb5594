"""A project's own quotas: set by owners, they go before the server's settings, which hold for all others."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest

from tests.http.test_errors import check
from tests.server import Api, Server, management_headers, new_owner, new_project

PROJECTS = "/management/v1/projects"
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
OF_SETTING = 50
HOST_SETTINGS = {"TALLYKEEP_MAX_ROWS_PER_DAY": str(OF_SETTING), "TALLYKEEP_MAX_STORED_ROWS": str(OF_SETTING + 5)}
NONE = {"rows_per_day": None, "stored_rows": None, "open_actions": None}


@pytest.fixture(params=["api", "limited"], ids=["without settings", "with settings"])
def project(request: pytest.FixtureRequest) -> Api:
    client: Api = request.getfixturevalue(request.param)
    return client


def give(database_url: str, api: Api, **quotas: int | None) -> dict[str, Any]:
    """Set a project's own quotas as an owner; returns all of them."""
    path = f"{api.url}{PROJECTS}/{api.keys.project}"
    answer = httpx.put(path, json={"quotas": quotas}, headers=new_owner(database_url), trust_env=False)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["quotas"])


def send(api: Api, count: int, first: int = 0) -> httpx.Response:
    return api.http.post("/v1/vouchers/import", json=[{"code": f"C{first + n}", **GIFT} for n in range(count)])


def test_rows_of_a_day(project: Api, served_database: str) -> None:
    assert give(served_database, project, rows_per_day=10) == {**NONE, "rows_per_day": 10}
    assert send(project, 8).is_success
    refused = send(project, 3)
    check(refused, 429, "quota_exceeded", "may submit 10 rows a day (its own quota;", ": 8 are used today")
    give(served_database, project, rows_per_day=12)
    assert send(project, 4).is_success, "what was used before counts"
    check(send(project, 1), 429, "quota_exceeded", "may submit 12 rows a day")
    give(served_database, project, rows_per_day=5)
    check(send(project, 1), 429, "quota_exceeded", "may submit 5 rows a day")


def test_stored_rows(project: Api, served_database: str) -> None:
    give(served_database, project, stored_rows=10)
    project.ended(project.import_json([{"code": f"C{number}", **GIFT} for number in range(9)]))
    check(send(project, 2, first=100), 429, "quota_exceeded", "may have 10 resources (its own quota;")
    give(served_database, project, stored_rows=11)
    assert send(project, 2, first=100).is_success
    check(send(project, 1, first=200), 429, "quota_exceeded", "may have 11 resources (its own quota;")


def test_open_actions(project: Api, served_database: str) -> None:
    give(served_database, project, open_actions=2)
    with psycopg.connect(served_database) as holder:
        holder.execute("LOCK TABLE vouchers IN SHARE MODE")
        started = [send(project, 1, first=number) for number in range(2)]
        assert [answer.status_code for answer in started] == [202, 202]
        refused = send(project, 1, first=2)
        check(refused, 429, "too_many_requests", "has 2 actions that have not ended", "(its own quota;")
        give(served_database, project, open_actions=3)
        started.append(send(project, 1, first=3))
        assert started[-1].status_code == 202
    for answer in started:
        project.ended(answer.json()["async_action_id"])


def test_open_actions_of_every_sort(project: Api, served_database: str) -> None:
    for noun in ("voucher", "customer"):
        definition = {"related_object": noun, "properties": {"shelf": {"type": "string"}}}
        path = f"{project.url}{PROJECTS}/{project.keys.project}/metadata-schemas"
        made = httpx.post(path, json=definition, headers=new_owner(served_database), trust_env=False)
        assert made.is_success, made.text
    person = project.http.post("/v1/customers", json={"source_id": "P-1"}).json()
    give(served_database, project, open_actions=1)
    with psycopg.connect(served_database) as holder:
        holder.execute("LOCK TABLE vouchers IN SHARE MODE")
        started = send(project, 1)
        assert started.status_code == 202
        for path in (
            "/v1/metadata-schemas/voucher/definitions/shelf/purge",
            f"/v1/customers/{person['id']}/permanent-deletion",
        ):
            check(project.http.post(path), 429, "too_many_requests", "has 1 actions that", "(its own quota;")
    project.ended(started.json()["async_action_id"])


def rows(api: Api) -> httpx.Response:
    return send(api, 1)


def planned(api: Api) -> httpx.Response:
    voucher = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    return api.http.post("/v1/campaigns", json={"name": api.keys.app_id, "vouchers_count": 2, "voucher": voucher})


def orders(api: Api) -> httpx.Response:
    return api.http.post("/v1/orders/import", json=[{"source_id": api.keys.app_id}])


def wait_for_numbering(database_url: str, count: int) -> None:
    """Wait until so many wait for the lock that numbers a project's actions, or for each other at it."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%INTO schedules%'"
        " AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 60
    with psycopg.connect(database_url, autocommit=True) as watcher:
        while watcher.execute(query).fetchone() != (count,):
            assert time.monotonic() < deadline, "they do not wait"


@pytest.mark.parametrize("submit", [rows, planned, orders])
def test_open_actions_are_never_too_many_however_many_are_accepted_at_once(
    project: Api, served_database: str, submit: Callable[[Api], httpx.Response]
) -> None:
    project.ended(send(project, 1, first=1000).json()["async_action_id"])
    give(served_database, project, open_actions=2)
    # Small submissions of one key are committed one after another.
    made = [project.http.post("/v1/keys", json={"role": "admin"}).json() for _ in range(3)]
    keys = [replace(project.keys, app_id=key["id"], app_token=key["token"]) for key in made]
    with ExitStack() as held, ThreadPoolExecutor(len(keys)) as threads:
        clients = [Api(project.url, each) for each in keys]
        for client in clients:
            held.enter_context(closing(client.http))
        working = held.enter_context(psycopg.connect(served_database))
        working.execute("LOCK TABLE vouchers, orders IN SHARE MODE")
        with psycopg.connect(served_database) as numbering:
            numbering.execute(
                "SELECT FROM schedules JOIN projects USING (project_id) WHERE id = %s FOR UPDATE OF schedules",
                [project.keys.project],
            )
            answers = [threads.submit(submit, client) for client in clients]
            wait_for_numbering(served_database, len(clients))
        statuses = sorted(answer.result().status_code for answer in answers)
        assert (statuses[-1], [200 <= status < 300 for status in statuses]) == (429, [True, True, False])
        (refused,) = [answer.result() for answer in answers if answer.result().status_code == 429]
        check(refused, 429, "too_many_requests", "has 2 actions that have not ended", "(its own quota;")
        count = (
            "SELECT count(*) FROM async_actions JOIN projects USING (project_id)"
            " WHERE projects.id = %s AND status <> 'DONE'"
        )
        assert working.execute(count, [project.keys.project]).fetchone() == (2,)
    for action in project.get("/v1/async-actions")["async_actions"]:
        project.ended(action["id"])
    assert submit(project).is_success


def test_they_go_before_the_settings_in_both_directions(limited: Api, served_database: str) -> None:
    give(served_database, limited, rows_per_day=OF_SETTING + 10, stored_rows=OF_SETTING + 20)
    assert send(limited, OF_SETTING + 10).is_success
    check(send(limited, 1), 429, "quota_exceeded", f"may submit {OF_SETTING + 10} rows a day (its own quota;")


def test_null_is_the_settings(limited: Api, api: Api, served_database: str) -> None:
    for each in (limited, api):
        give(served_database, each, rows_per_day=1, stored_rows=5, open_actions=7)
        assert give(served_database, each, rows_per_day=None) == {
            "rows_per_day": None, "stored_rows": 5, "open_actions": 7
        }  # fmt: skip
        headers = new_owner(served_database)
        path = f"{each.url}{PROJECTS}/{each.keys.project}"
        assert httpx.put(path, json={"quotas": None}, headers=headers, trust_env=False).json()["quotas"] == NONE
    refused = send(limited, OF_SETTING + 1)
    check(refused, 400, "quota_too_small", f"{OF_SETTING} rows a day (setting TALLYKEEP_MAX_ROWS_PER_DAY;")
    assert send(api, OF_SETTING + 1).is_success


def test_other_projects_have_the_settings(limited: Api, host: Server, served_database: str) -> None:
    give(served_database, limited, rows_per_day=1)
    with closing(Api(host.url, new_project(served_database)).http) as other:
        rows = [{"code": f"C{number}", **GIFT} for number in range(OF_SETTING)]
        assert other.post("/v1/vouchers/import", json=rows).is_success


def test_only_owners_set_them_and_every_manager_sees_them(api: Api, served_database: str) -> None:
    give(served_database, api, rows_per_day=10)
    path, headers = f"{api.url}{PROJECTS}/{api.keys.project}", management_headers(api.keys)
    for body in ({"quotas": {"rows_per_day": 11}}, {"quotas": None}, {"name": "x", "quotas": {}}):
        refused = httpx.put(path, json=body, headers=headers, trust_env=False)
        check(refused, 403, "forbidden", "installation.manage")
    shown = httpx.get(path, headers=headers, trust_env=False).json()
    assert (shown["quotas"], shown["name"]) == ({**NONE, "rows_per_day": 10}, "Test")


def test_a_project_is_created_with_them(api: Api, served_database: str) -> None:
    body = {"name": "Small", "quotas": {"stored_rows": 100}}
    made = httpx.post(f"{api.url}{PROJECTS}", json=body, headers=new_owner(served_database), trust_env=False)
    assert made.json()["quotas"] == {**NONE, "stored_rows": 100}
