"""What pages show of what a key may not do: nothing that would be refused, and why."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from tallykeep.dashboard.kit import render
from tests.dashboard.browser import Browser
from tests.http.test_control import MIXED, run
from tests.server import Api, Server

OF_EVERYBODY = ("/theme", "/sign-out", "/sign-in")
NAVIGATION = {
    "/tasks": "async-actions.read",
    "/imports": "imports.preview",
    "/campaigns": "campaigns.read",
    "/resources": "vouchers.read",
    "/metadata": "metadata-schemas.read",
    "/keys": "keys.read",
    "/webhooks": "webhooks.read",
    "/audit-log": "audit-log.read",
}
SIGNING_IN = ["projects.read", "catalog.read", "async-actions.read"]
KEYS: dict[str, dict[str, Any]] = {
    "a reader": {"role": "reader"},
    "an operator": {"role": "operator"},
    "who may only follow tasks": {"role": "reader", "scopes": SIGNING_IN},
    "who may cancel and retry no customers": {
        "role": "operator", "scopes": [*SIGNING_IN, "async-actions.manage", "customers.write", "imports.preview"],
    },
    "who sees everything of an admin": {
        "role": "admin", "scopes": [
            *SIGNING_IN, "keys.read", "webhooks.read", "audit-log.read", "metadata-schemas.read", "campaigns.read",
            "vouchers.read", "products.read", "exports.read",
        ],
    },
}  # fmt: skip


def test_every_page_of_the_navigation_is_here() -> None:
    assert NAVIGATION.keys() == {path for _, path, _ in render.NAVIGATION}


@pytest.fixture
def filled(api: Api) -> list[str]:
    """The pages of a project that has some of everything, so that they have all their buttons."""
    action = run(api, MIXED)
    campaign = api.http.post(
        "/v1/campaigns", json={"name": "C", "voucher": {"gift": {"amount": 1}}, "vouchers_count": 1}
    )
    api.define_schema("voucher", {"k": {"type": "string"}, "gone": {"type": "string"}})
    assert api.http.delete("/v1/metadata-schemas/voucher/definitions/gone").status_code == 200
    hook = {"target_url": "https://hooks.example/x", "events": ["async_action.ended"], "active": False}
    webhook = api.http.post(f"/management/v1/projects/{api.keys.project}/webhooks", json=hook)
    task = f"/tasks/{action['id']}"
    return [
        *NAVIGATION, task, f"{task}/fix", f"{task}/batches", "/campaigns/new", f"/campaigns/{campaign.json()['id']}",
        *(f"/resources/{each}" for each in ("vouchers", "customers", "products", "orders")),
        *([f"/webhooks/{webhook.json()['id']}"] if webhook.status_code == 200 else []),
    ]  # fmt: skip


def signed_in(server: Server, api: Api, **fields: Any) -> Browser:
    key = api.http.post("/v1/keys", json=fields).json()
    browser = Browser(server.url)
    assert browser.sign_in(replace(api.keys, app_id=key["id"], app_token=key["token"])).status_code in (200, 403)
    return browser


def forms_in(text: str) -> Iterator[str]:
    for action in re.findall(r'<form method="post" action="([^"]*)"', text):
        if unescape(action) not in OF_EVERYBODY:
            yield action


@pytest.mark.parametrize("who", KEYS)
def test_no_button_is_shown_that_would_be_refused(server: Server, api: Api, filled: list[str], who: str) -> None:
    browser = signed_in(server, api, **KEYS[who])
    refused = []
    for path in filled:
        page = browser.get(path)
        if page.status_code == 403:
            assert "Ask an admin of the project to change this key" in page.text, path
            continue
        assert page.status_code == 200, page.text
        for action in dict.fromkeys(forms_in(page.text)):
            answer = browser.send(page, action)
            if answer.status_code == 403:
                refused.append((path, action))
    assert refused == []
    browser.http.close()


@pytest.mark.parametrize("who", KEYS)
def test_the_navigation_leads_to_what_may_be_seen(server: Server, api: Api, who: str) -> None:
    browser = signed_in(server, api, **KEYS[who])
    may = set(api_permissions(api, browser, **KEYS[who]))
    page = browser.get("/tasks")
    shown = set(re.findall(r'<a href="(/[a-z-]+)"', page.text)) & NAVIGATION.keys()
    readable = {path for path, permission in NAVIGATION.items() if permission in may}
    if {"customers.read", "products.read", "orders.read"} & may:
        readable.add("/resources")
    assert shown == readable
    for path in NAVIGATION.keys() - {"/imports"}:  # templates are for everybody who may see what there is
        assert (browser.get(path).status_code == 200) == (path in readable), path
    assert ('id="file"' in browser.get("/imports").text) == ("/imports" in readable)
    browser.http.close()


def api_permissions(api: Api, browser: Browser, **fields: Any) -> list[str]:
    """What such a key may do, asked of the API."""
    key = api.http.post("/v1/keys", json=fields).json()
    headers = {"X-App-Id": key["id"], "X-App-Token": key["token"]}
    answer = browser.http.get("/v1/keys/current", headers=headers).json()
    assert (answer["id"], answer["role"], answer["object"]) == (key["id"], fields["role"], "current_key")
    assert set(answer["permissions"]).isdisjoint(each["permission"] for each in answer["lacking"])
    return list(answer["permissions"])


def test_a_reader_is_told_what_is_missing_and_how_to_get_it(server: Server, api: Api, filled: list[str]) -> None:
    browser = signed_in(server, api, role="reader")
    lacked = {
        "/tasks": "async-actions.manage",
        "/campaigns": "campaigns.write",
        "/metadata": "metadata-schemas.manage",
        filled[len(NAVIGATION)]: "async-actions.manage",
    }
    for path, permission in lacked.items():
        page = browser.get(path)
        assert list(forms_in(page.text)) == [], path
        assert f'data-lacks="{permission}"' in page.text, path
        assert "its role is reader; the roles that have it" in page.text
    files = {"file": ("a.csv", "Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n")}
    token = re.search(r'"X-CSRF-Token": "([^"]+)"', browser.get("/imports").text)
    assert token
    headers = {"Origin": server.url, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": token[1]}
    preview = browser.http.post("/imports/preview", files=files, headers=headers)
    assert 'data-lacks="vouchers.write"' in preview.text
    assert "data-start" not in preview.text
    browser.http.close()


def test_an_admin_lacks_nothing(visitor: Browser, filled: list[str]) -> None:
    for path in filled:
        page = visitor.get(path)
        assert page.status_code == 200, path
        assert "data-lacks" not in page.text, path
    assert "/keys/revoke" not in visitor.get("/keys").text, "the only key is the one that is signed in"
    assert list(forms_in(visitor.get("/keys").text)) == ["/keys"]
