"""Somebody imports a file of their own: with wrong headers and wrong cells."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import VIEWS, Visitor, visiting
from tests.browser.test_appearance import check
from tests.http.watching import vouchers_held_back
from tests.server import Api, Server
from tests.unit.test_sheet import workbook

ROWS = [
    ["Gutschein-Code", "Art", "Wert", "gueltig bis", "Filiale"],
    ["H-1", "GIFT_VOUCHER", "14.5", "2026-12-31", "Berlin"],
    ["H-2", "GIFT_VOUCHER", "zehn", "bald", "Bonn"],
    ["H-3", "", "5", "2026-12-31", "Köln"],
    ["H-4", "GIFT_VOUCHER", "5", "2026-12-31", "Bonn"],
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Gutscheine.csv"
    path.write_text("".join(";".join(row) + "\n" for row in ROWS), encoding="cp1252")
    return path


def choose(page: Page, file: Path) -> None:
    page.locator("#file").set_input_files(file)
    expect(page.get_by_role("heading", name="What it is")).to_be_visible()


def test_a_file_with_wrong_headers_goes_in_and_its_bad_rows_are_fixed(visitor: Visitor, api: Api, file: Path) -> None:
    page = visitor.open("/imports")
    expect(page.locator("#limits")).to_contain_text("Up to 1.1 GB")
    choose(page, file)
    expect(page.get_by_role("heading", name="What it is")).to_be_focused()
    expect(page.get_by_label("The rows are")).to_have_value("vouchers")
    expect(page.get_by_label("Encoding")).to_have_value("cp1252")
    expect(page.get_by_label("Delimiter")).to_have_value(";")
    expect(page.get_by_label("Gutschein-Code becomes")).to_have_value("field:Code")
    expect(page.locator("td.flaw")).to_have_count(3)
    expect(page.locator("td.flaw").first).to_contain_text("must be a number")
    expect(page.locator("#verdict")).to_have_text("2 rows have problems, 2 are fine.")
    page.get_by_label("gueltig bis becomes").select_option("Leave out")
    expect(page.locator("td.flaw")).to_have_count(2)
    expect(page.get_by_label("gueltig bis becomes")).to_be_focused()
    page.get_by_role("button", name="Import 4 rows").click()
    page.wait_for_url("**/tasks/aa_*")
    action = api.ended(page.url.rpartition("/")[2])
    assert (action["done_count"], action["failed_count"], action["file_name"]) == (2, 2, "Gutscheine.csv")
    assert api.get("/v1/vouchers/H-1")["metadata"] == {"Filiale": "Berlin"}
    assert api.get("/v1/vouchers/H-1")["expiration_date"] is None
    expect(page.locator("#reasons")).to_contain_text("Voucher Type is required")
    page.locator("#fix").click()
    page.get_by_label("Row 2, Value").fill("10")
    page.get_by_label("Row 3, Voucher Type").select_option("GIFT_VOUCHER")
    page.get_by_role("button", name="Import 2 changed rows").click()
    expect(page.locator("#all-in")).to_contain_text("4 of 4 rows of Gutscheine.csv were imported")
    assert api.get("/v1/vouchers")["total"] == 4


def test_every_row_is_checked_first_where_one_wants_it(visitor: Visitor, api: Api, file: Path) -> None:
    page = visitor.open("/imports")
    choose(page, file)
    page.get_by_role("button", name="Check every row first").click()
    expect(page.locator("#dry-run")).to_contain_text("2 of 4 rows would be imported, 2 would fail. Nothing was")
    expect(page.locator("#dry-run")).to_contain_text("Voucher Type is required")
    assert api.get("/v1/vouchers")["total"] == 0
    assert visitor.faults() == []
    page.get_by_role("button", name="Import, 2 would fail").click()
    page.wait_for_url("**/tasks/aa_*")
    api.ended(page.url.rpartition("/")[2])
    assert api.get("/v1/vouchers")["total"] == 2


def test_a_double_click_imports_once(visitor: Visitor, api: Api, file: Path, served_database: str) -> None:
    page = visitor.open("/imports")
    choose(page, file)
    keys: list[str] = []
    page.on("request", lambda request: keys.append(request.headers.get("idempotency-key", "")))
    with vouchers_held_back(served_database):
        page.get_by_role("button", name="Import 4 rows").dblclick()
        page.wait_for_url("**/tasks/aa_*")
        assert len(api.get("/v1/async-actions")["async_actions"]) == 1
    assert len({key for key in keys if key}) == 1


def test_a_field_belongs_to_one_column(visitor: Visitor, file: Path) -> None:
    page = visitor.open("/imports")
    choose(page, file)
    page.get_by_label("Filiale becomes").select_option("Code (required)")
    expect(page.get_by_label("Gutschein-Code becomes")).to_have_value("")
    expect(page.locator("table.preview th", has_text="Filiale")).to_contain_text("→ Code")
    expect(page.locator("#problem")).to_be_empty()
    page.get_by_label("Filiale becomes").select_option("Leave out")
    expect(page.get_by_role("alert").filter(has_text="needs one")).to_be_visible()
    expect(page.get_by_role("button", name="Import 4 rows")).to_be_disabled()


def test_a_workbook_comes_whole_and_another_kind_is_asked_for_anew(visitor: Visitor, tmp_path: Path) -> None:
    book = tmp_path / "Kunden.xlsx"
    rows = [
        ["Name", "E-Mail", "Birthdate", "Code"],
        *([f"Ann {n}", f"ann{n}@example.com", "soon", ""] for n in range(30)),
    ]
    book.write_bytes(workbook(rows).getvalue())
    page = visitor.open("/imports")
    choose(page, book)
    expect(page.get_by_label("The rows are")).to_have_value("customers")
    expect(page.locator(".gist")).to_contain_text("Excel workbook")
    expect(page.locator("td.flaw").first).to_contain_text("must be a date")
    page.get_by_label("The rows are").select_option("Products")
    expect(page.get_by_label("Name becomes")).to_have_value("field:name")
    expect(page.get_by_label("The rows are")).to_be_focused()


def test_only_the_beginning_of_a_long_file_is_sent_to_be_looked_at(visitor: Visitor, api: Api, tmp_path: Path) -> None:
    long = tmp_path / "long.csv"
    long.write_text("Code,Voucher Type,Value\n" + "".join(f"L{n:06},GIFT_VOUCHER,1\n" for n in range(30_000)))
    page = visitor.open("/imports")
    with page.expect_request(lambda request: request.method == "POST") as posted:
        choose(page, long)
    assert 262_144 <= int(posted.value.header_value("content-length") or 0) < 264_000
    expect(page.locator(".gist")).to_contain_text("more than")
    page.get_by_role("button", name="Import the file").click()
    page.wait_for_url("**/tasks/aa_*")
    assert api.ended(page.url.rpartition("/")[2])["done_count"] == 30_000


def test_what_cannot_be_imported_says_why(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open("/imports")
    for name, content, message in (
        ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF" * 99, "is this a text file?"),
        ("nothing.csv", b"", "The file is empty"),
        ("only.csv", b"Code,Voucher Type\n", "There is nothing to import"),
        ("broken.xlsx", b"PK\x03\x04" + bytes(99), "The workbook cannot be read"),
    ):
        (tmp_path / name).write_bytes(content)
        page.locator("#file").set_input_files(tmp_path / name)
        expect(page.locator("#wizard")).to_contain_text(message)
        expect(page.get_by_role("button", name=re.compile("^Import"))).to_have_count(0)


@pytest.mark.parametrize(("size", "theme"), VIEWS)
def test_the_wizard_is_accessible_and_fits(
    chromium: Browser, server: Server, api: Api, file: Path, size: str, theme: str
) -> None:
    with visiting(chromium, server.url, size, theme) as visitor:
        visitor.sign_in(api.keys)
        page = visitor.open("/imports")
        check(visitor)
        choose(page, file)
        check(visitor)
        page.get_by_role("button", name="Check every row first").click()
        expect(page.locator("#dry-run")).to_contain_text("Nothing was written")
        check(visitor)


def test_what_texts_mean_and_what_all_rows_lack_is_said_before_the_import(
    visitor: Visitor, api: Api, tmp_path: Path
) -> None:
    own = tmp_path / "codes.csv"
    own.write_text("Code;Art;Wert\nA-1;Rabattkarte;10\nA-2;DISCOUNT_VOUCHER;20\nA-3;Wertkarte;30\n")
    page = visitor.open("/imports")
    choose(page, own)
    expect(page.locator("#verdict")).to_contain_text("None of them would be imported")
    page.get_by_label("Voucher Type: Rabattkarte means").select_option("DISCOUNT_VOUCHER")
    page.get_by_label("Voucher Type: Wertkarte means").select_option("GIFT_VOUCHER")
    expect(page.locator("#verdict")).to_have_text("2 rows have problems, 1 is fine.")
    expect(page.locator("#constants + p + ul")).to_contain_text("2 rows of the first 3 need it")
    page.get_by_label("Discount Type of all rows").select_option("PERCENT")
    expect(page.locator("#verdict")).to_have_text("All are fine.")
    page.get_by_label("Another field").select_option("Category")
    page.get_by_label("Category of all rows").fill("Fall")
    page.get_by_label("Category of all rows").press("Enter")
    expect(page.locator("[name=defaults]")).to_have_value('{"Discount Type":"PERCENT","Category":"Fall"}')
    assert visitor.faults() == []
    page.get_by_role("button", name="Import 3 rows").click()
    page.wait_for_url("**/tasks/aa_*")
    assert api.ended(page.url.rpartition("/")[2])["done_count"] == 3
    assert api.get("/v1/vouchers/A-1")["discount"] == {"type": "PERCENT", "percent_off": 10.0}
    assert api.get("/v1/vouchers/A-3")["gift"]["amount"] == 3000
    assert api.get("/v1/vouchers/A-2")["category"] == "Fall"
