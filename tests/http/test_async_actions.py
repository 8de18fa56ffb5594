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
        "failures": [
            {"row": row, "line": None, "key": f"F{row - 1}", "reason": "Voucher Type is required"} for row in (1, 2)
        ],
        "has_more": True,
        "failures_kept": True,
    }
    rest = api.get(path, limit=2, after_row=2)
    assert [failure["row"] for failure in rest["failures"]] == [3, 4]
    assert rest["has_more"] is False
    assert api.get(path, group_by="reason")["reasons"] == [
        {"reason": "Voucher Type is required", "count": 3, "first_rows": [1, 2, 3], "first_lines": [None] * 3},
        {"reason": "code is required", "count": 1, "first_rows": [4], "first_lines": [None]},
    ]


def test_failures_of_one_reason(api: Api) -> None:
    action = api.ended(api.import_json([{"code": "F1"}, {"gift": {"amount": 1}}, {"code": "F3"}, {"code": "F4"}]))
    path = f"/v1/async-actions/{action['id']}/failures"
    (maximum, least) = api.get(path, group_by="reason")["reasons"]
    first = api.get(path, reason=maximum["reason"], limit=2)
    assert [failure["row"] for failure in first["failures"]] == [1, 3]
    assert first["has_more"] is True
    rest = api.get(path, reason=maximum["reason"], limit=2, after_row=3)
    assert [failure["row"] for failure in rest["failures"]] == [4]
    assert api.get(path, group_by="reason", reason=least["reason"])["reasons"] == [least]
    assert api.get(path, reason=maximum["reason"][:-1])["failures"] == []


def test_reasons_that_differ_by_their_value_are_one(api: Api) -> None:
    amounts = ["ten", "o'clock", 1, "10 (ten)"]
    action = api.ended(api.import_json([{"code": f"V{at}", "type": "GIFT_VOUCHER", "gift": {"amount": amount}}
                                        for at, amount in enumerate(amounts)]))  # fmt: skip
    path = f"/v1/async-actions/{action['id']}/failures"
    (group,) = api.get(path, group_by="reason")["reasons"]
    assert group == {
        "reason": "gift.amount: must be a number",
        "count": 3,
        "first_rows": [1, 2, 4],
        "first_lines": [None] * 3,
    }
    assert [failure["row"] for failure in api.get(path, reason=group["reason"])["failures"]] == [1, 2, 4]
    assert api.get(path, group_by="reason", reason=group["reason"])["reasons"] == [group]
    own = api.get(path, limit=1)["failures"][0]["reason"]
    assert "actual value is 'ten'" in own
    assert [failure["row"] for failure in api.get(path, reason=own)["failures"]] == [1]
    assert api.get(path, group_by="reason", reason=own)["reasons"] == [
        {"reason": own, "count": 1, "first_rows": [1], "first_lines": [None]}
    ]


def test_the_result_lists_the_first_thousand_failures_and_counts_all(api: Api) -> None:
    action = api.ended(api.import_json([{"code": f"F{number}"} for number in range(1_500)]))
    assert action["failed_count"] == 1_500
    assert action["result"]["failed_count"] == 1_500
    assert [failure["code"] for failure in action["result"]["failed"]] == [f"F{number}" for number in range(1_000)]


def _retried(api: Api, action_id: str, content: str | None = None, **submission_options: str) -> str:
    headers = {"Content-Type": "text/csv"}
    answer = api.http.post(
        f"/v1/async-actions/{action_id}/retry", content=content, params=submission_options, headers=headers
    )
    assert answer.status_code == 202, answer.text
    child = api.ended(answer.json()["async_action_id"])
    return str(child["id"])


def test_a_row_that_several_retries_brought_in_is_counted_once(api: Api) -> None:
    made = "Code;Voucher Type;Value\nA;GIFT_VOUCHER;x\n\nB;GIFT_VOUCHER;x\nC;GIFT_VOUCHER;x\nD;GIFT_VOUCHER;x\n"
    first = api.ended(api.import_csv(made))["id"]

    def fix(action_id: str, *codes: str) -> str:
        rows = api.http.get(f"/v1/async-actions/{action_id}/failures.csv").text
        for code in codes:
            rows = rows.replace(f"{code};GIFT_VOUCHER;x", f"{code};GIFT_VOUCHER;1")
        return _retried(api, action_id, rows)

    def fixed(*action_ids: str) -> list[int]:
        return [api.get(f"/v1/async-actions/{action_id}")["fixed_count"] for action_id in action_ids]

    second, third = fix(first, "A", "B"), fix(first, "A", "B", "C")
    assert fixed(first, second, third) == [3, 0, 0]
    fix(second, "C")
    assert fixed(first, second, third) == [3, 1, 0]
    fix(second, "D")
    assert fixed(first, second, third) == [4, 2, 0]


def test_rows_that_retries_and_their_retries_brought_in_are_counted_at_the_first(api: Api) -> None:
    header = "Code,Voucher Type,Value\n"
    rows = "A,GIFT_VOUCHER,1\nB,,1\nC,,1\nD,,1\n"
    answer = api.http.post("/v1/vouchers/importCSV", files={"file": ("codes.csv", header + rows)})
    first = api.ended(answer.json()["async_action_id"])["id"]

    def shown(action_id: str) -> tuple[int, str | None]:
        action = api.get(f"/v1/async-actions/{action_id}")
        (list_spec,) = [each for each in api.get("/v1/async-actions")["async_actions"] if each["id"] == action_id]
        assert (list_spec["fixed_count"], list_spec["first_file_name"]) == (
            action["fixed_count"],
            action["first_file_name"],
        )
        return action["fixed_count"], action["first_file_name"]

    assert shown(first) == (0, None)
    as_they_were = _retried(api, first)
    assert (shown(first), shown(as_they_were)) == ((0, None), (0, "codes.csv"))
    _retried(api, first, header + "B,GIFT_VOUCHER,1\n", dry_run="true")
    assert shown(first) == (0, None)
    partly = _retried(api, as_they_were, header + "B,GIFT_VOUCHER,1\nC,,1\n")
    assert (shown(first), shown(as_they_were), shown(partly)) == ((1, None), (1, "codes.csv"), (0, "codes.csv"))
    _retried(api, partly, header + "C,GIFT_VOUCHER,1\n")
    _retried(api, first, header + "D,GIFT_VOUCHER,1\n")
    assert (shown(first)[0], shown(as_they_were)[0], shown(partly)[0]) == (3, 2, 1)
    _retried(api, first, header + "D,GIFT_VOUCHER,2\n")
    assert shown(first)[0] == 3
