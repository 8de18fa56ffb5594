"""A real Chromium for all of these tests; somebody signed in to the test's project a test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Visitor, program, running_chromium, visiting
from tests.server import Api, Server

_MISSING = "there is no chromium: the dashboard was NOT tried in a browser (apt-get install chromium, or set CHROMIUM)"


# No longer than these tests last: an event loop runs with it, and others want their own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = program()
    if path is None:
        pytest.skip(_MISSING)
    with running_chromium(path) as browser:
        yield browser


@pytest.fixture
def visitor(chromium: Browser, server: Server, api: Api) -> Iterator[Visitor]:
    with visiting(chromium, server.url) as somebody:
        somebody.sign_in(api.keys)
        yield somebody
