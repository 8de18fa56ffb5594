"""Bulk updates of vouchers with their report files, and purges of metadata keys."""

from datetime import datetime
from typing import Any

import httpx
import psycopg
import pytest

from tests.http.test_errors import check
from tests.server import Api


def gifts(api: Api, *codes: str, **metadata: Any) -> None:
    api.ended(api.import_json([{"code": code, "gift": {"amount": 1}, "metadata": metadata} for code in codes]))


def submitted(api: Api, path: str, body: Any) -> dict[str, Any]:
    answer = api.http.post(path, json=body)
    assert answer.status_code == 202, answer.text
    return api.ended(answer.json()["async_action_id"])


def report(action: dict[str, Any]) -> list[str]:
    (url,) = action["result"]["reports"]
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.startswith("\ufeff")
    return answer.text[1:].splitlines()


def test_each_voucher_gets_its_own_metadata_and_a_line_in_the_report(api: Api) -> None:
    gifts(api, "A", "B", lang="en", size=1)
    rows: list[Any] = [
        {"code": "A", "metadata": {"lang": "pl", "new": True}}, {"code": "NOBODY", "metadata": {"lang": "pl"}},
        {"code": "B", "metadata": "x"}, {"metadata": {}}, 5, {"code": "A", "metadata": {"size": 2}},
    ]  # fmt: skip
    action = submitted(api, "/v1/vouchers/bulk/async", rows)
    result = action["result"]
    assert (result["done_count"], result["failed_count"]) == (2, 4)
    assert "message" not in result
    assert result["errors"][0] == {
        "message": "Resource not found",
        "details": "Cannot find voucher with id NOBODY",
        "key": "not_found",
        "code": "NOBODY",
    }
    assert [error["details"] for error in result["errors"][1:]] == [
        "metadata: must be an object (actual value is 'x')",
        "code is required",
        "the row must be an object (actual value is '5')",
    ]
    assert api.get("/v1/vouchers/A")["metadata"] == {"lang": "pl", "new": True, "size": 2}
    assert report(action) == [
        "code,found,updated,error",
        "A,true,true,",
        "NOBODY,false,false,Cannot find voucher with id NOBODY",
        "B,false,false,metadata: must be an object (actual value is 'x')",
        ",false,false,code is required",
        "5,false,false,the row must be an object (actual value is '5')",
        "A,true,true,",
    ]
    till = datetime.fromisoformat(result["reports_available_till"])
    assert (till - datetime.fromisoformat(action["updated_at"])).days in (29, 30)


def test_links_to_reports_cannot_be_forged(api: Api) -> None:
    gifts(api, "A")
    action = submitted(api, "/v1/vouchers/bulk/async", [{"code": "A", "metadata": {}}])
    (url,) = action["result"]["reports"]
    check(httpx.get(url[:-2] + "xx", trust_env=False), 404, "not_found")
    check(httpx.get(f"{api.url}/v1/reports/nonsense", trust_env=False), 404, "not_found")


def test_many_vouchers_get_the_same_metadata(api: Api) -> None:
    gifts(api, "A", "B", lang="en")
    body = {"codes": ["A", "B", "NOBODY"], "metadata": {"lang": "pl", "seen": 1}}
    action = submitted(api, "/v1/vouchers/metadata/async", body)
    assert (action["result"]["done_count"], action["result"]["failed_count"]) == (2, 1)
    for code in ("A", "B"):
        assert api.get(f"/v1/vouchers/{code}")["metadata"] == {"lang": "pl", "seen": 1}
    missing = "NOBODY,false,false,Cannot find voucher with id NOBODY"
    assert report(action) == ["code,found,updated,error", "A,true,true,", "B,true,true,", missing]
    for wrong in ({"codes": "A", "metadata": {}}, {"codes": [], "metadata": 5}, []):
        check(api.http.post("/v1/vouchers/metadata/async", json=wrong), 400, "invalid_payload")


def test_metadata_is_held_to_the_schema_as_it_will_be(api: Api) -> None:
    gifts(api, "A", unit=1)
    api.define_schema("voucher", {"unit": {"type": "number", "optional": False}, "lang": {"type": "string"}})
    rows = [{"code": "A", "metadata": {"lang": "en"}}, {"code": "A", "metadata": {"unit": "EUR"}}]
    result = submitted(api, "/v1/vouchers/bulk/async", rows)["result"]
    assert [error["details"] for error in result["errors"]] == [
        "unit: must be a number, property is required (actual value is 'EUR')"
    ]
    assert api.get("/v1/vouchers/A")["metadata"] == {"unit": 1, "lang": "en"}


def test_no_body_is_no_rows(api: Api) -> None:
    answer = api.http.post("/v1/vouchers/bulk/async")
    assert answer.status_code == 202
    action = api.ended(answer.json()["async_action_id"])
    assert (action["status"], action["operation_status"], action["total_count"]) == ("DONE", "SUCCESS", 0)


NOTHING_TO_DO: list[Any] = [
    {}, {"codes": None}, {"metadata": None}, {"codes": None, "source_ids": None, "metadata": None},
    {"metadata": {"a": 1}}, {"codes": ["A"], "source_ids": ["A"]}, {"codes": ["A"], "metadata": None},
    {"codes": [], "source_ids": [], "metadata": {"a": 1}},
]  # fmt: skip


