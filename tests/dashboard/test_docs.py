"""/docs, as it comes from the server."""

import re

from tallykeep.dashboard.kit.render import STATIC
from tests.dashboard.browser import Browser


def test_nothing_that_the_page_loads_is_elsewhere(browser: Browser) -> None:
    answer = browser.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == browser.get("/sign-in").headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert len(loaded) > 5
    assert all(path.startswith("/") and not path.startswith("//") for path in loaded)
    assert all(browser.get(path).status_code == 200 for path in loaded if path.startswith("/static/"))
    assert "<script>" not in answer.text
    assert "style=" not in answer.text


def test_files_of_others_come_with_their_licenses() -> None:
    folder = STATIC / "swagger"
    assert "Apache License" in (folder / "LICENSE").read_text()
    assert {path.name for path in folder.iterdir()} >= {"NOTICE", "README.md", "swagger-ui-bundle.js.LICENSE.txt"}
