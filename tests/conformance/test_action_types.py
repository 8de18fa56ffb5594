"""One suite over the table of action types: every type runs through the same cases."""

import asyncio

import psycopg
import pytest

from tallykeep.actions import ACTION_TYPES
from tallykeep.engine.queue import Queue
from tests.conformance.cases import CASES, UPDATE_CASES, Case
from tests.http.test_errors import check
from tests.server import Api


@pytest.fixture(autouse=True)
def prepared(request: pytest.FixtureRequest, api: Api) -> None:
    if "case" in request.fixturenames:
        request.getfixturevalue("case").prepare(api)


every_type = pytest.mark.parametrize(("name", "case"), CASES.items(), ids=list(CASES))


def test_every_type_has_its_cases() -> None:
    assert CASES.keys() | UPDATE_CASES.keys() == ACTION_TYPES.keys()


def key_of(row: dict[str, str]) -> str:
    return next(row[name] for name in ("code", "Code", "Source_id", "source_id") if name in row)


@every_type
def test_the_captured_example(api: Api, name: str, case: Case) -> None:
    if case.golden_schema:
        api.define_schema(case.schema_of, case.golden_schema)
    action = api.ended(case.submit(api, case.golden_rows))
    assert action["type"] == name
    assert action["result"] == case.golden_result
    assert (action["status"], action["operation_status"], action["progress"]) == ("DONE", "SUCCESS", 100)
    assert action["object"] == "async_action"
    assert action["processing_time"] >= 0


@every_type
def test_an_empty_submission_is_done(api: Api, name: str, case: Case) -> None:
    action = api.ended(case.submit(api, []))
    assert (action["status"], action["operation_status"], action["total_count"]) == ("DONE", "SUCCESS", 0)


@every_type
def test_one_bad_row_among_good_ones(api: Api, name: str, case: Case) -> None:
    action = api.ended(case.submit(api, [case.good("A"), case.bad, case.good("B")]))
    assert (action["done_count"], action["failed_count"]) == (2, 1)
    (failure,) = action["result"]["failed"]
    assert failure.keys() == set(ACTION_TYPES[name].failure_fields)
    assert failure["reason"] == case.bad_reason
    if case.key:
        assert failure[case.key] == "BAD"
    assert failure.get("row", 2) == 2
    for key in ("A", "B"):
        assert case.read(api, key)[case.key or "source_id"] == key


@every_type
def test_the_same_key_twice_in_one_submission(api: Api, name: str, case: Case) -> None:
    if case.refuses_twice:
        rows = [case.good("TWICE"), case.good("ONCE"), case.good("TWICE")]
        path = ACTION_TYPES[name].path.replace("{target}", "Fall")
        check(api.http.post(path, json=rows), 400, "duplicate_key", "Row 3 repeats the code TWICE")
        check(api.http.post(path, json=[{"active": True}]), 400, "invalid_voucher", "Row 1 has no code")
        check(api.http.post(path.replace("Fall", "Nothing"), json=[]), 404, "not_found", "campaign")
        return
    action = api.ended(case.submit(api, [case.good("TWICE"), case.good("TWICE")]))
    _assert_repeated(action, case.twice_in_one, done=1)


@every_type
def test_the_same_submission_twice(api: Api, name: str, case: Case) -> None:
    api.ended(case.submit(api, [case.good("TWICE")]))
    action = api.ended(case.submit(api, [case.good("TWICE")]))
    _assert_repeated(action, case.twice_in_two, done=0)


def _assert_repeated(action: dict[str, object], reason: str | None, *, done: int) -> None:
    result = action["result"]
    assert isinstance(result, dict)
    if reason is None:
        assert result["failed"] == []
    else:
        assert action["done_count"] == done
        assert [failure["reason"] for failure in result["failed"]] == [reason]


@every_type
def test_another_project_is_not_touched(api: Api, other_api: Api, name: str, case: Case) -> None:
    case.prepare(other_api)
    other_api.ended(case.submit(other_api, [case.good("SHARED")]))
    before = case.read(other_api, "SHARED")
    action = api.ended(case.submit(api, [case.good("SHARED")]))
    assert action["done_count"] == 1
    assert case.read(other_api, "SHARED") == before
    assert case.read(api, "SHARED")["id"] != before["id"]


@every_type
def test_a_row_with_every_field(api: Api, name: str, case: Case) -> None:
    action = api.ended(case.submit(api, [case.full]))
    assert action["result"]["failed"] == []
    shown = case.read(api, key_of(case.full))
    assert {field: shown[field] for field in case.shown} == case.shown


@every_type
def test_a_replayed_job_changes_nothing(api: Api, served_database: str, name: str, case: Case) -> None:
    action = api.ended(case.submit(api, [case.good("R1"), case.bad, case.good("R2")]))
    before = case.read(api, "R1")

    async def replay() -> None:
        queue = Queue(served_database)

        async def nothing(project_id: int) -> None:
            pass

        queue.on_advance(nothing)
        async with await psycopg.AsyncConnection.connect(served_database) as connection:
            found = await connection.execute("SELECT project_id FROM async_actions WHERE id = %s", (action["id"],))
            (project_id,) = await found.fetchone() or (None,)
            await queue.defer_advance(connection, project_id, turn=1)

    asyncio.run(replay())
    api.ended(case.submit(api, [case.good("AFTER")]))  # a first turn is served before this one's
    assert api.get(f"/v1/async-actions/{action['id']}") == action
    assert case.read(api, "R1") == before
