"""The list of tasks and one task's page, as they come from the server."""

import re
from html import unescape

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.catalog.contents import contents
from tallykeep.core import exact_json
from tallykeep.dashboard.kit import labels
from tallykeep.dashboard.kit.catalog import Catalog
from tallykeep.dashboard.pages.tasks.chart import HEIGHT, chart_of
from tallykeep.dashboard.pages.tasks.filters import Filters
from tests.dashboard.browser import Browser
from tests.http.test_control import MIXED, accepted, gifts, run, submit
from tests.http.watching import vouchers_held_back
from tests.server import Api


def test_every_action_type_has_a_label_of_its_own() -> None:
    catalog = Catalog(exact_json.loads(exact_json.dumps(contents())))
    assert set(catalog.type_labels) == set(ACTION_TYPES)
    assert len(set(catalog.type_labels.values())) == len(ACTION_TYPES)
    for name, action_type in ACTION_TYPES.items():
        action = {"type": name}
        assert catalog.has_file(action) is (action_type.source != "planned"), name
        assert catalog.fixable(action) is (action_type.source in ("csv", "json")), name


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (3, "3 s"),
        (9.96, "10.0 s"),
        (48.4, "48 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7_500, "2 h 5 min"),
    ],
)
def test_spans_of_time_are_told_as_people_do(seconds: float, text: str) -> None:
    assert labels.duration(seconds) == text


def test_moments_are_meant_in_the_readers_zone() -> None:
    filters = Filters(time="finished", since="2026-07-01T12:00", until="2026-12-01T12:00", zone="Europe/Berlin")
    query = filters.api_query()
    assert (query["finished_from"], query["finished_before"]) == ("2026-07-01T10:00:00Z", "2026-12-01T11:00:00Z")
    for zone in ("", "Nowhere/Else", "../../etc/passwd"):
        query = Filters(since="2026-07-01T12:00", zone=zone).api_query()
        assert query["start_date"] in ("2026-07-01T12:00:00Z", "2026-07-01T12:00")


def test_few_rows_beside_many_can_be_seen_in_the_chart() -> None:
    minutes = [
        {"minute": "2026-01-01T00:00:00Z", "done_count": done, "failed_count": failed}
        for done, failed in ((1_000_000, 1), (1, 0), (0, 0))
    ]
    chart = chart_of(minutes)
    assert (chart.total, chart.maximum) == (1_000_002, 1_000_001)
    full, least, none = chart.bars
    assert full.done_height + full.failed_height <= HEIGHT
    assert full.failed_height > 1
    assert least.done_height > 1
    assert none.done_height == none.failed_height == 0
    assert chart_of([]).total == 0


def test_pages_of_the_list_go_on_and_keep_the_filters(visitor: Browser, api: Api) -> None:
    ids = [api.import_json([]) for _ in range(25)]
    api.import_csv("Code\n")
    first = visitor.get("/tasks", type="VOUCHERS.IMPORT", zone="UTC")
    assert re.findall(r'id="task-(\w+)"', first.text) == ids[:-21:-1]
    assert 'id="newest"' not in first.text
    (older,) = re.findall(r'id="older" href="([^"]*)"', first.text)
    rest = visitor.get(unescape(older))
    assert re.findall(r'id="task-(\w+)"', rest.text) == ids[4::-1]
    assert 'id="older"' not in rest.text
    assert 'id="newest" href="/tasks?type=VOUCHERS.IMPORT"' in rest.text


@pytest.mark.parametrize(
    ("query", "message"),
    [("status=NO", "must be one of"), ("since=soon", "ISO-8601"), ("after=aa_no", "no async action")],
)
def test_filters_that_mean_nothing_are_told_so(visitor: Browser, query: str, message: str) -> None:
    page = visitor.get(f"/tasks?{query}")
    assert page.status_code == 400
    assert message in page.text
    assert "<h1>" in page.text


@pytest.mark.parametrize("path", ["/tasks/aa_no", "/tasks/aa_no/fix", "/tasks/..%2fv1", "/tasks/a%00b", "/tasks/%3Fx"])
def test_what_is_not_there_is_told_on_a_page(visitor: Browser, path: str) -> None:
    page = visitor.get(path)
    assert page.status_code in (400, 404)
    assert "<h1>" in page.text


def test_what_is_typed_anywhere_stays_text(visitor: Browser, api: Api) -> None:
    evil = "<script>alert(1)</script>\"'&"
    content = f"Code,Voucher Type,Value\n{evil.replace(chr(34), '')},GIFT_VOUCHER,<b>\n"
    answer = api.http.post("/v1/vouchers/importCSV", files={"file": ("<i>.csv", content)})
    action = api.ended(accepted(answer))
    for path in ("/tasks", f"/tasks/{action['id']}", f"/tasks/{action['id']}/fix", f"/tasks?file={evil}"):
        text = visitor.get(path).text
        assert not re.search(r"<script>|<b>|<i>", text), path


