"""Files for people to open in a spreadsheet (`for=spreadsheet`), beside the exact ones that can be imported again."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

from tallykeep.formats.csv.formulas import COPY_TITLE
from tests.http.test_bulk_updates import submitted
from tests.http.test_control import counts, run
from tests.http.test_errors import check
from tests.http.test_file_positions import workbook
from tests.server import Api

EVIL = '=HYPERLINK("http://evil.example","x")'
HEADER = "Code;Voucher Type;Value;=Note;Left"
LINES = [
    f'"{EVIL.replace(chr(34), chr(34) * 2)}";GIFT_VOUCHER;+x;@note;－1',
    "B;GIFT_VOUCHER;1;a,=1;x",
    '"C;GIFT_VOUCHER',
]
FOR = {"for": "spreadsheet"}


def _rows(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter, strict=True))


def _harmless(rows: list[list[str]]) -> bool:
    return not any(cell.lstrip().startswith(tuple("=+-@＝＋－＠")) for row in rows for cell in row)


def test_failed_rows_and_source_rows(api: Api) -> None:
    action = run(api, "\n".join([HEADER, *LINES, ""]))
    assert counts(action) == (1, 2, 0)
    for ending, count in (("failures.csv", 2), ("file", 3)):
        exact = api.http.get(f"/v1/async-actions/{action['id']}/{ending}").text
        safe = api.http.get(f"/v1/async-actions/{action['id']}/{ending}", params=FOR).text
        rows = _rows(safe, ";")
        assert len(rows) == count + 1
        assert _harmless(rows), safe
        assert rows[0][:4] == ["Code", "Voucher Type", "Value", "'=Note"]
        assert rows[0][-1] == COPY_TITLE
        assert COPY_TITLE not in exact
        assert rows[1][:5] == [f"'{EVIL}", "GIFT_VOUCHER", "'+x", "'@note", "'－1"]
        assert rows[-1][0] == '"C;GIFT_VOUCHER'
        assert "'=" not in exact, "what can be imported again is exact"
    assert "a,=1" in exact
    assert rows[2][3] == "a,'=1", "a program may take the comma for the end of a cell"


def test_columns_that_were_left_out_are_in_the_source_file(api: Api) -> None:
    answer = api.http.post(
        "/v1/vouchers/importCSV", params={"mapping": '{"Secret": null}'},
        files={"file": ("a.csv", "Code,Secret,Voucher Type,Value\nA,=1,GIFT_VOUCHER,1\n")},
    )  # fmt: skip
    action = api.ended(answer.json()["async_action_id"])
    rows = _rows(api.http.get(f"/v1/async-actions/{action['id']}/file", params=FOR).text)
    assert rows == [
        ["Code", "Secret", "Voucher Type", "Value", COPY_TITLE],
        ["A", "'=1", "GIFT_VOUCHER", "1", ""],
    ]  # fmt: skip


def test_lists(api: Api) -> None:
    metadata: dict[str, Any] = {"=key": "@SUM(A1)", "plain": -5}
    api.ended(api.import_json([{"code": EVIL, "gift": {"amount": 1}, "metadata": metadata}]))
    exact = _rows(api.http.get("/v1/lists/csv/vouchers").text)
    safe = _rows(api.http.get("/v1/lists/csv/vouchers", params=FOR).text)
    assert _harmless(safe)
    assert not _harmless(exact)
    assert [[cell.removeprefix("'") for cell in row[:-1]] for row in safe] == exact
    assert [row[-1] for row in safe] == [COPY_TITLE, ""]
    assert dict(zip(*safe, strict=True))["'=key"] == "'@SUM(A1)"
    again = api.ended(api.import_csv(api.http.get("/v1/lists/csv/vouchers").content))
    assert counts(again) == (1, 0, 0)


def _saved_again(copy: str) -> dict[str, bytes]:
    """What people's programs make of a copy: the file as it was, without quotes, with semicolons, and as a workbook."""
    rows = _rows(copy, ";" if '";"' in copy else ",")
    written = {"as it was": copy.encode()}
    for name, delimiter in (("with commas", ","), ("with semicolons", ";"), ("with tabs", "\t")):
        saved = io.StringIO()
        csv.writer(saved, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
        written[name] = saved.getvalue().encode()
    return written | {"a workbook": workbook({"Sheet1": rows})}


def test_a_copy_is_taken_by_no_door(api: Api) -> None:
    bad = "Code,Voucher Type,Value,Note\nA,GIFT_VOUCHER,x,=1\nB,GIFT_VOUCHER,1,-5\n"
    action = run(api, bad)
    assert counts(action) == (1, 1, 0)
    one = f"/v1/async-actions/{action['id']}"
    before = len(api.get("/v1/async-actions")["async_actions"])
    for download in (f"{one}/failures.csv", f"{one}/file", "/v1/lists/csv/vouchers"):
        for saved_as, content in _saved_again(api.http.get(download, params=FOR).text).items():
            for door in (f"{one}/retry", "/v1/vouchers/importCSV", "/v1/customers/importCSV", "/v1/imports/preview"):
                refused = api.http.post(door, files={"file": ("copy", content)})
                body = check(refused, 400, "invalid_payload", COPY_TITLE, "without that")
                assert "apostrophe" in body["details"], (saved_as, door)
    skipping = {"mapping": json.dumps({COPY_TITLE: None})}
    content = api.http.get(f"{one}/failures.csv", params=FOR).content
    check(api.http.post("/v1/vouchers/importCSV", params=skipping, files={"file": ("a.csv", content)}), 400,
          "invalid_payload", COPY_TITLE)  # fmt: skip
    assert len(api.get("/v1/async-actions")["async_actions"]) == before
    exact = api.http.get(f"{one}/failures.csv").content.replace(b",x,", b",2,")
    again = api.http.post(f"{one}/retry", content=exact, headers={"Content-Type": "text/csv"})
    assert counts(api.ended(again.json()["async_action_id"])) == (1, 0, 0)


def test_reports_are_harmless_in_any_case(api: Api) -> None:
    rows = [{"code": "=1+1", "metadata": {}}, {"code": "＝1", "metadata": {}}, {"code": "a,=1", "metadata": {}}]
    (url,) = submitted(api, "/v1/vouchers/bulk/async", rows)["result"]["reports"]
    usual, safe = (_rows(httpx.get(url, params=params, trust_env=False).text) for params in ({}, FOR))
    assert _harmless(usual)
    assert _harmless(safe)
    assert [row[0] for row in usual] == ["code", "'=1+1", "'＝1", "a,=1"]
    assert [row[0] for row in safe] == ["code", "'=1+1", "'＝1", "a,'=1"]


@pytest.mark.parametrize(
    "path", ["/v1/async-actions/{id}/file", "/v1/async-actions/{id}/failures.csv", "/v1/lists/csv/vouchers"]
)
def test_other_readers_are_not_known(api: Api, path: str) -> None:
    action = api.ended(api.import_json([{"code": "A", "gift": {"amount": 1}}]))
    check(api.http.get(path.format(**action), params={"for": "people"}), 400, "invalid_query_params", "for")


def test_rows_of_json_are_for_no_spreadsheet(api: Api) -> None:
    action = api.ended(api.import_json([{"code": "=A"}]))
    check(api.http.get(f"/v1/async-actions/{action['id']}/file", params=FOR), 400, "invalid_query_params", "JSON")
    failed = _rows(api.http.get(f"/v1/async-actions/{action['id']}/failures.csv", params=FOR).text)
    assert failed[1][0] == "'=A"
