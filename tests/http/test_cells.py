"""What a file shows is what is stored, in every noun and by every way in; or the row says what to write instead."""

from typing import Any

import httpx
import pytest

from tests.http.test_control import accepted, run
from tests.http.test_errors import check
from tests.http.test_import_preview import previewed
from tests.server import Api

UNCLEAR = "may be 1250 or 1.250, write it as 1250 or as 1.25 (actual value is '1.250')"
FILES = {
    "vouchers": "Code;Voucher Type;Value\nA;GIFT_VOUCHER;{}\n",
    "campaigns/Cells": "Code;Gift Amount\nA;{}\n",
    "products": "source_id;name;price\nA;Shirt;{}\n",
    "skus": "source_id;product_id;price\nA;P;{}\n",
    "customers": "Source_id;Score\nA;{}\n",
}
TITLES = {"vouchers": "Value", "campaigns/Cells": "Gift Amount", "customers": "Score"}


@pytest.fixture
def nouns(api: Api) -> Api:
    """A project with a campaign, a product and a schema for every file above."""
    for path, body in (
        ("/v1/campaigns", {"name": "Cells", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}}),
        ("/v1/products", {"source_id": "P", "name": "Shirt"}),
    ):
        assert api.http.post(path, json=body).status_code == 200
    api.define_schema("customer", {"Score": {"type": "number"}})
    return api


def imported(api: Api, noun: str, content: str, **submission_options: str) -> dict[str, Any]:
    answer = api.http.post(f"/v1/{noun}/importCSV", files={"file": ("rows.csv", content)}, params=submission_options)
    return api.ended(accepted(answer))


def stored(api: Api, noun: str, key: str) -> Any:
    if noun in ("vouchers", "campaigns/Cells"):
        return api.get(f"/v1/vouchers/{key}")["gift"]["amount"]
    if noun == "customers":
        return api.get(f"/v1/customers/{key}")["metadata"]["Score"] * 100
    return api.get(f"/v1/{noun}/{key}")["price"]


@pytest.mark.parametrize("noun", FILES)
def test_three_digits_behind_a_mark_are_refused_unless_the_column_tells(nouns: Api, noun: str) -> None:
    file, title = FILES[noun], TITLES.get(noun, "price")
    (failed,) = imported(nouns, noun, file.format("1.250"))["result"]["failed"]
    assert failed["reason"] == f"{title}: {UNCLEAR}"
    for key, other, meant in (("B", "12,99", 125000), ("C", "12.99", 125)):
        row = file.splitlines()[1]
        clear = file.replace("\nA;", f"\n{key};").format("1.250") + row.format(other) + "\n"
        assert imported(nouns, noun, clear)["failed_count"] == 0
        assert stored(nouns, noun, key) == meant


def test_counts_points_and_percents_are_no_less_unclear(api: Api) -> None:
    file = (
        "Code,Voucher Type,Discount Type,Value,Redemption Limit,Redeemed Quantity\n"
        "A,LOYALTY_CARD,,5.000,,\nB,DISCOUNT_VOUCHER,PERCENT,5.000 %,,\nC,DISCOUNT_VOUCHER,AMOUNT,1,1.000,\n"
        "D,DISCOUNT_VOUCHER,AMOUNT,1,,2.000\nE,GIFT_VOUCHER,,0.12,,\nF,LOYALTY_CARD,,1250,,\n"
    )
    action = run(api, file.replace("0.12", "1"))
    assert [failed["code"] for failed in action["result"]["failed"]] == ["A", "B", "C", "D"]
    titles = [failed["reason"].split(":")[0] for failed in run(api, file)["result"]["failed"]]
    assert titles == ["Redemption Limit", "Redeemed Quantity"]
    assert api.get("/v1/vouchers/A")["loyalty_card"]["points"] == 5
    assert api.get("/v1/vouchers/B")["discount"]["percent_off"] == 5


def test_a_retry_reads_as_the_whole_file_was_read(api: Api) -> None:
    file = "Code;Voucher Type;Value\nA;;1.250\nB;GIFT_VOUCHER;12,99\nC;;99.5\n"
    parent = run(api, file.replace("99.5", "7"))
    assert parent["failed_count"] == 2
    again = api.http.post(
        f"/v1/async-actions/{parent['id']}/retry", params={"defaults": '{"Voucher Type":"GIFT_VOUCHER"}'}
    )
    assert api.ended(accepted(again))["failed_count"] == 0
    assert api.get("/v1/vouchers/A")["gift"]["amount"] == 125000
    # What the whole file left open, its failed rows do not settle.
    unclear = run(api, file)
    settled = api.http.post(
        f"/v1/async-actions/{unclear['id']}/retry", params={"defaults": '{"Voucher Type":"GIFT_VOUCHER"}'}
    )
    (failed,) = api.ended(accepted(settled))["result"]["failed"]
    assert failed["reason"] == f"Value: {UNCLEAR}"


