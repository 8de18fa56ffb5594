"""Too many requests in the dashboard: every page says how long to wait, and leads elsewhere."""

import re
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.dashboard.browser import Browser
from tests.server import Api

A_MINUTE = 25
HOST_SETTINGS = {"TALLYKEEP_RATE_LIMIT": str(A_MINUTE)}


@pytest.fixture
def guest(limited: Api) -> Iterator[Browser]:
    browser = Browser(limited.url)
    with closing(browser.http):
        assert browser.sign_in(limited.keys).status_code == 200
        yield browser


def use_up(api: Api) -> None:
    """Ask until nothing is left of the key's minute."""
    for _ in range(A_MINUTE + 1):
        if api.http.get("/v1/vouchers").status_code == 429:
            return
    raise AssertionError("nothing was refused")


def details(page: httpx.Response) -> str:
    match = re.search(r'<p id="details">(.*?)</p>', page.text, re.DOTALL)
    assert match, page.text
    return match[1]


@pytest.mark.parametrize("path", ["/tasks", "/imports", "/resources"])
def test_the_page_says_how_long_and_keeps_its_navigation(limited: Api, guest: Browser, path: str) -> None:
    use_up(limited)
    page = guest.get(path)
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 60
    assert "ask who runs this server to raise it" in details(page)
    assert re.search(r"Send it again in (1 minute|\d+ seconds?)", details(page))
    for link in ("/tasks", "/imports", "/resources", "/keys"):
        assert f'href="{link}"' in page.text


def test_the_wizard_is_answered_so_too(limited: Api, guest: Browser) -> None:
    match = re.search(r'"X-CSRF-Token": "([^"]+)"', guest.get("/imports").text)
    assert match
    headers = {"X-CSRF-Token": match[1], "HX-Request": "true"}
    use_up(limited)
    for path in ("/imports/preview", "/imports/start?row_type=vouchers"):
        refused = guest.http.post(path, files={"file": ("a.csv", "Code\nA\n")}, headers=headers)
        assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)
        assert "X-Problem" not in refused.headers, "nothing is wrong with the file"
        assert "Send it again" in details(refused)
