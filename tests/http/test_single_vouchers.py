"""Single vouchers updated, switched, deleted; codes made by rule; the bin."""

import json
import re
from typing import Any

import pytest

from tests.http.test_errors import check
from tests.server import Api

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 500}}


def test_codes_are_made_by_rule(api: Api) -> None:
    config = {"pattern": "GIFT-####", "prefix": "New-", "postfix": "-0", "charset": "AB"}
    made = {api.http.post("/v1/vouchers", json=GIFT | {"code_config": config}).json()["code"] for _ in range(5)}
    assert all(re.fullmatch(r"New-GIFT-[AB]{4}-0", code) for code in made)
    assert len(api.http.post("/v1/vouchers", json=GIFT).json()["code"]) == 8
    assert api.http.post("/v1/vouchers", json=GIFT | {"code": "MINE"}).json()["code"] == "MINE"
    for wrong in ({"length": 0}, {"pattern": "no signs"}, {"length": "x"}, {"charset": "\t"}, "x"):
        answer = api.http.post("/v1/vouchers", json=GIFT | {"code_config": wrong})
        check(answer, 400, "invalid_code_config", "code_config")
    one_only = GIFT | {"code_config": {"length": 1, "charset": "Z"}}
    assert api.http.post("/v1/vouchers", json=one_only).status_code == 200
    check(api.http.post("/v1/vouchers", json=one_only), 409, "duplicate_found", "The only code")


def test_every_code_that_a_rule_allows_can_be_made(api: Api) -> None:
    """Also by adding vouchers one by one to a campaign."""
    rule = {"charset": "0123456789", "pattern": "ONE-#"}
    made = [api.http.post("/v1/vouchers", json=GIFT | {"code_config": rule}).json()["code"] for _ in range(8)]
    campaign = api.http.post("/v1/campaigns", json={"name": "One", "voucher": GIFT | {"code_config": rule}}).json()
    path = f"/v1/campaigns/{campaign['id']}/vouchers"
    made += [api.http.post(path).json()["code"] for _ in range(2)]
    assert sorted(made) == [f"ONE-{digit}" for digit in range(10)]
    taken = "All 10 codes that the code_config allows are taken"
    check(api.http.post(path), 409, "duplicate_found", taken)
    check(api.http.post("/v1/vouchers", json=GIFT | {"code_config": rule}), 409, "duplicate_found", taken)


def test_an_update_changes_what_it_names(api: Api) -> None:
    fields = GIFT | {"category": "New", "metadata": {"a": 1}, "redemption": {"quantity": 5}, "start_date": "2022-01-01"}
    before = api.http.post("/v1/vouchers/V", json=fields).json()
    change = {
        "category": None,
        "gift": {"amount": 700},
        "metadata": {"b": 2},
        "active": False,
        "redemption": {"quantity": None},
    }
    after = api.http.put("/v1/vouchers/V", json=change).json()
    assert after["id"] == before["id"]
    assert (after["category"], after["active"], after["gift"]["amount"]) == (None, False, 700)
    assert (after["metadata"], after["redemption"]["quantity"]) == ({"a": 1, "b": 2}, None)
    assert after["start_date"] == before["start_date"]
    assert after["updated_at"] is not None
    assert api.http.put(f"/v1/vouchers/{before['id']}", json={}).json()["code"] == "V"
    assert api.http.put("/v1/vouchers/V", json={"type": "LOYALTY_CARD"}).json()["type"] == "GIFT_VOUCHER"
    check(api.http.put("/v1/vouchers/V", json={"gift": {"amount": "x"}}), 400, "invalid_voucher", "gift.amount")
    check(api.http.put("/v1/vouchers/NOBODY", json={}), 404, "not_found")


