"""Lines whose quotes do not match up, from the file to the answers that show them."""

from tests.server import Api

GOOD = 'C{},GIFT_VOUCHER,1,"a note,\nof two lines"\n'
BROKEN = ('x","y', '"a"b,GIFT_VOUCHER,1,n', 'Z,"GIFT_VOUCHER",1,"open')
HEADER = "Code,Voucher Type,Value,Note\n"


def test_many_of_them_fail_alone_in_one_batch(api: Api) -> None:
    rows = [GOOD.format(at) if at % 3 else f"{BROKEN[at // 3 % 2]}\n" for at in range(300)] + [f"{BROKEN[2]}\n"]
    action = api.ended(api.import_csv(HEADER + "".join(rows)))
    assert (action["total_count"], action["done_count"], action["failed_count"]) == (301, 200, 101)
    assert len(api.get(f"/v1/async-actions/{action['id']}/batches")["batches"]) == 1
    page = api.get(f"/v1/async-actions/{action['id']}/failures", source_rows="true", limit=100)
    assert {failure["reason"] for failure in page["failures"]} == {"the quotes in this line do not match up"}
    assert [failure["text"] for failure in page["failures"][:2]] == list(BROKEN[:2])
    assert [failure["row"] for failure in page["failures"]] == list(range(1, 301, 3))
    assert [failure["line"] for failure in page["failures"][:3]] == [2, 7, 12]
    file = api.http.get(f"/v1/async-actions/{action['id']}/file").content.decode("utf-8-sig")
    assert file.partition("\n")[2] == "".join(rows)
    retried = api.http.post(f"/v1/async-actions/{action['id']}/retry")
    again = api.ended(retried.json()["async_action_id"])
    assert (again["total_count"], again["failed_count"]) == (101, 101)
