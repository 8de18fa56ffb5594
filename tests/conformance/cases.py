"""What the conformance suite needs to know of each action type. A type without an entry here fails the suite."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.server import Api

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One action type: how rows are submitted, and what its captured example says."""

    submit: Callable[[Api, list[Row]], str]
    good: Callable[[str], Row]
    bad: Row
    bad_reason: str
    full: Row
    golden_schema: dict[str, Any] | None = None
    golden_rows: list[Row]
    golden_result: dict[str, Any]
    twice_in_one: str | None
    twice_in_two: str | None
    schema_of: str = "voucher"
    key: str | None = "code"
    prepare: Callable[[Api], None] = lambda api: None
    refuses_twice: bool = False  # a submission that names a key twice is refused as a whole
    read: Callable[[Api, str], Any]
    shown: dict[str, Any] = field(default_factory=dict)


def _csv(api: Api, rows: list[Row], path: str = "/v1/vouchers/importCSV", keyed_by: str = "Code") -> str:
    header = list(dict.fromkeys(name for row in rows for name in row)) or [keyed_by]
    lines = [",".join(str(row.get(name, "")) for name in header) for row in rows]
    content = "\n".join([",".join(header), *lines])
    answer = api.http.post(path, files={"file": ("rows.csv", content)})
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["async_action_id"])


def _voucher(api: Api, code: str) -> Any:
    return api.get(f"/v1/vouchers/{code}")


