"""Quotas: a submission that would exceed one is refused, says how much is used, and leaves nothing behind."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.http.raw import Client
from tests.server import Api, ApiOnly, Server, new_project, serving

A_DAY, STORED = 100, 60
HOST_SETTINGS = {"TALLYKEEP_MAX_ROWS_PER_DAY": str(A_DAY), "TALLYKEEP_BATCH_ROWS": "2"}
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}


@pytest.fixture(scope="module")
def by_size(session_dir: Path, served_database: str) -> Iterator[Server]:
    settings = {"TALLYKEEP_MAX_STORED_ROWS": str(STORED), "TALLYKEEP_BATCH_ROWS": "2"}
    with serving(session_dir / "by-size", ApiOnly, database_url=served_database, **settings) as running:
        yield running


@pytest.fixture
def bounded(by_size: Server, server: Server, served_database: str) -> Iterator[Api]:
    client = Api(by_size.url, new_project(served_database))
    with closing(client.http):
        yield client


def gifts(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [{"code": f"C{number}", **GIFT} for number in range(first, first + count)]


def as_json(api: Api, count: int) -> httpx.Response:
    return api.http.post("/v1/vouchers/import", json=gifts(count))


def as_csv(api: Api, count: int) -> httpx.Response:
    rows = "".join(f"C{number},GIFT_VOUCHER,1\n" for number in range(count))
    return api.http.post("/v1/vouchers/importCSV", files={"file": ("a.csv", f"Code,Voucher Type,Amount\n{rows}")})


def as_lines(api: Api, count: int) -> httpx.Response:
    def lines() -> Iterator[bytes]:
        for number in range(count):
            yield b'{"source_id": "%d"}\n' % number

    headers = {"Content-Type": "application/x-ndjson"}
    return api.http.post("/v1/customers/bulk/async", content=lines(), headers=headers)


def generated(api: Api, count: int) -> httpx.Response:
    campaign = {"name": f"C{time.monotonic_ns()}", "voucher": GIFT, "vouchers_count": count}
    return api.http.post("/v1/campaigns", json=campaign)


def added(api: Api, count: int) -> httpx.Response:
    if not api.get("/v1/campaigns")["total"]:
        api.http.post("/v1/campaigns", json={"name": "F", "voucher": GIFT, "vouchers_count": 0}).raise_for_status()
    return api.http.post("/v1/campaigns/F/vouchers", params={"vouchers_count": count}, json={})


Send = Callable[[Api, int], httpx.Response]
WAYS: dict[str, Send] = {way.__name__: way for way in (as_json, as_csv, as_lines, generated, added)}


def refused_for_the_day(answer: httpx.Response, api: Api, used: int) -> None:
    error = answer.json()
    assert (answer.status_code, error["code"], error["key"]) == (429, 429, "quota_exceeded"), answer.text
    assert (error["resource_type"], error["resource_id"]) == ("project", api.keys.project)
    setting = "(setting TALLYKEEP_MAX_ROWS_PER_DAY; ask who runs this server to raise it)"
    assert f"may submit {A_DAY} rows a day {setting}: {used} are used today" in error["details"]
    assert re.search(r"begins in (\d+ (hour|minute|second)s? ?)+, at midnight UTC", error["details"]), error["details"]
    assert 0 < int(answer.headers["Retry-After"]) <= 86_400


def refused_for_ever(answer: httpx.Response, api: Api, quota: str) -> None:
    """Refused because no day would do: with no word of when to come back."""
    error = answer.json()
    assert (answer.status_code, error["key"]) == (400, "quota_too_small"), answer.text
    assert (error["resource_type"], error["resource_id"]) == ("project", api.keys.project)
    assert quota in error["details"]
    assert "ask who runs this server to raise it" in error["details"]
    assert "split it" in error["details"]
    assert "Retry-After" not in answer.headers


def in_database(database_url: str, api: Api) -> tuple[int, int, int]:
    """How many actions, staged batches and uploads there are of the project."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM async_actions WHERE project_id = own), (SELECT count(*) FROM batches WHERE"
            " project_id = own), (SELECT count(*) FROM uploads WHERE project_id = own)"
            " FROM (SELECT project_id AS own FROM projects WHERE id = %s) AS project",
            [api.keys.project],
        ).fetchone()
    assert row
    return row


@pytest.mark.parametrize("send", WAYS.values(), ids=WAYS)
def test_rows_of_a_day(limited: Api, served_database: str, send: Send) -> None:
    assert send(limited, A_DAY - 30).is_success
    before = in_database(served_database, limited)[0]
    refused_for_the_day(send(limited, 31), limited, used=A_DAY - 30)
    # A stream may be refused for what is left of the day, before it has shown that it is too long for any.
    assert send(limited, 10_000).status_code in (400, 429)
    assert in_database(served_database, limited)[0] == before
    assert send(limited, 30).is_success, "what was refused has taken nothing"
    refused_for_the_day(send(limited, 2), limited, used=A_DAY)