@pytest.mark.parametrize("noun", ["vouchers", "customers", "products"])
def test_who_names_nobody_or_says_nothing_changes_nothing(api: Api, noun: str) -> None:
    gifts(api, "A")
    path = f"/v1/{noun}/metadata/async"
    answers = [api.http.post(path, json=body) for body in NOTHING_TO_DO]
    answers += [api.http.post(path), api.http.post(path, content=b"", headers={"Content-Type": "application/json"})]
    for answer in answers:
        assert answer.status_code == 202, answer.text
        action = api.ended(answer.json()["async_action_id"])
        assert (action["status"], action["operation_status"], action["total_count"]) == ("DONE", "SUCCESS", 0)
    assert api.get("/v1/vouchers/A")["metadata"] == {}
    for beside in ("customers", "products"):
        assert api.get(f"/v1/{beside}")["total"] == 0
    key = "codes" if noun == "vouchers" else "source_ids"
    for wrong in (5, "null", [], {key: 5}, {key: {}}, {key: "A", "metadata": {}}, {key: ["A"], "metadata": []}):
        check(api.http.post(path, json=wrong), 400, "invalid_payload")
    check(api.http.post(path, content=b"null", headers={"Content-Type": "application/json"}), 400, "invalid_payload")


def test_bulk_updates_of_a_project_run_in_submission_order(api: Api) -> None:
    gifts(api, *(f"C{number}" for number in range(300)))
    for step in range(8):
        rows = [{"code": f"C{number}", "metadata": {"step": step, f"s{step}": 1}} for number in range(300)]
        last = api.http.post("/v1/vouchers/bulk/async", json=rows).json()["async_action_id"]
    api.ended(last)
    actions = api.get("/v1/async-actions", limit=8)["async_actions"]
    assert [action["status"] for action in actions] == ["DONE"] * 8
    ends = [action["updated_at"] for action in reversed(actions)]
    assert ends == sorted(ends)
    assert api.get("/v1/vouchers/C7")["metadata"]["step"] == 7


def test_a_key_is_removed_restored_and_purged_for_good(api: Api, other_api: Api) -> None:
    gifts(api, "A", "B", unit=1, lang="en")
    gifts(other_api, "A", unit=1)
    api.define_schema("voucher", {"unit": {"type": "number"}, "lang": {"type": "string"}})
    path = "/v1/metadata-schemas/voucher/definitions/unit"
    check(api.http.post(f"{path}/purge"), 400, "invalid_payload", "remove it first")
    assert api.http.delete(path).json()["properties"]["unit"]["deleted"] is True
    assert "deleted" not in api.http.post(f"{path}/restore").json()["properties"]["unit"]
    assert api.http.delete(path).status_code == 200
    answer = api.http.post(f"{path}/purge")
    assert answer.status_code == 202
    action = api.ended(answer.json()["async_action_id"])
    assert action["type"] == "VOUCHERS.METADATA_KEY_PURGE"
    assert action["request_id"].startswith("w-")
    assert action["result"] == {"message": "Updated 2 vouchers.", "done_count": 2}
    assert api.get("/v1/vouchers/A")["metadata"] == {"lang": "en"}
    assert api.get("/v1/metadata-schemas/voucher")["properties"].keys() == {"lang"}
    assert other_api.get("/v1/vouchers/A")["metadata"] == {"unit": 1}
    again = api.ended(api.http.post(f"{path}/purge").json()["async_action_id"])
    assert again["result"] == {"message": "Updated 0 vouchers.", "done_count": 0}
    check(api.http.delete(path), 404, "not_found")
    check(api.http.post("/v1/metadata-schemas/planet/definitions/x/purge"), 404, "not_found")


def test_a_resource_named_in_two_ways_in_one_submission(api: Api) -> None:
    made = api.http.post("/v1/customers", json={"source_id": "S", "name": "A", "address": {"city": "X"}}).json()
    rows = [
        {"id": made["id"], "name": "B", "address": None}, {"source_id": "S", "email": "b@example.com"},
        {"source_id": "NEW", "name": "C"}, {"source_id": "S", "id": "cust_other"},
    ]  # fmt: skip
    action = submitted(api, "/v1/customers/bulk/async", rows)
    assert action["done_count"] == 3
    mistaken = "S,true,false,id: is not the one of source_id S (actual value is 'cust_other')"
    assert report(action)[1:] == [f"{made['id']},true,true,", "S,true,true,", "NEW,false,true,", mistaken]
    after = api.get("/v1/customers/S")
    assert (after["id"], after["name"], after["email"]) == (made["id"], "B", "b@example.com")
    assert after["address"] is None


def test_the_report_tells_whether_what_was_refused_is_there(api: Api) -> None:
    assert api.http.post("/v1/customers", json={"source_id": "OLD"}).status_code == 200
    api.define_schema("customer", {"size": {"type": "number"}})
    rows = [{"source_id": key, "metadata": {"size": "big"}} for key in ("OLD", "NEW")]
    lines = report(submitted(api, "/v1/customers/bulk/async", rows))[1:]
    assert [line.split(",")[:3] for line in lines] == [["OLD", "true", "false"], ["NEW", "false", "false"]]


def test_what_has_no_report_keeps_no_lines_for_one(api: Api, served_database: str) -> None:
    files = {"file": ("customers.csv", "Source_id,Name\nA,Ann\n")}
    imported = api.ended(api.http.post("/v1/customers/importCSV", files=files).json()["async_action_id"])
    updated = api.http.post("/v1/customers/bulk/async", json=[{"source_id": "A", "name": "Anna"}])
    reported = api.ended(updated.json()["async_action_id"])
    with psycopg.connect(served_database) as connection:
        for action, parts in ((imported, 0), (reported, 1)):
            sql = "SELECT count(*) FROM report_parts WHERE action_id = %s"
            assert connection.execute(sql, (action["id"],)).fetchone() == (parts,)
