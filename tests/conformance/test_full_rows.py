"""Rows with every field of the wire format: each is kept and shown, or refused with a reason; none is lost."""

from typing import Any

import pytest

from tests.conformance.case import SAME, FieldCase, Full, FullRow, IdOf, NotFor, newest
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
    action_case = CASES[name]
    full.before(api)
    values = {field: _with_ids(api, case.value) for field, case in row.items()}
    answer = action_case.submit(api, full.wrap(values), full.target)
    assert answer.status_code in (200, 202), answer.text
    action = api.ended(answer.json().get("async_action_id") or newest(api))
    assert action["failed_count"] == 0, action["result"]
    own = full.get.format(key=_key(values.get(full.key)))
    for field, case in row.items():
        value = _at(api.get(case.get or own), case.at)
        assert holds(value, _expected(api, case)), (field, value)


@pytest.mark.parametrize(("name", "cell"), REFUSED)
def test_a_field_that_is_not_kept_is_refused(api: Api, name: str, cell: Any) -> None:
    run(api, CASES[name], cell)


def _key(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _expected(api: Api, case: FieldCase) -> Any:
    return _with_ids(api, case.value if case.shown is SAME else case.shown)


def _with_ids(api: Api, value: Any) -> Any:
    if isinstance(value, IdOf):
        return api.get(value.path)["id"]
    if isinstance(value, dict):
        return {name: _with_ids(api, inner) for name, inner in value.items()}
    return [_with_ids(api, inner) for inner in value] if isinstance(value, list) else value


def _at(shown: Any, path: str) -> Any:
    for step in path.split(".") if path else ():
        shown = shown[int(step)] if isinstance(shown, list) else shown.get(step)
    return shown