@pytest.mark.parametrize("send", WAYS.values(), ids=WAYS)
def test_more_than_a_day_has_is_not_put_off_to_another_day(limited: Api, served_database: str, send: Send) -> None:
    refused_for_ever(send(limited, A_DAY + 1), limited, f"more than a whole day's quota: {A_DAY} rows a day")
    assert in_database(served_database, limited)[1:] == (0, 0)
    assert send(limited, A_DAY).is_success, "what was refused has taken nothing"


@pytest.mark.parametrize("send", WAYS.values(), ids=WAYS)
def test_more_than_may_be_stored_at_all(bounded: Api, send: Send) -> None:
    refused_for_ever(send(bounded, STORED + 1), bounded, f"the project may have {STORED} ")
    assert send(bounded, STORED).is_success, "what was refused has taken nothing"


LONG = b'{"source_id": "a", "name": "%s"}\n' % (b"x" * 60_000)  # 60 of them are more than is kept in memory
LINES = {"Content-Type": "application/x-ndjson"}


def test_nothing_is_kept_of_an_upload_that_turns_out_to_be_too_long(limited: Api, served_database: str) -> None:
    answer = limited.http.post("/v1/customers/bulk/async", content=iter([LONG] * (A_DAY + 1)), headers=LINES)
    refused_for_ever(answer, limited, f"more than a whole day's quota: {A_DAY} rows a day")
    deadline = time.monotonic() + 60
    while in_database(served_database, limited) != (0, 0, 0):
        assert time.monotonic() < deadline, "something is left"
        time.sleep(0.05)
    assert limited.get("/v1/async-actions")["async_actions"] == []
    assert as_lines(limited, A_DAY).is_success


def wait_until_staged(database_url: str, api: Api) -> None:
    deadline = time.monotonic() + 60
    while in_database(database_url, api)[1] == 0:
        assert time.monotonic() < deadline, "nothing is staged"
        time.sleep(0.02)


def test_what_is_refused_for_other_reasons_or_breaks_off_takes_nothing(limited: Api, served_database: str) -> None:
    assert limited.http.post("/v1/vouchers/import", content=b'[{"code": "A"}, {', headers=JSON).status_code == 400
    with Client(limited) as client:
        head = client.head("POST", "/v1/customers/bulk/async", "Content-Type: application/x-ndjson",
                           "Content-Length: 10000000")  # fmt: skip
        client.send(head, LONG * (A_DAY - 10))
        wait_until_staged(served_database, limited)
    deadline = time.monotonic() + 60
    while not (answer := as_json(limited, A_DAY)).is_success:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


JSON = {"Content-Type": "application/json"}


def test_what_was_sent_before_is_counted_once(limited: Api) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [limited.http.post("/v1/vouchers/import", json=gifts(70), headers=headers) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert as_json(limited, 30).is_success
    refused_for_the_day(as_json(limited, 1), limited, used=A_DAY)


def test_rows_that_are_retried_are_rows_that_are_sent(limited: Api) -> None:
    failing = limited.import_json([{"code": f"BAD{number}", "type": "NONE"} for number in range(60)])
    assert limited.ended(failing)["failed_count"] == 60
    refused_for_the_day(limited.http.post(f"/v1/async-actions/{failing}/retry"), limited, used=60)


def taken(database_url: str, api: Api) -> int:
    """How many rows of the day are taken, by all processes together."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT taken FROM usage_windows JOIN projects USING (project_id) WHERE id = %s", [api.keys.project]
        ).fetchone()
    assert row
    return int(row[0])


def test_a_server_that_stops_leaves_its_rows_to_the_others(session_dir: Path, served_database: str) -> None:
    with serving(session_dir / "stopping", ApiOnly, database_url=served_database, **HOST_SETTINGS) as running:
        api = Api(running.url, new_project(served_database))
        with closing(api.http):
            assert as_json(api, 1).is_success
            assert taken(served_database, api) > 1
    assert taken(served_database, api) == 1


def test_projects_have_their_quotas_each(limited: Api, host: Server, served_database: str) -> None:
    assert as_json(limited, A_DAY).is_success
    with closing(Api(host.url, new_project(served_database)).http) as other:
        assert other.post("/v1/vouchers/import", json=gifts(A_DAY)).is_success


def refused_for_its_size(answer: httpx.Response, api: Api, stored: int) -> None:
    error = answer.json()
    assert (answer.status_code, error["key"]) == (429, "quota_exceeded"), answer.text
    assert (error["resource_type"], error["resource_id"]) == ("project", api.keys.project)
    setting = "(setting TALLYKEEP_MAX_STORED_ROWS; ask who runs this server to raise it)"
    assert f"may have {STORED} resources {setting}: it has {stored}" in error["details"]
    assert "Retry-After" not in answer.headers, "nobody knows when somebody deletes some"


@pytest.mark.parametrize("send", WAYS.values(), ids=WAYS)
def test_stored_rows(bounded: Api, served_database: str, send: Send) -> None:
    assert send(bounded, STORED - 10).is_success
    before = in_database(served_database, bounded)[0]
    refused_for_its_size(send(bounded, 20), bounded, STORED - 10)
    assert in_database(served_database, bounded)[0] == before
    assert send(bounded, 10).is_success


def test_what_is_deleted_makes_room(bounded: Api) -> None:
    bounded.ended(bounded.import_json(gifts(STORED)))
    refused_for_its_size(as_csv(bounded, 1), bounded, STORED)
    assert bounded.http.delete("/v1/vouchers/C0").status_code == 204
    deadline = time.monotonic() + 60
    while not (answer := bounded.http.post("/v1/vouchers/import", json=gifts(1, first=1_000))).is_success:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def test_all_resources_count_those_of_single_requests_too(bounded: Api) -> None:
    assert as_lines(bounded, 30).is_success
    assert as_json(bounded, 25).is_success
    bounded.http.post("/v1/vouchers", json=GIFT).raise_for_status()
    deadline = time.monotonic() + 60
    while "it has 56," not in (answer := as_csv(bounded, 6)).json()["details"]:
        assert answer.status_code == 429
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    refused_for_its_size(answer, bounded, 56)


def sessions(database_url: str, condition: str) -> int:
    """How many other sessions there are of which this is true."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            f" AND {condition}"
        ).fetchone()
    assert row
    return int(row[0])


