"""Webhooks, as somebody uses them; and how their pages look."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import VIEWS, Visitor, visiting
from tests.browser.test_appearance import check
from tests.receiver import closed_port, receiving
from tests.server import Api, Server

EVENTS = ["async_action.started", "async_action.vouchers.import_csv.ended"]


@pytest.mark.parametrize(("size", "theme"), VIEWS)
def test_pages_of_webhooks_are_accessible_and_fit(
    chromium: Browser, server: Server, api: Api, size: str, theme: str
) -> None:
    with visiting(chromium, server.url, size, theme) as visitor:
        visitor.sign_in(api.keys)
        visitor.open("/webhooks")
        check(visitor)
        path = f"/management/v1/projects/{api.keys.project}/webhooks"
        body = {"target_url": f"http://127.0.0.1:{closed_port()}/a/rather/long/path?of=a&webhook=1", "events": EVENTS}
        webhook = api.http.post(path, json=body).json()["id"]
        visitor.open(f"/webhooks/{webhook}")
        check(visitor)
        api.ended(api.import_csv("Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n"))
        api.http.post(f"{path}/{webhook}/test")
        while not api.get(f"{path}/{webhook}")["failing_since"]:
            pass
        for page in ("/webhooks", f"/webhooks/{webhook}", f"/webhooks/{webhook}?status=GIVEN_UP"):
            visitor.open(page)
            check(visitor)


def test_a_webhook_is_made_its_secret_copied_and_an_event_sent(visitor: Visitor, api: Api) -> None:
    with receiving() as receiver:
        page = visitor.open("/webhooks")
        page.get_by_label("Where to").fill(f"{receiver.url}/hook")
        page.get_by_label("a task starts").uncheck()
        page.get_by_role("button", name="Create webhook").click()
        expect(page.get_by_text("Copy the secret now.")).to_be_visible()
        assert visitor.faults() == []
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy the secret").click()
        assert page.evaluate("navigator.clipboard.readText()").startswith("whsec_")
        page.get_by_role("link", name="I have copied it").click()
        expect(page.get_by_text("many rows of a task fail, a task ends")).to_be_visible()
        page.get_by_role("button", name="Send a test event").click()
        assert receiver.next().event["type"] == "webhook.test"
        expect(page.get_by_role("status")).to_contain_text("on its way")
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("status")).to_contain_text("was deleted")
        assert api.get(f"/management/v1/projects/{api.keys.project}/webhooks")["total"] == 0
