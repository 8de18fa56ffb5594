"""Every form in which rows may come: all of them end with the same outcome."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from backports import zstd

from tests.http.test_errors import check
from tests.server import Api
from tests.unit.test_sheet import workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}


@dataclass(frozen=True)
class Target:
    """One endpoint that takes files: three rows for it, of which the second fails."""

    path: str
    rows: list[list[Any]]
    reason: str
    prepare: Callable[[Api], None] = lambda api: None


def _campaign(api: Api) -> None:
    campaign = {"name": "Fall", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}}
    assert api.http.post("/v1/campaigns", json=campaign).status_code == 200


def _product(api: Api) -> None:
    assert api.http.post("/v1/products", json={"name": "Shirt", "source_id": "shirt"}).status_code == 200


FILES = {
    "vouchers": Target(
        "/v1/vouchers/importCSV",
        [["Code", "Voucher Type", "Value", "Größe"], ["A", "GIFT_VOUCHER", 14.5, "x,y"], ["B", "", 1, ""],
         ["C", "GIFT_VOUCHER", 100, "1"]],
        "Voucher Type is required",
    ),
    "customers": Target(
        "/v1/customers/importCSV",
        [["Source_id", "Name", "Birthdate"], ["a", "Zoë", "2000-02-29"], ["b", "Bo", "soon"], ["c", "Cy", ""]],
        "Birthdate: must be a date like 2022-09-26 or 2022-09-26T13:00:00Z (actual value is 'soon')",
    ),
    "campaign": Target(
        "/v1/campaigns/Fall/importCSV",
        [["Code", "Active"], ["A", True], ["B", "perhaps"], ["C", False]],
        "Active: must be true or false (actual value is 'perhaps')",
        _campaign,
    ),
    "products": Target(
        "/v1/products/importCSV",
        [["name", "source_id", "price"], ["A", "a", 1], ["", "b", 2], ["C", "c", 3]],
        "name is required",
    ),
    "skus": Target(
        "/v1/skus/importCSV",
        [["product_id", "source_id", "price"], ["shirt", "a", 1], ["shirt", "", 2], ["shirt", "c", 3]],
        "source_id is required",
        _product,
    ),
}  # fmt: skip
OBJECTS = {
    "vouchers": Target(
        "/v1/vouchers/import",
        [{"code": "A", "gift": {"amount": 1}}, {"code": "B"}, {"code": "C", "gift": {"amount": 2}}],  # type: ignore[list-item]
        "Voucher Type is required",
    ),
    "orders": Target(
        "/v1/orders/import",
        [{"source_id": "a", "amount": 1}, {"source_id": "b", "amount": "x"}, {"source_id": "c"}],  # type: ignore[list-item]
        "amount: must be a number (actual value is 'x')",
    ),
}


def csv_of(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def xlsx_of(rows: list[list[Any]]) -> bytes:
    return workbook(rows).getvalue()


def ndjson_of(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\r\n" for row in rows)


def form_of(file: bytes, **fields: str) -> dict[str, Any]:
    """A form's bytes and its headers, so that it can be compressed as a whole."""
    request = httpx.Request("POST", "http://x", files={"file": ("rows.bin", file)}, data=fields)
    return {"content": request.read(), "headers": {"Content-Type": request.headers["content-type"]}}


def packed(request: dict[str, Any], coding: str) -> dict[str, Any]:
    headers = {**request["headers"], "Content-Encoding": coding}
    return {"content": PACK[coding](request["content"]), "headers": headers}


def body_of(content: bytes, media_type: str) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": media_type}}