def test_another_projects_task_is_not_there(visitor: Browser, other_api: Api) -> None:
    action = run(other_api, MIXED)
    for path in ("", "/fix", "/batches", "/events", "/download/file"):
        assert visitor.get(f"/tasks/{action['id']}{path}").status_code == 404
    own = visitor.get("/tasks")
    token = re.findall(r'name="csrf_token" value="([^"]*)"', own.text)[0]
    for path in ("/cancel", "/retry", "/fix"):
        assert visitor.post(f"/tasks/{action['id']}{path}", {"csrf_token": token}).status_code == 404


def test_files_come_as_the_api_has_them(visitor: Browser, api: Api) -> None:
    action = run(api, MIXED)
    for name in ("failures.csv", "failures.ndjson", "file"):
        ours = visitor.get(f"/tasks/{action['id']}/download/{name}")
        theirs = api.http.get(f"/v1/async-actions/{action['id']}/{name}")
        assert ours.content == theirs.content
        for header in ("content-type", "content-disposition"):
            assert ours.headers[header] == theirs.headers[header]
    assert visitor.get(f"/tasks/{action['id']}/download/report.csv").status_code == 404
    assert visitor.get(f"/tasks/{action['id']}/download/events").status_code == 400
    rows = [{"code": "A", "metadata": {"k": 1}}]
    update = api.ended(accepted(api.http.post("/v1/vouchers/bulk/async", json=rows)))
    assert f"{update['id']}/download/report.csv" in visitor.get(f"/tasks/{update['id']}").text
    report = visitor.get(f"/tasks/{update['id']}/download/report.csv")
    assert report.text.splitlines()[0] == "\ufeffcode,found,updated,error"


def test_files_come_for_a_spreadsheet_too(visitor: Browser, api: Api) -> None:
    action = run(api, MIXED)
    page = visitor.get(f"/tasks/{action['id']}").text
    for name in ("failures.csv", "file"):
        path = f"/tasks/{action['id']}/download/{name}?for=spreadsheet"
        assert f'href="{path}"' in page
        theirs = api.http.get(f"/v1/async-actions/{action['id']}/{name}", params={"for": "spreadsheet"})
        assert visitor.get(path).content == theirs.content != visitor.get(path.partition("?")[0]).content
    assert "no cell is run as a formula" in page
    assert visitor.get(f"/tasks/{action['id']}/download/file?for=people").status_code == 400


def test_the_events_are_parts_of_the_page(visitor: Browser, api: Api, served_database: str) -> None:
    with vouchers_held_back(served_database):
        action_id = accepted(submit(api, gifts(7)))
        with visitor.http.stream("GET", f"/tasks/{action_id}/events") as events:
            lines = events.iter_lines()
            assert next(lines) == "event: progress"
            assert next(lines).startswith("data: ")
    text = visitor.get(f"/tasks/{action_id}/events").text
    done = text.partition("event: done\n")[2]
    assert "<dt>Done</dt><dd>7</dd>" in done
    assert "Rows 1 to 7: Done" in done  # batches and tally come together
    assert "<html" not in text


def test_retries_are_linked_both_ways(visitor: Browser, api: Api) -> None:
    parent = run(api, MIXED)
    page = visitor.get(f"/tasks/{parent['id']}")
    child = visitor.send(page, f"/tasks/{parent['id']}/retry")
    child_id = child.url.path.rpartition("/")[2]
    api.ended(child_id)
    assert f'id="parent" href="/tasks/{parent["id"]}"' in child.text
    assert f'href="/tasks/{child_id}"' in visitor.get(f"/tasks/{parent['id']}").text
    assert "This task retries" in child.text
    assert "This task retries" not in visitor.get(f"/tasks/{child_id}").text


def test_all_are_retried_as_many_as_there_are(visitor: Browser, api: Api) -> None:
    for _ in range(3):
        run(api, MIXED)
    query = visitor.get("/tasks/all/retry")
    assert "Retry the failed rows of 3 tasks?" in query.text
    page = visitor.send(query, "/tasks/all/retry")
    assert "3 tasks were retried." in page.text
    for action in api.get("/v1/async-actions")["async_actions"]:
        api.ended(action["id"])
    assert "3 tasks" in visitor.get("/tasks/all/retry").text  # those that were started just now
    assert "Nothing to cancel" in visitor.get("/tasks/all/cancel").text
