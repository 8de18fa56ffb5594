"""/docs in a browser: all operations, out of our own files, without complaint of the browser."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import THEMES, visiting
from tests.server import Api, Server


@pytest.mark.parametrize("theme", THEMES)
def test_operations_are_drawn_and_tried_without_anything_from_elsewhere(
    chromium: Browser, server: Server, api: Api, theme: str
) -> None:
    with visiting(chromium, server.url, theme=theme) as visitor:
        requested: list[str] = []
        visitor.page.on("request", lambda request: requested.append(request.url))
        page = visitor.open("/docs")
        expect(page).to_have_title("API · Tallykeep")
        document = api.http.get("/openapi.json").json()
        expect(page.locator(".opblock")).to_have_count(sum(len(path) for path in document["paths"].values()))
        expect(page.locator("html.dark-mode")).to_have_count(1 if theme == "dark" else 0)
        operation = page.locator(".opblock", has_text="/livez")
        operation.locator(".opblock-summary").click()
        operation.get_by_role("button", name="Execute").click()
        expect(operation.locator(".live-responses-table td.response-col_status:not(.col_header)")).to_contain_text(
            "200"
        )
        assert {urlsplit(url).netloc for url in requested if not url.startswith("data:")} == {
            urlsplit(server.url).netloc
        }
