"""Where a file's rows stand: header, sheet and lines, as people count them, in every answer that speaks of them."""

import csv
import io
import json
from typing import Any

import httpx
import pytest
import xlsxwriter

from tests.server import Api

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADER = "Code;Voucher Type;Value"
TITLED = f'Vouchers of spring\n;;\n{HEADER}\nA;GIFT_VOUCHER;1\n\n"B";"GIFT_VOUCHER";"x\ny"\n;;\n \nC;GIFT_VOUCHER;z\n'


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return content.getvalue()


def submit(api: Api, content: str | bytes, **submission_options: Any) -> httpx.Response:
    return api.http.post("/v1/vouchers/importCSV", files={"file": ("vouchers", content)}, params=submission_options)


def ran(api: Api, content: str | bytes, **submission_options: Any) -> dict[str, Any]:
    answer = submit(api, content, **submission_options)
    assert answer.status_code == 202, answer.text
    return api.ended(answer.json()["async_action_id"])


def lines_of(api: Api, action: dict[str, Any]) -> list[tuple[int, int | None]]:
    failures = api.get(f"/v1/async-actions/{action['id']}/failures")["failures"]
    return [(failure["row"], failure["line"]) for failure in failures]


def failed_file(api: Api, action: dict[str, Any]) -> list[dict[str, str]]:
    text = api.http.get(f"/v1/async-actions/{action['id']}/failures.csv").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=action["delimiter"] or ","))


def test_failed_rows_tell_their_line_in_the_file(api: Api) -> None:
    action = ran(api, TITLED)
    assert (action["done_count"], action["failed_count"]) == (1, 2)
    assert (action["header_row"], action["delimiter"], action["charset"], action["sheet"]) == (3, ";", "utf-8", None)
    assert lines_of(api, action) == [(2, 6), (3, 10)]
    assert [(row["row"], row["line"]) for row in failed_file(api, action)] == [("2", "6"), ("3", "10")]
    (grouped,) = api.get(f"/v1/async-actions/{action['id']}/failures", group_by="reason")["reasons"][:1]
    assert grouped["first_lines"][0] in (6, 10)


def test_failed_rows_of_a_workbook_tell_the_sheets_row(api: Api) -> None:
    rows = [
        ["Spring"],
        [],
        ["Code", "Voucher Type", "Value"],
        ["A", "GIFT_VOUCHER", "1\n2"],
        [],
        [],
        ["B", "GIFT_VOUCHER", "x"],
    ]
    action = ran(api, workbook({"Notes": [["Read me"], ["first"]], "Codes": rows}))
    assert (action["sheet"], action["header_row"], action["delimiter"]) == ("Codes", 3, None)
    assert lines_of(api, action) == [(1, 4), (2, 7)]


def test_lines_of_ndjson_are_counted_with_blank_ones(api: Api) -> None:
    rows = '\n\n{"code": "A"}\n\n{"code": "B", "type": "GIFT_VOUCHER", "gift": {"amount": 1}}\nno json\n'
    answer = api.http.post("/v1/vouchers/import", files={"file": ("rows.ndjson", rows)})
    assert lines_of(api, api.ended(answer.json()["async_action_id"])) == [(1, 3), (3, 6)]
    array = api.http.post("/v1/vouchers/import", json=[{"code": "C"}])
    assert lines_of(api, api.ended(array.json()["async_action_id"])) == [(1, None)]


@pytest.mark.parametrize(
    "submission_options", [{}, {"on_error": "reject"}, {"on_error": "stop", "max_failures": 2}, {"dry_run": "true"}]
)
def test_whatever_was_wished_failures_have_lines(api: Api, submission_options: dict[str, Any]) -> None:
    assert lines_of(api, ran(api, TITLED, **submission_options)) == [(2, 6), (3, 10)]


def test_rows_that_are_retried_keep_the_line_of_the_first_file(api: Api) -> None:
    first = ran(api, TITLED)
    again = api.http.post(f"/v1/async-actions/{first['id']}/retry")
    second = api.ended(again.json()["async_action_id"])
    assert lines_of(api, second) == [(1, 6), (2, 10)]
    text = api.http.get(f"/v1/async-actions/{second['id']}/failures.csv").content
    corrected = api.http.post(f"/v1/async-actions/{second['id']}/retry", files={"file": ("fixed.csv", text)})
    third = api.ended(corrected.json()["async_action_id"])
    assert lines_of(api, third) == [(1, 6), (2, 10)]


