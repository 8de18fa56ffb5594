"""How the work goes: batches, rows by minute; and rows as they were sent."""

import csv
import io
from typing import Any

import orjson

from tests.http.test_control import MIXED, accepted, gifts, run, submit
from tests.http.watching import vouchers_held_back
from tests.server import Api


def _failures(api: Api, action_id: str, **query: Any) -> dict[str, Any]:
    return dict(api.get(f"/v1/async-actions/{action_id}/failures", source_rows="true", **query))


def _file(api: Api, action_id: str) -> str:
    answer = api.http.get(f"/v1/async-actions/{action_id}/file")
    assert answer.status_code == 200, answer.text
    return answer.content.decode("utf-8-sig")


def test_the_batches_of_an_action_add_up_to_it(api: Api, served_database: str) -> None:
    with vouchers_held_back(served_database):
        action_id = accepted(submit(api, gifts(20_001)))
        path = f"/v1/async-actions/{action_id}/batches"
        assert [batch["status"] for batch in api.get(path)["batches"]] == ["OPEN"] * 3
    action = api.ended(action_id)
    first = api.get(path, limit=2)
    assert (first["has_more"], first["batches_kept"]) == (True, True)
    rest = api.get(path, limit=2, after_row=first["batches"][-1]["first_row"])
    batches = first["batches"] + rest["batches"]
    starts = [batch["first_row"] for batch in batches]
    assert starts == [1, *(batch["first_row"] + batch["row_count"] for batch in batches[:-1])]
    assert max(batch["row_count"] for batch in batches) <= 10_000
    assert {batch["status"] for batch in batches} == {"CLOSED"}
    assert sum(batch["done_count"] for batch in batches) == action["done_count"]
    assert all(batch["closed_at"] <= action["finished_at"] for batch in batches)


def test_batches_and_the_tally_beside_them_are_of_one_moment(api: Api) -> None:
    action_id = accepted(submit(api, gifts(60_000)))
    path = f"/v1/async-actions/{action_id}/batches"
    polls = 0
    while True:
        answer = api.get(path, with_action="true")
        action, batches = answer["async_action"], answer["batches"]
        for count in ("done_count", "failed_count"):
            assert sum(batch[count] for batch in batches) == action[count]
        assert (action["status"] == "DONE") == all(batch["status"] == "CLOSED" for batch in batches)
        polls += 1
        if action["status"] == "DONE":
            break
    assert polls > 1
    assert action == api.get(f"/v1/async-actions/{action_id}")
    assert "async_action" not in api.get(path)


def test_what_a_canceled_action_left_open_is_unprocessed(api: Api, served_database: str) -> None:
    with vouchers_held_back(served_database):
        action_id = accepted(submit(api, gifts(10_000)))
        canceled = api.http.post(f"/v1/async-actions/{action_id}/cancel").json()
    batches = api.get(f"/v1/async-actions/{action_id}/batches")["batches"]
    assert sum(batch["unprocessed_count"] for batch in batches) == canceled["unprocessed_count"]


def test_rows_are_counted_in_the_minute_in_which_they_got_their_outcome(api: Api, other_api: Api) -> None:
    run(api, gifts(7) + "BAD,,1,n\n")
    run(other_api, gifts(3))
    run(api, gifts(5) + "WORSE,,1,n\n", dry_run="true")
    minutes = api.get("/v1/throughput", minutes=3)["data"]
    assert len(minutes) == 3
    assert sum(minute["done_count"] for minute in minutes) == 7
    assert sum(minute["failed_count"] for minute in minutes) == 1
    assert minutes == sorted(minutes, key=lambda minute: str(minute["minute"]))
    assert api.http.get("/v1/throughput", params={"minutes": 0}).status_code == 400