def test_the_preview_reads_like_the_import(api: Api) -> None:
    header = "Gutschein;Voucher Type;Value;Expiration Date;Start Date\n"
    unclear = f"{header}A;GIFT_VOUCHER;1.250;2026-12-31;2026-12-31T10:00\n"
    submission_options = {"mapping": '{"Gutschein":"Code"}', "row_type": "vouchers"}
    (row,) = previewed(api, unclear.encode(), **submission_options)["rows"]
    assert [problem["reason"].split(":")[0] for problem in row["problems"]] == ["Expiration Date", "Value"]
    clear = unclear + "B;GIFT_VOUCHER;12,99;;\n"
    seen = previewed(api, clear.encode(), last_day_counts="true", **submission_options)
    assert [row["outcome"] for row in seen["rows"]] == ["created", "created"]


def ends(api: Api, code: str) -> str:
    return str(api.get(f"/v1/vouchers/{code}")["expiration_date"])


END = "2026-12-31T23:59:59.999Z"


def test_a_last_day_may_count(nouns: Api) -> None:
    file = (
        "Code,Voucher Type,Value,Start Date,Expiration Date\nA,GIFT_VOUCHER,1,2026-12-31,2026-12-31\n"
        "B,GIFT_VOUCHER,1,2026-12-31,31.12.2026\nC,GIFT_VOUCHER,1,,2026-12-31T10:00:00Z\n"
    )
    assert run(nouns, file)["failed_count"] == 0
    assert [ends(nouns, code)[:13] for code in "ABC"] == ["2026-12-31T00", "2026-12-31T00", "2026-12-31T10"]
    assert run(nouns, file, last_day_counts="true")["failed_count"] == 0
    assert [ends(nouns, code) for code in "ABC"] == [END, END, "2026-12-31T10:00:00.000Z"]
    assert nouns.get("/v1/vouchers/A")["start_date"] == "2026-12-31T00:00:00.000Z"
    form = nouns.http.post(
        "/v1/campaigns/Cells/importCSV",
        files={"file": ("v.csv", "Code,Expiration Date\nD,2026-12-31\n")},
        data={"last_day_counts": "true"},
    )
    assert nouns.ended(accepted(form))["failed_count"] == 0
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}, "expiration_date": "2026-12-31"}
    for path, code in (("/v1/vouchers/import", "E"), ("/v1/campaigns/Cells/import", "F")):
        answer = nouns.http.post(path, json=[{"code": code, **gift}], params={"last_day_counts": "true"})
        assert nouns.ended(accepted(answer))["failed_count"] == 0
    assert {ends(nouns, code) for code in "DEF"} == {END}


def test_a_retry_keeps_that_the_last_day_counts_unless_it_says_otherwise(api: Api) -> None:
    file = "Code,Voucher Type,Value,Expiration Date\nA,,1,2026-12-31\n"
    parent = run(api, file, last_day_counts="true")
    for said, end in (({}, END), ({"last_day_counts": "false"}, "2026-12-31T00:00:00.000Z")):
        again = api.http.post(
            f"/v1/async-actions/{parent['id']}/retry", params={"defaults": '{"Voucher Type":"gift"}', **said}
        )
        assert api.ended(accepted(again))["failed_count"] == 0
        assert ends(api, "A") == end
    refused = api.http.post("/v1/vouchers/importCSV", content=file, params={"last_day_counts": "maybe"})
    check(refused, 400, "invalid_query_params", "last_day_counts should be true or false")


DAYS = ["1980-05-01", "1980-05-01T00:00:00+02:00", "1980-05-01T22:00:00-05:00", "1980-05-01T00:00:00Z"]


@pytest.mark.parametrize("day", [*DAYS, "01.05.1980"])
def test_a_birthdate_is_the_day_that_is_written(api: Api, day: str) -> None:
    imported(api, "customers", f"Source_id,Birthdate\nA,{day}\n")
    assert api.get("/v1/customers/A")["birthdate"] == "1980-05-01"
    if day in DAYS:
        api.http.post("/v1/customers", json={"source_id": "B", "birthdate": day})
        order = {"source_id": "O", "customer": {"source_id": "C", "birthdate": day}}
        api.ended(accepted(api.http.post("/v1/orders/import", json=[order])))
        assert {api.get(f"/v1/customers/{key}")["birthdate"] for key in "BC"} == {"1980-05-01"}