CASES: dict[str, Case] = {
    "VOUCHERS.IMPORT": Case(
        submit=lambda api, rows: api.import_json(rows),
        good=lambda key: {"code": key, "type": "GIFT_VOUCHER", "gift": {"amount": 500}},
        bad={"code": "BAD", "type": "GIFT_VOUCHER"},
        bad_reason="gift is required",
        full={
            "code": "FULL", "type": "DISCOUNT_VOUCHER", "category": "New", "active": False,
            "discount": {"type": "AMOUNT", "amount_off": 3000, "effect": "APPLY_TO_ITEMS"},
            "start_date": "2020-12-01T23:00:00Z", "expiration_date": "2023-12-19T23:00:00Z",
            "redemption": {"quantity": 1}, "metadata": {"unit": "EUR"}, "additional_info": "secret-code1",
            "validity_timeframe": {"duration": "PT1H", "interval": "P2D"}, "validity_day_of_week": [1, 2],
        },
        golden_schema={"unit": {"type": "number", "optional": True, "eq": [1, 2]}},
        golden_rows=[
            {"code": code, "type": "GIFT_VOUCHER", "gift": {"amount": 1}, "metadata": {"unit": "EUR"}}
            for code in ("PROMO-CODE31", "PROMO-CODE21", "GIFT-CARD-100-1")
        ],
        golden_result={
            "message": "0 voucher(s) imported successfully, 3 failed.",
            "failed": [
                {
                    "code": code,
                    "reason": "unit: must be a number, must be equal to one of 1,2 (actual value is 'EUR')",
                }
                for code in ("PROMO-CODE31", "PROMO-CODE21", "GIFT-CARD-100-1")
            ],
            "done_count": 0,
            "failed_count": 3,
        },
        twice_in_one="Voucher with code TWICE already exists",
        twice_in_two="Voucher with code TWICE already exists",
        read=_voucher,
        shown={
            "category": "New", "active": False, "additional_info": "secret-code1", "metadata": {"unit": "EUR"},
            "discount": {"type": "AMOUNT", "amount_off": 3000, "effect": "APPLY_TO_ITEMS"},
            "start_date": "2020-12-01T23:00:00.000Z", "validity_day_of_week": [1, 2],
        },
    ),
    "VOUCHERS.IMPORT_CSV": Case(
        submit=_csv,
        good=lambda key: {"Code": key, "Voucher Type": "GIFT_VOUCHER", "Value": "5"},
        bad={"Code": "BAD", "Value": "5"},
        bad_reason="Voucher Type is required",
        full={
            "Code": "FULL", "Voucher Type": "DISCOUNT_VOUCHER", "Value": "10", "Discount Type": "PERCENT",
            "Discount effect": "APPLY_TO_ORDER", "Validation rule ID": "val_1", "Category": "New", "Active": "FALSE",
            "Start Date": "2022-09-19T00:00:00.000Z", "Expiration Date": "2022-11-30T23:59:00.000Z",
            "Redemption Limit": "3", "Redeemed Quantity": "1", "Additional Info": "Fall", "Region": "Europe",
        },
        golden_rows=[{"Code": "FALL2023", "Value": "1"}, {"Code": "FALL2024", "Value": "1"}],
        golden_result={
            "message": "0 voucher(s) imported successfully, 2 failed.",
            "failed": [
                {"code": "FALL2023", "row": 1, "reason": "Voucher Type is required"},
                {"code": "FALL2024", "row": 2, "reason": "Voucher Type is required"},
            ],
            "done_count": 0,
            "failed_count": 2,
        },
        twice_in_one=None,
        twice_in_two=None,
        read=_voucher,
        shown={
            "category": "New", "active": False, "additional_info": "Fall", "metadata": {"Region": "Europe"},
            "discount": {"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ORDER"},
            "start_date": "2022-09-19T00:00:00.000Z", "validation_rules": ["val_1"],
        },
    ),
    "CUSTOMERS.IMPORT_CSV": Case(
        submit=lambda api, rows: _csv(api, rows, "/v1/customers/importCSV", "Source_id"),
        good=lambda key: {"Source_id": key, "Name": "John", "City": "New York"},
        bad={"Source_id": "BAD", "Birthdate": "yesterday"},
        bad_reason="Birthdate: must be a date like 2022-09-26 or 2022-09-26T13:00:00Z (actual value is 'yesterday')",
        full={
            "Source_id": "FULL", "Name": "John Smith", "Email": "john@example.com", "Phone": "+1 (989) 123-4632",
            "Description": "A good customer.", "Birthdate": "2022-07-03", "Address_line_1": "100 Main St",
            "Address_line_2": "Blg 2", "Address_Postal_Code": "12345", "Address_City": "New York",
            "Address_State": "NY", "Address_Country": "United States", "favourite": "Nike",
        },
        schema_of="customer",
        golden_schema={
            "acquisition_channel": {"type": "string", "optional": False, "eq": ["Facebook", "Twitter", "Website"]}
        },
        golden_rows=[
            {"Source_id": "test-user@example.com", "acquisition_channel": "snap"},
            {"Source_id": "", "acquisition_channel": "insta"},
        ],
        golden_result={
            "message": "0 customer(s) imported successfully, 2 failed.",
            "failed": [
                {
                    "source_id": key,
                    "row": row,
                    "reason": "acquisition_channel: must be a string, property is required, must be equal to one of"
                    f" Facebook,Twitter,Website (actual value is '{value}')",
                }
                for key, row, value in (("test-user@example.com", 1, "snap"), ("", 2, "insta"))
            ],
            "done_count": 0,
            "failed_count": 2,
        },
        twice_in_one=None,
        twice_in_two=None,
        key="source_id",
        read=lambda api, key: api.get(f"/v1/customers/{key}"),
        shown={
            "name": "John Smith", "email": "john@example.com", "phone": "+1 (989) 123-4632", "birthdate": "2022-07-03",
            "address": {
                "line_1": "100 Main St", "line_2": "Blg 2", "postal_code": "12345", "city": "New York", "state": "NY",
                "country": "United States",
            },
            "metadata": {"favourite": "Nike"},
        },
    ),
    "PRODUCTS.IMPORT_CSV": Case(
        submit=lambda api, rows: _csv(api, rows, "/v1/products/importCSV", "source_id"),
        good=lambda key: {"source_id": key, "name": "T-Shirt", "price": "21"},
        bad={"source_id": "BAD", "name": "T-Shirt", "price": "cheap"},
        bad_reason="price: must be a number (actual value is 'cheap')",
        full={
            "source_id": "FULL", "name": "T-Shirt", "price": "14.5", "attributes": '"color,size,ranking"',
            "image_url": "https://images.com/original.jpg", "Fashion": "slim",
        },
        schema_of="product",
        golden_schema={
            "vendor": {"type": "string", "optional": False, "eq": ["Vendor 1", "Vendor 2"]},
        },
        golden_rows=[{"source_id": "P1", "name": "A", "vendor": "Vendor 3"}],
        golden_result={
            "message": "0 product(s) imported successfully, 1 failed.",
            "failed": [
                {
                    "row": 1,
                    "source_id": "P1",
                    "reason": "vendor: must be a string, property is required, must be equal to one of"
                    " Vendor 1,Vendor 2 (actual value is 'Vendor 3')",
                }
            ],
            "done_count": 0,
            "failed_count": 1,
        },
        twice_in_one=None,
        twice_in_two=None,
        key="source_id",
        read=lambda api, key: api.get(f"/v1/products/{key}"),
        shown={
            "name": "T-Shirt", "price": 1450, "attributes": ["color", "size", "ranking"],
            "image_url": "https://images.com/original.jpg", "metadata": {"Fashion": "slim"},
        },
    ),
    "SKUS.IMPORT_CSV": Case(
        prepare=lambda api: _make_products(api, ["SHIRT"]),
        submit=lambda api, rows: _csv(api, rows, "/v1/skus/importCSV", "source_id"),
        good=lambda key: {"product_id": "SHIRT", "source_id": key, "sku": "Shirt", "price": "13"},
        bad={"product_id": "NO-SHIRT", "source_id": "BAD"},
        bad_reason="Cannot find product with id NO-SHIRT",
        full={
            "product_id": "SHIRT", "source_id": "FULL", "sku": "Medium Yellow Shirt", "price": "14.5",
            "image_url": "https://images.com/a.jpg",
            "attributes": "\"{'color':'yellow','size':'M','ranking':3}\"",
        },
        golden_rows=[
            {"product_id": "SHIRT", "sku": f"Shirt {n}", "source_id": f"sku_source_id_{n}", "price": "13"}
            for n in range(1, 5)
        ],
        golden_result={
            "message": "4 sku(s) imported successfully, 0 failed.", "failed": [], "done_count": 4, "failed_count": 0,
        },
        twice_in_one=None,
        twice_in_two=None,
        key=None,
        read=lambda api, key: api.get(f"/v1/skus/{key}"),
        shown={
            "sku": "Medium Yellow Shirt", "price": 1450, "image_url": "https://images.com/a.jpg",
            "attributes": {"color": "yellow", "size": "M", "ranking": 3},
        },
    ),
    "ORDERS.IMPORT": Case(
        submit=lambda api, rows: _submitted(api, "/v1/orders/import", rows),
        good=lambda key: {"source_id": key, "status": "PAID", "amount": 100},
        bad={"source_id": "BAD", "status": "LOST"},
        bad_reason="status: must be one of CREATED, PAID, CANCELED, FULFILLED (actual value is 'LOST')",
        full={
            "source_id": "FULL", "status": "PAID", "metadata": {"payment_mean": ["paypal"]}, "discount_amount": 5,
            "initial_amount": 1600, "customer": {"source_id": "bob", "name": "Bob", "metadata": {"lang": "en"}},
            "referrer": {"source_id": "jane", "birthday": "2022-03-03"},
            "items": [
                {
                    "source_id": "prod_1", "related_object": "product", "quantity": 2,
                    "product": {"name": "Apple iPhone 12", "price": 70000, "metadata": {"vendor": "mall"}},
                },
                {
                    "source_id": "ComicBook_1", "related_object": "sku", "quantity": 1,
                    "product": {"source_id": "Books", "name": "Comic Books", "price": 1600, "override": True},
                    "sku": {"sku": "Comics1", "source_id": "ComicBook_1", "price": 1700, "override": True},
                },
            ],
        },
        schema_of="order",
        golden_schema={"unit": {"type": "number", "optional": False}},
        golden_rows=[{"source_id": "o1", "metadata": {"unit": "EUR"}}, {"metadata": {"unit": "EUR"}}],
        golden_result={
            "message": "0 order(s) imported successfully, 2 failed.",
            "failed": [
                {
                    "source_id": key,
                    "reason": "unit: must be a number, property is required (actual value is 'EUR')",
                }
                for key in ("o1", None)
            ],
            "done_count": 0,
            "failed_count": 2,
        },
        twice_in_one=None,
        twice_in_two=None,
        key="source_id",
        read=lambda api, key: api.get(f"/v1/orders/{key}"),
        shown={"status": "PAID", "amount": 141700, "initial_amount": 1600, "metadata": {"payment_mean": ["paypal"]}},
    ),
    "CAMPAIGN.VOUCHERS_IMPORT": Case(
        prepare=lambda api: _make_campaign(api, 0),
        submit=lambda api, rows: _submitted(api, "/v1/campaigns/Fall/import", rows),
        good=lambda key: {"code": key, "metadata": {"season": "Fall"}},
        bad={"code": "BAD", "active": "yes"},
        bad_reason="active: must be true or false (actual value is 'yes')",
        full={
            "code": "FULL", "category": "First", "redemption": {"quantity": 3}, "metadata": {"season": "Fall"},
            "additional_info": "secret", "active": False,
        },
        golden_schema={"unit": {"type": "number", "optional": False}},
        golden_rows=[{"code": code, "metadata": {"unit": "EUR"}} for code in ("CODE9", "CODE8", "CODE7")],
        golden_result={
            "message": "0 voucher(s) imported successfully, 3 failed.",
            "failed": [
                {
                    "code": code,
                    "reason": "unit: must be a number, property is required (actual value is 'EUR')",
                }
                for code in ("CODE9", "CODE8", "CODE7")
            ],
            "done_count": 0,
            "failed_count": 3,
        },
        twice_in_one=None,
        twice_in_two=None,
        refuses_twice=True,
        read=_voucher,
        shown={
            "campaign": "Fall", "category": "First", "additional_info": "secret", "active": False,
            "metadata": {"season": "Fall"}, "type": "GIFT_VOUCHER", "start_date": "2022-01-01T00:00:00.000Z",
        },
    ),
    "CAMPAIGN.VOUCHERS_IMPORT_CSV": Case(
        prepare=lambda api: _make_campaign(api, 0),
        submit=lambda api, rows: _csv(api, rows, "/v1/campaigns/Fall/importCSV"),
        good=lambda key: {"Code": key, "Voucher Type": "DISCOUNT_VOUCHER", "Discount Type": "", "Value": ""},
        bad={"Code": "BAD", "Gift Amount": "much"},
        bad_reason="Gift Amount: must be a number (actual value is 'much')",
        full={
            "Code": "FULL", "Active": "FALSE", "Category": "New", "Gift Amount": "12.5", "Redeemed Quantity": "2",
            "Redeemed Amount": "2.5", "Region": "Europe",
        },
        golden_schema={"unit": {"type": "number", "optional": False}},
        golden_rows=[{"Code": "CODE9", "unit": "EUR"}],
        golden_result={
            "message": "0 voucher(s) imported successfully, 1 failed.",
            "failed": [
                {
                    "code": "CODE9",
                    "row": 1,
                    "reason": "unit: must be a number, property is required (actual value is 'EUR')",
                }
            ],
            "done_count": 0,
            "failed_count": 1,
        },
        twice_in_one=None,
        twice_in_two=None,
        read=_voucher,
        shown={
            "campaign": "Fall", "category": "New", "active": False, "gift": {"amount": 1250, "balance": 1000},
            "metadata": {"Region": "Europe"},
        },
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class UpdateCase:
    """One action type that changes resources which exist: how to make them, and how to change them."""

    make: Callable[[Api, list[str]], None]
    submit: Callable[[Api, list[str]], str]  # changes the resources with these keys
    is_changed: Callable[[Api, str], bool]
    result_of_two: dict[str, Any]  # without the link to the report
    finds_by_key: bool = True  # whether a key that does not exist is a failed row
    upserts: bool = False  # whether it is created instead
    needs_target: bool = False  # whether there is nothing to submit to before something was made
    only_once: bool = False  # whether the target is gone afterwards


def _submitted(api: Api, path: str, body: Any = None) -> str:
    answer = api.http.post(path, json=body)
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["async_action_id"])


def _make_vouchers(api: Api, keys: list[str]) -> None:
    rows = [{"code": key, "gift": {"amount": 1}, "metadata": {"old": key}} for key in keys]
    api.ended(api.import_json(rows))


def _make_customers(api: Api, keys: list[str]) -> None:
    for key in keys:
        answer = api.http.post("/v1/customers", json={"source_id": key, "name": "Before", "metadata": {"old": key}})
        assert answer.status_code == 200, answer.text


def _make_products(api: Api, keys: list[str]) -> None:
    for key in keys:
        answer = api.http.post("/v1/products", json={"source_id": key, "name": "Before", "metadata": {"old": key}})
        assert answer.status_code == 200, answer.text


def _make_orders(api: Api, keys: list[str]) -> None:
    for key in keys:
        answer = api.http.post("/v1/orders", json={"source_id": key, "metadata": {"old": key}})
        assert answer.status_code == 200, answer.text


def _make_campaign(api: Api, codes: int = 0) -> None:
    given = {
        "name": "Fall", "start_date": "2022-01-01", "vouchers_count": codes, "metadata": {"old": 1},
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 1000}, "code_config": {"prefix": "F-"}},
    }  # fmt: skip
    answer = api.http.post("/v1/campaigns", json=given)
    assert answer.status_code == 200, answer.text