FILE_INPUTS: dict[str, Callable[[list[list[Any]]], dict[str, Any]]] = {
    "form": lambda rows: form_of(csv_of(rows)),
    "form, sent with gzip": lambda rows: packed(form_of(csv_of(rows)), "gzip"),
    "form, sent with zstd": lambda rows: packed(form_of(csv_of(rows)), "zstd"),
    "gzip file in a form": lambda rows: form_of(gzip.compress(csv_of(rows))),
    "zstd file in a form": lambda rows: form_of(zstd.compress(csv_of(rows))),
    "gzip file in a form, sent with zstd": lambda rows: packed(form_of(gzip.compress(csv_of(rows))), "zstd"),
    "body": lambda rows: body_of(csv_of(rows), "text/csv"),
    "body in another charset": lambda rows: body_of(csv_of(rows).decode().encode("cp850"), "text/csv; charset=cp850"),
    "body, sent with gzip": lambda rows: packed(body_of(csv_of(rows), "text/csv"), "gzip"),
    "body, sent with zstd": lambda rows: packed(body_of(csv_of(rows), "text/csv; charset=utf-8"), "zstd"),
    "workbook in a form": lambda rows: form_of(xlsx_of(rows)),
    "workbook": lambda rows: body_of(xlsx_of(rows), XLSX),
    "workbook under a wrong type": lambda rows: body_of(xlsx_of(rows), "text/csv"),
    "workbook, sent with gzip": lambda rows: packed(body_of(xlsx_of(rows), XLSX), "gzip"),
    "zstd workbook in a form": lambda rows: form_of(zstd.compress(xlsx_of(rows))),
}
ROW_INPUTS: dict[str, Callable[[list[Any]], dict[str, Any]]] = {
    "array": lambda rows: body_of(json.dumps(rows).encode(), "application/json; charset=utf-8"),
    "array, sent with gzip": lambda rows: packed(body_of(json.dumps(rows).encode(), "application/json"), "gzip"),
    "array, sent with zstd": lambda rows: packed(body_of(json.dumps(rows).encode(), "application/json"), "zstd"),
    "array in a form": lambda rows: form_of(b"\xef\xbb\xbf \n" + json.dumps(rows).encode()),
    "gzip array in a form": lambda rows: form_of(gzip.compress(json.dumps(rows).encode())),
    "ndjson": lambda rows: body_of(b"\xef\xbb\xbf" + ndjson_of(rows), "application/x-ndjson"),
    "jsonl": lambda rows: body_of(ndjson_of(rows), "application/jsonl"),
    "ndjson, sent with gzip": lambda rows: packed(body_of(ndjson_of(rows), "application/x-ndjson"), "gzip"),
    "ndjson, sent with zstd": lambda rows: packed(body_of(ndjson_of(rows), "application/x-ndjson"), "zstd"),
    "ndjson in a form": lambda rows: form_of(b"\r\n" + ndjson_of(rows)),
    "zstd ndjson in a form": lambda rows: form_of(zstd.compress(ndjson_of(rows))),
}


def submitted(api: Api, path: str, request: dict[str, Any], **query: str) -> dict[str, Any]:
    answer = api.http.post(path, params=query, **request)
    assert answer.status_code in (200, 202), answer.text
    return api.ended(answer.json()["async_action_id"])


def _assert_second_failed(action: dict[str, Any], target: Target) -> None:
    assert (action["total_count"], action["done_count"], action["failed_count"]) == (3, 2, 1), action
    (failure,) = action["result"]["failed"]
    assert failure["reason"] == target.reason
    assert failure.get("row", 2) == 2


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("form", FILE_INPUTS)
def test_files(api: Api, name: str, form: str) -> None:
    target = FILES[name]
    target.prepare(api)
    _assert_second_failed(submitted(api, target.path, FILE_INPUTS[form](target.rows)), target)
    if name == "vouchers":
        shown = api.get("/v1/vouchers/A")
        assert (shown["gift"]["amount"], shown["metadata"]) == (1450, {"Größe": "x,y"})
    if name == "customers":
        assert api.get("/v1/customers/a")["name"] == "Zoë"


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("form", ROW_INPUTS)
def test_objects(api: Api, name: str, form: str) -> None:
    target = OBJECTS[name]
    _assert_second_failed(submitted(api, target.path, ROW_INPUTS[form](target.rows)), target)


@pytest.mark.parametrize("coding", PACK)
def test_keys_for_one_change(api: Api, coding: str) -> None:
    body = json.dumps({"codes": ["A", "B"], "metadata": {"x": 1}}).encode()
    action = submitted(api, "/v1/vouchers/metadata/async", packed(body_of(body, "application/json"), coding))
    assert (action["total_count"], action["failed_count"]) == (2, 2)


@pytest.mark.parametrize("coding", PACK)
def test_a_compressed_body_is_read_by_every_endpoint(api: Api, coding: str) -> None:
    voucher = body_of(json.dumps({"type": "GIFT_VOUCHER", "gift": {"amount": 1}}).encode(), "application/json")
    assert api.http.post("/v1/vouchers/PACKED", **packed(voucher, coding)).status_code == 200
    assert api.get("/v1/vouchers/PACKED")["gift"]["amount"] == 1


def test_lines_that_are_not_json_fail_alone(api: Api) -> None:
    body = b'{"code":"A","gift":{"amount":1}}\n{"code":\n\n[1]\n{"code":"D","gift":{"amount":1}}'
    action = submitted(api, "/v1/vouchers/import", body_of(body, "application/x-ndjson"))
    assert (action["done_count"], action["failed_count"]) == (2, 2)
    rows = api.get(f"/v1/async-actions/{action['id']}/failures")["failures"]
    assert [row["row"] for row in rows] == [2, 3]
    assert rows[0]["reason"].startswith("the row is not JSON: ")
    assert rows[1]["reason"].startswith("the row must be an object")


def test_a_campaign_refuses_lines_that_repeat_a_code(api: Api) -> None:
    _campaign(api)
    twice = body_of(ndjson_of([{"code": "A"}, {"code": "B"}, {"code": "A"}]), "application/x-ndjson")
    check(api.http.post("/v1/campaigns/Fall/import", **twice), 400, "duplicate_key", "Row 3 repeats the code A")


