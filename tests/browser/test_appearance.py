"""Every page in both themes and both widths: accessible, within the screen, and without complaint from the browser."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import VIEWS, Visitor, visiting
from tests.browser.examples import Project, fill
from tests.server import Api, Server


def _pages(project: Project) -> list[str]:
    return [
        "/tasks",
        "/tasks?status=DONE&file=csv&since=2026-01-01T00:00&zone=Europe/Berlin",
        "/tasks?status=FAILED",
        "/tasks/all/retry",
        "/tasks/all/cancel",
        f"/tasks/{project.mixed}",
        f"/tasks/{project.retried}",
        f"/tasks/{project.dry}",
        f"/tasks/{project.empty}",
        f"/tasks/{project.objects}",
        f"/tasks/{project.mixed}/batches",
        f"/tasks/{project.mixed}/fix",
        f"/tasks/{project.objects}/fix",
        f"/tasks/{project.mixed}/fix?reason=Voucher+Type+is+required",
    ]


@pytest.mark.parametrize(("size", "theme"), VIEWS)
def test_every_page_is_accessible_and_fits(chromium: Browser, server: Server, api: Api, size: str, theme: str) -> None:
    project = fill(api)
    with visiting(chromium, server.url, size, theme) as visitor:
        visitor.open("/sign-in")
        check(visitor)
        visitor.sign_in(api.keys)
        for path in _pages(project):
            visitor.open(path)
            check(visitor)


def check(visitor: Visitor) -> None:
    """The page is accessible, has one heading of its own, and fits the screen."""
    page = visitor.page
    assert visitor.faults() == [], page.url
    assert page.locator("h1").count() == 1, page.url
    assert _too_wide(page) == 0, page.url


def _too_wide(page: Page) -> int:
    """By how many pixels one would have to scroll the whole page sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_the_theme_that_was_chosen_outdoes_the_systems(chromium: Browser, server: Server, api: Api) -> None:
    with visiting(chromium, server.url, theme="light") as visitor:
        visitor.sign_in(api.keys)
        page = visitor.page
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        for named in ("light", "dark"):
            page.get_by_role("button", name="Theme").click()
            page.wait_for_selector(f'html[data-theme="{named}"]')
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
        assert visitor.faults() == []


def test_the_navigation_of_a_phone_is_a_menu_that_the_keyboard_opens(
    chromium: Browser, server: Server, api: Api
) -> None:
    with visiting(chromium, server.url, "phone") as visitor:
        visitor.sign_in(api.keys)
        page = visitor.page
        menu = page.get_by_role("navigation", name="Menu")
        assert not menu.is_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        for _ in range(2):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert menu.is_visible()
        assert visitor.faults() == []
        page.keyboard.press("Escape")
        assert not menu.is_visible()