def test_a_file_of_failed_rows_that_is_imported_anew_counts_its_own_lines(api: Api) -> None:
    first = ran(api, TITLED)
    text = api.http.get(f"/v1/async-actions/{first['id']}/failures.csv").content
    assert lines_of(api, ran(api, text)) == [(1, 2), (2, 5)]


def test_the_header_may_be_named(api: Api) -> None:
    content = "Gutschein;Art;Wert\nCode;Voucher Type;Value\nA;GIFT_VOUCHER;1\n"
    assert submit(api, content).status_code == 400
    action = ran(api, content, header_row=2)
    assert (action["header_row"], action["done_count"]) == (2, 1)
    answer = submit(api, content, header_row=9)
    assert (answer.status_code, "ends before it" in answer.json()["details"]) == (400, True)
    for wrong in ("0", "x", "1001", "-1"):
        assert submit(api, content, header_row=wrong).json()["key"] == "invalid_query_params"


def test_the_sheet_may_be_named(api: Api) -> None:
    rows = [["Code", "Voucher Type", "Value"], ["A", "GIFT_VOUCHER", 1]]
    content = workbook({"One": rows, "2": [rows[0], ["B", "GIFT_VOUCHER", 1]], "Empty": []})
    assert ran(api, content)["sheet"] == "One"
    assert ran(api, content, sheet="2")["sheet"] == "2"  # a name goes before a number
    assert ran(api, content, sheet="1")["sheet"] == "One"
    answer = submit(api, content, sheet="Three")
    assert answer.status_code == 400
    assert "1 'One', 2 '2', 3 'Empty'" in answer.json()["details"]


def test_what_must_be_known_before_the_file_comes_before_it(api: Api) -> None:
    name, content = "header_row", f"x\n{HEADER}\nA;GIFT_VOUCHER;1\n"
    boundary = "----tallykeep"
    field = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n2\r\n'
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n{content}\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    for parts, code in ((field + file, 202), (file + field, 400)):
        answer = api.http.post("/v1/vouchers/importCSV", content=f"{parts}--{boundary}--\r\n", headers=headers)
        assert answer.status_code == code, answer.text


def test_the_preview_tells_what_the_import_takes(api: Api) -> None:
    rows = [["Spring"], ["Code", "Voucher Type", "Value"], [], ["A", "GIFT_VOUCHER", 1]]
    content = workbook({"Notes": [["Read me"]], "Codes": rows})
    seen = api.http.post("/v1/imports/preview", files={"file": ("codes.xlsx", content)}).json()
    assert (seen["sheet"], seen["header_row"], seen["skipped_rows"]) == ("Codes", 2, 1)
    assert [sheet["name"] for sheet in seen["sheets"]] == ["Notes", "Codes"]
    assert [(row["row"], row["line"], row["outcome"]) for row in seen["rows"]] == [(1, 4, "created")]
    chosen = api.http.post(
        "/v1/imports/preview?sheet=Notes&header_row=1", files={"file": ("codes.xlsx", content)}
    ).json()
    assert (chosen["sheet"], chosen["header_row"], chosen["columns"][0]["title"]) == ("Notes", 1, "Read me")
    text = api.http.post("/v1/imports/preview", files={"file": ("codes.csv", TITLED)}).json()
    assert (text["sheet"], text["sheets"], text["header_row"], text["skipped_rows"]) == (None, [], 3, 1)
    assert [row["line"] for row in text["rows"]] == [4, 6, 10]


@pytest.mark.parametrize("mapping", [{}, {"City": None}, {"Name": "Description", "City": "Town"}])
@pytest.mark.parametrize("again", ["Source ID,Name,City", '"Source ID", Name ,City'])
def test_a_row_that_repeats_the_header_fails(api: Api, again: str, mapping: dict[str, str | None]) -> None:
    content = f"Source ID,Name,City\nSource ID,x,y\n{again}\nA,Source ID,Name\n"
    files = {"file": ("customers.csv", content)}
    answer = api.http.post("/v1/customers/importCSV", files=files, data={"mapping": json.dumps(mapping)})
    action = api.ended(answer.json()["async_action_id"])
    failures = api.get(f"/v1/async-actions/{action['id']}/failures")["failures"]
    assert [(each["row"], each["reason"]) for each in failures] == [(2, "the row repeats the header; remove it")]
    assert action["done_count"] == 2
    seen = api.http.post("/v1/imports/preview", files=files, data={"row_type": "customers"}).json()
    assert [row["outcome"] for row in seen["rows"]].count("failed") == 1


