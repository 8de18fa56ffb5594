"""Lists of actions: by filter, page by page."""

import pytest

from tests.http.watching import vouchers_held_back
from tests.server import Api


def _ids(api: Api, **query: str | int) -> list[str]:
    return [action["id"] for action in api.get("/v1/async-actions", **query)["async_actions"]]


def test_by_type_and_status(api: Api, served_database: str) -> None:
    json_id = api.ended(api.import_json([{"code": "BAD"}]))["id"]
    csv_id = api.ended(api.import_csv("Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n"))["id"]
    with vouchers_held_back(served_database):
        open_id = api.import_json([{"code": "B", "gift": {"amount": 1}}])
        assert _ids(api, type="VOUCHERS.IMPORT") == [open_id, json_id]
        assert _ids(api, type="VOUCHERS.IMPORT_CSV") == [csv_id]
        assert _ids(api, type="VOUCHERS.IMPORT,VOUCHERS.IMPORT_CSV") == [open_id, csv_id, json_id]
        assert _ids(api, type="ORDERS.IMPORT") == []
        assert _ids(api, status="DONE") == [csv_id, json_id]
        assert _ids(api, status="ENQUEUED, IN_PROGRESS") == [open_id]
        assert _ids(api, operation_status="UNKNOWN") == [open_id]
        assert _ids(api, operation_status="SUCCESS,FAILED") == [csv_id, json_id]
        assert _ids(api, operation_status="SUCCESS", status="ENQUEUED,IN_PROGRESS") == []
        assert _ids(api, type="VOUCHERS.IMPORT", status="DONE", operation_status="SUCCESS") == [json_id]
    api.ended(open_id)


def test_by_date(api: Api) -> None:
    actions = [api.get(f"/v1/async-actions/{api.import_json([])}") for _ in range(4)]
    since, before = actions[1]["created_at"], actions[3]["created_at"]
    expected = [action["id"] for action in reversed(actions) if since <= action["created_at"] < before]
    assert _ids(api, start_date=since, end_date=before) == expected
    assert len(_ids(api, start_date="2016-11-16")) == 4
    assert _ids(api, start_date="2116-11-16T14:14:31Z") == []


def test_by_parent(api: Api) -> None:
    api.import_json([])
    assert _ids(api, parent_id="aa_nobody") == []


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("type", "VOUCHERS.EXPORT", "VOUCHERS.IMPORT_CSV"),
        ("type", "VOUCHERS.IMPORT,", "ORDERS.IMPORT"),
        ("status", "done", "ENQUEUED, IN_PROGRESS, DONE, FAILED"),
        ("operation_status", "DONE", "UNKNOWN, SUCCESS, FAILED"),
        ("start_date", "yesterday", "ISO-8601"),
        ("limit", "101", "100"),
        ("starting_after_id", "aa_nothing", "more_starting_after"),
    ],
)
def test_what_a_filter_does_not_know_is_refused(api: Api, name: str, value: str, allowed: str) -> None:
    answer = api.http.get("/v1/async-actions", params={name: value})
    refused = answer.json()
    assert (answer.status_code, refused["key"]) == (400, "invalid_query_params")
    assert f"Property .{name}" in refused["details"]
    assert allowed in refused["details"]


def test_pages_go_on_where_the_last_one_ended(api: Api, other_api: Api) -> None:
    ids = [api.import_json([]) for _ in range(7)]
    met: list[str] = []
    query: dict[str, str | int] = {"limit": 2, "type": "VOUCHERS.IMPORT"}
    while True:
        page = api.get("/v1/async-actions", **query)
        met += [action["id"] for action in page["async_actions"]]
        api.import_json([])
        assert page["has_more"] is (page["more_starting_after"] is not None)
        if not page["has_more"]:
            break
        assert page["more_starting_after"] == met[-1]
        query["starting_after_id"] = page["more_starting_after"]
    assert met == ids[::-1]
    assert _ids(api, starting_after_id=ids[0]) == []
    foreign = other_api.http.get("/v1/async-actions", params={"starting_after_id": ids[3]})
    assert (foreign.status_code, foreign.json()["key"]) == (400, "invalid_query_params")
