"""Single vouchers: created, read, listed; and what imports make of them."""

from typing import Any
from urllib.parse import quote

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
    check(api.http.post("/v1/vouchers/X", json=DISCOUNT | {"campaign": "C"}), 400, "invalid_voucher", "campaign")
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