@pytest.mark.parametrize(
    "header", ['"The ""short"" name",Source ID', '"The ""one""","Source""ID"', '"In\r\ntwo lines",Source ID']
)
def test_a_header_with_quoted_titles_is_known_again(api: Api, header: str) -> None:
    files = {"file": ("customers.csv", f"{header}\r\nx,A\r\n{header}\r\n")}
    mapping = json.dumps({'Source"ID': "Source ID"} if "Source ID" not in header else {})
    answer = api.http.post("/v1/customers/importCSV", files=files, data={"mapping": mapping})
    action = api.ended(answer.json()["async_action_id"])
    assert (action["done_count"], action["failed_count"]) == (1, 1)


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!"])
@pytest.mark.parametrize("column", ["Category", "Region", "Code"])
def test_the_error_of_a_spreadsheet_fails_its_row(api: Api, error: str, column: str) -> None:
    row = {"Code": "A", "Voucher Type": "GIFT_VOUCHER", "Value": "1", "Category": "c", "Region": "#1!", column: error}
    good = {**row, column: "B"}
    content = io.StringIO()
    writer = csv.DictWriter(content, list(row))
    writer.writeheader()
    writer.writerows([good, row])
    action = ran(api, content.getvalue())
    assert (action["done_count"], action["failed_count"]) == (1, 1)
    (failed,) = action["result"]["failed"]
    assert failed["reason"].startswith(f"{column}: the cell holds a spreadsheet's error")
    assert f"'{error}'" in failed["reason"]
    left_out = ran(api, content.getvalue(), mapping=f'{{"{column}": null}}') if column != "Code" else None
    assert left_out is None or left_out["failed_count"] == 0


def test_an_error_may_be_given_a_meaning(api: Api) -> None:
    content = f"{HEADER};Region\nA;GIFT_VOUCHER;1;#N/A\n"
    assert ran(api, content, values='{"Region": {"#N/A": "nowhere"}}')["done_count"] == 1
    assert api.get("/v1/vouchers/A")["metadata"] == {"Region": "nowhere"}


def test_a_number_that_a_workbook_has_not_kept_fails_until_it_is_entered_anew(api: Api) -> None:
    rows = [["Code", "Voucher Type", "Value", "Serial"], [123456789012345678, "GIFT_VOUCHER", 1, 123456789012345],
            ["B", "GIFT_VOUCHER", 1, 1234567890123456]]  # fmt: skip
    action = ran(api, workbook({"Codes": rows}))
    assert [failed["reason"].split(";")[0] for failed in action["result"]["failed"]] == [
        "Code: a workbook keeps 15 digits of a number",
        "Serial: a workbook keeps 15 digits of a number",
    ]
    again = api.http.post(f"/v1/async-actions/{action['id']}/retry")
    assert api.ended(again.json()["async_action_id"])["failed_count"] == 2
    text = api.http.get(f"/v1/async-actions/{action['id']}/failures.csv").content
    assert ran(api, text)["failed_count"] == 2


@pytest.mark.parametrize(
    ("body", "type_", "option"),
    [
        (b"Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n", "text/csv", {"sheet": "Codes"}),
        (workbook({"Codes": [["Code", "Voucher Type", "Value"]]}), XLSX, {"delimiter": ";"}),
        (b"[]", "application/json", {"sheet": "1"}),
        (b"[]", "application/json", {"header_row": 2}),
        (b"[]", "application/x-ndjson", {"delimiter": "tab"}),
    ],
)
def test_options_that_say_nothing_of_such_a_file_are_refused(
    api: Api, body: bytes, type_: str, option: dict[str, Any]
) -> None:
    (name,) = option
    imported = "/v1/vouchers/import" if "json" in type_ else "/v1/vouchers/importCSV"
    for path in (imported, "/v1/imports/preview"):
        answer = api.http.post(path, content=body, params=option, headers={"Content-Type": type_})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params"), answer.text
        assert f"Property .{name} goes with other files" in answer.json()["details"]


def test_json_is_retried_without_options_of_files(api: Api) -> None:
    action = api.ended(api.import_json([{"code": "A"}]))
    again = api.http.post(f"/v1/async-actions/{action['id']}/retry")
    assert api.ended(again.json()["async_action_id"])["failed_count"] == 1
