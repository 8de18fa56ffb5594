"""One suite over the table of action types: every type runs through the same cases."""

import re
from typing import Any

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tests.conformance.case import CELLS, NotFor
from tests.conformance.cases import CASES
from tests.conformance.project import contents, defer_again, wait_for_jobs
from tests.conformance.runs import report_lines, run
from tests.http.test_errors import check
from tests.server import Api

MANY = [f"KEY-{number}" for number in range(5)]


def test_every_type_has_its_cases() -> None:
    assert CASES.keys() == ACTION_TYPES.keys()
    for name, case in CASES.items():
        for cell in CELLS:
            assert getattr(case, cell), f"{name} {cell}: a case that makes no sense says why"


def _types(cell: str | None = None) -> Any:
    names = [name for name, case in CASES.items() if not (cell and isinstance(getattr(case, cell), NotFor))]
    return pytest.mark.parametrize("name", names)


@_types("golden")
def test_the_captured_example(api: Api, name: str) -> None:
    action = run(api, CASES[name], CASES[name].golden)
    assert (action["type"], action["object"], action["progress"]) == (name, "async_action", 100)
    assert action["id"].startswith("aa_")
    assert action["processing_time"] >= 0
    assert re.fullmatch("[vw]-[0-9a-f]{18}", action["request_id"])
    if ACTION_TYPES[name].report_header:
        assert action["result"]["reports_available_till"].endswith("Z")
        assert len(report_lines(action)) == 1 + action["total_count"]
    else:
        assert "reports" not in action["result"]


@_types("empty")
def test_an_empty_submission(api: Api, name: str) -> None:
    action = run(api, CASES[name], CASES[name].empty)
    assert not action or action["total_count"] == 0


@_types("bad_row")
def test_one_bad_row_among_good_ones(api: Api, name: str) -> None:
    run(api, CASES[name], CASES[name].bad_row)


@_types("twice_in_one")
def test_the_same_key_twice_in_one_submission(api: Api, name: str) -> None:
    run(api, CASES[name], CASES[name].twice_in_one)


@_types("twice_in_two")
def test_the_same_submission_twice(api: Api, name: str) -> None:
    run(api, CASES[name], CASES[name].twice_in_two)


@_types("missing_target")
def test_targets_that_do_not_exist(api: Api, name: str) -> None:
    run(api, CASES[name], CASES[name].missing_target)


@_types()
def test_another_project_is_not_touched(api: Api, other_api: Api, served_database: str, name: str) -> None:
    case = CASES[name]
    _fill(other_api, name, MANY)
    case.before(api, MANY)
    before = contents(served_database, other_api.keys.project)
    action = api.ended(case.start(api, case.body(MANY)))
    assert action["failed_count"] == 0
    assert contents(served_database, other_api.keys.project) == before
    assert case.is_done(api, MANY[0])
    check(other_api.http.get(f"/v1/async-actions/{action['id']}"), 404, "not_found", action["id"])


@_types("foreign_target")
def test_targets_of_another_project_do_not_exist(api: Api, other_api: Api, served_database: str, name: str) -> None:
    case = CASES[name]
    _fill(other_api, name, ["THEIRS", "AND-THIS"])
    assert not isinstance(case.foreign_target, NotFor)
    cell = case.foreign_target(other_api)
    before = contents(served_database, other_api.keys.project)
    run(api, case, cell)
    assert contents(served_database, other_api.keys.project) == before


@_types()
def test_a_replayed_job_changes_nothing(api: Api, served_database: str, name: str) -> None:
    case = CASES[name]
    case.before(api, MANY)
    action_id = case.start(api, case.body(MANY))
    defer_again(served_database, api.keys.project, times=3)
    action = api.ended(action_id)
    assert (action["done_count"], action["failed_count"]) == (action["total_count"], 0)
    wait_for_jobs(served_database, api.keys.project)
    before = contents(served_database, api.keys.project)
    defer_again(served_database, api.keys.project, times=5)
    wait_for_jobs(served_database, api.keys.project)
    assert contents(served_database, api.keys.project) == before
    assert api.get(f"/v1/async-actions/{action_id}") == action
    assert all(case.is_done(api, key) for key in MANY)


def test_a_job_of_another_project_changes_nothing(api: Api, other_api: Api, served_database: str) -> None:
    api.ended(api.import_json([{"code": "MINE", "gift": {"amount": 1}}]))
    before = [contents(served_database, client.keys.project) for client in (api, other_api)]
    defer_again(served_database, other_api.keys.project, times=2)
    wait_for_jobs(served_database, other_api.keys.project)
    assert [contents(served_database, client.keys.project) for client in (api, other_api)] == before


def _fill(api: Api, name: str, keys: list[str]) -> None:
    """Give a project resources with these keys: those an import makes, or those that an update would change."""
    CASES[name].before(api, keys)
    if "IMPORT" in name:
        api.ended(CASES[name].start(api, CASES[name].body(keys)))