def test_an_expiration_before_the_start_is_refused(api: Api) -> None:
    dates = {"start_date": "2022-01-02", "expiration_date": "2022-01-01"}
    refused = ("invalid_voucher", "expiration_date: must not lie before the start", "2022-01-01T00:00:00")
    check(api.http.post("/v1/vouchers/V", json=GIFT | dates), 400, *refused)
    assert api.http.post("/v1/vouchers/V", json=GIFT | {"start_date": "2022-01-02"}).status_code == 200
    check(api.http.put("/v1/vouchers/V", json={"expiration_date": "2022-01-01"}), 400, *refused)
    cleared = {"expiration_date": "2022-01-01", "start_date": None}
    assert api.http.put("/v1/vouchers/V", json=cleared).json()["expiration_date"] == "2022-01-01T00:00:00.000Z"
    check(api.http.put("/v1/vouchers/V", json={"start_date": "2022-01-02"}), 400, *refused)
    assert api.get("/v1/vouchers/V")["start_date"] is None

    template = {"name": "Fall", "voucher": GIFT}
    campaign = ("invalid_campaign_params", *refused[1:])
    check(api.http.post("/v1/campaigns", json=template | dates), 400, *campaign)
    check(api.http.post("/v1/campaigns", json={"name": "F", "voucher": GIFT | dates}), 400, *campaign)
    assert api.http.post("/v1/campaigns", json=template | {"start_date": "2022-01-02"}).status_code == 200
    check(api.http.put("/v1/campaigns/Fall", json={"expiration_date": "2022-01-01"}), 400, *campaign)
    for count in (1, 2):
        answer = api.http.post("/v1/campaigns/Fall/vouchers", params={"vouchers_count": count}, json=dates)
        check(answer, 400, *refused)
    rows = [{"code": "BAD", "expiration_date": "2022-01-01"}, {"code": "GOOD"}]
    action = api.ended(api.http.post("/v1/campaigns/Fall/import", json=rows).json()["async_action_id"])
    (failure,) = action["result"]["failed"]
    assert (failure["code"], failure["reason"][:41]) == ("BAD", "expiration_date: must not lie before the ")


def test_rows_of_files_fail_where_the_dates_would_end_up_in_the_wrong_order(api: Api) -> None:
    for code in ("HAS-START", "CLEARED", "OTHER"):
        api.http.post(f"/v1/vouchers/{code}", json=GIFT | {"start_date": "2022-01-02"})
    lines = [
        "Code,Voucher Type,Value,Start Date,Expiration Date",
        "NEW,GIFT_VOUCHER,1,2022-01-02,2022-01-01",
        "HAS-START,GIFT_VOUCHER,1,,2022-01-01",
        "CLEARED,GIFT_VOUCHER,1,null,2022-01-01",
        "OTHER,GIFT_VOUCHER,1,,2022-01-02",
        "TWICE,GIFT_VOUCHER,1,2022-01-02,",
        "TWICE,GIFT_VOUCHER,2,,2022-01-01",
        "OTHER,GIFT_VOUCHER,3,null,2022-01-01",
    ]
    action = api.ended(api.import_csv("\n".join(lines)))
    assert (action["done_count"], action["failed_count"]) == (4, 3)
    failed = {failure["row"]: failure["reason"] for failure in action["result"]["failed"]}
    assert failed[1].startswith("Expiration Date: must not lie before the start")
    assert failed[2] == failed[6] == "Expiration Date: would lie before the Start Date that the voucher has"
    assert api.get("/v1/vouchers/HAS-START")["expiration_date"] is None
    assert api.get("/v1/vouchers/CLEARED")["start_date"] is None
    assert api.get("/v1/vouchers/TWICE")["gift"]["amount"] == 100


def test_vouchers_are_switched_on_and_off(api: Api) -> None:
    api.http.post("/v1/vouchers/V", json=GIFT)
    assert api.http.post("/v1/vouchers/V/disable").json()["active"] is False
    assert api.get("/v1/vouchers/V")["active"] is False
    assert api.http.post("/v1/vouchers/V/enable").json()["active"] is True
    check(api.http.post("/v1/vouchers/NOBODY/enable"), 404, "not_found")


def test_what_is_deleted_without_force_goes_to_the_bin(api: Api, other_api: Api) -> None:
    for code in ("A", "B", "C"):
        api.http.post(f"/v1/vouchers/{code}", json=GIFT)
    for code in ("A", "B"):
        assert api.http.delete(f"/v1/vouchers/{code}").status_code == 204
    assert api.http.delete("/v1/vouchers/C", params={"force": True}).status_code == 204
    assert api.get("/v1/vouchers")["total"] == 0
    check(api.http.delete("/v1/vouchers/A"), 404, "not_found")
    page = api.get("/v1/trash-bin", limit=1)
    assert [(entry["resource_name"], entry["object"]) for entry in page["data"]] == [("B", "voucher")]
    assert (page["total"], page["has_more"]) == (2, True)
    rest = api.get("/v1/trash-bin", starting_after_id=page["more_starting_after"])
    assert [entry["resource_name"] for entry in rest["data"]] == ["A"]
    assert other_api.get("/v1/trash-bin")["total"] == 0
    assert api.http.delete(f"/v1/trash-bin/{page['data'][0]['id']}").status_code == 204
    assert api.get("/v1/trash-bin")["total"] == 1
    assert api.http.post("/v1/vouchers/A", json=GIFT).status_code == 200


