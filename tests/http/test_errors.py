"""Every error has the wire format, and bad rows never fail the request."""

import json
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from tests.server import NO_TLS, Api

CSV = "/v1/vouchers/importCSV"
JSON = "/v1/vouchers/import"
ACTIONS = "/v1/async-actions"


def check(answer: httpx.Response, code: int, key: str, *words: str) -> dict[str, Any]:
    assert answer.status_code == code, answer.text
    body: dict[str, Any] = answer.json()
    assert {"code", "key", "message", "details", "request_id"} <= body.keys()
    assert body["code"] == code
    assert body["key"] == key
    assert body["request_id"].startswith("v-")
    assert answer.headers["x-request-id"] == body["request_id"]
    for word in words:
        assert word in body["details"]
    return body


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{not json", "should be a JSON array"),
        ('[{"code": }]', "row 1"),
        ('[{"code": "A"}', "cut off"),
        ('{"code": "A"}', "should be a JSON array"),
        ("", "empty"),
        ("null", "should be a JSON array"),
    ],
)
def test_bodies_that_are_no_json_array(api: Api, body: str, words: str) -> None:
    answer = api.http.post(JSON, content=body, headers={"Content-Type": "application/json"})
    check(answer, 400, "invalid_payload", words)


def test_wrong_content_types(api: Api) -> None:
    check(api.http.post(JSON, content="Code\nA\n", headers={"Content-Type": "text/csv"}), 415, "unsupported_media_type")
    ids = "/v1/vouchers/metadata/async"
    check(api.http.post(ids, files={"file": b"{}"}), 415, "unsupported_media_type", "application/json")
    check(api.http.post(CSV, json=[]), 415, "unsupported_media_type", "multipart/form-data")
    check(api.http.post(CSV), 415, "unsupported_media_type", "not none")


def test_forms_without_a_usable_file(api: Api) -> None:
    missing = "Payload should have required property 'file'"
    check(api.http.post(CSV, data={"data": "Code"}, files={"other": b""}), 400, "invalid_payload", missing)
    for content in (b"Code\nA\n", b"Code\n" * 100_000):
        answer = api.http.post(CSV, files={"data": content})
        check(answer, 400, "invalid_payload", f"{missing}; there is a file in the part 'data'")
    check(api.http.post(CSV, files={"file": b""}), 400, "invalid_payload", "header line is expected")
    cut = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nCode\nA\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    check(api.http.post(CSV, content=cut, headers=headers), 400, "invalid_payload", "cut off")
    check(api.http.post(CSV, content="junk", headers=headers), 400, "invalid_payload", "malformed")
    check(api.http.post(CSV, content="", headers={"Content-Type": "multipart/form-data"}), 400, "invalid_payload")


def test_forms_with_other_fields_beside_the_file(api: Api) -> None:
    content = b"Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n"
    answer = api.http.post(CSV, files={"file": content}, data={"webhooks_enable": "true", "note": "x" * 100_000})
    assert api.ended(answer.json()["async_action_id"])["done_count"] == 1


def test_a_form_with_two_files_loses_neither_silently(api: Api) -> None:
    files = [("file", b"Code\nA\n"), ("file", b"Code\nB\n")]
    check(api.http.post(CSV, files=files), 400, "invalid_payload", "more than one part 'file'")
    long = {"Content-Type": f"multipart/form-data; boundary={'b' * 300}"}
    check(api.http.post(CSV, content="x", headers=long), 400, "invalid_payload", "malformed")


@pytest.mark.parametrize(
    "path",
    ["/v1/vouchers/a%00b", f"{ACTIONS}/%00", "/v1/metadata-schemas/%00", "/v1/vouchers?code=%00", "/v1/customers/%00"],
)
def test_a_nul_in_the_url_is_refused(api: Api, path: str) -> None:
    assert api.http.get(path).status_code == 400


