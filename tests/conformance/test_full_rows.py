"""Rows with every field of the wire format: each is kept and shown, or refused with a reason; none is lost."""

from typing import Any

import pytest

from tests.conformance.case import SAME, Found, Full, FullRow, NotFor, Sent, newest
from tests.conformance.cases import CASES
from tests.conformance.runs import holds, run
from tests.server import Api

FULL = [(name, full) for name, case in CASES.items() if not isinstance(case.full, NotFor) for full in case.full]
ROWS = [
    pytest.param(name, full, row, id=f"{name}-{number}") for name, full in FULL for number, row in enumerate(full.rows)
]
REFUSED = [
    pytest.param(name, cell, id=f"{name}-{field}") for name, full in FULL for field, cell in full.refuses.items()
]


@pytest.mark.parametrize(("name", "full", "row"), ROWS)
def test_every_field_comes_back(api: Api, name: str, full: Full, row: FullRow) -> None:
    case = CASES[name]
    full.before(api)
    given = {field: _with_ids(api, sent.value) for field, sent in row.items()}
    answer = case.submit(api, full.wrap(given), full.target)
    assert answer.status_code in (200, 202), answer.text
    action = api.ended(answer.json().get("async_action_id") or newest(api))
    assert action["failed_count"] == 0, action["result"]
    own = full.get.format(key=_key(given.get(full.key)))
    for field, sent in row.items():
        found = _at(api.get(sent.get or own), sent.at)
        assert holds(found, _expected(api, sent)), (field, found)


@pytest.mark.parametrize(("name", "cell"), REFUSED)
def test_a_field_that_is_not_kept_is_refused(api: Api, name: str, cell: Any) -> None:
    run(api, CASES[name], cell)


def _key(given: Any) -> Any:
    return given[0] if isinstance(given, list) else given


def _expected(api: Api, sent: Sent) -> Any:
    return _with_ids(api, sent.value if sent.shown is SAME else sent.shown)


def _with_ids(api: Api, value: Any) -> Any:
    if isinstance(value, Found):
        return api.get(value.path)["id"]
    if isinstance(value, dict):
        return {name: _with_ids(api, inner) for name, inner in value.items()}
    return [_with_ids(api, inner) for inner in value] if isinstance(value, list) else value


def _at(found: Any, place: str) -> Any:
    for step in place.split(".") if place else ():
        found = found[int(step)] if isinstance(found, list) else found.get(step)
    return found
