"""Every resource through the official Python SDK: its models read every answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import voucherify
from voucherify import models
from voucherify.exceptions import ApiException

from tests.http.test_sdk import until_success
from tests.server import Api


@pytest.fixture
def sdk(api: Api) -> Iterator[voucherify.ApiClient]:
    configuration = voucherify.Configuration(
        host=api.url, api_key={"X-App-Id": api.keys.app_id, "X-App-Token": api.keys.app_token}
    )
    with voucherify.ApiClient(configuration) as client:
        yield client


def done(sdk: voucherify.ApiClient, started: Any) -> dict[str, Any]:
    """The result of a started action once it has succeeded."""
    action = until_success(voucherify.AsyncActionsApi(sdk), started.async_action_id)
    return dict(action.result)


def test_customers(sdk: voucherify.ApiClient, tmp_path: Path) -> None:
    customers = voucherify.CustomersApi(sdk)
    body = models.CustomersCreateRequestBody.from_dict(
        {"source_id": "c1", "name": "Bob", "birthdate": "2022-01-01", "address": {"city": "X"}, "metadata": {"a": 1}}
    )
    created = customers.create_customer(body)
    assert customers.get_customer("c1").id == created.id
    changed = customers.update_customer("c1", models.CustomersUpdateRequestBody.from_dict({"name": "Rob"}))
    assert changed.name == "Rob"
    file = tmp_path / "customers.csv"
    file.write_text("Source_id,Name\nc2,Jane\nc3,Joe\n")
    assert done(sdk, customers.import_customers_using_csv(file=str(file)))["done_count"] == 2
    rows = [models.CustomersUpdateInBulkRequestBody.from_dict({"source_id": "c2", "metadata": {"b": 2}})]
    assert done(sdk, customers.update_customers_in_bulk(rows))["errors"] == []
    same = models.CustomersMetadataUpdateInBulkRequestBody.from_dict({"source_ids": ["c3"], "metadata": {"c": 3}})
    assert done(sdk, customers.update_customers_metadata_in_bulk(same))["done_count"] == 1
    assert [customer.source_id for customer in customers.list_customers(limit=10).customers] == ["c3", "c2", "c1"]
    customers.delete_customer("c1")


def test_products_and_skus(sdk: voucherify.ApiClient, tmp_path: Path) -> None:
    products = voucherify.ProductsApi(sdk)
    body = {"source_id": "p1", "name": "Phone", "price": 100, "attributes": ["color"], "metadata": {"a": 1}}
    created = products.create_product(models.ProductsCreateRequestBody.from_dict(body))
    sku = products.create_sku("p1", models.ProductsSkusCreateRequestBody.from_dict({"source_id": "s1", "sku": "S"}))
    assert sku.product_id == created.id
    assert products.get_product("p1").skus.total == 1
    assert products.get_sku("s1").id == sku.id
    assert products.list_skus_in_product("p1").total == 1
    updated = products.update_sku("p1", "s1", models.ProductsSkusUpdateRequestBody.from_dict({"price": 5}))
    assert updated.price == 5
    assert products.update_product("p1", models.ProductsUpdateRequestBody.from_dict({"name": "Q"})).name == "Q"
    assert products.list_products(limit=5).total == 1
    file = tmp_path / "file.csv"
    file.write_text("source_id,name,price\np2,Shirt,21\n")
    assert done(sdk, products.import_products_using_csv(file=str(file)))["done_count"] == 1
    file.write_text("product_id,source_id,sku\np2,s2,Blue\n")
    assert done(sdk, products.import_skus_using_csv(file=str(file)))["done_count"] == 1
    assert done(sdk, products.update_products_in_bulk())["errors"] == []  # the SDKs' own tests send no body
    same = models.ProductsMetadataUpdateInBulkRequestBody.from_dict({"source_ids": ["p2"], "metadata": {"b": 2}})
    assert done(sdk, products.update_products_metadata_in_bulk(same))["done_count"] == 1
    products.delete_sku("p1", "s1")
    products.delete_product("p1", force=True)


def test_orders(sdk: voucherify.ApiClient) -> None:
    orders = voucherify.OrdersApi(sdk)
    item = {"source_id": "p", "related_object": "product", "quantity": 2, "product": {"name": "P", "price": 5}}
    row = {"source_id": "o1", "status": "PAID", "customer": {"source_id": "c"}, "items": [item]}
    created = orders.create_order(models.OrdersCreateRequestBody.from_dict(row))
    assert created.amount == 10
    item_class = models.OrdersImportCreateRequestBodyItem
    assert done(sdk, orders.import_orders([item_class.from_dict({**row, "source_id": "o2"})]))["done_count"] == 1
    assert orders.get_order("o2").items[0].quantity == 2
    assert orders.list_orders(limit=5).total == 2
    assert (
        orders.update_order("o1", models.OrdersUpdateRequestBody.from_dict({"status": "CANCELED"})).status == "CANCELED"
    )


def test_campaigns(sdk: voucherify.ApiClient, tmp_path: Path) -> None:
    campaigns, vouchers = voucherify.CampaignsApi(sdk), voucherify.VouchersApi(sdk)
    body = {
        "name": "Fall", "campaign_type": "GIFT_VOUCHERS", "type": "AUTO_UPDATE", "vouchers_count": 3,
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 1000}, "code_config": {"pattern": "F-######"}},
    }  # fmt: skip
    created = campaigns.create_campaign(models.CampaignsCreateRequestBody.from_dict(body))
    actions = voucherify.AsyncActionsApi(sdk)
    newest = actions.list_async_actions(limit=1).async_actions[0]
    assert newest.type == "CAMPAIGN.VOUCHERS_GENERATE"
    assert until_success(actions, newest.id).result == {"message": "Generated 3 vouchers.", "done_count": 3}
    campaign = campaigns.get_campaign("Fall")
    assert (campaign.id, campaign.vouchers_count, campaign.creation_status) == (created.id, 3, "DONE")
    rows = [models.CampaignsImportVoucherItem.from_dict({"code": "MINE", "active": True})]
    assert done(sdk, campaigns.import_vouchers_to_campaign("Fall", rows))["done_count"] == 1
    file = tmp_path / "codes.csv"
    file.write_text("Code,Active\nMINE-2,FALSE\n")
    assert done(sdk, campaigns.import_vouchers_to_campaign_using_csv("Fall", file=str(file)))["done_count"] == 1
    assert done(sdk, campaigns.add_vouchers_to_campaign("Fall", vouchers_count=2))["done_count"] == 2
    assert campaigns.add_voucher_with_specific_code_to_campaign("Fall", "ONE").campaign == "Fall"
    assert campaigns.disable_campaign("Fall") is not None
    campaigns.update_campaign("Fall", models.CampaignsUpdateRequestBody.from_dict({"description": "New"}))
    assert campaigns.list_campaigns(limit=5).total == 1
    assert {voucher.campaign_id for voucher in vouchers.list_vouchers(limit=20).vouchers} == {created.id}
    assert done(sdk, campaigns.delete_campaign("Fall"))["message"] == "Deleted 8 vouchers."
    binned = voucherify.BinApi(sdk).list_bin_entries(limit=20)
    assert len(binned.data) == 9


def test_single_vouchers(sdk: voucherify.ApiClient) -> None:
    vouchers = voucherify.VouchersApi(sdk)
    body = {"type": "GIFT_VOUCHER", "gift": {"amount": 10}, "code_config": {"length": 6}}
    created = vouchers.generate_random_code(models.VouchersCreateRequestBody.from_dict(body))
    assert len(created.code) == 6
    assert vouchers.disable_voucher(created.code).active is False
    assert vouchers.enable_voucher(created.code).active is True
    changed = vouchers.update_voucher(created.code, models.VouchersUpdateRequestBody.from_dict({"category": "New"}))
    assert changed.category == "New"
    same = models.VouchersMetadataUpdateInBulkRequestBody.from_dict({"codes": [created.code], "metadata": {"a": 1}})
    assert done(sdk, vouchers.update_vouchers_metadata_in_bulk(same))["done_count"] == 1
    vouchers.delete_voucher(created.code, force=True)


def test_lists_are_filtered(sdk: voucherify.ApiClient) -> None:
    vouchers, campaigns = voucherify.VouchersApi(sdk), voucherify.CampaignsApi(sdk)
    body = {"type": "GIFT_VOUCHER", "gift": {"amount": 10}, "category": "New"}
    made = [vouchers.generate_random_code(models.VouchersCreateRequestBody.from_dict(body)) for _ in range(3)]
    wanted = {made[0].id, made[2].id}
    assert {voucher.id for voucher in vouchers.list_vouchers(ids=sorted(wanted)).vouchers} == wanted
    long_ago = models.ParameterCreatedBeforeAfter.from_dict({"before": "2016-11-16T14:14:31Z"})
    assert vouchers.list_vouchers(created_at=long_ago).total == 0
    order = models.ParameterOrderVouchers("-code")
    codes = [voucher.code for voucher in vouchers.list_vouchers(category="New", order=order).vouchers]
    assert codes == sorted((voucher.code for voucher in made), reverse=True)

    template = {"type": "GIFT_VOUCHER", "gift": {"amount": 10}, "code_config": {"length": 8}}
    for name in ("Fall", "Rain", "Snow"):
        campaign = {"name": name, "campaign_type": "GIFT_VOUCHERS", "voucher": template}
        campaigns.create_campaign(models.CampaignsCreateRequestBody.from_dict(campaign))
    filters = {
        "junction": "or",
        "campaigns": {"conditions": {"$in": ["Fall", "Snow"]}},
        "created_date": {"conditions": {"$before": "2016-11-16T14:14:31Z"}},
    }
    list_spec = campaigns.list_campaigns(
        filters=models.ParameterFiltersListCampaigns.from_dict(filters),
        order=models.ParameterOrderListCampaigns("created_at"),
        campaign_status=models.ParameterCampaignStatusListCampaigns("DONE"),
    )
    assert [campaign.name for campaign in list_spec.campaigns] == ["Fall", "Snow"]


def test_categories(sdk: voucherify.ApiClient) -> None:
    categories, vouchers, campaigns = (
        voucherify.CategoriesApi(sdk), voucherify.VouchersApi(sdk), voucherify.CampaignsApi(sdk),
    )  # fmt: skip
    create = models.CategoriesCreateRequestBody.from_dict
    first = categories.create_category(create({"name": "First", "hierarchy": 1}))
    second = categories.create_category(create({"name": "Second", "hierarchy": 2}))
    assert categories.get_category(first.id).name == "First"
    list_spec = categories.list_categories()
    assert ([category.name for category in list_spec.data], list_spec.total) == (["Second", "First"], 2)

    body = {"type": "GIFT_VOUCHER", "gift": {"amount": 10}, "category_id": first.id}
    created = vouchers.create_voucher("V", models.VouchersCreateWithSpecificCodeRequestBody.from_dict(body))
    assert (created.category, created.category_id) == ("First", first.id)
    body = {
        "name": "Fall", "campaign_type": "GIFT_VOUCHERS", "category_id": second.id,
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 10}, "code_config": {"length": 8}},
    }  # fmt: skip
    campaign = campaigns.create_campaign(models.CampaignsCreateRequestBody.from_dict(body))
    assert (campaign.category, campaign.categories[0].id) == ("Second", second.id)

    update = models.CategoriesUpdateRequestBody.from_dict
    assert categories.update_category(first.id, update({"name": "Best", "hierarchy": 3})).updated_at is not None
    voucher = vouchers.get_voucher("V")
    assert [(category.name, category.hierarchy) for category in voucher.categories] == [("Best", 3)]
    assert vouchers.list_vouchers(category="Best").vouchers[0].category_id == first.id
    moved = vouchers.update_voucher("V", models.VouchersUpdateRequestBody.from_dict({"category_id": second.id}))
    assert moved.category == "Second"
    categories.delete_category(first.id)
    with pytest.raises(ApiException) as caught:
        categories.delete_category(second.id)
    assert (caught.value.status, "in use by 1 voucher and 1 campaign" in caught.value.body) == (409, True)


def test_a_voucher_is_created_in_its_campaign_and_found_by_it(sdk: voucherify.ApiClient) -> None:
    vouchers, campaigns = voucherify.VouchersApi(sdk), voucherify.CampaignsApi(sdk)
    template = {"type": "GIFT_VOUCHER", "gift": {"amount": 10}}
    body = {"name": "Fall / Winter", "campaign_type": "GIFT_VOUCHERS", "voucher": template}
    campaign = campaigns.create_campaign(models.CampaignsCreateRequestBody.from_dict(body))
    assert (campaign.type, campaign.start_date, campaign.use_voucher_metadata_schema) == ("STATIC", None, True)
    assert campaigns.get_campaign("Fall / Winter").id == campaign.id
    body = {**template, "campaign": "Fall / Winter", "code": "IN/1"}
    made = vouchers.generate_random_code(models.VouchersCreateRequestBody.from_dict(body))
    assert (made.code, made.campaign_id) == ("IN/1", campaign.id)
    body = {**template, "campaign_id": campaign.id}
    other = vouchers.create_voucher("IN/2", models.VouchersCreateWithSpecificCodeRequestBody.from_dict(body))
    assert other.campaign == "Fall / Winter"
    vouchers_of = vouchers.list_vouchers(limit=10, campaign_id=campaign.id).vouchers
    assert {voucher.code for voucher in vouchers_of} == {"IN/1", "IN/2"}
    assert vouchers.get_voucher("IN/1").id == made.id
    vouchers.delete_voucher("IN/1")
    binned = voucherify.BinApi(sdk).list_bin_entries(limit=5)
    assert [(entry.resource_name, entry.resource_type) for entry in binned.data] == [("IN/1", "voucher")]


def test_metadata_for_nobody_is_nothing_to_do(sdk: voucherify.ApiClient) -> None:
    vouchers, customers = voucherify.VouchersApi(sdk), voucherify.CustomersApi(sdk)
    products = voucherify.ProductsApi(sdk)
    nobody = (
        vouchers.update_vouchers_metadata_in_bulk(models.VouchersMetadataUpdateInBulkRequestBody()),
        customers.update_customers_metadata_in_bulk(models.CustomersMetadataUpdateInBulkRequestBody()),
        products.update_products_metadata_in_bulk(models.ProductsMetadataUpdateInBulkRequestBody()),
        customers.update_customers_metadata_in_bulk(),
        products.update_products_metadata_in_bulk(),
    )
    for started in nobody:
        assert done(sdk, started)["done_count"] == 0


def test_goods_without_keys_through_the_sdk(sdk: voucherify.ApiClient) -> None:
    products, orders = voucherify.ProductsApi(sdk), voucherify.OrdersApi(sdk)
    product = products.create_product(models.ProductsCreateRequestBody.from_dict({"name": "Pen", "source_id": "a/b"}))
    sku = products.create_sku("a/b", models.ProductsSkusCreateRequestBody.from_dict({"sku": "Blue"}))
    assert (sku.source_id, sku.product_id) == (None, product.id)
    item = {"quantity": 2, "product": {"name": "Shipping", "price": 5}}
    order = orders.create_order(models.OrdersCreateRequestBody.from_dict({"source_id": "o/1", "items": [item]}))
    (shown,) = order.items
    assert (shown.price, shown.amount, shown.subtotal_amount) == (5, 10, 10)
    assert shown.product.id == products.get_product(shown.product.id).id
    assert orders.get_order("o/1").id == order.id


def test_customers_tell_the_sdk_whether_there_are_more(sdk: voucherify.ApiClient) -> None:
    customers = voucherify.CustomersApi(sdk)
    for key in ("c/1", "c/2"):
        customers.create_customer(
            models.CustomersCreateRequestBody.from_dict({"source_id": key, "birthday": "2000-01-02"})
        )
    assert customers.list_customers(limit=1).has_more is True
    assert customers.list_customers(limit=2).has_more is False
    assert str(customers.get_customer("c/1").birthdate) == "2000-01-02"
