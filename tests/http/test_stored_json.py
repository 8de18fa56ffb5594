"""What is accepted can be read: numbers and nesting of any kind break nothing, and come back as they were sent."""

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.server import Api

NUMBERS = ("1e28", "18446744073709551616", "1.5e300", "123456789012345678901", "-9223372036854775809", "1E+20",
           "0.12345678901234567890", "9007199254740993", "18446744073709551615", "0.1", "1.10", "1e-400")  # fmt: skip
_PARTS = [*(f'"n{at}": {number}' for at, number in enumerate(NUMBERS)), '"in": [{"x": 1e28}]']
METADATA = f"{{{', '.join(_PARTS)}}}"
JSON = {"Content-Type": "application/json"}


def exactly(text: str) -> Any:
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


def answer_to(api: Api, method: str, path: str, body: str) -> Any:
    answer = api.http.request(method, path, content=body, headers=JSON)
    assert answer.status_code < 300, answer.text
    return answer.json()


def done(api: Api, path: str, body: str) -> None:
    action = api.ended(answer_to(api, "POST", path, body)["async_action_id"])
    assert (action["done_count"], action["failed_count"]) == (1, 0), action


def read(api: Api, path: str) -> Any:
    answer = api.http.get(path)
    assert answer.status_code == 200, answer.text
    return exactly(answer.text)


def single(path: str, body: str) -> Callable[[Api], None]:
    return lambda api: answer_to(api, "POST", path, body) and None


def bulk(path: str, body: str) -> Callable[[Api], None]:
    return lambda api: done(api, path, body)


GIFT = '"type": "GIFT_VOUCHER", "gift": {"amount": 5}'
_ROW = f'{{"source_id": "A", "name": "x", "metadata": {METADATA}}}'
_VOUCHER = f'{{"code": "A", {GIFT}, "metadata": {METADATA}}}'
_CAMPAIGN = f'{{"name": "A", "voucher": {{{GIFT}}}, "metadata": {METADATA}}}'
_SAME = f'{{"source_ids": ["A"], "metadata": {METADATA}}}'
DOORS: dict[str, tuple[Callable[[Api], None], str, str]] = {
    "voucher": (single("/v1/vouchers/A", _VOUCHER), "vouchers/A", "vouchers"),
    "campaign": (single("/v1/campaigns", _CAMPAIGN), "campaigns/A", "campaigns"),
    "customer": (single("/v1/customers", _ROW), "customers/A", "customers"),
    "product": (single("/v1/products", _ROW), "products/A", "products"),
    "order": (single("/v1/orders", _ROW), "orders/A", "orders"),
    "vouchers": (bulk("/v1/vouchers/import", f"[{_VOUCHER}]"), "vouchers/A", "vouchers"),
    "customers": (bulk("/v1/customers/bulk/async", f"[{_ROW}]"), "customers/A", "customers"),
    "same metadata": (bulk("/v1/customers/metadata/async", _SAME), "customers/A", "customers"),
    "products": (bulk("/v1/products/bulk/async", f"[{_ROW}]"), "products/A", "products"),
    "orders": (bulk("/v1/orders/import", f"[{_ROW}]"), "orders/A", "orders"),
}


@pytest.mark.parametrize("door", DOORS)
def test_numbers_come_back_digit_by_digit(api: Api, door: str) -> None:
    send, path, noun = DOORS[door]
    send(api)
    assert read(api, f"/v1/{path}")["metadata"] == exactly(METADATA)
    assert read(api, f"/v1/{noun}")[noun][0]["metadata"] == exactly(METADATA)
    if noun in ("vouchers", "customers", "products"):
        text = api.http.get(f"/v1/lists/csv/{noun}").content.decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(text))
        assert [Decimal(row[f"n{at}"]) for at in range(len(NUMBERS))] == list(map(Decimal, NUMBERS))


@pytest.mark.parametrize("door", ["voucher", "campaign", "customer"])
def test_numbers_outlive_an_update(api: Api, door: str) -> None:
    send, path, _ = DOORS[door]
    send(api)
    answer_to(api, "PUT", f"/v1/{path}", '{"metadata": {"more": 123456789012345678901}}')
    assert read(api, f"/v1/{path}")["metadata"] == {**exactly(METADATA), "more": Decimal("123456789012345678901")}
    done(api, "/v1/customers/bulk/async", '[{"source_id": "A", "metadata": {"again": 1e28}}]')
    before = api.http.get(f"/v1/{path}").text
    assert answer_to(api, "PUT", f"/v1/{path}", json.dumps({"metadata": {}}))
    assert exactly(api.http.get(f"/v1/{path}").text)["metadata"] == exactly(before)["metadata"]


