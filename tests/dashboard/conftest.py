"""Somebody at the dashboard, signed in to the test's project."""

from collections.abc import Iterator

import pytest

from tests.dashboard.browser import Browser
from tests.server import Api, Server


@pytest.fixture
def browser(server: Server) -> Iterator[Browser]:
    visitor = Browser(server.url)
    yield visitor
    visitor.http.close()


@pytest.fixture
def visitor(browser: Browser, api: Api) -> Browser:
    page = browser.sign_in(api.keys)
    assert (page.status_code, page.url.path) == (200, "/tasks"), page.text
    return browser
