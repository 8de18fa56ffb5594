"""Lists: every filter and order of every list, and that nothing asked for is silently left out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallykeep.resources.campaigns.list_spec import CAMPAIGNS
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields.filters import Condition
from tallykeep.resources.lists.conditions import METADATA
from tallykeep.resources.lists.spec import ListSpec
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.vouchers.list_spec import VOUCHERS
from tests.http.test_errors import check
from tests.server import Api

PATHS = {
    "/v1/vouchers": VOUCHERS,
    "/v1/campaigns": CAMPAIGNS,
    "/v1/customers": CUSTOMER.list_spec,
    "/v1/products": PRODUCT.list_spec,
    "/v1/products/P/skus": SKU.list_spec,
    "/v1/orders": ORDER.list_spec,
}
EVERY_LIST = pytest.mark.parametrize(
    ("path", "list_spec"), PATHS.items(), ids=[list_spec.noun for list_spec in PATHS.values()]
)


def filter_name(field: str, condition: str, suffix: str = "") -> str:
    return f"filters[{field}][conditions][{condition}]{suffix}"


@pytest.fixture
def filled(api: Api) -> Api:
    """A project with something of everything."""
    api.ended(
        api.import_json(
            [
                {"code": "GIFT-1", "gift": {"amount": 100}, "category": "new", "metadata": {"n": 1, "on": True}},
                {"code": "GIFT-2", "gift": {"amount": 200}, "redemption": {"quantity": 3}, "metadata": {"n": 20}},
                {
                    "code": "OFF", "discount": {"type": "PERCENT", "percent_off": 5}, "active": False,
                    "validity_timeframe": {"duration": "PT1H", "interval": "P2D"}, "validity_day_of_week": [1, 2],
                },
                {
                    "code": "PAST", "gift": {"amount": 1}, "start_date": "2001-01-01", "expiration_date": "2002-01-01",
                    "metadata": {"long": 2**53 + 1},
                },
                {"code": "SOON", "gift": {"amount": 1}, "start_date": "2999-01-01", "metadata": {"n": "x"}},
            ]
        )
    )  # fmt: skip
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    for body in (
        {"name": "Fall", "voucher": gift, "vouchers_count": 1, "metadata": {"n": 1}},
        {"name": "Rain", "voucher": gift, "type": "STATIC", "validity_day_of_week": [1, 2], "active": False},
        {"name": "Old", "voucher": gift, "type": "STANDALONE", "category": "x", "expiration_date": "2002-01-01"},
    ):
        assert api.http.post("/v1/campaigns", json=body).status_code == 200
    customers = ({"source_id": "a", "name": "Ann", "email": "ann@x.org", "address": {"city": "Rome"}}, {"name": "Bob"})
    for customer in customers:
        api.http.post("/v1/customers", json=customer)
    api.http.post("/v1/products", json={"source_id": "P", "name": "Pen", "price": 5})
    api.http.post("/v1/products/P/skus", json={"source_id": "S", "sku": "Blue", "price": 7})
    api.http.post("/v1/orders", json={"source_id": "O", "status": "PAID", "amount": 9})
    return api


def keys_of(api: Api, path: str, **query: Any) -> list[str]:
    list_spec = PATHS[path]
    page = api.get(path, **query)
    assert page["total"] == len(page[list_spec.noun]), "one page holds them all"
    names = {"vouchers": "code", "campaigns": "name"}
    return sorted(row[names.get(list_spec.noun, "source_id")] or "" for row in page[list_spec.noun])


def vouchers(api: Api, **query: Any) -> list[str]:
    return keys_of(api, "/v1/vouchers", **query, **{filter_name("campaign", "$is_unknown"): ""})


VOUCHER_FILTERS = [
    ("code", "$is", "OFF", "OFF"),
    ("code", "$is_not", "OFF", "GIFT-1 GIFT-2 PAST SOON"),
    ("code", "$starts_with", "GIFT", "GIFT-1 GIFT-2"),
    ("code", "$starts_with", "%", ""),
    ("code", "$ends_with", "T", "PAST"),
    ("code", "$contains", "O", "OFF SOON"),
    ("code", "$not_contain", "O", "GIFT-1 GIFT-2 PAST"),
    ("category", "$has_value", "", "GIFT-1"),
    ("category", "$is_unknown", "", "GIFT-2 OFF PAST SOON"),
    ("category", "$is_not", "new", "GIFT-2 OFF PAST SOON"),
    ("voucher_type", "$is", "DISCOUNT_VOUCHER", "OFF"),
    ("discount_type", "$is", "PERCENT", "OFF"),
    ("gift_balance", "$more_than", "100", "GIFT-2"),
    ("gift_balance", "$more_than_equal", "100", "GIFT-1 GIFT-2"),
    ("gift_balance", "$less_than", "2", "PAST SOON"),
    ("redemption.redeemed_quantity", "$is", "0", "GIFT-1 GIFT-2 OFF PAST SOON"),
    ("redemption_quantity", "$is", "3", "GIFT-2"),
    ("categories", "$in", "new", "GIFT-1"),
    ("category_ids", "$has_value", "", ""),
    ("campaign_ids", "$has_value", "", ""),
    ("created_date", "$less_than", "1", "GIFT-1 GIFT-2 OFF PAST SOON"),
    ("published_for_customer_id", "$has_value", "", ""),
    ("validity_timeframe", "$has_value", "", "OFF"),
    ("validity_day_of_week", "$is", "2", "GIFT-1 GIFT-2 OFF PAST SOON"),
    ("validity_day_of_week", "$is", "3", "GIFT-1 GIFT-2 PAST SOON"),
    ("active", "$enabled", "true", "GIFT-1 GIFT-2 PAST SOON"),
    ("active", "$disabled", "", "OFF"),
    ("active", "$expired", "true", "PAST"),
    ("active", "$active", "true", "GIFT-1 GIFT-2"),
    ("expiration_date", "$before", "2024-04-29T00:00:00.000Z", "PAST"),
    ("expiration_date", "$more_than", "10", "PAST"),
    ("start_date", "$after", "2024-01-01", "SOON"),
    ("created_at", "$less_than", "1", "GIFT-1 GIFT-2 OFF PAST SOON"),
    ("created_at", "$more_than", "1", ""),
    ("start_date", "$less_than", "10", ""),
    ("is_referral_code", "$is", "true", ""),
    ("is_referral_code", "$is", "FALSE", "GIFT-1 GIFT-2 OFF PAST SOON"),
    ("holder_id", "$has_value", "", ""),
    ("metadata.n", "$is", "1", "GIFT-1"),
    ("metadata.on", "$is", "true", "GIFT-1"),
    ("metadata.n", "$more_than", "2", "GIFT-2"),
    ("metadata.n", "$more_than", "-5.5", "GIFT-1 GIFT-2"),
    ("metadata.n", "$less_than", "1e28", "GIFT-1 GIFT-2"),
    ("metadata.long", "$more_than", "9007199254740992.99999999999999999", "PAST"),
    ("metadata.long", "$more_than", "9007199254740993", ""),
    ("gift_balance", "$more_than", "-1", "GIFT-1 GIFT-2 PAST SOON"),
    ("metadata.n", "$has_value", "", "GIFT-1 GIFT-2 SOON"),
    ("metadata.%s' OR true", "$has_value", "", ""),
]


def test_vouchers_are_filtered_by_what_they_are(filled: Api) -> None:
    for field, condition, value, codes in VOUCHER_FILTERS:
        assert vouchers(filled, **{filter_name(field, condition): value}) == codes.split(), (field, condition, value)
    assert vouchers(filled, code="OFF") == ["OFF"]
    assert vouchers(filled, category="new") == ["GIFT-1"]
    assert vouchers(filled, customer="cust_1") == []


def test_lists_of_values_are_read_however_a_client_writes_them(filled: Api) -> None:
    in_code = filter_name("code", "$in")
    for query in (
        {in_code: ["OFF", "PAST"]},
        {f"{in_code}[0]": "OFF", f"{in_code}[1]": "PAST"},
        {f"{in_code}[]": ["OFF", "PAST"]},
        {in_code: "['OFF', 'PAST']"},
        {in_code: '["OFF","PAST"]'},
        {f"[filters][code][conditions][$in][{at}]": code for at, code in enumerate(("OFF", "PAST"))},
    ):
        assert vouchers(filled, **query) == ["OFF", "PAST"], query
    assert vouchers(filled, **{in_code: "[OFF]"}) == []
    ids = [filled.get(f"/v1/vouchers/{code}")["id"] for code in ("OFF", "PAST")]
    for query in ({"ids": ids}, {"ids[]": ids}, {"ids": str(ids)}):
        assert vouchers(filled, **query) == ["OFF", "PAST"], query
    nulls = {filter_name("code", "$is"): "OFF", filter_name("code", "$is_not"): "None", "filters[category]": "None"}
    assert vouchers(filled, **nulls, **{"created_at[after]": "None"}) == ["OFF"]
    assert vouchers(filled, **{filter_name("code", "$is"): "None"}) == []
    assert vouchers(filled, **{filter_name("code", "$not_in"): ["OFF", "PAST"]}) == ["GIFT-1", "GIFT-2", "SOON"]


def test_a_junction_joins_the_filters_and_leaves_the_other_parameters_apart(filled: Api) -> None:
    two = {filter_name("code", "$is"): "OFF", filter_name("category", "$is"): "new"}
    assert keys_of(filled, "/v1/vouchers", **two) == []
    assert keys_of(filled, "/v1/vouchers", **two, **{"filters[junction]": "AND"}) == []
    assert keys_of(filled, "/v1/vouchers", **two, **{"filters[junction]": "or"}) == ["GIFT-1", "OFF"]
    assert keys_of(filled, "/v1/vouchers", **two, **{"[filters][junction]": "OR"}, code="OFF") == ["OFF"]


CAMPAIGN_FILTERS = [
    ("campaigns", "$starts_with", "Fa", "Fall"),
    ("campaign_status", "$is", "DONE", "Fall Old Rain"),
    ("campaign_status", "$in", "DRAFT", ""),
    ("status", "$active", "", "Fall Old Rain"),
    ("status", "$failed", "", ""),
    ("status", "$in_progress", "", ""),
    ("status", "$expired", "", "Old"),
    ("status", "before_start", "", ""),
    ("active", "$enabled", "", "Fall Old"),
    ("active", "$active", "", "Fall"),
    ("is_referral_code", "$is_not", "TRUE", "Fall Old Rain"),
    ("voucher_type", "$in", "GIFT_VOUCHER", "Fall Old Rain"),
    ("categories", "$is", "x", "Old"),
    ("category_ids", "$has_value", "", ""),
    ("type", "$in", "BULK", "Fall Rain"),
    ("type", "$in", "STATIC", "Fall Rain"),
    ("type", "$not_in", "BULK", "Old"),
    ("created_date", "$less_than", "1", "Fall Old Rain"),
    ("expiration_date", "$has_value", "", "Old"),
    ("validity_day_of_week", "$is", "1", "Fall Old Rain"),
    ("validity_day_of_week", "$is", "3", "Fall Old"),
    ("validity_timeframe", "$has_value", "", ""),
    ("metadata.n", "$is", "1", "Fall"),
]


def test_campaigns_are_filtered_as_the_wire_format_has_it(filled: Api) -> None:
    for field, condition, value, names in CAMPAIGN_FILTERS:
        query = {filter_name(field, condition): value}
        assert keys_of(filled, "/v1/campaigns", **query) == names.split(), (field, condition, value)
    assert keys_of(filled, "/v1/campaigns", **{"filters[active][$disabled]": ""}) == ["Rain"]
    assert keys_of(filled, "/v1/campaigns", campaign_type="GIFT_VOUCHERS", expand="category") == ["Fall", "Old", "Rain"]
    assert keys_of(filled, "/v1/campaigns", campaign_status="FAILED") == []
    assert keys_of(filled, "/v1/campaigns", is_referral_code="true") == []
    assert len(keys_of(filled, "/v1/vouchers", campaign="Fall")) == 1
    assert keys_of(filled, "/v1/vouchers", campaign="Rain") == []
    campaign_id = filled.get("/v1/campaigns/Fall")["id"]
    assert len(keys_of(filled, "/v1/vouchers", campaign_id=campaign_id)) == 1
    assert len(keys_of(filled, "/v1/vouchers", **{filter_name("campaign_ids", "$in", "[0]"): campaign_id})) == 1
    assert len(keys_of(filled, "/v1/vouchers", **{filter_name("campaign_ids", "$is_not"): campaign_id})) == 5
    assert len(keys_of(filled, "/v1/vouchers", **{filter_name("campaign", "$in"): ["Fall", "Rain"]})) == 1


def test_customers_products_and_orders_are_filtered(filled: Api) -> None:
    for query in (
        {"city": "Rome"},
        {"email": "ann@x.org"},
        {"name": "Ann"},
        {filter_name("address_city", "$is"): "Rome"},
    ):
        assert keys_of(filled, "/v1/customers", **query) == ["a"], query
    assert keys_of(filled, "/v1/customers", **{filter_name("source_id", "$is_unknown"): ""}) == [""]
    assert keys_of(filled, "/v1/products", name="Pen") == ["P"]
    assert keys_of(filled, "/v1/products/P/skus", **{filter_name("price", "$more_than"): "6"}) == ["S"]
    assert keys_of(filled, "/v1/products/P/skus", **{filter_name("price", "$more_than"): "7"}) == []
    assert keys_of(filled, "/v1/orders", **{filter_name("status", "$is"): "PAID"}) == ["O"]
    assert keys_of(filled, "/v1/orders", **{filter_name("amount", "$not_in"): ["9"]}) == []
    created = filled.get("/v1/products/P")["created_at"]
    day = timedelta(days=1)
    yesterday, tomorrow = ((datetime.now(UTC) + days).isoformat() for days in (-day, day))
    for path in ("/v1/products", "/v1/products/P/skus"):
        assert len(keys_of(filled, path, start_date=yesterday, end_date=tomorrow)) == 1
        assert keys_of(filled, path, end_date=yesterday) == keys_of(filled, path, start_date=tomorrow) == []
    assert keys_of(filled, "/v1/products", start_date=created, end_date=created) == ["P"]


@EVERY_LIST
def test_every_condition_of_every_field_can_be_asked(filled: Api, path: str, list_spec: ListSpec) -> None:
    for name, field in {**list_spec.fields, "metadata.n": METADATA}.items():
        for condition, spec in field.conditions.items():
            filled.get(path, **{filter_name(name, condition): _example(name, spec)})
    for shortcut, (name, condition) in list_spec.shortcuts.items():
        filled.get(path, **{shortcut: _example(name, list_spec.fields[name].conditions[condition])})
    for order in list_spec.order_names:
        filled.get(path, order=order)
    answer = filled.http.get(path, params={"colour": "red", "limit": 1})
    assert answer.status_code == 200, "unknown to the peer too: read over"


def _example(name: str, condition: Condition) -> str:
    """A value that the condition takes."""
    if condition.read is None:
        return "true"
    for value in ("5", "2020-01-01", "true", "GIFT_VOUCHER", "GIFT_VOUCHERS", "PERCENT", "DONE", "PAID", "STATIC"):
        try:
            condition.read(value)
        except ValueError:
            continue
        return value
    raise AssertionError(f"no example for {name}")


@EVERY_LIST
def test_what_cannot_be_taken_at_its_word_is_refused_by_name(api: Api, path: str, list_spec: ListSpec) -> None:
    api.http.post("/v1/products", json={"source_id": "P", "name": "Pen"})
    for query, words in (
        ({filter_name("colour", "$is"): "red"}, ("filters[colour]", list_spec.noun, "created_at", "metadata.")),
        ({filter_name("created_at", "$is_days"): "1"}, ("[$is_days]", "no condition for created_at", "$after")),
        ({filter_name("created_at", "$after"): "yesterday"}, ("[$after]", "cannot be recognized as a ISO-8601")),
        ({filter_name("created_at", "$more_than"): "9" * 30}, ("[$more_than]",)),
        ({filter_name("created_at", "$more_than"): "99999999"}, ("[$more_than]", "days")),
        ({filter_name("created_at", "$more_than"): "1.5"}, ("[$more_than]", "whole number")),
        ({filter_name("id", "$is"): ["a", "b"]}, ("[id][conditions][$is]", "once")),
        ({filter_name("id", "$has_value"): "false"}, ("[$has_value]", "no value")),
        ({"filters[junction]": "xor"}, (".filters[junction]", "and, or")),
        ({"filters": "{}"}, ("Property .filters ", "filters[id][conditions]")),
        ({"filters[id]": "x"}, ("Property .filters[id] ",)),
        ({"filters[id][conditions]": "x"}, (".filters[id][conditions] ",)),
        ({"filters[id][conditions][$is][a]": "x"}, (".filters[id][conditions][$is][a] ",)),
        ({"order": "colour"}, (".order", "-created_at")),
        ({"created_at": "2020-01-01"}, (".created_at", "created_at[before]")),
        ({"updated_at[since]": "2020-01-01"}, (".updated_at[since]", "updated_at[after]")),
    ):
        check(api.http.get(path, params=query), 400, "invalid_query_params", *words)


def test_parameters_that_mean_nothing_here_are_refused(api: Api) -> None:
    refused = "invalid_query_params"
    check(api.http.get("/v1/customers", params={"segment_id": "s"}), 400, refused, ".segment_id", "segments")
    areas = {"access_settings[filter][areas_ids][0]": "ar_1"}
    check(api.http.get("/v1/campaigns", params=areas), 400, refused, "access_settings", "areas")
    check(api.http.get("/v1/campaigns", params={"expand": "access_settings_assignments"}), 400, refused, ".expand")
    check(api.http.get("/v1/campaigns", params={"campaign_type": "FUN"}), 400, refused, ".campaign_type", "PROMOTION")
    cursor = {"starting_after": "2020-01-01", "order": "source_id"}
    check(api.http.get("/v1/customers", params=cursor), 400, refused, ".starting_after", "order=source_id")


BINNED = [
    ("resource_type", "$is", "voucher", "GIFT-1 GIFT-2"),
    ("resource_type", "$not_in", "voucher", "Pen S"),
    ("resource_type", "$starts_with", "s", "S"),
    ("resource_name", "$is", "Pen", "Pen"),
    ("resource_name", "$contains", "GIFT", "GIFT-1 GIFT-2"),
    ("resource_id", "$is_unknown", "", ""),
    ("id", "$starts_with", "tbe_", "GIFT-1 GIFT-2 Pen S"),
]


def test_the_bin_is_filtered(filled: Api) -> None:
    for path in ("/v1/vouchers/GIFT-1", "/v1/vouchers/GIFT-2", "/v1/products/P"):
        assert filled.http.delete(path).status_code == 204
    for field, condition, value, names in BINNED:
        page = filled.get("/v1/trash-bin", **{filter_name(field, condition): value})
        list_spec = sorted(entry["resource_name"].replace("Blue", "S") for entry in page["data"])
        assert (list_spec, page["total"], page["has_more"]) == (names.split(), len(list_spec), False), (
            field,
            condition,
        )
    either = {filter_name("resource_type", "$is"): "product", filter_name("resource_name", "$is"): "GIFT-1"}
    assert filled.get("/v1/trash-bin", **either)["total"] == 0
    assert filled.get("/v1/trash-bin", **either, **{"filters[junction]": "or"})["total"] == 2
    query: dict[str, Any] = {filter_name("resource_type", "$is"): "voucher", "limit": 1, "order": "id"}
    page = filled.get("/v1/trash-bin", **query)
    assert (page["data"][0]["resource_name"], page["total"], page["has_more"]) == ("GIFT-1", 2, True)
    page = filled.get("/v1/trash-bin", **query, starting_after_id=page["more_starting_after"])
    assert (page["data"][0]["resource_name"], page["total"], page["has_more"]) == ("GIFT-2", 2, False)
    for wrong in (
        {filter_name("resource_type", "$is"): "customer"},
        {filter_name("metadata.n", "$is"): "1"},
        {filter_name("colour", "$is"): "red"},
        {"order": "-created_at"},
    ):
        check(filled.http.get("/v1/trash-bin", params=wrong), 400, "invalid_query_params")


def test_the_openapi_document_names_every_parameter(api: Api) -> None:
    document = api.get("/openapi.json")
    for path, list_spec in PATHS.items():
        operation = document["paths"][path.replace("/P/", "/{product_id}/")]["get"]
        named = {parameter["name"]: parameter for parameter in operation["parameters"]}
        assert {"limit", "page", "order", "filters", *list_spec.shortcuts} <= named.keys()
        assert named["order"]["schema"]["enum"] == list_spec.order_names
        assert named["filters"]["style"] == "deepObject"
