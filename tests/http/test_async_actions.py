"""Listing, paging and reading actions."""

from datetime import datetime

from tests.server import Api


def test_pages_by_limit_and_end_date(api: Api) -> None:
    ids = [api.import_json([]) for _ in range(5)]
    newest = api.get("/v1/async-actions", limit=2)
    assert [action["id"] for action in newest["async_actions"]] == [ids[4], ids[3]]
    assert newest["has_more"] is True
    exact = api.get("/v1/async-actions", limit=5)
    assert exact["has_more"] is False
    middle = exact["async_actions"][2]
    before = api.get("/v1/async-actions", end_date=middle["created_at"])
    expected = [action["id"] for action in exact["async_actions"] if action["created_at"] < middle["created_at"]]
    assert [action["id"] for action in before["async_actions"]] == expected
    assert api.get("/v1/async-actions", end_date="2016-11-16")["async_actions"] == []
    assert len(api.get("/v1/async-actions", end_date="2116-11-16T14:14:31Z")["async_actions"]) == 5
    assert len(api.get("/v1/async-actions", end_date="2116-11-16T14:14:31 00:00")["async_actions"]) == 5


def test_projects_do_not_see_each_other(api: Api, other_api: Api) -> None:
    api.ended(api.import_json([{"code": "SHARED", "gift": {"amount": 1}}]))
    assert other_api.get("/v1/async-actions")["async_actions"] == []
    assert other_api.get("/v1/vouchers")["total"] == 0
    action = other_api.ended(other_api.import_json([{"code": "SHARED", "gift": {"amount": 2}}]))
    assert action["done_count"] == 1
    assert api.get("/v1/vouchers/SHARED")["gift"]["amount"] == 1
    assert other_api.get("/v1/vouchers/SHARED")["gift"]["amount"] == 2


def test_times_are_in_milliseconds_and_add_up(api: Api) -> None:
    action = api.ended(api.import_json([{"code": "T", "gift": {"amount": 1}}]))
    created, updated = (datetime.fromisoformat(action[name]) for name in ("created_at", "updated_at"))
    assert action["processing_time"] == round((updated - created).total_seconds() * 1000)
    for name in ("created_at", "updated_at"):
        assert len(action[name]) == len("2023-01-20T07:23:43.289Z")
        assert action[name].endswith("Z")


def test_failures_in_pages_and_by_reason(api: Api) -> None:
    rows = [{"code": f"F{number}"} for number in range(3)] + [
        {"gift": {"amount": 1}},
        {"code": "ok", "gift": {"amount": 1}},
    ]
    action = api.ended(api.import_json(rows))
    path = f"/v1/async-actions/{action['id']}/failures"
    first = api.get(path, limit=2)
    assert first == {
        "object": "list",
        "data_ref": "failures",
        "failures": [{"row": row, "key": f"F{row - 1}", "reason": "Voucher Type is required"} for row in (1, 2)],
        "has_more": True,
        "failures_kept": True,
    }
    rest = api.get(path, limit=2, after_row=2)
    assert [failure["row"] for failure in rest["failures"]] == [3, 4]
    assert rest["has_more"] is False
    assert api.get(path, group_by="reason")["reasons"] == [
        {"reason": "Voucher Type is required", "count": 3, "first_rows": [1, 2, 3]},
        {"reason": "code is required", "count": 1, "first_rows": [4]},
    ]


def test_failures_of_one_reason(api: Api) -> None:
    action = api.ended(api.import_json([{"code": "F1"}, {"gift": {"amount": 1}}, {"code": "F3"}, {"code": "F4"}]))
    path = f"/v1/async-actions/{action['id']}/failures"
    (most, least) = api.get(path, group_by="reason")["reasons"]
    first = api.get(path, reason=most["reason"], limit=2)
    assert [failure["row"] for failure in first["failures"]] == [1, 3]
    assert first["has_more"] is True
    rest = api.get(path, reason=most["reason"], limit=2, after_row=3)
    assert [failure["row"] for failure in rest["failures"]] == [4]
    assert api.get(path, group_by="reason", reason=least["reason"])["reasons"] == [least]
    assert api.get(path, reason=most["reason"][:-1])["failures"] == []


def test_the_result_lists_the_first_thousand_failures_and_counts_all(api: Api) -> None:
    action = api.ended(api.import_json([{"code": f"F{number}"} for number in range(1_500)]))
    assert action["failed_count"] == 1_500
    assert action["result"]["failed_count"] == 1_500
    assert [failure["code"] for failure in action["result"]["failed"]] == [f"F{number}" for number in range(1_000)]
