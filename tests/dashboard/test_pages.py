"""Campaigns, resources, metadata and keys on pages."""

import re
from html import unescape

import httpx
import pytest

from tests.dashboard.browser import Browser
from tests.server import Api

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1450}}


def made(api: Api, path: str, **body: object) -> dict[str, object]:
    answer = api.http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(api: Api) -> list[str]:
    return [voucher["code"] for voucher in api.get("/v1/vouchers", limit=100)["vouchers"]]


def all_ended(api: Api) -> None:
    for action in api.get("/v1/async-actions", limit=100)["async_actions"]:
        api.ended(action["id"])


def task_of(page: httpx.Response) -> str:
    assert page.url.path.startswith("/tasks/"), page.text
    return page.url.path.removeprefix("/tasks/")


NUMBERS = '{"a": 1e28, "b": 18446744073709551616, "c": [123456789012345678901], "d": {"e": 0.12345678901234567890}}'


def test_numbers_of_any_length_are_shown_digit_by_digit(visitor: Browser, api: Api) -> None:
    json = {"Content-Type": "application/json"}
    customer = api.http.post(
        "/v1/customers", content=f'{{"source_id": "c", "metadata": {NUMBERS}}}', headers=json
    ).json()
    campaign = f'{{"name": "C", "voucher": {{"gift": {{"amount": 5}}}}, "metadata": {NUMBERS}}}'
    made = api.http.post("/v1/campaigns", content=campaign, headers=json).json()
    api.http.post("/v1/vouchers/V", content=f'{{"gift": {{"amount": 5}}, "metadata": {NUMBERS}}}', headers=json)
    voucher = api.get("/v1/vouchers/V")["id"]
    worth = '{"discount": {"type": "PERCENT", "percent_off": 10.10000000000000001}}'
    assert api.http.post("/v1/vouchers", content=worth, headers=json).status_code == 200
    for one in api.get("/v1/vouchers")["vouchers"]:
        assert visitor.get(f"/resources/vouchers/{one['id']}").status_code == 200
    for path in (f"resources/customers/{customer['id']}", f"campaigns/{made['id']}", f"resources/vouchers/{voucher}"):
        page = visitor.get(f"/{path}")
        assert page.status_code == 200, path
        for shown in ("1e+28", "18446744073709551616", "[123456789012345678901]", "0.12345678901234567890"):
            assert shown in unescape(page.text), (path, shown)
    for path in ("/resources/customers", "/resources/vouchers", "/campaigns", "/metadata"):
        assert visitor.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/campaigns", "/resources/vouchers", "/resources/orders", "/metadata"])
def test_rooms_with_nothing_in_them_tell_what_belongs_there(visitor: Browser, path: str) -> None:
    page = visitor.get(path)
    assert page.status_code == 200
    assert 'class="empty"' in page.text
    assert 'href="/imports?row_type=' in page.text or "New campaign" in page.text or "Define a key" in page.text


def test_resources_are_searched_and_looked_at(visitor: Browser, api: Api) -> None:
    customer = made(api, "/v1/customers", source_id="c/1", name="Ann <b>", email="ann@example.com",
                    metadata={"Tier": "gold", "Tags": ["x"]})  # fmt: skip
    made(api, "/v1/customers", source_id="c2", name="Bo")
    results = visitor.get("/resources/customers", q="ann@").text
    assert "1 customer found" in results
    assert "Ann &lt;b&gt;" in results
    one = visitor.get(f"/resources/customers/{customer['id']}").text
    assert "<dt>Tier</dt><dd>gold</dd>" in one
    assert "c/1" in one
    assert "<h1>Ann &lt;b&gt;</h1>" in one
    assert "Nothing was found" in visitor.get("/resources/customers", q="nobody").text
    made(api, "/v1/vouchers", **GIFT, code="A&B/1 #2", metadata={})
    list_spec = visitor.get("/resources/vouchers").text
    assert "14.50" in list_spec
    path = list_spec.partition('<td class="wide"><a href="')[2].partition('"')[0]
    voucher = visitor.get(path).text
    assert "A&amp;B/1 #2" in voucher
    assert "<dd>Gift voucher</dd>" in voucher
    assert "<dt>may be redeemed</dt><dd>without limit</dd>" in voucher
    assert "url" not in voucher
    product = made(api, "/v1/products", source_id="p", name="Shirt", price=1990)
    made(api, f"/v1/products/{product['id']}/skus", source_id="s", sku="XL")
    assert "XL" in visitor.get(f"/resources/products/{product['id']}").text
    order = made(api, "/v1/orders", source_id="o", items=[{"product_id": "p", "quantity": 2, "price": 1990}])
    assert "<td>19.90</td>" in visitor.get(f"/resources/orders/{order['id']}").text
    assert visitor.get("/resources/planets").status_code == 404
    assert visitor.get("/resources/vouchers/NONE").status_code == 404