@pytest.mark.parametrize("cell", ["1E+20", "123456789012345678901", "1e28", "0.12345678901234567890"])
def test_cells_of_numbers_too(api: Api, cell: str) -> None:
    for noun in ("voucher", "customer"):
        api.define_schema(noun, {"Serial": {"type": "number"}, "Box": {"type": "object"}})
    box = f'"{{""n"": {cell}}}"'
    api.ended(api.import_csv(f"Code,Voucher Type,Value,Serial,Box\nA,GIFT_VOUCHER,5,{cell},{box}\n"))
    file = {"file": f"Source_id,Serial,Box\nA,{cell},{box}\n".encode()}
    api.ended(api.http.post("/v1/customers/importCSV", files=file).json()["async_action_id"])
    for path in ("/v1/vouchers/A", "/v1/customers/A"):
        metadata = read(api, path)["metadata"]
        assert metadata == {"Serial": Decimal(cell), "Box": {"n": Decimal(cell)}}


def test_what_else_holds_json(api: Api) -> None:
    voucher = '{"type": "GIFT_VOUCHER", "gift": {"amount": 5, "x": 1e28}, "y": 123456789012345678901}'
    answer_to(api, "POST", "/v1/campaigns", f'{{"name": "C", "voucher": {voucher}}}')
    template = read(api, "/v1/campaigns/C")["voucher"]
    assert (template["gift"]["x"], template["y"]) == (Decimal("1e28"), Decimal("123456789012345678901"))
    answer_to(
        api,
        "POST",
        "/v1/vouchers/D",
        '{"discount": {"type": "PERCENT", "percent_off": 0.10000000000000001, "z": 1e28}}',
    )
    assert read(api, "/v1/vouchers/D")["discount"]["percent_off"] == Decimal("0.10000000000000001")
    item = '{"product_id": "p", "price": 5, "serial": 123456789012345678901}'
    done(api, "/v1/orders/import", f'[{{"source_id": "O", "items": [{item}]}}]')
    assert read(api, "/v1/orders/O")["items"][0]["serial"] == Decimal("123456789012345678901")
    api.define_schema("product", {"k": {"type": "number", "lt": 123456789012345678901, "ne": [10**30 + 1]}})
    assert api.http.get("/v1/metadata-schemas").status_code == 200
    answer_to(api, "POST", "/v1/products", '{"source_id": "P", "name": "x", "metadata": {"k": 123456789012345678900}}')
    assert read(api, "/v1/products/P")["metadata"]["k"] == Decimal("123456789012345678900")


@pytest.mark.parametrize("number", ["1e400", "1" * 400, "0." + "1" * 1_001, "1e-2000"])
def test_what_nobody_can_hold_is_refused_at_every_door(api: Api, number: str) -> None:
    for path, body in (
        ("/v1/vouchers", f'{{{GIFT}, "metadata": {{"n": {number}}}}}'),
        ("/v1/customers", f'{{"source_id": "A", "metadata": {{"n": {number}}}}}'),
        ("/v1/customers/metadata/async", f'{{"source_ids": ["A"], "metadata": {{"n": {number}}}}}'),
    ):
        refused = api.http.post(path, content=body, headers=JSON)
        assert (refused.status_code, "send it as a string" in refused.text) == (400, True), refused.text
    for path in ("/v1/vouchers/import", "/v1/customers/bulk/async", "/v1/orders/import"):
        action = api.ended(answer_to(api, "POST", path, f'[{{"code": "A", "x": {number}}}]')["async_action_id"])
        assert action["failed_count"] == 1
        (failure,) = api.get(f"/v1/async-actions/{action['id']}/failures")["failures"]
        assert "send it as a string" in failure["reason"]


IRREGULAR_ROWS = [
    f'{{"code": "deep", "foo": {"[" * 500 + "]" * 500}}}',
    f'{{"code": "deeper", "foo": {"[" * 2_000 + "]" * 2_000}}}',
    '{"code": "large", "foo": 1e400}', '{"code": "half", "foo": "\\ud800"}', "null", "7",
    '{"code": "long",\n "foo": [123456789012345678901]}',
]  # fmt: skip