def test_products_and_skus_go_to_the_bin_together(api: Api) -> None:
    api.http.post("/v1/products", json={"source_id": "p", "name": "P"})
    api.http.post("/v1/products/p/skus", json={"source_id": "s", "sku": "S"})
    assert api.http.delete("/v1/products/p").status_code == 204
    types = [entry["resource_type"] for entry in api.get("/v1/trash-bin", order="id")["data"]]
    assert sorted(types) == ["product", "sku"]


COUPON = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


def test_a_voucher_that_names_its_campaign_is_made_as_one_of_it(api: Api) -> None:
    template = {**COUPON, "redemption": {"quantity": 7}, "code_config": {"pattern": "C-####"}}
    dates = {"expiration_date": "2032-01-01"}
    campaign = api.http.post("/v1/campaigns", json={"name": "Fall", "voucher": template, **dates}).json()
    other = api.http.post("/v1/campaigns", json={"name": "Gifts", "voucher": GIFT}).json()
    names: tuple[dict[str, str | None], ...] = (
        {"campaign": "Fall"},
        {"campaign_id": campaign["id"]},
        {"campaign": campaign["id"]},
        {"campaign": "Fall", "campaign_id": campaign["id"]},
        {"campaign": "Fall", "campaign_id": None},
    )
    for number, name in enumerate(names):
        for path, body in (("/v1/vouchers", {}), (f"/v1/vouchers/ONE-{number}", {}), ("/v1/vouchers", COUPON)):
            made = api.http.post(path, json={**body, **name, "metadata": {"n": number}}).json()
            assert (made["campaign"], made["campaign_id"]) == ("Fall", campaign["id"]), made
            assert made["discount"] == COUPON["discount"]
            assert made["redemption"]["quantity"] == 7
            assert made["expiration_date"] == "2032-01-01T00:00:00.000Z"
            assert made["metadata"] == {"n": number}
            assert re.fullmatch(r"C-\w{4}" if path == "/v1/vouchers" else f"ONE-{number}", made["code"])
    total = api.get("/v1/vouchers")["total"]
    for wrong, code, words in (
        ({"campaign": "Nobody"}, 404, "campaign"),
        ({"campaign_id": "Fall"}, 404, "campaign"),
        ({"campaign": ""}, 404, "campaign"),
        ({"campaign": "Fall", "campaign_id": other["id"]}, 400, "campaign_id: is not the one of campaign Fall"),
        ({"campaign": 5}, 400, "campaign: must be a string"),
        ({"campaign_id": ["x"]}, 400, "campaign_id: must be a string"),
        ({"campaign": "Fall", "type": "GIFT_VOUCHER"}, 400, "type: the vouchers of this campaign are DISCOUNT_VOUCHER"),
        ({"campaign": "Fall", **GIFT}, 400, "DISCOUNT_VOUCHER"),
        ({"campaign": "Fall", "discount": {"type": "PERCENT", "percent_off": 11}}, 400, "discount: is the campaign's"),
        ({"campaign": "Fall", "discount": 5}, 400, "discount: is the campaign's"),
        ({"campaign": "Gifts", "discount": COUPON["discount"]}, 400, "discount: the vouchers of this campaign are"),
        ({"campaign": "Gifts", "gift": {"amount": "x"}}, 400, "gift.amount"),
    ):
        check(api.http.post("/v1/vouchers", json=wrong), code, "not_found" if code == 404 else "invalid_voucher", words)
    assert api.get("/v1/vouchers")["total"] == total
    check(api.http.post("/v1/vouchers/ONE-1", json={"campaign": "Gifts"}), 409, "duplicate_found")