def test_lists_are_downloaded_as_they_were_searched(visitor: Browser, api: Api) -> None:
    made(api, "/v1/campaigns", name="Fall & Co", voucher=GIFT)
    for code in ("A1", "A2"):
        assert api.http.post(f"/v1/campaigns/Fall%20%26%20Co/vouchers/{code}").status_code == 200
    made(api, "/v1/vouchers", **GIFT, code="B1")
    for query, codes in (({}, ["A1", "A2", "B1"]), ({"q": "2"}, ["A2"]), ({"campaign": "Fall & Co"}, ["A1", "A2"])):
        list_spec = visitor.get("/resources/vouchers", **query).text
        link = unescape(list_spec.partition('href="/resources/csv')[2].partition('"')[0])
        file = visitor.get(f"/resources/csv{link}")
        assert file.headers["content-disposition"] == 'attachment; filename="vouchers.csv"'
        assert file.content.startswith(b"\xef\xbb\xbfCode,Voucher Type,Value,")
        assert [line.partition(",")[0] for line in file.text.splitlines()[1:]] == codes
    safe = list_spec.rpartition('href="/resources/csv')[2].partition('"')[0]
    assert visitor.get(f"/resources/csv{unescape(safe)}").text.splitlines()[1].startswith('"A1","GIFT_VOUCHER"')
    (campaign,) = api.get("/v1/campaigns")["campaigns"]
    assert 'href="/resources/csv/vouchers?campaign=Fall%20%26%20Co"' in visitor.get(f"/campaigns/{campaign['id']}").text
    assert visitor.get("/resources/csv/planets").status_code == 404
    # A code may be called so, too.
    made(api, "/v1/vouchers", **GIFT, code="csv/vouchers")
    assert visitor.get("/resources/vouchers/csv%2Fvouchers").status_code == 200


def test_lists_have_pages(visitor: Browser, api: Api) -> None:
    rows = "".join(f"V{number:03},GIFT_VOUCHER,1\n" for number in range(45))
    api.ended(api.import_csv("Code,Voucher Type,Value\n" + rows))
    first = visitor.get("/resources/vouchers", q="V").text
    assert "45 vouchers found" in first
    assert "Page 1 of 3" in first
    last = visitor.get("/resources/vouchers", q="V", number="3").text
    assert last.count('<td class="wide">') == 5
    assert visitor.get("/resources/vouchers", number="4000").status_code == 200


def test_a_campaign_is_made_filled_changed_and_deleted(visitor: Browser, api: Api) -> None:
    form = visitor.get("/campaigns/new")
    fields = {"name": "Fall", "worth": "percent", "value": "120", "pattern": "F-####", "vouchers_count": "3"}
    wrong = visitor.send(form, "/campaigns", **fields)
    assert wrong.status_code == 422
    assert "How much: must be between 0 and 100" in wrong.text
    page = visitor.send(wrong, "/campaigns", **{**fields, "value": "12,5", "last_day": "2030-12-31"})
    assert "The campaign Fall was created" in page.text
    (campaign,) = api.get("/v1/campaigns")["campaigns"]
    path = f"/campaigns/{campaign['id']}"
    assert page.url.path == path
    assert campaign["voucher"]["discount"] == {"type": "PERCENT", "percent_off": 12.5}
    generated = visitor.send(page, f"{path}/generate", count="20")
    assert generated.url.path == path
    assert f'href="/tasks/{generated.url.params["task"]}"' in generated.text
    assert api.ended(generated.url.params["task"])["done_count"] == 20
    again = visitor.send(page, f"{path}/generate", count="20")
    assert again.url == generated.url
    too_many = visitor.send(visitor.get(path), f"{path}/generate", count="90000000")
    assert "The pattern allows only 1,048,576 different codes, but 90,000,000 are wanted" in too_many.text
    assert 'name="count" value="90000000"' in too_many.text
    assert set("".join(code[2:] for code in codes(api))) <= set("23456789ABCDEFGHJKLMNPQRSTUVWXYZ")
    changed = visitor.send(visitor.get(path), f"{path}/update", value="20", category="Sale", last_day="2030-12-31")
    assert "The campaign was changed" in changed.text
    assert "20 % off" in changed.text
    assert "Switch it on" in visitor.send(changed, f"{path}/switch").text
    ask = visitor.get(f"{path}/delete")
    assert "vouchers</strong>" in ask.text
    kept = visitor.send(ask, f"{path}/delete", typed="fall")
    assert "Nothing was deleted" in kept.text
    deleted = visitor.send(kept, f"{path}/delete", typed="Fall", force="true")
    assert api.ended(task_of(deleted))["status"] == "DONE"
    assert api.get("/v1/campaigns")["total"] == 0


