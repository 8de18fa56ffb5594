"""What the import wizard sends is what it shows, however slow the look at a choice is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.chromium import Visitor
from tests.browser.test_imports import choose
from tests.server import Api
from tests.unit.test_sheet import workbook

PREVIEW = "**/imports/preview"
CODES = "Code;Art;Wert;Filiale\nH-1;Wertkarte;14.5;Köln\nH-2;GIFT_VOUCHER;5;Bonn\n"


@dataclass
class Held:
    """Looks that are under way until they are let go."""

    page: Page

    def begin(self) -> None:
        self.page.route(PREVIEW, lambda _: None)  # neither answered nor sent on

    def let_go(self) -> None:
        self.page.unroute(PREVIEW)  # sends on what is held


@dataclass(frozen=True)
class Case:
    """A choice that is made, and what has to be true of the import that follows it."""

    make: Callable[[Page], Any]
    holds: Callable[[Api, dict[str, Any]], bool]


def _select(label: str, option: str) -> Callable[[Page], Any]:
    return lambda page: page.get_by_label(label).select_option(option)


def _voucher(api: Api, code: str) -> dict[str, Any]:
    return dict(api.get(f"/v1/vouchers/{code}"))


IMMEDIATE = {
    "mapping": Case(
        _select("Filiale becomes", "Leave out"), lambda api, action: _voucher(api, "H-2")["metadata"] == {}
    ),
    "field": Case(
        _select("Filiale becomes", "Category"), lambda api, action: _voucher(api, "H-2")["category"] == "Bonn"
    ),
    "values": Case(
        _select("Voucher Type: Wertkarte means", "GIFT_VOUCHER"), lambda api, action: action["done_count"] == 2
    ),
    "typed": Case(
        lambda page: page.get_by_label("Category of all rows").fill("Fall"),
        lambda api, action: _voucher(api, "H-2")["category"] == "Fall",
    ),
    "error policy": Case(
        _select("If rows fail", "import nothing at all"),
        lambda api, action: (action["on_error"], action["done_count"]) == ("reject", 0),
    ),
}
READ_ANEW = {
    "charset": Case(
        _select("Encoding", "Windows-1251, Cyrillic"),
        lambda api, action: "Kцln" in api.http.get(f"/v1/async-actions/{action['id']}/file").text,
    ),
}


@pytest.fixture
def page(visitor: Visitor, tmp_path: Path) -> Page:
    path = tmp_path / "codes.csv"
    path.write_text(CODES, encoding="cp1252")
    page = visitor.open("/imports")
    choose(page, path)
    page.get_by_label("A field that the file does not have").select_option("Category")
    expect(page.get_by_label("Category of all rows")).to_be_visible()
    return page


@pytest.fixture
def starts(page: Page) -> Iterator[list[Request]]:
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request) if "/imports/start" in request.url else None)
    yield requests


def import_button(page: Page) -> Any:
    return page.locator('[data-start="import"]')


def imported(page: Page, api: Api) -> dict[str, Any]:
    page.wait_for_url("**/tasks/aa_*")
    return api.ended(page.url.rpartition("/")[2])


@pytest.mark.parametrize("name", IMMEDIATE)
def test_the_button_waits_for_the_look_at_a_choice(page: Page, api: Api, starts: list[Request], name: str) -> None:
    held = Held(page)
    held.begin()
    IMMEDIATE[name].make(page)
    import_button(page).click()
    expect(page.locator("#waits")).to_contain_text("Checking your changes")
    assert not starts
    held.let_go()
    assert IMMEDIATE[name].holds(api, imported(page, api))


@pytest.mark.parametrize("name", READ_ANEW)
def test_columns_that_are_read_anew_are_looked_at_before_they_are_sent(
    page: Page, api: Api, starts: list[Request], name: str
) -> None:
    held = Held(page)
    held.begin()
    READ_ANEW[name].make(page)
    import_button(page).click()
    held.let_go()
    expect(page.locator("#waits")).to_contain_text("read again, and nothing was sent")
    assert not starts
    import_button(page).click()
    assert READ_ANEW[name].holds(api, imported(page, api))


def test_another_kind_is_never_sent_with_the_columns_of_the_one_before(page: Page, starts: list[Request]) -> None:
    held = Held(page)
    held.begin()
    page.get_by_label("The rows are").select_option("Products")
    import_button(page).click()
    held.let_go()
    expect(page.locator("#waits")).to_contain_text("cannot be imported as it is")
    expect(page.get_by_label("Filiale becomes")).to_have_value("")
    assert not starts


def test_a_check_of_every_row_is_of_the_choices_that_are_shown(page: Page, api: Api) -> None:
    held = Held(page)
    held.begin()
    page.get_by_label("Voucher Type: Wertkarte means").select_option("GIFT_VOUCHER")
    page.get_by_role("button", name="Check every row first").click()
    held.let_go()
    expect(page.locator("#dry-run")).to_contain_text("All 2 rows would be imported")
    page.get_by_label("Voucher Type: Wertkarte means").select_option("stays as it is")
    expect(page.locator("#verdict")).to_contain_text("1 row has problems")
    expect(page.locator("#dry-run")).to_be_empty()
    assert api.get("/v1/vouchers")["total"] == 0


def test_choices_made_while_a_look_is_under_way_are_all_kept(page: Page, api: Api) -> None:
    held = Held(page)
    held.begin()
    page.get_by_label("Filiale becomes").select_option("Leave out")
    page.get_by_label("If rows fail").select_option("import nothing at all")
    page.get_by_label("Voucher Type: Wertkarte means").select_option("GIFT_VOUCHER")
    held.let_go()
    expect(page.locator("#verdict")).to_have_text("All are fine.")
    expect(page.get_by_label("Filiale becomes")).to_have_value("out")
    expect(page.get_by_label("If rows fail")).to_have_value("reject")
    import_button(page).click()
    action = imported(page, api)
    assert (action["done_count"], action["on_error"]) == (2, "reject")
    assert _voucher(api, "H-1")["metadata"] == {}


def test_after_a_look_that_failed_the_next_press_looks_first(visitor: Visitor, page: Page, api: Api) -> None:
    page.route(PREVIEW, lambda route: route.abort())
    page.get_by_label("Filiale becomes").select_option("Leave out")
    expect(page.locator("#problem")).to_contain_text("cannot be reached")
    page.unroute(PREVIEW)
    import_button(page).click()
    imported(page, api)
    assert _voucher(api, "H-2")["metadata"] == {}
    visitor.complaints.clear()  # of the answer that did not come


def test_what_was_chosen_for_a_file_is_never_sent_with_another(page: Page, api: Api, tmp_path: Path) -> None:
    other = tmp_path / "others.csv"
    other.write_text("Code;Voucher Type;Value;Filiale\nO-1;GIFT_VOUCHER;1;Ulm\n")
    page.get_by_label("Filiale becomes").select_option("Leave out")
    expect(page.locator("table.preview th.off")).to_have_count(1)
    held = Held(page)
    held.begin()
    page.get_by_label("If rows fail").select_option("import nothing at all")
    page.locator("#file").set_input_files(other)
    expect(page.locator("#choices")).to_have_count(0)
    held.let_go()
    expect(page.locator(".gist")).to_contain_text("others.csv")
    expect(page.get_by_label("Filiale becomes")).to_have_value("")
    import_button(page).click()
    action = imported(page, api)
    assert (action["file_name"], action["on_error"]) == ("others.csv", "continue")
    assert _voucher(api, "O-1")["metadata"] == {"Filiale": "Ulm"}


def test_vouchers_go_into_the_campaign_that_is_shown(visitor: Visitor, api: Api, tmp_path: Path) -> None:
    for name in ("Fall", "Spring"):
        campaign = {"name": name, "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}}
        assert api.http.post("/v1/campaigns", json=campaign).status_code == 200
    path = tmp_path / "codes.csv"
    path.write_text("Code\nA\n")
    page = visitor.open("/imports?row_type=campaign-vouchers&campaign=Fall")
    choose(page, path)
    held = Held(page)
    held.begin()
    page.get_by_label("They go into the campaign").fill("Spring")
    import_button(page).click()
    held.let_go()
    imported(page, api)
    assert _voucher(api, "A")["campaign"] == "Spring"


def test_a_workbook_goes_to_the_server_once_and_again_where_it_is_not_known_any_more(
    visitor: Visitor, tmp_path: Path
) -> None:
    book = tmp_path / "codes.xlsx"
    book.write_bytes(workbook([["Code", "Voucher Type", "Value", "Shop"], ["A", "GIFT_VOUCHER", "1", "x"]]).getvalue())
    page = visitor.open("/imports")
    files: list[bool] = []
    page.on("request", lambda request: files.append(_has_file(request)) if "/preview" in request.url else None)
    choose(page, book)
    page.get_by_label("Shop becomes").select_option("Leave out")
    expect(page.locator("table.preview th.off")).to_have_count(1)
    assert files == [True, False]
    page.route(PREVIEW, lambda route: route.fulfill(headers={"X-Send-Again": "true"}, body=""), times=1)
    with page.expect_request(lambda request: "/preview" in request.url and _has_file(request)):
        page.get_by_label("Shop becomes").select_option("Category")
    expect(page.locator("table.preview th.off")).to_have_count(0)
    assert files == [True, False, False, True]
    expect(page.get_by_label("Shop becomes")).to_have_value("field:Category")


def _has_file(request: Request) -> bool:
    return 'name="kept"' not in _posted(request)


SHEET = (
    '<label>Sheet <select name="sheet" data-detected="A"><option value="A" selected>A</option><option>B</option>'
    "</select></label>"
)


def test_sheet_and_header_row_are_asked_for_only_where_somebody_chose_them(page: Page, tmp_path: Path) -> None:
    def as_of_a_workbook(route: Route) -> None:
        answer = route.fetch()
        text = answer.text().replace('<div class="inputs">', f'<div class="inputs">{SHEET}')
        route.fulfill(response=answer, body=text)

    posted: list[str] = []
    page.on("request", lambda request: posted.append(_posted(request)) if "/imports/" in request.url else None)
    page.route(PREVIEW, as_of_a_workbook)
    page.get_by_label("Filiale becomes").select_option("Leave out")
    expect(page.get_by_label("Sheet")).to_have_value("A")
    page.get_by_label("Filiale becomes").select_option("Category")
    expect(page.locator("table.preview th.off")).to_have_count(0)
    assert 'name="sheet"' not in posted[-1]
    assert 'name="header_row"' not in posted[-1]
    assert 'name="column-0"' in posted[-1]
    page.get_by_label("Header in line").fill("2")
    page.get_by_label("Header in line").blur()
    expect(page.get_by_text("1 row above the header is not read")).to_be_visible()
    expect(page.get_by_label("Header in line")).to_have_value("2")
    assert 'name="header_row"\r\n\r\n2' in posted[-1]
    assert 'name="column-0"' not in posted[-1]  # of another header
    page.unroute(PREVIEW)
    held = Held(page)
    held.begin()
    with page.expect_request(PREVIEW):
        page.get_by_label("Sheet").select_option("B")
    assert 'name="sheet"\r\n\r\nB' in posted[-1]
    assert 'name="column-0"' not in posted[-1]
    held.let_go()


def _posted(request: Request) -> str:
    return (request.post_data_buffer or b"").decode("latin-1")
