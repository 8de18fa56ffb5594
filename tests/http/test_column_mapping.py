"""Columns of files, mapped to fields: which are taken for what, left out, or refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.http.test_errors import check
from tests.http.test_inputs import FILES, assert_nothing_stays, csv_of, form_of, submitted, xlsx_of
from tests.server import Api


@pytest.mark.parametrize("encode", [csv_of, xlsx_of])
@pytest.mark.parametrize("late", [True, False])
def test_columns_are_mapped(api: Api, encode: Callable[[list[list[Any]]], bytes], late: bool) -> None:
    rows = [["Gutschein", "Art", "Wert", "Notiz"], ["A", "GIFT_VOUCHER", 5, "secret"], ["B", "", 5, "secret"]]
    mapping = json.dumps({"gutschein": "Code", "Art": "voucher_type", "Wert": "Value", "Notiz": None})
    request = form_of(encode(rows), mapping=mapping) if late else form_of(encode(rows))
    query = {} if late else {"mapping": mapping}
    action = submitted(api, "/v1/vouchers/importCSV", request, **query)
    assert action["result"]["failed"] == [{"code": "B", "row": 2, "reason": "Voucher Type is required"}]
    voucher = api.get("/v1/vouchers/A")
    assert (voucher["gift"]["amount"], voucher["metadata"]) == (500, {})


@pytest.mark.parametrize("name", FILES)
def test_a_row_too_wide_keeps_its_key_and_its_reason_where_columns_are_left_out(api: Api, name: str) -> None:
    target = FILES[name]
    target.prepare(api)
    header, good, *_ = target.rows
    wide = csv_of([[*header, "row", "line", "reason"], [*good, "7", "9", "why"], [*good, "8", "9", "why", "more"]])
    action = submitted(api, target.path, form_of(wide))
    (failure,) = api.get(f"/v1/async-actions/{action['id']}/failures")["failures"]
    assert (action["done_count"], failure["row"]) == (1, 2)
    assert failure["reason"] == f"the row has {len(header) + 4} cells, but the header has {len(header) + 3}"
    assert failure["key"] == good[header.index("Code" if "Code" in header else _source_id(header))]


def _source_id(header: list[str]) -> str:
    return next(title for title in header if title.lower() == "source_id")


def test_the_columns_of_failed_rows_are_left_out(api: Api) -> None:
    header = ["Code", "Voucher Type", "Value", "row", "line", "reason"]
    rows = [header, ["A", "GIFT_VOUCHER", 1, 3, 4, "Value is required"]]
    assert submitted(api, "/v1/vouchers/importCSV", form_of(csv_of(rows)))["done_count"] == 1
    assert api.get("/v1/vouchers/A")["metadata"] == {}


@pytest.mark.parametrize(
    ("query", "key", "words"),
    [
        ({}, "invalid_payload", ["no column Code", "Gutschein, Wert", 'mapping, such as {"Gutschein":"Code"}']),
        ({"mapping": '{"X":"Code"}'}, "invalid_query_params", ["'X'", "Gutschein, Wert"]),
        ({"mapping": '{"Code":"Gutschein"}'}, "invalid_query_params", ["it has 'Gutschein'", "needs no mapping"]),
        ({"mapping": '{"Wert":"Gutschein"}'}, "invalid_query_params", ["'Wert'", "another column"]),
        ({"mapping": '{"Gutschein":null}'}, "invalid_payload", ["no column Code", "Gutschein, Wert"]),
        ({"mapping": '["X"]'}, "invalid_query_params", ["JSON object"]),
    ],
)
@pytest.mark.parametrize("encode", [csv_of, xlsx_of])
def test_columns_that_do_not_fit_refuse_the_file(
    api: Api, encode: Callable[[list[list[Any]]], bytes], query: dict[str, str], key: str, words: list[str]
) -> None:
    request = form_of(encode([["Gutschein", "Wert"], ["A", 1]]))
    check(api.http.post("/v1/vouchers/importCSV", params=query, **request), 400, key, *words)
    assert_nothing_stays(api)


@pytest.mark.parametrize("name", [name for name in FILES if name != "customers"])
def test_a_file_without_what_every_row_needs_is_refused(api: Api, name: str) -> None:
    FILES[name].prepare(api)
    answer = api.http.post(FILES[name].path, **form_of(b"Foo,Bar\n1,2\n"))
    check(answer, 400, "invalid_payload", "has no column", "Foo, Bar", "mapping")


def test_customers_with_foreign_headers_alone_are_refused(api: Api) -> None:
    foreign = csv_of([["Kundennummer", "Vorname"], ["K1", "Zoë"]])
    answer = api.http.post("/v1/customers/importCSV", files={"file": ("c.csv", foreign)})
    check(
        answer, 400, "invalid_payload", "no column source_id", "Kundennummer, Vorname", '{"Kundennummer":"source_id"}'
    )
    mapped = submitted(api, "/v1/customers/importCSV", form_of(foreign), mapping='{"Kundennummer":"source_id"}')
    assert (mapped["created_count"], api.get("/v1/customers/K1")["metadata"]) == (1, {"Vorname": "Zoë"})


def test_a_mapping_goes_with_columns_only(api: Api) -> None:
    answer = api.http.post("/v1/vouchers/import", params={"mapping": '{"A":"code"}'}, json=[])
    check(answer, 400, "invalid_query_params", "mapping", "columns")