def test_a_body_of_no_lines_has_no_rows(api: Api) -> None:
    assert submitted(api, "/v1/vouchers/import", body_of(b"\n", "application/x-ndjson"))["total_count"] == 0


def assert_nothing_stays(api: Api) -> None:
    assert api.get("/v1/async-actions")["async_actions"] == []


MANY = csv_of([["Code", "Voucher Type", "Value"], *([f"C{n}", "GIFT_VOUCHER", n] for n in range(20_000))])


@pytest.mark.parametrize("coding", PACK)
@pytest.mark.parametrize("way", ["body", "form", "file in a form"])
def test_a_stream_cut_off_or_broken_leaves_nothing(api: Api, coding: str, way: str) -> None:
    stream = PACK[coding](MANY)
    for broken, words in ((stream[:-5], "cut off"), (stream + b"more", "corrupt")):
        if way == "body":
            request = body_of(broken, "text/csv")
            request["headers"]["Content-Encoding"] = coding
        elif way == "form":
            request = packed(form_of(MANY), coding)
            content = request["content"]
            request["content"] = content[:-5] if words == "cut off" else content + b"more"
        else:
            request = form_of(broken)
        answer = api.http.post("/v1/vouchers/importCSV", **request)
        check(answer, 400, "invalid_payload", f"The {coding} stream is {words}")
    assert_nothing_stays(api)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (OLE, [".xls", "encrypted", "save it"]),
        (xlsx_of([["Code"], ["A"]])[:-200], ["The workbook cannot be read"]),
        (b"PK\x03\x04" + bytes(100), ["The workbook cannot be read"]),
        (xlsx_of([]), ["The file is empty"]),
    ],
)
def test_workbooks_that_cannot_be_read_are_refused(api: Api, file: bytes, words: list[str]) -> None:
    check(api.http.post("/v1/vouchers/importCSV", **form_of(file)), 400, "invalid_payload", *words)
    assert_nothing_stays(api)


def test_another_charset_of_json_is_told(api: Api) -> None:
    body = body_of('[{"code":"Ä"}]'.encode("latin-1"), "application/json; charset=latin-1")
    check(api.http.post("/v1/vouchers/import", **body), 415, "unsupported_media_type", "UTF-8", "latin-1")
    unknown = body_of(b"Code\nA\n", "text/csv; charset=klingon")
    check(api.http.post("/v1/vouchers/importCSV", **unknown), 415, "unsupported_media_type", "klingon")


def test_the_charset_of_a_file_within_a_form_is_taken_at_its_word(api: Api) -> None:
    rows = csv_of([["Code", "Voucher Type", "Value", "City"], ["A", "GIFT_VOUCHER", 1, "Łódź"]])
    file = ("rows.csv", rows.decode().encode("cp1250"), "text/csv; charset=windows-1250")
    answer = api.http.post("/v1/vouchers/importCSV", files={"file": file})
    assert api.ended(answer.json()["async_action_id"])["done_count"] == 1
    assert api.get("/v1/vouchers/A")["metadata"] == {"City": "Łódź"}


def test_an_unknown_compression_is_told(api: Api) -> None:
    body = body_of(b"[]", "application/json")
    body["headers"]["Content-Encoding"] = "br"
    answer = api.http.post("/v1/vouchers/import", **body)
    check(answer, 415, "unsupported_media_type", "gzip or zstd", "br")
    assert answer.headers["accept-encoding"] == "gzip, zstd"


def test_the_same_workbook_under_the_same_key_is_the_same_action(api: Api) -> None:
    request = form_of(xlsx_of(FILES["vouchers"].rows))
    request["headers"]["Idempotency-Key"] = "once"
    first, second = (api.http.post("/v1/vouchers/importCSV", **request) for _ in range(2))
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    action = api.ended(first.json()["async_action_id"])
    assert (action["file_name"], action["total_count"]) == ("rows.bin", 3)


def test_characters_that_cannot_be_kept_in_what_a_form_says_of_its_file_are_left_out(api: Api) -> None:
    for content, type_ in ((b"Code,Voucher Type,Value\nNUL,GIFT_VOUCHER,1\n", "utf\0-8"), (_workbook(), "a\0b")):
        named = 'Content-Disposition: form-data; name="file"; filename="a\0b.csv"'
        head = f"--b\r\n{named}\r\nContent-Type: x; charset={type_}"
        body = head.encode() + b"\r\n\r\n" + content + b"\r\n--b--\r\n"
        answer = api.http.post(
            "/v1/vouchers/importCSV", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
        assert answer.status_code == 202, answer.text
        assert api.ended(answer.json()["async_action_id"])["file_name"] == "ab.csv"


def _workbook() -> bytes:
    return xlsx_of([["Code", "Voucher Type", "Value"], ["NUL-2", "GIFT_VOUCHER", 1]])