def test_campaigns_with_nulls_in_their_vouchers_are_shown(visitor: Browser, api: Api) -> None:
    """The official SDK for Python sends every part that it knows, as null where nobody set it."""
    parts = ("redemption", "discount", "loyalty_card", "code_config", "metadata")
    voucher = {**GIFT, **dict.fromkeys(parts)}
    path = f"/campaigns/{made(api, '/v1/campaigns', name='One', voucher=voucher)['id']}"
    page = visitor.get(path)
    assert "<dd>without limit</dd>" in page.text
    page = visitor.send(page, f"{path}/update", limit="3")
    assert "<dd>3 times</dd>" in page.text


def test_ends_and_limits_of_a_campaign_are_told_changed_and_taken_off(visitor: Browser, api: Api) -> None:
    campaign = made(api, "/v1/campaigns", name="One", voucher=GIFT, expiration_date="2030-12-31", vouchers_count=1)
    path = f"/campaigns/{campaign['id']}"
    page = visitor.get(path)
    assert "<dd>2030-12-31, not included</dd>" in page.text
    assert 'name="last_day" value="2030-12-30"' in page.text
    assert "<dd>without limit</dd>" in page.text

    def campaign_now() -> tuple[object, object]:
        campaign_read = api.get(f"/v1/campaigns/{campaign['id']}")
        return campaign_read.get("expiration_date"), campaign_read["voucher"].get("redemption", {}).get("quantity")

    page = visitor.send(page, f"{path}/update", last_day="2030-12-30", limit="3")
    assert "<dd>3 times</dd>" in page.text
    assert campaign_now() == ("2030-12-31T00:00:00.000Z", 3)
    page = visitor.send(page, f"{path}/update", last_day="2030-12-31", limit="3")
    assert "<dd>2030-12-31, included</dd>" in page.text
    all_ended(api)
    assert "2030-12-31, included" in visitor.get("/resources/vouchers").text
    wrong = visitor.send(page, f"{path}/update", last_day="2031-01-31", limit="many")
    assert wrong.status_code == 422
    assert "May be redeemed: must be a number, not «many»" in wrong.text
    assert 'value="2031-01-31"' in wrong.text
    visitor.send(page, f"{path}/update", last_day="2030-12-31", no_end="true", limit="3", no_limit="true")
    assert campaign_now() == (None, None)
    all_ended(api)
    (voucher,) = api.get("/v1/vouchers")["vouchers"]
    assert (voucher["expiration_date"], voucher["redemption"]["quantity"]) == (None, None)


def test_a_code_alone_is_made_at_once(visitor: Browser, api: Api) -> None:
    campaign = made(api, "/v1/campaigns", name="One", voucher=GIFT)
    page = visitor.get(f"/campaigns/{campaign['id']}")
    text = visitor.send(page, f"/campaigns/{campaign['id']}/generate", count="1").text
    assert "was generated." in text
    assert api.get("/v1/vouchers")["total"] == 1


def test_a_key_is_defined_removed_restored_and_purged(visitor: Browser, api: Api) -> None:
    made(api, "/v1/customers", source_id="a", metadata={"Tier": "gold"})
    made(api, "/v1/customers", source_id="b", metadata={"Other": 1})
    page = visitor.get("/metadata")
    fields = {"resource": "customer", "key": "Tier", "type": "string", "choices": "gold, silver", "required": "true"}
    page = visitor.send(page, "/metadata/define", **fields)
    assert "Tier is defined for customers" in page.text
    assert "required; one of gold, silver" in page.text
    wrong = visitor.send(page, "/metadata/define", **{**fields, "type": "number", "choices": ""})
    assert wrong.status_code == 422
    assert "cannot be changed from string to number" in wrong.text
    strict = visitor.send(page, "/metadata/customer/strict")
    assert (
        api.http.post("/v1/customers", json={"source_id": "c", "metadata": {"Tier": "gold", "x": 1}}).status_code == 400
    )
    assert "Accept any key" in strict.text
    removed = visitor.send(strict, "/metadata/customer/remove")
    assert "Removed" in removed.text
    restored = visitor.send(removed, "/metadata/customer/restore")
    assert "Active" in restored.text
    in_force = visitor.get("/metadata/purge", resource="customer", key="Tier")
    assert "1 customer</strong> carries" in in_force.text
    assert "Its definition is active" in in_force.text
    assert "Type <code>" not in in_force.text
    ask = visitor.send(in_force, "/metadata/customer/remove")
    assert ask.url.path == "/metadata/purge"
    assert 'href="/metadata/purge?resource=customer&amp;key=Other"' in visitor.get("/metadata").text
    mistyped = visitor.send(ask, "/metadata/purge", typed="tier")
    assert "Nothing was purged" in mistyped.text
    purged = visitor.send(mistyped, "/metadata/purge", typed="Tier")
    assert api.ended(task_of(purged))["done_count"] == 1
    assert task_of(visitor.send(mistyped, "/metadata/purge", typed="Tier")) == task_of(purged)
    nothing = visitor.get("/metadata/purge", resource="customer", key="other")
    assert "nothing to purge" in nothing.text
    assert re.search("Did you mean <a [^>]*key=Other", nothing.text)
    assert "Delete its removed definition" not in nothing.text
    assert visitor.get("/metadata/purge", resource="planet", key="x").status_code == 404


