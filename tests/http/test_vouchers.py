"""Single vouchers: created, read, listed; and what imports make of them."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.http.test_errors import check
from tests.server import Api

DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ORDER"}}


def test_a_voucher_is_created_and_read_by_code_and_id(api: Api) -> None:
    body = DISCOUNT | {
        "category": "New Customers",
        "start_date": "2022-01-01T00:00:00Z",
        "expiration_date": "2022-12-31T23:59:59Z",
        "validity_timeframe": {"duration": "PT1H", "interval": "P2D"},
        "validity_day_of_week": [1, 2, 3],
        "active": False,
        "additional_info": "inactive until enabled",
        "redemption": {"quantity": 10},
        "metadata": {"test": True, "locale": "de-en"},
    }
    answer = api.http.post("/v1/vouchers/welcome", json=body)
    assert answer.status_code == 200, answer.text
    voucher = answer.json()
    for name in ("discount", "category", "validity_timeframe", "validity_day_of_week", "active", "metadata"):
        assert voucher[name] == body[name]
    assert voucher["start_date"] == "2022-01-01T00:00:00.000Z"
    assert voucher["expiration_date"] == "2022-12-31T23:59:59.000Z"
    assert voucher["redemption"]["quantity"] == 10
    assert voucher["updated_at"] is None
    assert (voucher["campaign"], voucher["campaign_id"], voucher["object"]) == (None, None, "voucher")
    assert api.get("/v1/vouchers/welcome") == voucher
    assert api.get(f"/v1/vouchers/{voucher['id']}") == voucher


def test_creation_is_refused_with_every_problem(api: Api) -> None:
    check(
        api.http.post("/v1/vouchers/X", json={"active": 1}),
        400,
        "invalid_voucher",
        "active:",
        "Voucher Type is required",
    )
    check(api.http.post("/v1/vouchers/X", json=DISCOUNT | {"code": "Y"}), 400, "invalid_payload", "'Y'", "'X'")
    check(api.http.post("/v1/vouchers/X", json=DISCOUNT | {"campaign": "C"}), 404, "not_found", "campaign")
    check(api.http.post("/v1/vouchers/X", json=[]), 400, "invalid_payload", "JSON object")
    api.define_schema("voucher", {"unit": {"type": "number"}})
    check(
        api.http.post("/v1/vouchers/X", json=DISCOUNT | {"metadata": {"unit": "EUR"}}), 400, "invalid_voucher", "'EUR'"
    )
    assert api.get("/v1/vouchers")["total"] == 0


def test_codes_may_hold_slashes_and_other_signs(api: Api) -> None:
    codes = ["A/B", "50% off", "żółć", "a?b#c", "x y"]
    api.ended(api.import_json([{"code": code, "gift": {"amount": 1}} for code in codes]))
    for code in codes:
        assert api.get(f"/v1/vouchers/{quote(code, safe='')}")["code"] == code


MANY = {"type": "UNIT", "effect": "ADD_MANY_ITEMS"}
UNIT = {"unit_off": 1, "unit_type": "p", "effect": "ADD_NEW_ITEMS"}


@pytest.mark.parametrize(
    ("discount", "words"),
    [
        ({**MANY, "units": 5}, "discount.units: must be an array"),
        ({**MANY, "units": {"a": 1}}, "discount.units: must be an array"),
        ({**MANY, "units": [UNIT, None]}, "discount.units[1]: must be an object"),
        ({**MANY, "units": [{**UNIT, "unit_off": -1}]}, "discount.units[0].unit_off: must be between"),
        ({**MANY, "units": [{**UNIT, "unit_off": 1e308}]}, "discount.units[0].unit_off: must be between"),
        ({**MANY, "units": [{**UNIT, "unit_off": None}]}, "discount.units[0].unit_off is required"),
        ({**MANY, "units": [{**UNIT, "unit_type": 5}]}, "discount.units[0].unit_type: must be a string"),
        ({**MANY, "units": [{**UNIT, "effect": "ADD"}]}, "discount.units[0].effect: must be one of"),
        ({"type": "PERCENT", "percent_off": 5, "amount_limit": "x"}, "discount.amount_limit: must be a number"),
        ({"type": "AMOUNT", "amount_off": 5, "aggregated_amount_limit": 0.5}, "must be a whole number"),
        ({"type": "AMOUNT", "amount_off_formula": 5}, "discount.amount_off_formula: must be a string"),
    ],
)
def test_every_part_of_a_discount_is_checked(api: Api, discount: dict[str, Any], words: str) -> None:
    check(api.http.post("/v1/vouchers", json={"discount": discount}), 400, "invalid_voucher", words)
    complete = {**discount, "units": [UNIT, {"unit_off_formula": "1", "unit_type": "p"}]}
    if discount["type"] == "UNIT":
        assert api.http.post("/v1/vouchers", json={"discount": complete}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"validity_timeframe": {"duration": 5}}, "validity_timeframe: duration must be a string"),
        ({"validity_timeframe": {"interval": []}}, "validity_timeframe: interval must be a string"),
        ({"validation_rules": [5]}, "validation_rules: must be an array of strings"),
        ({"validity_hours": {"daily": {}}}, "validity_hours: daily must be an array"),
        ({"validity_hours": {"daily": [5]}}, "validity_hours: daily[0] must be an object"),
        ({"validity_hours": {"daily": [{"start_time": 10}]}}, "validity_hours: start_time must be a string"),
        ({"validity_hours": {"daily": [{"days_of_week": [7]}]}}, "validity_hours: days_of_week must be an array"),
    ],
)
def test_times_of_validity_are_checked(api: Api, fields: dict[str, Any], words: str) -> None:
    gift = {"gift": {"amount": 1}}
    check(api.http.post("/v1/vouchers", json={**gift, **fields}), 400, "invalid_voucher", words)
    campaign = {"name": "Fall", "voucher": gift}
    check(api.http.post("/v1/campaigns", json={**campaign, **fields}), 400, "invalid_campaign_params", words)
    irregular = {**campaign, "voucher": {**gift, "type": [None]}}
    check(api.http.post("/v1/campaigns", json=irregular), 400, "invalid_campaign_params", "type")


KEYED = {
    "/v1/vouchers/{}": ("/v1/vouchers", "code", {"gift": {"amount": 1}}),
    "/v1/customers/{}": ("/v1/customers", "source_id", {}),
    "/v1/products/{}": ("/v1/products", "source_id", {"name": "x"}),
    "/v1/orders/{}": ("/v1/orders", "source_id", {}),
    "/v1/campaigns/{}": ("/v1/campaigns", "name", {"voucher": {"gift": {"amount": 1}}}),
    "/v1/skus/{}": ("/v1/products/p%2F1/skus", "source_id", {}),
}


def test_a_slash_within_a_key_is_told_from_one_between_the_parts_of_a_path(api: Api) -> None:
    api.http.post("/v1/products", json={"source_id": "p/1", "name": "x"})
    for path, (made_at, name, body) in KEYED.items():
        for key in ("a/b", "a/b/c%2Fd", "/", "a/enable", "a%"):
            made = api.http.post(made_at, json={name: key, **body})
            assert made.status_code == 200, made.text
            assert api.get(path.format(quote(key, safe="")))[name] == key
        check(api.http.get(path.format("a/b")), 404, "not_found", f"There is nothing at {path.format('a/b')}", "%2F")
    assert api.http.post("/v1/vouchers/x%2fy", json={"gift": {"amount": 1}}).json()["code"] == "x/y"
    assert api.http.post("/v1/vouchers/x%2Fy/disable").json()["active"] is False
    assert api.http.post("/v1/campaigns/a%2Fb/import", json=[{"code": "1/2"}]).status_code == 202
    assert api.http.post("/v1/campaigns/a%2Fb/vouchers/3%2F4").json()["code"] == "3/4"
    assert api.http.delete("/v1/products/p%2F1/skus/a%2Fb").status_code == 204


ELSEWHERE = [
    ("POST", "/v1/vouchers/CODE/balance"),
    ("POST", "/v1/vouchers/CODE/redemption"),
    ("GET", "/v1/vouchers/CODE/redemption"),
    ("POST", "/v1/vouchers/CODE/validate"),
    ("GET", "/v1/vouchers/CODE/publications"),
    ("GET", "/v1/vouchers/CODE/transactions"),
    ("POST", "/v1/vouchers/CODE/transactions/export"),
    ("DELETE", "/v1/vouchers/CODE/sessions/key"),
    ("PUT", "/v1/vouchers/CODE/anything"),
    ("GET", "/v1/customers/bob/activities"),
    ("POST", "/v1/customers/bob/consents"),
    ("GET", "/v1/campaigns/Fall/transactions"),
    ("POST", "/v1/redemptions"),
    ("POST", "/v1/publications"),
    ("POST", "/v1/validations"),
]


@pytest.mark.parametrize(("method", "path"), ELSEWHERE)
def test_what_is_not_here_is_nothing(api: Api, method: str, path: str) -> None:
    api.http.post("/v1/vouchers/CODE", json={"gift": {"amount": 1}})
    answer = api.http.request(method, path, json={"amount": 5})
    check(answer, 404, "not_found", f"There is nothing at {path}")
    assert api.get("/v1/vouchers")["total"] == 1


def test_the_last_day_of_the_calendar_can_be_shown(api: Api) -> None:
    body = DISCOUNT | {"expiration_date": "9999-12-31T23:59:59Z", "start_date": "0001-01-01"}
    assert api.http.post("/v1/vouchers/ETERNAL", json=body).status_code == 200
    shown = api.get("/v1/vouchers/ETERNAL")
    assert (shown["start_date"], shown["expiration_date"]) == ("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.000Z")


def test_a_code_exists_once(api: Api) -> None:
    assert api.http.post("/v1/vouchers/ONCE", json=DISCOUNT).status_code == 200
    body = check(api.http.post("/v1/vouchers/ONCE", json=DISCOUNT), 409, "duplicate_found", "ONCE")
    assert (body["resource_id"], body["resource_type"]) == ("ONCE", "voucher")


def test_lists_are_ordered_filtered_and_paged(api: Api) -> None:
    api.ended(api.import_json([{"code": f"V{n}", "gift": {"amount": n}, "category": "ab"[n % 2]} for n in range(5)]))

    def codes(**query: Any) -> list[str]:
        return [voucher["code"] for voucher in api.get("/v1/vouchers", **query)["vouchers"]]

    assert codes() == ["V4", "V3", "V2", "V1", "V0"]
    assert codes(order="code", limit=2) == ["V0", "V1"]
    assert codes(order="code", limit=2, page=3) == ["V4"]
    assert codes(order="-code", category="a") == ["V4", "V2", "V0"]
    assert codes(code="V3") == ["V3"]
    assert codes(**{"created_at[before]": "2016-01-01"}) == []
    assert len(codes(**{"created_at[after]": "2016-01-01"})) == 5
    assert api.get("/v1/vouchers", limit=1)["total"] == 5
    check(api.http.get("/v1/vouchers", params={"page": 100}), 400, "invalid_query_params", ".page")
    check(api.http.get("/v1/vouchers", params={"order": "colour"}), 400, "invalid_query_params", ".order")


def test_a_file_updates_the_codes_that_exist(api: Api) -> None:
    header = "Code,Voucher Type,Value,Category,Active,Region,Size\n"
    api.ended(api.import_csv(header + "A,GIFT_VOUCHER,10,New,TRUE,Europe,1\nB,GIFT_VOUCHER,20,New,TRUE,Asia,2\n"))
    before = api.get("/v1/vouchers/A")
    action = api.ended(
        api.import_csv(header + "A,GIFT_VOUCHER,15,,FALSE,,null\nB,LOYALTY_CARD,5,,,,\nC,GIFT_VOUCHER,1,,,,\n")
    )
    assert (action["done_count"], action["failed_count"]) == (2, 1)
    assert action["result"]["failed"] == [
        {"code": "B", "row": 2, "reason": "Voucher Type: cannot be changed from GIFT_VOUCHER to LOYALTY_CARD"}
    ]
    after = api.get("/v1/vouchers/A")
    assert after["id"] == before["id"]
    assert after["gift"] == {"amount": 1500, "balance": 1500}
    assert (after["category"], after["active"]) == ("New", False)
    assert after["metadata"] == {"Region": "Europe", "Size": None}
    assert after["updated_at"] is not None
    assert api.get("/v1/vouchers/B")["gift"]["amount"] == 2000


def test_a_json_import_refuses_the_codes_that_exist(api: Api) -> None:
    gift = {"gift": {"amount": 1}}
    api.ended(api.import_json([{"code": "A"} | gift]))
    action = api.ended(api.import_json([{"code": code} | gift for code in ("A", "B", "B")]))
    assert action["done_count"] == 1
    assert action["result"]["failed"] == [
        {"code": "A", "reason": "Voucher with code A already exists"},
        {"code": "B", "reason": "Voucher with code B already exists"},
    ]
