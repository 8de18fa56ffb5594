"""Runs a case against the server and compares what comes of it."""

import re
from typing import Any

import httpx

from tests.conformance.case import Case, NotFor, Refused, Run, shown
from tests.http.test_errors import check
from tests.server import Api


def run(api: Api, case: Case, cell: Run | Refused | NotFor) -> dict[str, Any]:
    """Submit as the case says and compare what comes of it; the action, or nothing where it is refused."""
    assert not isinstance(cell, NotFor)
    cell.before(api)
    for _ in range(cell.times - 1):
        api.ended(case.start(api, cell.body))
    return _runs(api, case, cell) if isinstance(cell, Run) else _is_refused(api, case, cell)


def _runs(api: Api, case: Case, cell: Run) -> dict[str, Any]:
    action = api.ended(case.start(api, cell.body))
    assert (action["status"], action["operation_status"]) == ("DONE", "SUCCESS")
    assert _failures(api, action) == cell.failures
    assert (action["done_count"], action["failed_count"]) == (cell.done, len(cell.failures))
    assert action["total_count"] == cell.done + len(cell.failures)
    if cell.result is not None:
        links = ("reports", "reports_available_till")
        assert {name: value for name, value in action["result"].items() if name not in links} == cell.result
    for path, expected in cell.shows.items():
        actual = shown(api, path)
        assert actual is None if expected is None else holds(actual, expected), (path, actual)
    return action


def _is_refused(api: Api, case: Case, cell: Refused) -> dict[str, Any]:
    before = api.get("/v1/async-actions", limit=100)
    check(case.submit(api, cell.body, cell.target), cell.code, cell.key, cell.words)
    assert api.get("/v1/async-actions", limit=100) == before
    return {}


def _failures(api: Api, action: dict[str, Any]) -> list[dict[str, Any]]:
    """The failed rows as the result shows them, or where it shows none, as their own list does."""
    result = action["result"]
    failures = result.get("failed", result.get("errors"))
    if failures is not None:
        return list(failures)
    list_spec = api.get(f"/v1/async-actions/{action['id']}/failures")["failures"]
    return [{name: value for name, value in failure.items() if name != "line"} for failure in list_spec]


def report_lines(action: dict[str, Any]) -> list[str]:
    """The lines of a bulk update's report file."""
    (url,) = action["result"]["reports"]
    return httpx.get(url, trust_env=False).text.splitlines()


def holds(actual: Any, expected: Any) -> bool:
    """Whether all that is expected is there; objects may hold more, and None is as good as nothing."""
    if isinstance(expected, re.Pattern):
        return bool(expected.fullmatch(actual))
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(holds(actual.get(name), value) for name, value in expected.items())
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) == len(expected) and all(map(holds, actual, expected))
    return bool(actual == expected) and isinstance(actual, bool) == isinstance(expected, bool)