def test_failed_rows_are_shown_with_what_they_held(api: Api) -> None:
    rows = ['A;GIFT_VOUCHER;x;"semi;colon"', "B;GIFT_VOUCHER;1;", '"C;GIFT_VOUCHER', "D;GIFT_VOUCHER", ""]
    action = run(api, "\n".join(["Code;Voucher Type;Value;Note", *rows]))
    shown = _failures(api, action["id"])
    assert shown["columns"] == ["Code", "Voucher Type", "Value", "Note"]
    bad, broken, short = shown["failures"]
    assert bad["cells"] == ["A", "GIFT_VOUCHER", "x", "semi;colon"]
    assert (broken["row"], broken["text"], "cells" in broken) == (3, '"C;GIFT_VOUCHER', False)
    assert short["cells"] == ["D", "GIFT_VOUCHER"]
    assert _failures(api, action["id"], after_row=3)["failures"] == [short]
    plain = api.get(f"/v1/async-actions/{action['id']}/failures")
    assert set(plain["failures"][0]) == {"row", "line", "key", "reason"}


def test_columns_are_those_that_the_mapping_made(api: Api) -> None:
    content = "Gutschein,Art,Notiz,Wert\nA,GIFT_VOUCHER,egal,x\n"
    mapping = orjson.dumps({"Gutschein": "Code", "Art": "Voucher Type", "Wert": "Value", "Notiz": None}).decode()
    action = run(api, content, mapping=mapping)
    shown = _failures(api, action["id"])
    assert shown["columns"] == ["Code", "Voucher Type", "Value"]
    assert shown["failures"][0]["cells"] == ["A", "GIFT_VOUCHER", "x"]
    assert list(csv.reader(io.StringIO(_file(api, action["id"])))) == list(csv.reader(io.StringIO(content)))


def test_failed_json_rows_are_shown_as_they_came(api: Api) -> None:
    rows = [{"code": "A"}, {"code": "B", "gift": {"amount": 1}}, {"code": "C", "metadata": {"k": "ü"}}]
    action = api.ended(api.import_json(rows))
    assert [orjson.loads(failure["text"]) for failure in _failures(api, action["id"])["failures"]] == [rows[0], rows[2]]
    assert orjson.loads(_file(api, action["id"])) == rows
    lines = "\n".join(orjson.dumps(row).decode() for row in rows)
    headers = {"Content-Type": "application/x-ndjson"}
    by_line = api.ended(accepted(api.http.post("/v1/vouchers/import", content=lines, headers=headers)))
    assert _file(api, by_line["id"]) == lines + "\n"


def test_rows_far_apart_are_found_in_their_batches(api: Api) -> None:
    rows = [f"V{number},{'GIFT_VOUCHER' if number % 3_000 else ''},1,n\n" for number in range(1, 12_001)]
    action = run(api, "Code,Voucher Type,Value,Note\n" + "".join(rows))
    failures = _failures(api, action["id"])["failures"]
    assert [failure["cells"][0] for failure in failures] == ["V3000", "V6000", "V9000", "V12000"]


def test_the_file_is_given_back_whole_and_can_be_sent_again(api: Api, other_api: Api) -> None:
    content = gifts(5_003)
    action = run(api, content)
    again = _file(api, action["id"])
    assert again.partition("\n")[2] == content.partition("\n")[2]
    assert run(api, again)["done_count"] == 5_003
    update_body = {"codes": ["V1", "V2"], "metadata": {"k": 1}}
    update = api.ended(accepted(api.http.post("/v1/vouchers/metadata/async", json=update_body)))
    assert orjson.loads(_file(api, update["id"])) == update_body
    for path in ("file", "batches", "failures?source_rows=true"):
        assert other_api.http.get(f"/v1/async-actions/{action['id']}/{path}").status_code == 404


def test_what_was_sent_no_rows_has_no_file(api: Api) -> None:
    made = api.http.post("/v1/campaigns", json={"name": "Small", "voucher": {"gift": {"amount": 1}}}).json()
    action_id = accepted(api.http.post(f"/v1/campaigns/{made['id']}/vouchers", params={"vouchers_count": 2}))
    api.ended(action_id)
    refused = api.http.get(f"/v1/async-actions/{action_id}/file")
    assert (refused.status_code, refused.json()["key"]) == (409, "conflict")
    assert _failures(api, action_id)["failures"] == []


def test_mixed_rows_are_counted_by_batch(api: Api) -> None:
    action = run(api, MIXED)
    (batch,) = api.get(f"/v1/async-actions/{action['id']}/batches")["batches"]
    assert (batch["done_count"], batch["failed_count"], batch["attempts"]) == (3, 2, 0)
