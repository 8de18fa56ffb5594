"""The official Python SDK as a client: it creates, imports, polls and lists, and reads every answer."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import voucherify
from voucherify.exceptions import ApiException
from voucherify.models.vouchers_create_with_specific_code_request_body import VouchersCreateWithSpecificCodeRequestBody
from voucherify.models.vouchers_import_create_item_request_body import VouchersImportCreateItemRequestBody

from tests.http.oauth import REVOKE, bearer, send, token_of
from tests.server import Api

POLLS, POLL_SECONDS = 100, 0.1


@pytest.fixture
def sdk(api: Api) -> Iterator[voucherify.ApiClient]:
    configuration = voucherify.Configuration(
        host=api.url, api_key={"X-App-Id": api.keys.app_id, "X-App-Token": api.keys.app_token}
    )
    with voucherify.ApiClient(configuration) as client:
        yield client


def until_success(actions: voucherify.AsyncActionsApi, action_id: str) -> voucherify.AsyncActionGetResponseBody:
    for _ in range(POLLS):
        action = actions.get_async_action(action_id)
        if action.operation_status == "SUCCESS":
            return action
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"{action_id} did not succeed")


def row(code: str) -> VouchersImportCreateItemRequestBody:
    return VouchersImportCreateItemRequestBody.from_dict(
        {"code": code, "type": "GIFT_VOUCHER", "gift": {"amount": 10000}, "active": True, "metadata": {"unit": "EUR"}}
    )


def test_create_import_poll_and_list(sdk: voucherify.ApiClient, tmp_path: Path) -> None:
    vouchers, actions = voucherify.VouchersApi(sdk), voucherify.AsyncActionsApi(sdk)

    body = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 300, "effect": "APPLY_TO_ORDER"}}
    created = vouchers.create_voucher("SDK-1", VouchersCreateWithSpecificCodeRequestBody.from_dict(body))
    assert created.code == "SDK-1"
    assert vouchers.get_voucher("SDK-1").id == created.id

    by_json = vouchers.import_vouchers(vouchers_import_create_item_request_body=[row("SDK-2"), row("SDK-3")])
    first = until_success(actions, by_json.async_action_id)
    assert first.result["message"] == "2 voucher(s) imported successfully, 0 failed."

    file = tmp_path / "vouchers.csv"
    file.write_text("Code,Voucher Type,Value\nSDK-4,GIFT_VOUCHER,10\nSDK-5,,10\n")
    by_csv = vouchers.import_vouchers_using_csv(file=str(file), webhooks_enable=False)
    second = until_success(actions, by_csv.async_action_id)
    assert second.result["failed"] == [{"code": "SDK-5", "row": 2, "reason": "Voucher Type is required"}]

    page = vouchers.list_vouchers(limit=10, order="code")
    assert [voucher.code for voucher in page.vouchers] == ["SDK-1", "SDK-2", "SDK-3", "SDK-4"]

    newest = actions.list_async_actions(limit=1)
    assert [action.id for action in newest.async_actions] == [second.id]
    assert newest.has_more is True
    older = actions.list_async_actions(limit=10, end_date=second.created_at)
    assert [action.id for action in older.async_actions] == [first.id]
    assert older.has_more is False


def test_a_token_serves_until_it_is_revoked(api: Api, tmp_path: Path) -> None:
    token = token_of(api, "vouchers async-actions")
    file = tmp_path / "vouchers.csv"
    file.write_text("Code,Voucher Type,Value\nSDK-6,GIFT_VOUCHER,10\n")
    configuration = voucherify.Configuration(host=api.url)
    with voucherify.ApiClient(configuration, "Authorization", bearer(token)["Authorization"]) as client:
        vouchers = voucherify.VouchersApi(client)
        started = vouchers.import_vouchers_using_csv(file=str(file), webhooks_enable=False)
        until_success(voucherify.AsyncActionsApi(client), started.async_action_id)
        assert [voucher.code for voucher in vouchers.list_vouchers(limit=10).vouchers] == ["SDK-6"]
        assert send(api.http, REVOKE, ("access_token", token)).status_code == 204
        with pytest.raises(ApiException) as refused:
            vouchers.list_vouchers(limit=10)
    assert refused.value.status == 401


def test_errors_reach_the_sdk(sdk: voucherify.ApiClient) -> None:
    with pytest.raises(ApiException) as caught:
        voucherify.AsyncActionsApi(sdk).get_async_action("aa_0aeb82bd55d5beffb")
    assert caught.value.status == 404


def test_schemas_through_the_sdk(api: Api) -> None:
    api.define_schema("voucher", {"unit": {"type": "number", "optional": False}})
    keys = {
        "X-App-Id": api.keys.app_id,
        "X-App-Token": api.keys.app_token,
        "X-Management-Id": api.keys.management_id,
        "X-Management-Token": api.keys.management_token,
    }
    with voucherify.ApiClient(voucherify.Configuration(host=api.url, api_key=keys)) as client:
        schema = voucherify.MetadataSchemasApi(client).get_metadata_schema("voucher")
        assert schema.properties["unit"]["type"] == "number"
        projects = voucherify.ManagementApi(client).list_projects()
        assert [project.id for project in projects.data] == [api.keys.project]
        list_spec = voucherify.ManagementApi(client).list_metadata_schemas1(api.keys.project)
        assert list_spec.data[0].properties["unit"]["optional"] is False
