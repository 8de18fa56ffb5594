"""What a file lacks or says in its own words: defaults and values, in imports, previews and retries."""

import json
from typing import Any

import pytest

from tests.http.test_control import accepted, run, submit
from tests.http.test_errors import check
from tests.http.test_import_preview import previewed, refused
from tests.server import Api

RABATTE = "Gutschein,Art,Wert\nR-1,Rabatt,15\nR-2,rabatt ,20\nR-3,Wertkarte,ten\nR-4,,5\n"
MAPPING = json.dumps({"Gutschein": "Code", "Art": "Voucher Type", "Wert": "Value"})
VALUES = json.dumps({"Voucher Type": {"Rabatt": "DISCOUNT_VOUCHER", "Wertkarte": "GIFT_VOUCHER"}})
DEFAULTS = json.dumps({"Discount Type": "PERCENT", "Voucher Type": "Gift card"})
OPTIONS = {"mapping": MAPPING, "values": VALUES, "defaults": DEFAULTS}


def voucher(api: Api, code: str) -> dict[str, Any]:
    return api.get(f"/v1/vouchers/{code}")


@pytest.mark.parametrize("on_error", ["continue", "stop"])
def test_a_file_is_read_with_its_words_and_defaults(api: Api, on_error: str) -> None:
    more = {"max_failures": "9"} if on_error == "stop" else {}
    action = run(api, RABATTE, on_error=on_error, **more, **OPTIONS)
    assert [(failed["row"], failed["reason"]) for failed in action["result"]["failed"]] == [
        (3, "Value: must be a number (actual value is 'ten')")
    ]
    assert voucher(api, "R-1")["discount"] == {"type": "PERCENT", "percent_off": 15}
    assert voucher(api, "R-2")["discount"]["percent_off"] == 20
    assert voucher(api, "R-4")["gift"]["amount"] == 500


def test_signs_within_values_come_before_a_default_discount_type(api: Api) -> None:
    file = "Gutschein;Art;Wert\nR-1;Rabatt;15 %\nR-2;Rabatt;7,50\nR-3;Rabatt;5 €\n"
    run(api, file, **OPTIONS | {"defaults": json.dumps({"Discount Type": "AMOUNT"})})
    assert voucher(api, "R-1")["discount"] == {"type": "PERCENT", "percent_off": 15}
    assert voucher(api, "R-2")["discount"] == {"type": "AMOUNT", "amount_off": 750}
    assert voucher(api, "R-3")["discount"] == {"type": "AMOUNT", "amount_off": 500}


def test_a_dry_run_reads_alike_and_a_form_may_say_it(api: Api) -> None:
    answer = api.http.post(
        "/v1/vouchers/importCSV", files={"file": ("v.csv", RABATTE)}, data={**OPTIONS, "dry_run": "true"}
    )
    action = api.ended(accepted(answer))
    assert (action["done_count"], action["failed_count"], action["dry_run"]) == (3, 1, True)


def test_a_retry_reads_the_same_rows_the_same_way(api: Api) -> None:
    parent = run(api, "Gutschein,Art,Wert\nR-1,Rabatt,115\nR-2,Rabatt,5\n", **OPTIONS)
    assert parent["failed_count"] == 1
    path = f"/v1/async-actions/{parent['id']}"
    again = api.ended(accepted(api.http.post(f"{path}/retry")))
    assert [failed["reason"] for failed in again["result"]["failed"]] == [
        "Value: must be between 0 and 100 (actual value is '115')"
    ]
    third = api.ended(accepted(api.http.post(f"/v1/async-actions/{again['id']}/retry")))
    assert third["result"]["failed"] == again["result"]["failed"]
    amounts = {"defaults": json.dumps({"Discount Type": "AMOUNT"})}
    assert api.ended(accepted(api.http.post(f"{path}/retry", params=amounts)))["done_count"] == 1
    assert voucher(api, "R-1")["discount"] == {"type": "AMOUNT", "amount_off": 11500}


def test_corrected_rows_are_read_the_same_way_and_failed_rows_are_shown_as_sent(api: Api) -> None:
    parent = run(api, "Gutschein,Art,Wert\nR-1,Rabatt,115\n", **OPTIONS)
    path = f"/v1/async-actions/{parent['id']}"
    failed = api.http.get(f"{path}/failures.csv").content.decode("utf-8-sig").splitlines()
    assert failed[0] == '"Code","Voucher Type","Value","row","line","reason"'
    assert failed[1].startswith("R-1,Rabatt,115,1,2,")
    shown = api.http.get(f"{path}/failures", params={"source_rows": "true"}).json()
    assert shown["failures"][0]["cells"] == ["R-1", "Rabatt", "115"]
    corrected = "\n".join(failed).replace(",115,", ",25,")
    answer = api.http.post(f"{path}/retry", content=corrected, headers={"Content-Type": "text/csv"})
    assert api.ended(accepted(answer))["done_count"] == 1
    assert voucher(api, "R-1")["discount"] == {"type": "PERCENT", "percent_off": 25}


