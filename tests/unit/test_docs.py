"""The pages that are made from the code are the ones that lie in docs/, and those written by hand leave nothing out."""

import re
from pathlib import Path

import pytest
from docs.write import HTTP_API, PAGE, compatibility_page, http_api_page, operations
from pydantic_core import PydanticUndefined

from tallykeep.core.settings import PREFIX, Settings
from tallykeep.dashboard.kit.render import NAVIGATION

ROOT = Path(__file__).parents[2]
_PAGES = (
    "README.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/**/*.md",
    "tests/README.md",
    "examples/README.md",
)
_ROWS = re.compile(r"^\| `(TALLYKEEP_\w+)` \| ([^|]+?) \|", re.MULTILINE)
_LINKS = re.compile(r"\]\(([^)#:]+)(?:#([^)]*))?\)")


def test_the_compatibility_page_is_up_to_date() -> None:
    assert PAGE.read_text() == compatibility_page(), "docs/compatibility.md is out of date; run `make docs`"


def test_the_table_of_permissions_is_up_to_date() -> None:
    assert HTTP_API.read_text() == http_api_page(), "docs/http-api.md is out of date; run `make docs`"
    assert "| `keys.manage` | admin |" in HTTP_API.read_text()


def test_nothing_is_both_refused_and_taken() -> None:
    for endpoint, operation in operations().items():
        declared = operation.get("x-compatibility", {})
        taken = {*declared.get("kept", ()), *declared.get("unused", ())}
        assert not taken.intersection(declared.get("refused", ())), endpoint


def test_every_setting_stands_in_the_configuration_page_with_its_default() -> None:
    documented = dict(_ROWS.findall((ROOT / "docs/configuration.md").read_text()))
    assert documented.keys() == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default is not None and field.default is not PydanticUndefined:
            assert documented[f"{PREFIX}{name.upper()}"].partition(" (")[0] == f"`{field.default}`"


def test_the_pages_that_can_be_closed_are_all_of_the_dashboard() -> None:
    paths = ",".join(["/sign-in", *(path for _, path, _ in NAVIGATION)])
    assert f"(`{paths}`)" in (ROOT / "docs/configuration.md").read_text()


def test_every_test_of_the_threat_model_is_there() -> None:
    named = re.findall(r"`(?:(\w+/test_\w+\.py)(?:::)?)?(test_\w+)?`", (ROOT / "SECURITY.md").read_text())
    file = ""
    for path, test in named:
        file = path or file
        assert (ROOT / "tests" / file).is_file(), file
        assert not test or f"def {test}(" in (ROOT / "tests" / file).read_text(), test
    assert len([test for _, test in named if test]) > 10


@pytest.mark.parametrize("page", [str(path.relative_to(ROOT)) for each in _PAGES for path in sorted(ROOT.glob(each))])
def test_links_lead_to_pages_and_headings_that_are_there(page: str) -> None:
    for path, heading in _LINKS.findall((ROOT / page).read_text()):
        target = (ROOT / page).parent / path
        assert target.exists(), path
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}, path