def test_products_attributes_may_be_a_json_array(api: Api) -> None:
    rows = "A;Shirt;[\"a\",\"b, c\"]\nB;Shirt;'a','b'\nC;Shirt;[\"a\",1]\nD;Shirt;['a', 'b']\n"
    action = imported(api, "products", "source_id;name;attributes\n" + rows)
    assert [failed["source_id"] for failed in action["result"]["failed"]] == ["C"]
    assert api.get("/v1/products/A")["attributes"] == ["a", "b, c"]
    assert api.get("/v1/products/D")["attributes"] == ["a", "b"]


def created(api: Api, path: str, **fields: Any) -> httpx.Response:
    return api.http.post(path, json=fields)


def test_blanks_around_keys_are_trimmed_by_single_calls_too(api: Api) -> None:
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    assert created(api, "/v1/categories", name=" Sale ").json()["name"] == "Sale"
    made = created(api, "/v1/vouchers", code="\u00a0A ", category=" Sale", **gift).json()
    assert (made["code"], made["category"]) == ("A", "Sale")
    assert created(api, "/v1/vouchers", code="A ", **gift).status_code == 409
    assert created(api, "/v1/campaigns", name=" Fall ", voucher=gift).json()["name"] == "Fall"
    product = created(api, "/v1/products", source_id=" P ", name="Shirt").json()
    assert product["source_id"] == "P"
    sku = created(api, f"/v1/products/{product['id']}/skus", source_id=" S ", sku=" XL ").json()
    assert (sku["source_id"], sku["sku"]) == ("S", "XL")
    assert created(api, "/v1/customers", source_id=" C ").json()["source_id"] == "C"
    order = created(api, "/v1/orders", source_id=" O ", customer={"source_id": " C "}, items=[
        {"related_object": "sku", "source_id": " S ", "product_id": " P "}]).json()  # fmt: skip
    assert (order["source_id"], order["customer"]["id"]) == ("O", api.get("/v1/customers/C")["id"])
    assert order["items"][0]["sku_id"] == sku["id"]
    for path, body in (
        ("/v1/vouchers", {"code": "Z\u200bW", **gift}),
        ("/v1/customers", {"source_id": "Z\u2060W"}),
        ("/v1/products", {"source_id": "\ufeffP", "name": "x"}),
        ("/v1/orders", {"source_id": "O\u00ad"}),
        ("/v1/campaigns", {"name": "Fa\u200bll", "voucher": gift}),
        ("/v1/categories", {"name": "Sa\u200ble"}),
    ):
        refused = created(api, path, **body)
        assert refused.status_code == 400
        assert "must not contain the invisible character U+" in refused.json()["details"], path


def test_blanks_around_keys_are_trimmed_by_bulk_calls(nouns: Api) -> None:
    run(nouns, "Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n")
    for path, body in (
        ("/v1/vouchers/bulk/async", [{"code": " A ", "metadata": {"a": 1}}]),
        ("/v1/vouchers/metadata/async", {"codes": ["\u00a0A"], "metadata": {"b": 1}}),
        ("/v1/products/metadata/async", {"source_ids": [" P"], "metadata": {"b": 1}}),
        ("/v1/products/bulk/async", [{"source_id": " P ", "metadata": {"a": 1}}]),
    ):
        action = nouns.ended(accepted(nouns.http.post(path, json=body)))
        assert (action["done_count"], action["failed_count"]) == (1, 0), path
    assert nouns.get("/v1/vouchers/A")["metadata"] == {"a": 1, "b": 1}
    assert nouns.get("/v1/products/P")["metadata"] == {"a": 1, "b": 1}
    twice = nouns.http.post("/v1/campaigns/Cells/import", json=[{"code": "X"}, {"code": " X "}])
    check(twice, 400, "duplicate_key", "repeats the code X")


def test_codes_are_not_made_with_blanks_around_them_or_hidden_signs(api: Api) -> None:
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    for config in (
        {"prefix": " A"}, {"postfix": "\u00a0"}, {"pattern": " ##"}, {"charset": "A \t"}, {"charset": "A\u200b"},
    ):  # fmt: skip
        refused = created(api, "/v1/vouchers", code_config=config, **gift)
        check(refused, 400, "invalid_code_config", "code_config")


def test_generating_takes_digits_alone(nouns: Api) -> None:
    refused = nouns.http.post("/v1/campaigns/Cells/vouchers", params={"vouchers_count": "5.000"}, json={})
    assert refused.status_code == 400