def test_a_voucher_is_sent_back_as_it_was_read_but_keeps_its_campaign(api: Api) -> None:
    api.http.post("/v1/campaigns", json={"name": "Fall", "voucher": GIFT})
    api.http.post("/v1/campaigns", json={"name": "Rain", "voucher": GIFT})
    api.http.post("/v1/vouchers/IN", json={"campaign": "Fall"})
    api.http.post("/v1/vouchers/ALONE", json=GIFT)
    read = api.get("/v1/vouchers/IN")
    assert api.http.put("/v1/vouchers/IN", json=read | {"active": False}).json()["campaign"] == "Fall"
    for code, change in (("IN", {"campaign": "Rain"}), ("IN", {"campaign_id": "x"}), ("ALONE", {"campaign": "Fall"})):
        check(api.http.put(f"/v1/vouchers/{code}", json=change), 400, "invalid_voucher", "cannot be changed")


def test_a_sku_needs_no_key_but_a_files_new_one_does(api: Api) -> None:
    api.http.post("/v1/products", json={"source_id": "p", "name": "P"})
    made = api.http.post("/v1/products/p/skus", json={"sku": "M", "price": 5})
    assert (made.status_code, made.json()["source_id"]) == (200, None)
    path = f"/v1/products/p/skus/{made.json()['id']}"
    assert api.http.put(path, json={"price": 6}).json()["price"] == 6
    assert api.http.post("/v1/products/p/skus", json={"id": made.json()["id"], "price": 7}).json()["price"] == 7
    assert api.get("/v1/products/p/skus")["total"] == 1
    file = f"product_id,source_id,id,price\np,,{made.json()['id']},8\np,,,9\n"
    started = api.http.post("/v1/skus/importCSV", files={"file": ("skus.csv", file)}).json()["async_action_id"]
    assert [row["reason"] for row in api.ended(started)["result"]["failed"]] == ["source_id is required"]
    assert api.get(f"/v1/skus/{made.json()['id']}")["price"] == 800


NULLS: list[dict[str, Any]] = [
    {"discount": {"type": "PERCENT", "percent_off": 5, "amount_off": None, "effect": None, "amount_limit": None}},
    {"discount": {"type": "UNIT", "effect": "ADD_MANY_ITEMS", "unit_off": None,
                  "units": [{"unit_off": 1, "unit_type": "p", "effect": "ADD_NEW_ITEMS", "product": None}]}},
    {"gift": {"amount": 5, "effect": None}},
    {"type": "LOYALTY_CARD", "loyalty_card": {"points": 5, "expires_at": None, "next_expiration_date": None}},
]  # fmt: skip


@pytest.mark.parametrize("fields", NULLS, ids=lambda fields: next(iter(fields)))
def test_what_a_voucher_is_worth_is_shown_without_nulls(api: Api, fields: dict[str, Any]) -> None:
    name = next(name for name in ("discount", "gift", "loyalty_card") if name in fields)
    api.http.post("/v1/vouchers/ONE", json=fields)
    api.ended(api.import_json([{"code": "TWO", **fields}]))
    api.http.post("/v1/campaigns", json={"name": "Fall", "voucher": fields, "vouchers_count": 1})
    shown = [voucher[name] for voucher in api.get("/v1/vouchers")["vouchers"]]
    shown += [api.get("/v1/campaigns/Fall")["voucher"][name], api.get("/v1/vouchers/ONE")[name]]
    assert len(shown) >= 4
    for worth in shown:
        assert "null" not in json.dumps(worth)
        assert worth["type" if name == "discount" else "amount" if name == "gift" else "points"]