def test_other_defaults_are_another_submission(api: Api) -> None:
    headers = {"Idempotency-Key": "one"}
    first = accepted(submit(api, RABATTE, headers=headers, **OPTIONS))
    assert accepted(submit(api, RABATTE, headers=headers, **OPTIONS)) == first
    other = OPTIONS | {"defaults": json.dumps({"Discount Type": "AMOUNT"})}
    assert submit(api, RABATTE, headers=headers, **other).status_code == 422


@pytest.mark.parametrize(
    ("submission_options", "words"),
    [
        ({"default": "{}"}, "Property .default is not known; it is called defaults"),
        ({"defaults": '{"Vouchr Type": "x"}'}, "perhaps 'Voucher Type' is meant"),
        ({"values": '{"Value": 5}'}, "Property .values should be a JSON object"),
        ({"defaults": '{"Code": "x"}'}, "it tells the rows apart"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(api: Api, submission_options: dict[str, str], words: str) -> None:
    check(submit(api, "Code,Value\nA,1\n", **submission_options), 400, "invalid_query_params", words)


def test_a_default_stands_for_a_column_that_every_file_needs(api: Api) -> None:
    request = {"content": "Title\nShirt\n", "headers": {"Content-Type": "text/csv"}}
    assert api.http.post("/v1/products/importCSV", **request).status_code == 400
    answer = api.http.post("/v1/products/importCSV", **request, params={"defaults": '{"name": "Unnamed"}'})
    assert api.ended(accepted(answer))["done_count"] == 1


def test_customers_and_campaign_vouchers_are_filled_too(api: Api) -> None:
    customers = {"content": "Source_id,Birthday\nc,\nd,01.01.1960\n", "headers": {"Content-Type": "text/csv"}}
    submission_options = {"defaults": json.dumps({"City": "Bonn", "Birthdate": "2000-01-01"})}
    api.ended(accepted(api.http.post("/v1/customers/importCSV", **customers, params=submission_options)))
    assert api.get("/v1/customers/c")["birthdate"] == "2000-01-01"
    assert api.get("/v1/customers/d")["birthdate"] == "1960-01-01"
    assert api.get("/v1/customers/d")["address"]["city"] == "Bonn"
    campaign = {
        "name": "Spring",
        "campaign_type": "GIFT_VOUCHERS",
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 100}},
    }
    assert api.http.post("/v1/campaigns", json=campaign).status_code == 200
    codes = {"content": "Code,Active\nS-1,aus\nS-2,\n", "headers": {"Content-Type": "text/csv"}}
    submission_options = {"defaults": '{"Gift Amount": "2,50 €"}', "values": '{"Active": {"AUS": "no"}}'}
    assert (
        api.ended(accepted(api.http.post("/v1/campaigns/Spring/importCSV", **codes, params=submission_options)))[
            "done_count"
        ]
        == 2
    )
    assert (voucher(api, "S-1")["active"], voucher(api, "S-1")["gift"]["amount"]) == (False, 250)


def test_a_preview_tells_choices_unknown_texts_and_what_is_needed(api: Api) -> None:
    seen = previewed(api, RABATTE.encode(), mapping=MAPPING)
    row_types = ["DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD"]
    assert [(column["choices"], column["unknown_values"]) for column in seen["columns"]] == [
        ([], []), (row_types, ["Wertkarte"]), ([], [])
    ]  # fmt: skip
    assert [(each["title"], each["rows"]) for each in seen["needed"]] == [("Voucher Type", 1), ("Discount Type", 2)]
    assert seen["needed"][0]["choices"] == row_types
    values = previewed(api, RABATTE.encode(), mapping=MAPPING, values=VALUES)
    assert values["columns"][1]["unknown_values"] == []
    assert [(each["title"], each["rows"]) for each in values["needed"]] == [("Voucher Type", 1), ("Discount Type", 2)]
    assert values["needed"][1]["choices"] == ["AMOUNT", "PERCENT", "FIXED", "UNIT", "SHIPPING"]
    seen = previewed(api, RABATTE.encode(), **OPTIONS)
    assert (seen["needed"], seen["defaults"]["Discount Type"]) == ([], "PERCENT")
    assert [row["outcome"] for row in seen["rows"]] == ["created", "created", "failed", "created"]
    assert seen["rows"][0]["cells"] == ["R-1", "Rabatt", "15"]
    choices = {field["title"]: field["choices"] for field in seen["fields"]}
    assert (choices["Active"], choices["Voucher Type"], choices["Code"]) == (["true", "false"], row_types, [])


def test_a_preview_misses_a_required_field_until_a_default_gives_it(api: Api) -> None:
    content = b"Code,Value\nA,15 %\nB,20 %\n"
    seen = previewed(api, content, row_type="vouchers")
    assert seen["missing"] == ["Voucher Type"]
    assert [(each["title"], each["rows"]) for each in seen["needed"]] == [("Voucher Type", 2)]
    seen = previewed(api, content, row_type="vouchers", defaults='{"voucher_type": "coupon"}')
    assert (seen["missing"], seen["needed"], seen["defaults"]) == ([], [], {"Voucher Type": "coupon"})
    assert [row["outcome"] for row in seen["rows"]] == ["created", "created"]
    refused(api, content, 400, "invalid_query_params", "is not JSON", defaults="x")
    refused(api, b'[{"code": "A"}]', 400, "invalid_query_params", "have none", defaults='{"Value": "1"}')