WAITING = "cardinality(pg_blocking_pids(pid)) > 0"


def wait_until_waiting(database_url: str, count: int) -> None:
    """Wait until so many sessions wait for others' locks."""
    deadline = time.monotonic() + 60
    while sessions(database_url, WAITING) < count:
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.02)


def test_lists_that_scan_close_nobody_out_from_counting(bounded: Api, host: Server, served_database: str) -> None:
    elsewhere = Api(host.url, bounded.keys)
    with closing(elsewhere.http):
        elsewhere.ended(elsewhere.import_json(gifts(STORED - 2)))
    with psycopg.connect(served_database) as holder, ThreadPoolExecutor(2) as threads:
        holder.execute("LOCK TABLE campaigns IN ACCESS EXCLUSIVE MODE")
        scans = [threads.submit(bounded.http.get, "/v1/campaigns?campaign_status=DONE") for _ in range(2)]
        wait_until_waiting(served_database, 2)
        answer = as_json(bounded, 3)
        holder.rollback()
        assert [each.result().status_code for each in scans] == [200, 200]
    refused_for_its_size(answer, bounded, STORED - 2)


@pytest.mark.parametrize("send", [generated, added])
def test_rows_are_counted_before_a_transaction_is_open(bounded: Api, served_database: str, send: Send) -> None:
    bounded.http.post("/v1/campaigns", json={"name": "F", "voucher": GIFT, "vouchers_count": 0}).raise_for_status()
    with psycopg.connect(served_database) as holder, ThreadPoolExecutor(1) as threads:
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        late = threads.submit(send, bounded, 5)
        wait_until_waiting(served_database, 1)
        writing = sessions(served_database, "application_name = 'tallykeep writes' AND xact_start IS NOT NULL")
        holder.rollback()
        assert late.result().is_success
    assert writing == 0


def added_once(api: Api, count: int) -> httpx.Response:
    params, headers = {"vouchers_count": count}, {"Idempotency-Key": "once"}
    return api.http.post("/v1/campaigns/F/vouchers", params=params, json={}, headers=headers)


def test_codes_that_were_asked_for_before_are_counted_once_and_found_when_the_quota_is_used_up(limited: Api) -> None:
    assert added(limited, A_DAY - 70).is_success
    answers = [added_once(limited, 70) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["async_action_id"] for answer in answers}) == 1
    refused_for_the_day(added(limited, 2), limited, used=A_DAY)


def test_codes_that_turn_out_to_have_been_asked_for_are_given_back(
    limited: Api, by_size: Server, served_database: str
) -> None:
    assert added(limited, 2).is_success
    with (
        psycopg.connect(served_database) as holder, ThreadPoolExecutor(1) as threads,
        closing(Api(by_size.url, limited.keys).http) as http,
    ):  # fmt: skip
        holder.execute("SELECT FROM usage_windows FOR UPDATE")
        late = threads.submit(added_once, limited, 50)
        wait_until_waiting(served_database, 1)
        first = http.post(
            "/v1/campaigns/F/vouchers", params={"vouchers_count": 50}, json={}, headers={"Idempotency-Key": "once"}
        )
        holder.rollback()
        assert late.result().json() == first.json()
    assert as_json(limited, A_DAY - 2).is_success
