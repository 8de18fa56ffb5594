"""The action types that change resources which exist: every one runs through the same cases."""

import httpx
import pytest

from tests.conformance.cases import UPDATE_CASES, UpdateCase
from tests.http.test_errors import check
from tests.server import Api

every_type = pytest.mark.parametrize(("name", "case"), UPDATE_CASES.items(), ids=list(UPDATE_CASES))
finding_types = pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name, case in UPDATE_CASES.items() if case.finds_by_key]
)

upserting_types = pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name, case in UPDATE_CASES.items() if case.upserts]
)


@every_type
def test_the_shape_of_the_result(api: Api, name: str, case: UpdateCase) -> None:
    case.make(api, ["A", "B"])
    action = api.ended(case.submit(api, ["A", "B"]))
    assert action["type"] == name
    assert (action["status"], action["operation_status"], action["progress"]) == ("DONE", "SUCCESS", 100)
    result = dict(action["result"])
    if "errors" in result:
        (url,) = result.pop("reports")
        assert url.startswith(api.url)
        assert result.pop("reports_available_till").endswith("Z")
    assert result == case.result_of_two
    assert case.is_changed(api, "A")
    assert case.is_changed(api, "B")


@every_type
def test_nothing_to_change(api: Api, name: str, case: UpdateCase) -> None:
    if case.needs_target:
        check(api.http.delete("/v1/campaigns/Fall"), 404, "not_found")
        check(api.http.put("/v1/campaigns/Fall", json={}), 404, "not_found")
        check(api.http.post("/v1/campaigns/Fall/vouchers?vouchers_count=2"), 404, "not_found")
        return
    action = api.ended(case.submit(api, []))
    assert (action["status"], action["operation_status"], action["total_count"]) == ("DONE", "SUCCESS", 0)


@finding_types
def test_a_key_that_does_not_exist_among_those_that_do(api: Api, name: str, case: UpdateCase) -> None:
    case.make(api, ["A", "B"])
    action = api.ended(case.submit(api, ["A", "NOBODY", "B"]))
    assert (action["done_count"], action["failed_count"]) == (2, 1)
    (error,) = action["result"]["errors"]
    assert error["key"] == "not_found"
    assert "NOBODY" in error["details"]
    assert case.is_changed(api, "A")
    assert case.is_changed(api, "B")


@upserting_types
def test_a_key_that_does_not_exist_is_created(api: Api, name: str, case: UpdateCase) -> None:
    case.make(api, ["A"])
    action = api.ended(case.submit(api, ["A", "NOBODY"]))
    assert (action["done_count"], action["failed_count"]) == (2, 0)
    assert case.is_changed(api, "NOBODY")
    (url,) = action["result"]["reports"]
    lines = httpx.get(url, trust_env=False).text.splitlines()
    assert lines[1:] == ["A,true,true,", "NOBODY,false,true,"]


@every_type
def test_the_same_submission_twice(api: Api, name: str, case: UpdateCase) -> None:
    case.make(api, ["A"])
    for _ in range(1 if case.only_once else 2):
        assert api.ended(case.submit(api, ["A"]))["failed_count"] == 0
        assert case.is_changed(api, "A")


@every_type
def test_another_project_is_not_touched(api: Api, other_api: Api, name: str, case: UpdateCase) -> None:
    case.make(api, ["A"])
    case.make(other_api, ["A"])
    api.ended(case.submit(api, ["A"]))
    assert case.is_changed(api, "A")
    assert not case.is_changed(other_api, "A")
