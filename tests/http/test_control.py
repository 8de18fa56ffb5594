"""Control over actions: dry runs, error policies, idempotency, cancel, retry, failed rows as files."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pytest

from tests.http.test_errors import check
from tests.server import NO_TLS, Api

HEADER = "Code,Voucher Type,Value,Note\n"
MIXED = HEADER + 'A,GIFT_VOUCHER,1,x\nB,,1,y\nC,GIFT_VOUCHER,1,z\nD,GIFT_VOUCHER,q,"a,b"\nE,GIFT_VOUCHER,1,z\n'


def gifts(count: int, prefix: str = "V") -> str:
    return HEADER + "".join(f"{prefix}{number},GIFT_VOUCHER,1,n\n" for number in range(count))


def submit(
    api: Api, content: str, *, headers: dict[str, str] | None = None, **submission_options: Any
) -> httpx.Response:
    return api.http.post(
        "/v1/vouchers/importCSV",
        files={"file": ("mixed.csv", content)},
        params=submission_options,
        headers=headers or {},
    )


def accepted(answer: httpx.Response) -> str:
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["async_action_id"])


def run(api: Api, content: str, **submission_options: Any) -> dict[str, Any]:
    return api.ended(accepted(submit(api, content, **submission_options)))


def counts(action: dict[str, Any]) -> tuple[int, int, int]:
    return action["done_count"], action["failed_count"], action["unprocessed_count"]


def test_a_dry_run_has_the_real_outcome_and_writes_nothing(api: Api) -> None:
    dry = run(api, MIXED, dry_run="true")
    assert api.get("/v1/vouchers")["total"] == 0
    real = run(api, MIXED)
    assert dry["result"] == real["result"]
    assert counts(dry) == counts(real) == (3, 2, 0)
    assert (dry["dry_run"], real["dry_run"]) == (True, False)
    assert (dry["created_count"], dry["updated_count"]) == (real["created_count"], real["updated_count"]) == (3, 0)
    again = run(api, MIXED + "F,GIFT_VOUCHER,1,\n", dry_run="true")
    assert (again["created_count"], again["updated_count"]) == (1, 3)


def test_wishes_may_be_fields_of_the_form(api: Api) -> None:
    answer = api.http.post(
        "/v1/vouchers/importCSV", files={"file": ("v.csv", MIXED)}, data={"dry_run": "true", "on_error": "stop"}
    )
    action = api.ended(accepted(answer))
    assert (action["dry_run"], action["on_error"], action["file_name"]) == (True, "stop", "v.csv")
    assert api.get("/v1/vouchers")["total"] == 0


def test_stop_leaves_every_row_behind_the_failure_unprocessed(api: Api) -> None:
    action = run(api, MIXED, on_error="stop")
    assert counts(action) == (1, 1, 3)
    assert (action["status"], action["ended_by"]) == ("FAILED", "STOPPED")
    assert api.get("/v1/vouchers")["total"] == 1
    action = run(api, MIXED, on_error="stop", max_failures=2)
    assert counts(action) == (2, 2, 1)
    action = run(api, MIXED, on_error="stop", max_failures=3)
    assert counts(action) == (3, 2, 0)
    assert (action["status"], action["ended_by"]) == ("DONE", "COMPLETED")


def test_reject_writes_all_or_nothing(api: Api) -> None:
    action = run(api, MIXED, on_error="reject")
    assert counts(action) == (0, 2, 3)
    assert (action["status"], action["ended_by"]) == ("FAILED", "REJECTED")
    assert [failure["row"] for failure in action["result"]["failed"]] == [2, 4]
    assert api.get("/v1/vouchers")["total"] == 0
    action = run(api, gifts(12_000), on_error="reject")
    assert counts(action) == (12_000, 0, 0)
    assert (action["status"], action["created_count"]) == ("DONE", 12_000)
    assert api.get("/v1/vouchers")["total"] == 12_000


@pytest.mark.parametrize(
    ("submission_options", "named"),
    [
        ({"dryRun": "true"}, "dryRun is not known; it is called dry_run"),
        ({"max_failure": "3"}, "it is called max_failures"),
        ({"dry_run": "maybe"}, "dry_run"),
        ({"on_error": "explode"}, "on_error"),
        ({"max_failures": "3"}, "max_failures"),
        ({"on_error": "stop", "max_failures": "0"}, "max_failures"),
        ({"on_error": "stop", "max_failures": "many"}, "max_failures"),
        ({"on_error": "stop", "max_failures": "0" * 19 + "1" + "0" * 30}, "max_failures"),
        ({"mapping": "[1]"}, "mapping"),
        ({"mapping": "{"}, "mapping"),
    ],
)
def test_wishes_that_cannot_be_understood_are_refused(api: Api, submission_options: dict[str, str], named: str) -> None:
    answer = submit(api, MIXED, **submission_options)
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")
    assert named in answer.json()["details"]
    assert api.get("/v1/async-actions")["async_actions"] == []


@pytest.mark.parametrize(("name", "first", "second"), [("dry_run", "true", "false"), ("on_error", "reject", "stop")])
def test_wishes_that_contradict_each_other_are_refused(api: Api, name: str, first: str, second: str) -> None:
    path, file = "/v1/vouchers/importCSV", {"file": MIXED.encode()}
    for answer in (
        api.http.post(path, content=MIXED, headers={"Content-Type": "text/csv"}, params={name: [first, second]}),
        api.http.post(path, files=file, data={name: [first, second]}),
    ):
        check(answer, 400, "invalid_query_params", f".{name}", repr(first), repr(second), "once")
    many = {f"field {number}": "x" for number in range(100)}
    check(api.http.post(path, files=file, data={**many, name: first}), 400, "invalid_payload", "more than 100 fields")
    assert api.get("/v1/async-actions")["async_actions"] == []
    accepted(api.http.post(path, files=file, data={name: [first, first]}))


def test_the_same_key_and_body_is_the_same_action(api: Api, other_api: Api) -> None:
    key = {"Idempotency-Key": "order-4711"}
    first = submit(api, MIXED, headers=key)
    api.ended(accepted(first))
    second = submit(api, MIXED, headers=key)
    assert accepted(second) == accepted(first)
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    for other in (submit(api, MIXED + "X,GIFT_VOUCHER,1,\n", headers=key), submit(api, MIXED, headers=key, dry_run=1)):
        assert (other.status_code, other.json()["key"]) == (422, "idempotency_key_reused")
    assert accepted(submit(other_api, MIXED, headers=key)) != accepted(first)
    assert len(api.get("/v1/async-actions")["async_actions"]) == 1


def test_the_same_bytes_in_another_charset_are_another_submission(api: Api) -> None:
    def submitted(charset: str) -> httpx.Response:
        headers = {"Idempotency-Key": "charset", "Content-Type": f"text/csv; charset={charset}"}
        return api.http.post("/v1/vouchers/importCSV", content=MIXED, headers=headers)

    assert accepted(submitted("windows-1250")) == accepted(submitted("windows-1250"))
    assert submitted("windows-1252").status_code == 422


def test_submissions_at_once_under_one_key_are_one_action(api: Api) -> None:
    key = {"Idempotency-Key": "at-once"}
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: submit(api, gifts(8_000), headers=key), range(6)))
    assert len({accepted(answer) for answer in answers}) == 1
    assert api.ended(accepted(answers[0]))["done_count"] == 8_000
    assert len(api.get("/v1/async-actions")["async_actions"]) == 1


def test_planned_submissions_are_idempotent_too(api: Api) -> None:
    made = api.http.post("/v1/campaigns", json={"name": "C", "voucher": {"gift": {"amount": 1}}}).json()
    key = {"Idempotency-Key": "generate"}
    path = f"/v1/campaigns/{made['id']}/vouchers"
    answers = [api.http.post(path, params={"vouchers_count": 5}, headers=key) for _ in range(3)]
    assert len({accepted(answer) for answer in answers}) == 1
    other = api.http.post(path, params={"vouchers_count": 6}, headers=key)
    assert other.status_code == 422
    api.ended(accepted(answers[0]))
    assert api.get(f"/v1/campaigns/{made['id']}")["vouchers_count"] == 5
    key = {"Idempotency-Key": "delete"}
    deleted = [api.http.delete(f"/v1/campaigns/{made['id']}", headers=key) for _ in range(2)]
    assert len({accepted(answer) for answer in deleted}) == 1
    dry = api.http.put(f"/v1/campaigns/{made['id']}", params={"dry_run": True}, json={})
    assert dry.status_code in (400, 404)


def test_cancel_keeps_what_is_done_and_counts_the_rest(api: Api) -> None:
    action_id = accepted(submit(api, gifts(60_000)))
    canceled = api.http.post(f"/v1/async-actions/{action_id}/cancel").json()
    assert (canceled["status"], canceled["ended_by"]) == ("FAILED", "CANCELED")
    assert sum(counts(canceled)) == 60_000
    assert canceled["unprocessed_count"] > 0
    assert canceled["progress"] == 100 * canceled["done_count"] // 60_000
    # A batch that was in hand may not be written any more.
    assert api.ended(accepted(submit(api, gifts(1, "AFTER"))))["done_count"] == 1
    assert api.get("/v1/vouchers")["total"] == canceled["done_count"] + 1
    again = api.http.post(f"/v1/async-actions/{action_id}/cancel")
    assert (again.status_code, again.json()) == (200, canceled)
    nothing = api.http.post(f"/v1/async-actions/{action_id}/retry")
    assert nothing.status_code == 409
    rest = api.ended(accepted(api.http.post(f"/v1/async-actions/{action_id}/retry", params={"include_unprocessed": 1})))
    assert counts(rest) == (canceled["unprocessed_count"], 0, 0)
    assert api.get("/v1/vouchers")["total"] == 60_001


def test_what_has_ended_or_is_not_there_cannot_be_canceled(api: Api, other_api: Api) -> None:
    action = run(api, MIXED)
    assert api.http.post(f"/v1/async-actions/{action['id']}/cancel").status_code == 409
    for verb in ("cancel", "retry"):
        assert other_api.http.post(f"/v1/async-actions/{action['id']}/{verb}").status_code == 404
    for file in ("failures.csv", "failures.ndjson"):
        assert other_api.http.get(f"/v1/async-actions/{action['id']}/{file}").status_code == 404


def test_the_next_in_a_sequence_goes_on_after_a_cancel(api: Api) -> None:
    api.ended(accepted(submit(api, gifts(20_000))))
    rows = [{"code": f"V{number}", "metadata": {"n": number}} for number in range(20_000)]
    first, second = (accepted(api.http.post("/v1/vouchers/bulk/async", json=rows)) for _ in range(2))
    assert api.http.post(f"/v1/async-actions/{first}/cancel").status_code == 200
    assert api.ended(second)["done_count"] == 20_000


def test_only_the_failed_rows_are_retried(api: Api) -> None:
    parent = run(api, MIXED)
    child = api.ended(accepted(api.http.post(f"/v1/async-actions/{parent['id']}/retry")))
    assert child["parent_id"] == parent["id"]
    assert counts(child) == (0, 2, 0)
    assert [failure["code"] for failure in child["result"]["failed"]] == ["B", "D"]
    corrected = "Code,Voucher Type,Value\nB,GIFT_VOUCHER,1\nD,GIFT_VOUCHER,2\n"
    answer = api.http.post(
        f"/v1/async-actions/{child['id']}/retry", content=corrected, headers={"Content-Type": "text/csv"}
    )
    fixed = api.ended(accepted(answer))
    assert (counts(fixed), fixed["parent_id"]) == ((2, 0, 0), child["id"])
    assert api.get("/v1/vouchers")["total"] == 5


def test_rows_sent_as_json_or_by_key_are_retried_as_they_were(api: Api) -> None:
    rows = [{"code": "A", "gift": {"amount": 1}}, {"code": "B"}, {"code": "C", "metadata": {"k": [1, {"l": "ü"}]}}]
    parent = api.ended(api.import_json(rows))
    child = api.ended(accepted(api.http.post(f"/v1/async-actions/{parent['id']}/retry")))
    assert [failure["code"] for failure in child["result"]["failed"]] == ["B", "C"]
    lines = api.http.get(f"/v1/async-actions/{parent['id']}/failures.ndjson").text.splitlines()
    assert [orjson.loads(line) for line in lines] == rows[1:]
    body = {"codes": ["A", "NONE"], "metadata": {"k": 1}}
    parent = api.ended(accepted(api.http.post("/v1/vouchers/metadata/async", json=body)))
    assert counts(parent) == (1, 1, 0)
    api.ended(api.import_json([{"code": "NONE", "gift": {"amount": 1}}]))
    child = api.ended(accepted(api.http.post(f"/v1/async-actions/{parent['id']}/retry")))
    assert counts(child) == (1, 0, 0)
    assert api.get("/v1/vouchers/NONE")["metadata"] == {"k": 1}


@pytest.mark.parametrize(
    ("content", "mapping"),
    [
        ('"x;y;z;q;r",Code,Voucher Type,Value\n1,"A;B",GIFT_VOUCHER,q\n', "{}"),
        ('Code;x\n"a,b";1\n"c";"d"e\n', '{"x":null}'),
    ],
)
def test_a_file_is_retried_with_the_delimiter_it_had(api: Api, content: str, mapping: str) -> None:
    parent = run(api, content, mapping=mapping)
    child = api.ended(accepted(api.http.post(f"/v1/async-actions/{parent['id']}/retry")))
    assert child["result"]["failed"] == parent["result"]["failed"]
    file = api.http.get(f"/v1/async-actions/{parent['id']}/failures.csv").text
    again = run(api, file)
    assert counts(again) == counts(parent)
    assert again["result"]["failed"][0]["code"] == parent["result"]["failed"][0]["code"]


def test_a_single_voucher_is_not_added_in_a_way_that_was_not_asked_for(api: Api) -> None:
    made = api.http.post("/v1/campaigns", json={"name": "Small", "voucher": {"gift": {"amount": 1}}})
    path = f"/v1/campaigns/{made.json()['id']}/vouchers"
    key = {"Idempotency-Key": "once"}
    for refused in (
        api.http.post(path, params={"dry_run": "true"}),
        api.http.post(path, headers=key),
        api.http.post(path, params={"vouchers_count": 10**30}, headers=key),
    ):
        assert (refused.status_code, refused.json()["key"]) == (400, "invalid_query_params"), refused.text
    assert api.get("/v1/vouchers")["total"] == 0
    action_id = accepted(api.http.post(path, params={"vouchers_count": 2}, headers=key))
    assert accepted(api.http.post(path, params={"vouchers_count": 2}, headers=key)) == action_id
    for count in (1, 3):
        assert api.http.post(path, params={"vouchers_count": count}, headers=key).status_code == 422


def test_a_campaign_is_deleted_once_under_a_key_however_often_at_a_time(api: Api) -> None:
    def delete(path: str) -> httpx.Response:
        headers = {**api.http.headers, "Idempotency-Key": path}
        return httpx.delete(api.url + path, headers=headers, timeout=30, trust_env=False, verify=NO_TLS)

    for number in range(4):
        made = api.http.post("/v1/campaigns", json={"name": f"C{number}", "voucher": {"gift": {"amount": 1}}})
        path = f"/v1/campaigns/{made.json()['id']}"
        with ThreadPoolExecutor(6) as clients:
            assert len(set(map(accepted, clients.map(delete, [path] * 6)))) == 1


def test_a_planned_action_is_planned_again(api: Api) -> None:
    voucher = {"gift": {"amount": 1}, "code_config": {"charset": "01", "length": 3, "pattern": "###"}}
    made = api.http.post("/v1/campaigns", json={"name": "Small", "voucher": voucher})
    assert made.status_code == 200, made.text
    path = f"/v1/campaigns/{made.json()['id']}/vouchers"
    api.ended(accepted(api.http.post(path, params={"vouchers_count": 6})))
    parent = api.ended(accepted(api.http.post(path, params={"vouchers_count": 5})))
    assert counts(parent) == (2, 3, 0)
    child = api.ended(accepted(api.http.post(f"/v1/async-actions/{parent['id']}/retry")))
    assert counts(child) == (0, 3, 0)
    body = api.http.post(f"/v1/async-actions/{parent['id']}/retry", json=[{}])
    assert (body.status_code, body.json()["key"]) == (409, "conflict")
