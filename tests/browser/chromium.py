"""Debian's Chromium, driven by Playwright; and what every page has to hold, whatever is done on it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tallykeep.tenants.projects import Keys

SIZES = {"wide": (1280, 800), "phone": (390, 844)}
THEMES = ("light", "dark")
# Each size and each theme once; EVERY_VIEW=1 tries all of them.
VIEWS = (
    [(size, theme) for size in SIZES for theme in THEMES]
    if os.environ.get("EVERY_VIEW")
    else [("wide", "light"), ("phone", "dark")]
)
_AXE = Path(__file__).parent / "axe" / "axe.min.js"
_FLAGS = ["--no-sandbox"] if os.geteuid() == 0 else []


def program() -> str | None:
    """Where Chromium is, if it is."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """A browser while the context lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


class Visitor:
    """Somebody at the dashboard: a page, and the complaints that the browser has about it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        # Violations of the content security policy come as errors of the console, too.
        self.page.on("console", lambda message: self._complain(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self._complain(str(error)))

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{self.page.url}: {text}")

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, keys: Keys) -> None:
        page = self.open("/sign-in")
        page.get_by_label("App id").fill(keys.app_id)
        page.get_by_label("App token").fill(keys.app_token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/tasks")

    def faults(self) -> list[str]:
        """What axe finds on the page that is serious, or worse."""
        report: dict[str, Any] = self.page.evaluate(
            f"async () => {{ {_AXE.read_text()}; return await axe.run(document, {{resultTypes: ['violations']}}) }}"
        )
        serious = [fault for fault in report["violations"] if fault["impact"] in ("serious", "critical")]
        return [f"{fault['id']}: {fault['nodes'][0]['html']} ({fault['help']})" for fault in serious]


@contextmanager
def visiting(browser: Browser, url: str, size: str = "wide", theme: str = "light") -> Iterator[Visitor]:
    """A visitor with an empty browser of this size and theme; no page may have given cause for complaint in the end."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light",
        timezone_id="Europe/Berlin", locale="en-GB",
    )  # fmt: skip
    context.set_default_timeout(20_000)
    try:
        visitor = Visitor(context, url)
        yield visitor
        assert not visitor.complaints
    finally:
        context.close()