def test_a_body_announced_too_large_is_refused_before_it_is_sent(api: Api) -> None:
    connection = HTTPConnection(api.url.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", JSON)
    for name, value in (*api.http.headers.items(), ("Content-Type", "application/json")):
        if name.startswith("x-app") or name == "Content-Type":
            connection.putheader(name, value)
    connection.putheader("Content-Length", str(2 << 30))
    connection.endheaders()
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    assert answer.status == 413
    assert (body["statusCode"], body["error"], body["code"]) == (413, "Payload Too Large", 413)
    assert "TALLYKEEP_MAX_BODY_BYTES" in body["details"]


def test_unknown_ids(api: Api, other_api: Api) -> None:
    body = check(api.http.get(f"{ACTIONS}/aa_nothing"), 404, "not_found", "Cannot find async_action with id aa_nothing")
    assert (body["resource_id"], body["resource_type"]) == ("aa_nothing", "async_action")
    assert body["message"] == "Resource not found"
    check(api.http.get("/v1/vouchers/NOTHING"), 404, "not_found", "Cannot find voucher with id NOTHING")
    check(api.http.get("/v1/nothing"), 404, "not_found", "/v1/nothing")
    foreign = other_api.import_json([])
    check(api.http.get(f"{ACTIONS}/{foreign}"), 404, "not_found")
    check(api.http.get(f"{ACTIONS}/{foreign}/failures"), 404, "not_found")


@pytest.mark.parametrize("value", ["yesterday", "2022-13-01", "16.11.2016", "2016-11-16T99", ""])
def test_bad_dates(api: Api, value: str) -> None:
    answer = api.http.get(ACTIONS, params={"end_date": value})
    body = check(answer, 400, "invalid_query_params")
    assert body["message"] == "Invalid query params"
    assert body["details"] == "Property .end_date cannot be recognized as a ISO-8601 compliant date"


@pytest.mark.parametrize("value", ["0", "101", "-1", "ten", "1.5", "9" * 100])
def test_bad_limits(api: Api, value: str) -> None:
    check(api.http.get(ACTIONS, params={"limit": value}), 400, "invalid_query_params", "Property .limit")


def test_no_keys_or_wrong_ones(api: Api) -> None:
    for headers in (
        {},
        {"X-App-Id": api.keys.app_id},
        {"X-App-Token": api.keys.app_token},
        {"X-App-Id": api.keys.app_id, "X-App-Token": "wrong"},
        {"X-App-Id": "nobody", "X-App-Token": api.keys.app_token},
        {"X-App-Id": api.keys.management_id, "X-App-Token": api.keys.management_token},
        {"X-App-Id": "a\xe9", "X-App-Token": "b\xe9"},
    ):
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        for method, path in (("GET", ACTIONS), ("POST", JSON), ("GET", "/management/v1/projects")):
            answer = httpx.request(method, api.url + path, headers=raw, trust_env=False, verify=NO_TLS)
            check(answer, 401, "unauthorized", "X-App-Id")


def test_methods_that_are_not_allowed_name_those_that_are(api: Api) -> None:
    answer = api.http.delete(ACTIONS)
    check(answer, 405, "method_not_allowed", "DELETE", "GET")
    assert answer.headers["allow"] == "GET"
    check(api.http.patch("/v1/vouchers/A"), 405, "method_not_allowed", "GET, POST")


IRREGULAR_ROWS = [
    None, 1, "x", [], {}, {"code": None}, {"code": ""}, {"code": "a\0"}, {"code": "y" * 6_000}, {"code": []},
    {"code": "deep", "gift": {"amount": 1}, "metadata": json.loads('{"a":' * 50 + "1" + "}" * 50)},
    {"code": "year", "gift": {"amount": 1}, "start_date": "10000-01-01"},
    {"code": "huge", "gift": {"amount": 10**400}},
]  # fmt: skip


def test_bad_rows_never_fail_the_request(api: Api) -> None:
    good = {"code": "good", "gift": {"amount": 1}}
    raw = ['{"code": "\\ud800"}', '{"code": "n", "gift": {"amount": 1e400}}', "[" * 100_000 + "]" * 100_000]
    body = "[" + ",".join([*map(json.dumps, IRREGULAR_ROWS), *raw, json.dumps(good)]) + "]"
    answer = api.http.post(JSON, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202, answer.text
    action = api.ended(answer.json()["async_action_id"])
    assert (action["done_count"], action["failed_count"]) == (1, len(IRREGULAR_ROWS) + len(raw))
    assert all(failure["reason"] for failure in action["result"]["failed"])
    assert not any("Internal error" in failure["reason"] for failure in action["result"]["failed"])


def test_odd_files_never_fail_the_request(api: Api) -> None:
    lines = [
        b"Code,Voucher Type,Value,Note", b"good,GIFT_VOUCHER,1,x", b"\xff\xfe,GIFT_VOUCHER,1,\xc3\xa9",
        b"nul\0,GIFT_VOUCHER,1,x", b"n,GIFT_VOUCHER,1,a\0b", b'"quote,GIFT_VOUCHER,1,x',
        b"long,GIFT_VOUCHER,1," + b"x" * 200_000, b"y" * 6_000 + b",GIFT_VOUCHER,1,x", b"nan,GIFT_VOUCHER,NaN,x",
        b"big,GIFT_VOUCHER,1e400,x", b"many,GIFT_VOUCHER,1,x,y,z", b",,,",
    ]  # fmt: skip
    action = api.ended(api.import_csv(b"\n".join(lines)))
    assert (action["done_count"], action["failed_count"]) == (2, 8)
    assert not any("Internal error" in failure["reason"] for failure in action["result"]["failed"])
    assert api.get("/v1/vouchers/long")["metadata"]["Note"] == "x" * 200_000


IRREGULAR_BODIES = [
    b"5", b"null", b'""', b'"x"', b"true", b"[]", b"{}", b"", b" ", b"[null]", b"[5]", b"[[]]", b'[["x", 5, null]]',
    b"[{}]", b"NaN", b'{"a":NaN}', b"{", b"\xff", b'"\\ud800"', b'{"\\ud800":1}', b"1e400", b"[" * 300 + b"]" * 300,
    b'{"a":' * 300 + b"1" + b"}" * 300, b'[{"a":' * 150 + b"1" + b"}]" * 150, b'{"metadata":{"a\\u0000":1}}',
]  # fmt: skip
TAKING = [
    "/v1/vouchers", "/v1/vouchers/NEW", "/v1/vouchers/V/enable", "/v1/campaigns", "/v1/campaigns/Fall/vouchers",
    "/v1/campaigns/Fall/import", "/v1/customers", "/v1/products", "/v1/products/P/skus", "/v1/orders",
    "/v1/orders/import", JSON, "/v1/vouchers/bulk/async", "/v1/vouchers/metadata/async", "/v1/categories",
    "/v1/imports/preview",
]  # fmt: skip


@pytest.mark.parametrize("path", TAKING)
def test_whatever_the_body_the_answer_says_what_came_of_it(api: Api, path: str) -> None:
    api.http.post("/v1/vouchers/V", json={"gift": {"amount": 1}})
    api.http.post("/v1/campaigns", json={"name": "Fall", "voucher": {"gift": {"amount": 1}}})
    api.http.post("/v1/products", json={"source_id": "P", "name": "Pen"})
    for body in IRREGULAR_BODIES:
        answer = api.http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 202, 400, 409), (body[:30], answer.text)
        if answer.status_code >= 400:
            assert answer.json()["details"], body[:30]
    for list_spec in ("vouchers", "campaigns", "customers", "products", "orders"):
        api.get(f"/v1/{list_spec}", limit=100)