def test_a_campaign_is_shown_with_what_the_wire_format_presumes(api: Api) -> None:
    bare = api.http.post("/v1/campaigns", json={"name": "Bare", "voucher": GIFT}).json()
    assert not {"start_date", "expiration_date"} & bare.keys()
    assert (bare["type"], bare["join_once"], bare["use_voucher_metadata_schema"]) == ("STATIC", False, True)
    dates = {"start_date": "2022-01-01", "expiration_date": "2032-01-01"}
    dated = api.http.post(
        "/v1/campaigns", json={"name": "Dated", "voucher": GIFT, "type": "AUTO_UPDATE", **dates}
    ).json()
    assert {name: dated[name][:10] for name in dates} == dates
    assert dated["type"] == "AUTO_UPDATE"
    cleared = api.http.put("/v1/campaigns/Dated", json={"expiration_date": None}).json()
    assert ("start_date" in cleared, "expiration_date" in cleared) == (True, False)
    points = {"type": "LOYALTY_CARD", "loyalty_card": {"points": 1}}
    for name, fields, shown in (
        ("Points", {"voucher": points, "join_once": False}, True),
        ("One", {"voucher": GIFT, "type": "STANDALONE", "join_once": True}, False),
        ("Any", {"voucher": GIFT, "join_once": True}, True),
    ):
        made = api.http.post("/v1/campaigns", json={"name": name, **fields}).json()
        assert made["join_once"] is api.get(f"/v1/campaigns/{name}")["join_once"] is shown


def test_metadata_of_a_campaigns_vouchers_is_held_to_the_schema_it_chooses(api: Api) -> None:
    api.define_schema("voucher", {"unit": {"type": "number", "optional": True}})
    api.define_schema("campaign", {"unit": {"type": "boolean", "optional": True}})
    campaign = {"voucher": GIFT, "metadata": {"unit": True}}
    api.http.post("/v1/campaigns", json={**campaign, "name": "Voucher"})
    api.http.post("/v1/campaigns", json={**campaign, "name": "Campaign", "use_voucher_metadata_schema": False})
    for name, right, wrong in (("Voucher", 1, True), ("Campaign", True, 1)):
        fits, not_fit = {"metadata": {"unit": right}}, {"metadata": {"unit": wrong}}
        for path in (f"/v1/campaigns/{name}/vouchers/{name}-1", f"/v1/campaigns/{name}/vouchers?vouchers_count=2"):
            check(api.http.post(path, json=not_fit), 400, "invalid_voucher", "unit: must be a")
            assert api.http.post(path, json=fits).status_code in (200, 202)
        check(api.http.put(f"/v1/vouchers/{name}-1", json=not_fit), 400, "invalid_voucher", "unit: must be a")
        assert api.http.put(f"/v1/vouchers/{name}-1", json=fits).status_code == 200
        check(
            api.http.post("/v1/vouchers", json={"campaign": name, **not_fit}), 400, "invalid_voucher", "unit: must be"
        )
        rows = [{"code": f"{name}-2", **fits}, {"code": f"{name}-3", **not_fit}]
        csv = f"Code,unit\n{name}-4,{right}\n{name}-5,x\n"
        codes = [f"{name}-1", f"{name}-2"]
        for path, content in (
            (f"/v1/campaigns/{name}/import", {"json": rows}),
            (f"/v1/campaigns/{name}/importCSV", {"files": {"file": ("rows.csv", csv)}}),
            ("/v1/vouchers/bulk/async", {"json": [{"code": codes[0], **fits}, {"code": codes[1], **not_fit}]}),
        ):
            action = api.ended(api.http.post(path, **content).json()["async_action_id"])
            assert (action["done_count"], action["failed_count"]) == (1, 1), (path, action)
        same = {"codes": codes, **not_fit}
        action = api.ended(api.http.post("/v1/vouchers/metadata/async", json=same).json()["async_action_id"])
        assert (action["done_count"], action["failed_count"]) == (0, 2)


def test_the_older_name_of_the_birthdate_stands_in_for_a_null(api: Api) -> None:
    day = "2000-01-02"
    for number, fields in enumerate((
        {"birthday": day}, {"birthdate": day}, {"birthday": day, "birthdate": None},
        {"birthday": None, "birthdate": day}, {"birthday": day, "birthdate": day}, {"birthdate": day + "T23:59:59Z"},
    )):  # fmt: skip
        made = api.http.post("/v1/customers", json={"source_id": f"c{number}", **fields})
        assert made.json()["birthdate"] == day, fields
    both = {"source_id": "x", "birthday": day, "birthdate": "2000-01-03"}
    check(api.http.post("/v1/customers", json=both), 400, "invalid_customer", "birthday: differs from birthdate")
    for name in ("birthday", "birthdate"):
        assert api.http.put("/v1/customers/c0", json={"birthdate": day}).json()["birthdate"] == day
        assert api.http.put("/v1/customers/c0", json={name: None}).json()["birthdate"] is None
