"""What is done to all actions that match: canceling, retrying; and the filters that have no index."""

from typing import Any

import pytest

from tests.http.test_control import MIXED, accepted, gifts, run, submit
from tests.http.watching import vouchers_held_back
from tests.server import Api


def _all(api: Api, verb: str, **query: Any) -> dict[str, Any]:
    answer = api.http.post(f"/v1/async-actions/{verb}", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _ids(api: Api, **query: Any) -> list[str]:
    return [action["id"] for action in api.get("/v1/async-actions", **query)["async_actions"]]


def test_all_that_run_and_match_are_canceled(api: Api, other_api: Api, served_database: str) -> None:
    run(api, MIXED)
    with vouchers_held_back(served_database):
        running = [accepted(submit(api, gifts(3))) for _ in range(3)]
        spared = api.import_json([{"code": "J", "gift": {"amount": 1}}])
        foreign = accepted(submit(other_api, gifts(3)))
        query = {"type": "VOUCHERS.IMPORT_CSV"}
        counted = _all(api, "cancel", dry_run="true", **query)
        assert (counted["matched_count"], counted["done"], counted["dry_run"]) == (3, [], True)
        two = _all(api, "cancel", limit=2, **query)
        assert (two["matched_count"], two["has_more"]) == (2, True)
        rest = _all(api, "cancel", **query)
        assert [item["id"] for item in two["done"] + rest["done"]] == running[::-1]
        assert not rest["has_more"]
    assert all(api.ended(action_id)["ended_by"] == "CANCELED" for action_id in running)
    assert api.ended(spared)["done_count"] == 1
    assert other_api.ended(foreign)["done_count"] == 3
    assert _all(api, "cancel")["matched_count"] == 0


def test_failed_rows_are_retried_once_however_often_one_asks(api: Api) -> None:
    parents = [run(api, MIXED)["id"] for _ in range(2)]
    run(api, MIXED, dry_run="true")
    run(api, gifts(2))
    assert _all(api, "retry", dry_run="true")["matched_count"] == 2
    started = _all(api, "retry")["done"]
    assert [item["id"] for item in started] == parents[::-1]
    for item in started:
        child = api.ended(item["async_action_id"])
        assert (child["parent_id"], child["failed_count"]) == (item["id"], 2)
    children = {item["async_action_id"] for item in started}
    assert {item["id"] for item in _all(api, "retry")["done"]} == children


def test_what_stands_in_the_way_is_told_by_action(api: Api) -> None:
    made = api.http.post("/v1/campaigns", json={"name": "C", "voucher": {"gift": {"amount": 1}}}).json()
    deletion = accepted(api.http.delete(f"/v1/campaigns/{made['id']}"))
    assert _all(api, "cancel", dry_run="true", type="CAMPAIGN.VOUCHERS_DELETE")["matched_count"] == 0
    api.ended(deletion)


def test_actions_are_found_by_file_and_by_when_they_started_and_ended(api: Api) -> None:
    first, second = run(api, MIXED), run(api, gifts(1))
    api.ended(api.import_json([{"code": "J", "gift": {"amount": 1}}]))
    csv_ids = [second["id"], first["id"]]
    assert _ids(api, file_name="MIXED") == csv_ids
    assert _ids(api, file_name="mixed.csv", status="DONE", limit=1) == csv_ids[:1]
    assert _ids(api, file_name="mixed", starting_after_id=second["id"]) == [first["id"]]
    assert _ids(api, file_name="%") == []
    assert _ids(api, finished_before=second["finished_at"]) == [first["id"]]
    assert _ids(api, finished_from=second["finished_at"], type="VOUCHERS.IMPORT_CSV") == [second["id"]]
    assert _ids(api, started_from=second["started_at"], started_before="2116-01-01", file_name="m") == [second["id"]]
    assert _ids(api, started_before=first["started_at"]) == []


def test_actions_are_found_by_whether_rows_failed(api: Api) -> None:
    fine, mixed = run(api, gifts(2)), run(api, MIXED)
    bad = run(api, "Code,Voucher Type,Value\nX,,1\n")
    assert _ids(api, failures="none") == [fine["id"]]
    assert _ids(api, failures="some", status="DONE") == [mixed["id"]]
    assert _ids(api, failures="all") == [bad["id"]]
    assert _ids(api, failures="some", status="FAILED") == []


@pytest.mark.parametrize(
    ("name", "value"), [("failures", "any"), ("limit", "1001"), ("status", "done"), ("finished_from", "never")]
)
def test_a_filter_that_is_not_understood_does_nothing_to_all(api: Api, name: str, value: str) -> None:
    for verb in ("cancel", "retry"):
        assert api.http.post(f"/v1/async-actions/{verb}", params={name: value}).status_code == 400