def test_a_key_is_made_shown_once_used_and_revoked(visitor: Browser, api: Api) -> None:
    page = visitor.get("/keys")
    assert "You are signed in with this key" in page.text
    assert "Managed with a management key" in page.text
    shown = visitor.send(page, "/keys", name="Shop backend", kind="app")
    secrets = re.findall('<code class="secret" id="made-(?:id|token)">(.*?)</code>', shown.text)
    key_id, token = secrets
    assert f"export TALLYKEEP_APP_ID={key_id} TALLYKEEP_APP_TOKEN={token}</code>" in shown.text
    headers = {"X-App-Id": key_id, "X-App-Token": token}
    assert httpx.get(f"{api.url}/v1/vouchers", headers=headers, trust_env=False).status_code == 200
    list_spec = visitor.get("/keys")
    assert "Shop backend" in list_spec.text
    assert token not in list_spec.text
    form = list_spec.text.index("Shop backend")
    mine = httpx.Response(200, text=list_spec.text[form:], request=list_spec.request)
    revoked = visitor.send(mine, "/keys/revoke")
    assert "The key Shop backend was revoked" in revoked.text
    assert httpx.get(f"{api.url}/v1/vouchers", headers=headers, trust_env=False).status_code == 401
    wrong = visitor.send(page, "/keys", name="x" * 101, kind="service", role="reader")
    assert wrong.status_code == 422
    assert "What it is for should be a text of 1 to 100 printable characters" in wrong.text
    assert '<option value="service" selected>' in wrong.text
    assert '<option value="reader" selected>' in wrong.text
    refused = visitor.send(page, "/keys", name="x", kind="management")
    assert "managed with one of them" in refused.text
    service = visitor.send(page, "/keys", name="Second", kind="service")
    assert "POST /v2/oauth/token" in service.text


def test_a_key_is_narrowed_down_and_gets_a_new_token(visitor: Browser, api: Api) -> None:
    limits = {"expires_at": "2099-01-31", "addresses": "192.0.2.0/24, 2001:db8::/32", "scopes": "vouchers.read"}
    visitor.send(visitor.get("/keys"), "/keys", name="Supplier", kind="app", role="reader", **limits)
    (key,) = [key for key in api.get("/v1/keys")["keys"] if key["name"] == "Supplier"]
    assert key["addresses"] == ["192.0.2.0/24", "2001:db8::/32"]
    assert (key["role"], key["scopes"], key["expires_at"]) == ("reader", ["vouchers.read"], "2099-01-31T00:00:00.000Z")
    changes = {**limits, "name": "Supplier", "role": "operator", "addresses": "", "scopes": ""}
    changed = visitor.send(visitor.get("/keys"), "/keys/change", **changes)
    assert "The key Supplier was changed" in changed.text
    (key,) = [key for key in api.get("/v1/keys")["keys"] if key["name"] == "Supplier"]
    assert (key["role"], key["scopes"], key["addresses"]) == ("operator", None, [])
    assert key["expires_at"] == "2099-01-31T00:00:00.000Z"
    refused = visitor.send(visitor.get("/keys"), "/keys/change", **{**changes, "scopes": "vouchers.eat"})
    assert "there is no permission" in refused.text
    rotated = visitor.send(visitor.get("/keys"), "/keys/rotate", hours="2")
    _, token = re.findall('<code class="secret" id="made-(?:id|token)">(.*?)</code>', rotated.text)
    headers = {"X-App-Id": key["id"], "X-App-Token": token}
    assert httpx.get(f"{api.url}/v1/vouchers", headers=headers, trust_env=False).status_code == 200
    assert "The token before works until" in rotated.text
    again = visitor.send(visitor.get("/keys"), "/keys/rotate", hours="2")
    assert "two of its tokens work" in again.text
    assert "End the older one of its two tokens now" in again.text
    meant = visitor.send(visitor.get("/keys"), "/keys/rotate", hours="0", end_previous="true")
    assert "was rotated" in meant.text
