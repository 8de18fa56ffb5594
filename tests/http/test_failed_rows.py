"""Failed rows as files: as they were sent, with their reasons, ready to be fixed and imported again."""

import csv
import io
import socket
from contextlib import ExitStack

import httpx

from tallykeep.core.settings import Settings
from tests.http.test_control import HEADER, accepted, counts, run, submit
from tests.server import Api


def _slow_download(api: Api, path: str) -> socket.socket:
    """A client that asks for the file, takes the first bytes of it, and then no more."""
    url = httpx.URL(api.url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((url.host, url.port))
    keys = f"X-App-Id: {api.keys.app_id}\r\nX-App-Token: {api.keys.app_token}\r\n"
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\n{keys}\r\n".encode())
    assert b" 200 " in client.recv(100)
    return client


def test_slow_downloads_keep_nobody_waiting(api: Api) -> None:
    note = "n" * 4_000
    failed = run(api, HEADER + "".join(f"V{number},,1,{note}\n" for number in range(4_000)))
    with ExitStack() as downloads:
        for _ in range(Settings.model_fields["api_pool_size"].default + 2):
            downloads.enter_context(_slow_download(api, f"/v1/async-actions/{failed['id']}/failures.csv"))
        assert api.get(f"/v1/async-actions/{failed['id']}")["failed_count"] == 4_000


def test_failed_rows_come_back_as_they_were_sent(api: Api) -> None:
    lines = ["Code;Voucher Type;Value;Note", 'A;GIFT_VOUCHER;x;"semi;colon"', '"B;GIFT_VOUCHER', "C;GIFT_VOUCHER;y"]
    rows = "\n".join([*lines, "D;GIFT_VOUCHER;1;", ""])
    action = run(api, rows)
    assert counts(action) == (1, 3, 0)
    answer = api.http.get(f"/v1/async-actions/{action['id']}/failures.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == ["Code", "Voucher Type", "Value", "Note", "row", "line", "reason"]
    assert rows[1] == [
        "A",
        "GIFT_VOUCHER",
        "x",
        "semi;colon",
        "1",
        "2",
        "Value: must be a number (actual value is 'x')",
    ]
    assert rows[2][0] == '"B;GIFT_VOUCHER'
    assert rows[3][:3] == ["C", "GIFT_VOUCHER", "y"]
    assert [row[4:6] for row in rows[1:]] == [["1", "2"], ["2", "3"], ["3", "4"]]
    again = run(api, answer.text)
    # The last one had a type and no value; nothing of what was read over became a value.
    assert counts(again) == (0, 3, 0)
    assert "8 cells, but the header has 7" in again["result"]["failed"][1]["reason"]


def test_fixed_rows_are_imported_from_the_file_as_it_is(api: Api) -> None:
    short = "Code,Voucher Type,Value,Note,Size\nA,GIFT_VOUCHER\nB,GIFT_VOUCHER,x,n\n"
    action = run(api, short)
    text = api.http.get(f"/v1/async-actions/{action['id']}/failures.csv").text
    fixed = api.ended(
        accepted(submit(api, text.replace("A,GIFT_VOUCHER,,", "A,GIFT_VOUCHER,1,").replace(",x,", ",2,")))
    )
    assert counts(fixed) == (2, 0, 0)
    assert api.get("/v1/vouchers/A")["metadata"] == {}
    assert api.get("/v1/vouchers/B")["metadata"] == {"Note": "n"}


def test_failed_json_rows_make_a_table(api: Api) -> None:
    action = api.ended(api.import_json([{"code": "A"}, {"code": "B", "gift": {"amount": "x"}}, "text"]))
    text = api.http.get(f"/v1/async-actions/{action['id']}/failures.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["code"] for row in rows] == ["A", "B", ""]
    assert [row["row"] for row in rows] == ["1", "2", "3"]
    assert rows[1]["gift"] == '{"amount":"x"}'
    assert rows[2]["value"] == "text"
