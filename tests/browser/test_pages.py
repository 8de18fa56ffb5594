"""Campaigns, resources, metadata and keys, as somebody uses them; and how these pages look."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import VIEWS, Visitor, visiting
from tests.browser.test_appearance import check
from tests.server import Api, Server

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1450}}


def _furnish(api: Api) -> list[str]:
    """Something of each kind; the pages that show it."""
    bodies = {
        "campaigns": {"name": "Fall", "voucher": GIFT},
        "customers": {"source_id": "c", "name": "Ann", "email": "ann@example.com", "metadata": {"Tier": "gold"}},
        "products": {"source_id": "p", "name": "Shirt", "price": 1990},
        "vouchers": {**GIFT, "code": "A", "metadata": {"Region": "Europe"}},
        "orders": {"source_id": "o", "amount": 10, "items": [{"product_id": "p", "quantity": 1, "price": 10}]},
    }
    made = {name: api.http.post(f"/v1/{name}", json=body).json() for name, body in bodies.items()}
    api.http.post(f"/v1/products/{made['products']['id']}/skus", json={"source_id": "s", "sku": "XL", "price": 5})
    api.define_schema("voucher", {"Region": {"type": "string", "eq": ["Europe"]}, "Old": {"type": "number"}})
    api.http.delete("/v1/metadata-schemas/voucher/definitions/Old")
    campaign = f"/campaigns/{made['campaigns']['id']}"
    nouns = ("vouchers", "customers", "products", "orders")
    return [
        "/campaigns", "/campaigns?q=none", "/campaigns/new", campaign, f"{campaign}/delete",
        *(f"/resources/{noun}" for noun in nouns), "/resources/customers?q=none",
        *(f"/resources/{noun}/{made[noun]['id']}" for noun in nouns),
        "/metadata", "/metadata/purge?resource=voucher&key=Region", "/metadata/purge?resource=voucher&key=None",
        "/keys",
        "/audit-log",
    ]  # fmt: skip


@pytest.mark.parametrize(("size", "theme"), VIEWS)
def test_pages_of_resources_are_accessible_and_fit(
    chromium: Browser, server: Server, api: Api, size: str, theme: str
) -> None:
    with visiting(chromium, server.url, size, theme) as visitor:
        visitor.sign_in(api.keys)
        for path in ("/campaigns", "/resources/vouchers", "/metadata"):
            visitor.open(path)
            check(visitor)
        for path in _furnish(api):
            visitor.open(path)
            check(visitor)


def test_a_key_is_purged_only_after_it_was_typed(visitor: Visitor, api: Api) -> None:
    for code, metadata in (("A", {"Region": "x"}), ("B", {"Region": "y"}), ("C", {"Other": 1})):
        assert api.http.post("/v1/vouchers", json={**GIFT, "code": code, "metadata": metadata}).status_code == 200
    page = visitor.open("/metadata")
    form = page.get_by_role("region", name="Purge a key")
    form.get_by_label("Key").fill("Region")
    form.get_by_role("button", name="Count them").click()
    expect(page.get_by_text("2 vouchers carry this key")).to_be_visible()
    page.get_by_label("Type Region to confirm").fill("region")
    page.get_by_role("button", name="Purge it from 2 vouchers").click()
    expect(page.get_by_role("alert").filter(has_text="Nothing was purged")).to_be_visible()
    visitor.complaints.clear()  # what the browser says of a page that is refused
    assert api.get("/v1/vouchers/A")["metadata"] == {"Region": "x"}
    page.get_by_label("Type Region to confirm").fill("Region")
    page.get_by_role("button", name="Purge it from 2 vouchers").click()
    page.wait_for_url("**/tasks/aa_*")
    assert api.ended(page.url.rpartition("/")[2])["done_count"] == 2
    assert api.get("/v1/vouchers/A")["metadata"] == {}
    assert api.get("/v1/vouchers/C")["metadata"] == {"Other": 1}


def test_a_campaign_is_made_and_its_codes_come_before_ones_eyes(visitor: Visitor, api: Api) -> None:
    page = visitor.open("/campaigns")
    page.get_by_role("link", name="Create the first one").click()
    page.get_by_label("Name").fill("Winter")
    page.get_by_label("Each voucher is worth").select_option("percent off")
    page.get_by_label("How much").fill("12,5")
    page.get_by_label("How codes look").fill("W-##")
    page.get_by_label("How many codes to generate").fill("3000")
    expect(page.get_by_text("This allows 1,024 different codes. 3,000 are wanted")).to_be_visible()
    page.get_by_label("How codes look").fill("W-########")
    expect(page.get_by_text("This allows 1,099,511,627,776 different codes.")).to_be_visible()
    page.get_by_role("button", name="Create campaign").click()
    expect(page.get_by_role("heading", name="Winter")).to_be_visible()
    expect(page.locator("#now")).to_contain_text("3,000")
    expect(page.locator("#now .state")).to_have_text("Ready")
    expect(page.locator("#now")).to_contain_text("12.5 % off")
    page.get_by_label("How many to generate").fill("20")
    page.get_by_role("button", name="Generate").dblclick()
    page.wait_for_url("**?task=aa_*")
    api.ended(page.url.rpartition("=")[2])
    expect(page.locator("#now")).to_contain_text("3,020")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the codes").click()
    assert len(download.value.path().read_text().splitlines()) == 3021
    assert api.get("/v1/vouchers")["total"] == 3020
    visitor.open("/campaigns")
    page.get_by_role("link", name="Winter").click()
    page.get_by_role("link", name="Import codes from a file").click()
    file = {"name": "codes.csv", "mimeType": "text/csv", "buffer": b"Code\nW1\n"}
    page.get_by_label("A file of vouchers for Winter").set_input_files([file])
    expect(page.get_by_label("The rows are")).to_have_value("campaign-vouchers")
    expect(page.get_by_label("They go into the campaign")).to_have_value("Winter")


def test_a_new_key_is_shown_once(visitor: Visitor, api: Api) -> None:
    page = visitor.open("/keys")
    page.get_by_label("What it is for").fill("Shop")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Copy the token now.")).to_be_visible()
    assert visitor.faults() == []
    token = page.locator(".secret").nth(1).inner_text()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the token").click()
    expect(page.get_by_role("button", name="Copied the token")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    page.get_by_role("link", name="I have copied it").click()
    row = page.get_by_role("row", name="Shop")
    expect(row).to_be_visible()
    assert token not in page.content()
    row.get_by_text("Revoke…").click()
    row.get_by_role("button", name="Revoke it now").click()
    expect(page.get_by_role("status")).to_contain_text("was revoked")
    expect(page.get_by_role("row", name="Shop")).to_have_count(0)


def test_a_long_list_is_short_on_a_phone_and_one_can_sign_out_there(
    chromium: Browser, server: Server, api: Api
) -> None:
    rows = "".join(f"V{number:03},GIFT_VOUCHER,14.50,2030-12-31\n" for number in range(25))
    api.ended(api.import_csv("Code,Voucher Type,Value,Expiration Date\n" + rows))
    with visiting(chromium, server.url, "phone") as visitor:
        visitor.sign_in(api.keys)
        page = visitor.open("/resources/vouchers")
        first = page.locator("tbody tr").first
        expect(first).to_contain_text("2030-12-31, not included")
        assert page.locator("tbody tr").count() == 20
        assert page.evaluate("document.documentElement.scrollHeight") < 2500
        page.get_by_text("Menu", exact=True).click()
        assert visitor.faults() == []
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()
