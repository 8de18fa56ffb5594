"""Somebody imports a file while their key has no requests left: what they have chosen is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import Visitor, visiting
from tests.dashboard.test_too_many_requests import HOST_SETTINGS, use_up
from tests.server import Api

__all__ = ["HOST_SETTINGS"]


@pytest.fixture
def importer(chromium: Browser, limited: Api) -> Iterator[Visitor]:
    with visiting(chromium, limited.url) as somebody:
        somebody.sign_in(limited.keys)
        yield somebody
        somebody.complaints = [each for each in somebody.complaints if "429" not in each]


def test_the_wizard_says_how_long_to_wait_and_keeps_the_choices(
    importer: Visitor,
    limited: Api,
    tmp_path: Path,
) -> None:
    file = tmp_path / "vouchers.csv"
    file.write_text("Code,Voucher Type,Amount,Branch\nA,GIFT_VOUCHER,1,Bonn\n")
    page = importer.open("/imports")
    page.locator("#file").set_input_files(file)
    branch = page.get_by_label("Branch becomes")
    expect(branch).to_be_visible()
    use_up(limited)
    branch.select_option("Leave out")
    problem = page.locator("#problem")
    expect(problem).to_contain_text("Send it again in")
    expect(problem).to_contain_text("What you have chosen is kept, and the file is read again by itself")
    expect(branch).to_have_value("out")
    page.get_by_role("button", name="Import 1 row").click()
    expect(problem).to_contain_text("What you have chosen is kept")
    assert "Reload" not in problem.inner_text()
    assert limited.keys.app_id