def test_rows_that_nobody_can_read_are_shown_and_tried_again(api: Api) -> None:
    action = api.ended(
        answer_to(api, "POST", "/v1/vouchers/import", f"[{','.join(IRREGULAR_ROWS)}]")["async_action_id"]
    )
    assert (action["total_count"], action["failed_count"]) == (len(IRREGULAR_ROWS), len(IRREGULAR_ROWS))
    path = f"/v1/async-actions/{action['id']}"
    shown = api.get(f"{path}/failures", source_rows="true", limit=100)["failures"]
    assert [row["text"] for row in shown] == IRREGULAR_ROWS
    text = api.http.get(f"{path}/failures.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["row"] for row in rows] == [str(at) for at in range(1, len(IRREGULAR_ROWS) + 1)]
    assert [row["value"] for row in rows[:-1]] == IRREGULAR_ROWS[:-1]
    assert rows[-1]["foo"] == "[123456789012345678901]"
    lines = api.http.get(f"{path}/failures.ndjson").text.splitlines()
    assert lines == [" ".join(row.splitlines()) for row in IRREGULAR_ROWS]
    again = api.ended(answer_to(api, "POST", f"{path}/retry", "")["async_action_id"])
    assert (again["total_count"], again["failed_count"]) == (len(IRREGULAR_ROWS), len(IRREGULAR_ROWS))


def test_a_row_that_is_right_but_for_what_is_left_out_is_done_however_deep_that_is(api: Api) -> None:
    body = f'[{{"code": "A", {GIFT}, "foo": {"[" * 500 + "]" * 500}}}]'
    done(api, "/v1/vouchers/import", body)
    assert api.get("/v1/vouchers/A")["gift"]["amount"] == 5


@pytest.mark.parametrize("value", ["[" * 300 + "]" * 300, '"\\u0000"'])
def test_what_cannot_be_kept_with_an_action_or_campaign_is_refused(api: Api, value: str) -> None:
    for path, body in (
        ("/v1/customers/metadata/async", f'{{"source_ids": ["A"], "metadata": {{"n": {value}}}}}'),
        ("/v1/campaigns", f'{{"name": "C", "voucher": {{{GIFT}, "foo": {value}}}}}'),
    ):
        refused = api.http.post(path, content=body, headers=JSON)
        assert refused.status_code == 400, refused.text


def test_a_name_that_cannot_be_kept_fails_alone(api: Api) -> None:
    body = f'{{"codes": [{"[" * 300 + "]" * 300}, "A"], "metadata": {{}}}}'
    action = api.ended(answer_to(api, "POST", "/v1/vouchers/metadata/async", body)["async_action_id"])
    assert (action["total_count"], action["failed_count"]) == (2, 2)  # and there is no voucher A


@pytest.mark.parametrize("cell", ["a\rb", "a\nb", "\r", "a,b", " "])
def test_a_retried_row_is_one_row_whatever_its_cells_hold(api: Api, cell: str) -> None:
    action = api.ended(api.import_csv(f'Code,Voucher Type,Value,Note\nA,GIFT_VOUCHER,ten,"{cell}"\n'))
    assert action["failed_count"] == 1
    path = f"/v1/async-actions/{action['id']}"
    for again in (
        api.http.post(f"{path}/retry"),
        api.http.post("/v1/vouchers/importCSV", files={"file": api.http.get(f"{path}/failures.csv").content}),
    ):
        child = api.ended(again.json()["async_action_id"])
        assert (child["total_count"], child["failed_count"]) == (1, 1)
        assert child["result"]["failed"] == action["result"]["failed"]


@pytest.mark.parametrize("body", ["[1]", "[null]", "[[]]", '["x"]', "[[1], {}]", '[{"code": "A"}, 7]', "[{}]"])
def test_a_preview_shows_rows_that_are_no_objects_as_they_stand(api: Api, body: str) -> None:
    answer = api.http.post("/v1/imports/preview", content=body, headers=JSON)
    assert answer.status_code == 200, answer.text
    shown = answer.json()["rows"]
    for row, value in zip(shown, json.loads(body), strict=True):
        if not isinstance(value, dict):
            assert row["cells"] == [json.dumps(value)]