def _make_campaigns(api: Api, keys: list[str]) -> None:
    for key in keys:
        given = {"name": key, "voucher": {"gift": {"amount": 1}}, "metadata": {"old": key}}
        assert api.http.post("/v1/campaigns", json=given).status_code == 200


def _make_campaign_with(api: Api, keys: list[str]) -> None:
    _make_campaign(api)
    api.ended(_submitted(api, "/v1/campaigns/Fall/import", [{"code": key} for key in keys]))


def _newest(api: Api) -> str:
    return str(api.get("/v1/async-actions", limit=1)["async_actions"][0]["id"])


def _updated_campaign(api: Api) -> str:
    answer = api.http.put(
        "/v1/campaigns/Fall", json={"expiration_date": "2030-01-01", "voucher": {"gift": {"amount": 7}}}
    )
    assert answer.status_code == 200, answer.text
    return _newest(api)


def _deleted_campaign(api: Api) -> str:
    answer = api.http.delete("/v1/campaigns/Fall")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["async_action_id"])


def _bulk_result(done: int) -> dict[str, Any]:
    return {"done_count": done, "failed_count": 0, "errors": []}


UPDATE_CASES: dict[str, UpdateCase] = {
    "VOUCHERS.BULK_UPDATE": UpdateCase(
        make=_make_vouchers,
        submit=lambda api, keys: _submitted(
            api, "/v1/vouchers/bulk/async", [{"code": key, "metadata": {"new": 1}} for key in keys]
        ),
        is_changed=lambda api, key: api.get(f"/v1/vouchers/{key}")["metadata"] == {"old": key, "new": 1},
        result_of_two=_bulk_result(2),
    ),
    "VOUCHERS.METADATA_UPDATE": UpdateCase(
        make=_make_vouchers,
        submit=lambda api, keys: _submitted(
            api, "/v1/vouchers/metadata/async", {"codes": keys, "metadata": {"new": 1}}
        ),
        is_changed=lambda api, key: api.get(f"/v1/vouchers/{key}")["metadata"] == {"old": key, "new": 1},
        result_of_two=_bulk_result(2),
    ),
    "VOUCHERS.METADATA_KEY_PURGE": UpdateCase(
        make=_make_vouchers,
        submit=lambda api, _: _submitted(api, "/v1/metadata-schemas/voucher/definitions/old/purge"),
        is_changed=lambda api, key: api.get(f"/v1/vouchers/{key}")["metadata"] == {},
        result_of_two={"message": "Updated 2 vouchers.", "done_count": 2},
        finds_by_key=False,
    ),
    "CUSTOMERS.BULK_UPDATE": UpdateCase(
        make=_make_customers,
        submit=lambda api, keys: _submitted(
            api, "/v1/customers/bulk/async", [{"source_id": key, "name": "N", "metadata": {"new": 1}} for key in keys]
        ),
        is_changed=lambda api, key: api.get(f"/v1/customers/{key}")["metadata"].get("new") == 1,
        result_of_two=_bulk_result(2),
        finds_by_key=False,
        upserts=True,
    ),
    "CUSTOMERS.METADATA_UPDATE": UpdateCase(
        make=_make_customers,
        submit=lambda api, keys: _submitted(
            api, "/v1/customers/metadata/async", {"source_ids": keys, "metadata": {"new": 1}}
        ),
        is_changed=lambda api, key: api.get(f"/v1/customers/{key}")["metadata"].get("new") == 1,
        result_of_two=_bulk_result(2),
        finds_by_key=False,
        upserts=True,
    ),
    "CUSTOMERS.METADATA_KEY_PURGE": UpdateCase(
        make=_make_customers,
        submit=lambda api, _: _submitted(api, "/v1/metadata-schemas/customer/definitions/old/purge"),
        is_changed=lambda api, key: api.get(f"/v1/customers/{key}")["metadata"] == {},
        result_of_two={"message": "Updated 2 customers.", "done_count": 2},
        finds_by_key=False,
    ),
    "PRODUCTS.BULK_UPDATE": UpdateCase(
        make=_make_products,
        submit=lambda api, keys: _submitted(
            api, "/v1/products/bulk/async", [{"source_id": key, "price": 5, "metadata": {"new": 1}} for key in keys]
        ),
        is_changed=lambda api, key: api.get(f"/v1/products/{key}")["metadata"].get("new") == 1,
        result_of_two=_bulk_result(2),
        finds_by_key=False,
        upserts=True,
    ),
    "PRODUCTS.METADATA_UPDATE": UpdateCase(
        make=_make_products,
        submit=lambda api, keys: _submitted(
            api, "/v1/products/metadata/async", {"source_ids": keys, "metadata": {"new": 1}}
        ),
        is_changed=lambda api, key: api.get(f"/v1/products/{key}")["metadata"].get("new") == 1,
        result_of_two=_bulk_result(2),
        finds_by_key=False,
        upserts=True,
    ),
    "PRODUCTS.METADATA_KEY_PURGE": UpdateCase(
        make=_make_products,
        submit=lambda api, _: _submitted(api, "/v1/metadata-schemas/product/definitions/old/purge"),
        is_changed=lambda api, key: api.get(f"/v1/products/{key}")["metadata"] == {},
        result_of_two={"message": "Updated 2 products.", "done_count": 2},
        finds_by_key=False,
    ),
    "ORDERS.METADATA_KEY_PURGE": UpdateCase(
        make=_make_orders,
        submit=lambda api, _: _submitted(api, "/v1/metadata-schemas/order/definitions/old/purge"),
        is_changed=lambda api, key: api.get(f"/v1/orders/{key}")["metadata"] == {},
        result_of_two={"message": "Updated 2 orders.", "done_count": 2},
        finds_by_key=False,
    ),
    "CAMPAIGN.VOUCHERS_GENERATE": UpdateCase(
        make=lambda api, _: _make_campaign(api),
        submit=lambda api, _: _submitted(api, "/v1/campaigns/Fall/vouchers?vouchers_count=2"),
        is_changed=lambda api, _: api.get("/v1/campaigns/Fall")["vouchers_count"] > 0,
        result_of_two={"message": "Generated 2 vouchers.", "done_count": 2},
        finds_by_key=False,
        needs_target=True,
    ),
    "CAMPAIGN.VOUCHERS_UPDATE": UpdateCase(
        make=_make_campaign_with,
        submit=lambda api, _: _updated_campaign(api),
        is_changed=lambda api, key: api.get(f"/v1/vouchers/{key}")["gift"]["amount"] == 7,
        result_of_two={"message": "Updated 2 vouchers.", "done_count": 2},
        finds_by_key=False,
        needs_target=True,
    ),
    "CAMPAIGN.VOUCHERS_DELETE": UpdateCase(
        make=_make_campaign_with,
        submit=lambda api, _: _deleted_campaign(api),
        is_changed=lambda api, key: api.http.get(f"/v1/vouchers/{key}").status_code == 404,
        result_of_two={"message": "Deleted 2 vouchers.", "done_count": 2},
        finds_by_key=False,
        needs_target=True,
        only_once=True,
    ),
    "CAMPAIGNS.METADATA_KEY_PURGE": UpdateCase(
        make=_make_campaigns,
        submit=lambda api, _: _submitted(api, "/v1/metadata-schemas/campaign/definitions/old/purge"),
        is_changed=lambda api, key: api.get(f"/v1/campaigns/{key}")["metadata"] == {},
        result_of_two={"message": "Updated 2 campaigns.", "done_count": 2},
        finds_by_key=False,
    ),
}
