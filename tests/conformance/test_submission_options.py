"""What a submission may ask for beside its rows, held for every action type."""

from typing import Any

import httpx
import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tests.conformance.case import Case
from tests.conformance.cases import CASES
from tests.conformance.project import contents
from tests.server import Api

MANY = [f"OPTION-{number}" for number in range(6)]
# These change the resource itself at once, and answer without an id or delete what a second request would look for.
IMMEDIATE = {"CAMPAIGN.VOUCHERS_UPDATE", "CAMPAIGN.VOUCHERS_DELETE", "CUSTOMERS.PERMANENT_DELETION"}
ENGINE = {
    "async_actions", "batches", "failures", "report_parts", "attempts", "schedules", "idempotency_keys", "dry_run_keys",
    "removals", "audit",
}  # fmt: skip

every_type = pytest.mark.parametrize("name", CASES)


def resources(database_url: str, project: str) -> dict[str, list[Any]]:
    return {table: rows for table, rows in contents(database_url, project).items() if table not in ENGINE}


def submit(api: Api, case: Case, *, headers: dict[str, str] | None = None, **submission_options: str) -> httpx.Response:
    """Submit with wishes, whatever way the type is sent."""
    wishing = Api(api.url, api.keys)
    wishing.http.params = httpx.QueryParams(submission_options)
    wishing.http.headers.update(headers or {})
    return case.submit(wishing, case.body(MANY))


def ended(api: Api, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code in (200, 202), answer.text
    return api.ended(answer.json()["async_action_id"])


def tally(action: dict[str, Any]) -> tuple[int, ...]:
    return tuple(action[name] for name in ("done_count", "failed_count", "unprocessed_count", "total_count"))


@every_type
def test_a_dry_run_foretells_and_writes_nothing(api: Api, served_database: str, name: str) -> None:
    case = CASES[name]
    case.before(api, MANY)
    before = resources(served_database, api.keys.project)
    answer = submit(api, case, dry_run="true")
    if name in IMMEDIATE:
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
        assert resources(served_database, api.keys.project) == before
        return
    dry = ended(api, answer)
    assert dry["dry_run"] is True
    assert resources(served_database, api.keys.project) == before
    real = ended(api, submit(api, case))
    assert tally(dry) == tally(real)
    assert (dry["created_count"], dry["updated_count"]) == (real["created_count"], real["updated_count"])
    shape = {"reports", "reports_available_till"}
    assert {key: value for key, value in dry["result"].items() if key not in shape} == {
        key: value for key, value in real["result"].items() if key not in shape
    }
    assert all(case.is_done(api, key) for key in MANY)


@every_type
def test_all_or_nothing_is_all_where_nothing_fails(api: Api, name: str) -> None:
    case = CASES[name]
    case.before(api, MANY)
    answer = submit(api, case, on_error="reject")
    if name != "CAMPAIGN.VOUCHERS_UPDATE":
        action = ended(api, answer)
        assert (action["on_error"], action["status"], action["ended_by"]) == ("reject", "DONE", "COMPLETED")
        assert tally(action) == (action["total_count"], 0, 0, action["total_count"])
    assert answer.status_code in (200, 202)


@every_type
def test_the_same_idempotency_key_is_the_same_action(api: Api, name: str) -> None:
    case = CASES[name]
    case.before(api, MANY)
    if name == "CAMPAIGN.VOUCHERS_UPDATE":
        return  # answers with the campaign
    key = {"Idempotency-Key": f"key of {name}"}
    first, second = submit(api, case, headers=key), submit(api, case, headers=key)
    assert ended(api, first)["id"] == ended(api, second)["id"]
    assert second.headers["idempotent-replayed"] == "true"
    other = submit(api, case, headers=key, on_error="reject")
    assert (other.status_code, other.json()["key"]) == (422, "idempotency_key_reused")


@every_type
def test_an_action_without_failures_has_nothing_to_retry(api: Api, name: str) -> None:
    case = CASES[name]
    case.before(api, MANY)
    action = api.ended(case.start(api, case.body(MANY)))
    answer = api.http.post(f"/v1/async-actions/{action['id']}/retry")
    assert (answer.status_code, answer.json()["key"]) == (409, "conflict")
    assert api.http.get(f"/v1/async-actions/{action['id']}/failures.ndjson").text == ""
    lines = api.http.get(f"/v1/async-actions/{action['id']}/failures.csv").text.splitlines()
    assert len(lines) == 1
    assert lines[0].replace('"', "").endswith("row,line,reason")


def test_every_type_was_asked() -> None:
    assert CASES.keys() == ACTION_TYPES.keys()
