"""Somebody at the dashboard: signs in, watches, cancels, looks for tasks, and fixes what failed."""

import re
import time

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import Visitor, visiting
from tests.browser.examples import SUPPLIER, fill
from tests.http.test_control import accepted, gifts, run, submit
from tests.http.watching import vouchers_held_back
from tests.server import Api, Server


def test_one_signs_in_and_out(chromium: Browser, server: Server, api: Api) -> None:
    with visiting(chromium, server.url) as visitor:
        page = visitor.open("/tasks?status=DONE")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_label("App id").fill(api.keys.app_id)
        page.get_by_label("App token").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert").filter(has_text="keys are wrong")).to_be_visible()
        expect(page.get_by_label("App token")).to_be_focused()
        assert visitor.faults() == []
        # What the browser says of a page that is refused is no complaint about it.
        visitor.complaints.clear()
        page.get_by_label("App token").fill(api.keys.app_token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/tasks?status=DONE")
        page.get_by_role("button", name="Sign out").first.click()
        expect(page.get_by_text("You are signed out")).to_be_visible()
        visitor.open("/tasks")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_form_without_the_token_is_refused(visitor: Visitor) -> None:
    page = visitor.page
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach((token) => token.remove())")
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading", name="The form was refused")).to_be_visible()
    visitor.complaints.clear()
    visitor.open("/tasks")
    expect(page.get_by_role("heading", name="Background tasks")).to_be_visible()


def test_filters_stay_in_the_url(visitor: Visitor, api: Api) -> None:
    project = fill(api)
    page = visitor.open("/tasks")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Type").select_option("Voucher import (file)")
    page.get_by_label("Status").select_option("Done without failures")
    page.get_by_label("File name").fill("GIFT")
    page.get_by_label("from").fill("2026-01-01T12:00")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(lambda url: "file=GIFT" in url)
    assert "zone=Europe%2FBerlin" in page.url
    assert "until" not in page.url
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(f"#task-{project.dry}")).to_be_visible()
    page.reload()
    expect(page.get_by_label("File name")).to_have_value("GIFT")
    expect(page.get_by_text("4 filters in use")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("tbody tr")).to_have_count(5)


def test_the_list_goes_on_by_itself(visitor: Visitor, api: Api, served_database: str) -> None:
    page = visitor.open("/tasks")
    expect(page.get_by_role("heading", name="Nothing has run yet")).to_be_visible()
    with vouchers_held_back(served_database):
        action_id = accepted(submit(api, gifts(20)))
        page.reload()
        row = page.locator("tr", has=page.locator(f"#task-{action_id}"))
        expect(row.locator(".state")).to_have_text(re.compile("Waiting|Running"))
        page.locator(f"#task-{action_id}").focus()
    expect(row.locator(".state")).to_have_text("Done")
    # Whoever goes by keyboard stays where they are.
    expect(page.locator(f"#task-{action_id}")).to_be_focused()
    expect(page.get_by_text("20 rows, at most 20 a minute")).to_be_visible()


def test_a_running_task_is_watched_and_ends_before_ones_eyes(visitor: Visitor, api: Api, served_database: str) -> None:
    with vouchers_held_back(served_database):
        action_id = accepted(submit(api, gifts(12_000) + "BAD,,1,n\n"))
        page = visitor.open(f"/tasks/{action_id}")
        expect(page.locator(".figures", has_text="Still open")).to_contain_text("12,001")
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()
        assert visitor.faults() == []
        marked = page.evaluate("document.title = 'still the same page'")
        assert marked
    # In the end the page is made anew, with what failed.
    expect(page.locator("#reasons")).to_contain_text("Voucher Type is required")
    expect(page.locator(".figures div", has_text="Done").locator("dd")).to_have_text("12,000")
    assert page.title() != marked
    expect(page.get_by_role("list", name="Batches").get_by_role("listitem")).to_have_count(2)


def test_a_running_task_is_canceled_only_after_a_question(visitor: Visitor, api: Api, served_database: str) -> None:
    with vouchers_held_back(served_database):
        action_id = accepted(submit(api, gifts(10_000)))
        page = visitor.open(f"/tasks/{action_id}")
        page.get_by_role("button", name="Cancel").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Rows that are done stay done")
        assert visitor.faults() == []
        dialog.get_by_role("button", name="No").click()
        expect(dialog).to_be_hidden()
        assert api.get(f"/v1/async-actions/{action_id}")["finished_at"] is None
        page.get_by_role("button", name="Cancel").click()
        dialog.get_by_role("button", name="Cancel").click()
        expect(page.locator("#ended-early")).to_contain_text("Canceled")
        expect(page.get_by_role("status")).to_contain_text("10,000 rows left unprocessed")
    assert api.ended(action_id)["ended_by"] == "CANCELED"
    page.get_by_role("button", name="Process the rest").click()
    page.get_by_role("dialog").get_by_role("button", name="Process the rest").click()
    expect(page.locator("#parent")).to_be_visible()
    expect(page.locator(".state").first).to_have_text("Done")


def test_all_that_match_are_canceled_after_a_look_at_their_number(
    visitor: Visitor, api: Api, served_database: str
) -> None:
    with vouchers_held_back(served_database):
        ids = [accepted(submit(api, gifts(3))) for _ in range(3)]
        spared = api.import_json([{"code": "J", "gift": {"amount": 1}}])
        page = visitor.open("/tasks?type=VOUCHERS.IMPORT_CSV")
        page.get_by_role("link", name="Cancel what runs").click()
        expect(page.get_by_role("heading", name="Cancel 3 tasks?")).to_be_visible()
        later = accepted(submit(api, gifts(3)))
        page.get_by_role("button", name="Cancel 3 tasks").click()
        expect(page.get_by_role("status")).to_have_text("3 tasks were canceled.")
        assert "type=VOUCHERS.IMPORT_CSV" in page.url
    assert {api.ended(action_id)["ended_by"] for action_id in ids} == {"CANCELED"}
    assert api.ended(spared)["done_count"] == api.ended(later)["done_count"] // 3 == 1


def test_two_failed_rows_are_fixed_in_place_and_imported_alone(visitor: Visitor, api: Api) -> None:
    action = run(api, SUPPLIER.read_text())
    page = visitor.open(f"/tasks/{action['id']}")
    group = page.locator("#reasons tr", has_text="Value: must be a number")
    expect(group.locator("strong")).to_have_text("3")
    group.get_by_role("link", name="Fix").click()
    button = page.locator("#import-again")
    expect(button).to_be_disabled()
    wrong = page.locator("td.at-fault input")
    expect(wrong).to_have_count(3)
    wrong.first.fill("10")
    expect(button).to_have_text("Import 1 changed row")
    wrong.first.press("Enter")
    expect(wrong.nth(1)).to_be_focused()
    wrong.nth(1).fill("12.5")
    expect(button).to_have_text("Import 2 changed rows")
    wrong.nth(1).press("Control+Enter")
    page.wait_for_url(lambda url: "/fix" not in url)
    expect(page.get_by_role("status")).to_have_text("2 fixed rows sent.")
    expect(page.locator(".figures div", has_text="Done").locator("dd")).to_have_text("2")
    page.locator("#parent").click()
    page.wait_for_url(f"**/tasks/{action['id']}")
    expect(page.locator(".timeline .child")).to_have_text("2 rows")
    assert api.get("/v1/vouchers/FALL-0017")["discount"]["amount_off"] == 1000
    assert api.get("/v1/vouchers/FALL-0218")["discount"]["amount_off"] == 1250
    assert api.http.get("/v1/vouchers/FALL-0333").status_code == 404


def test_one_value_fixes_all_rows_with_a_reason(visitor: Visitor, api: Api) -> None:
    action = run(api, SUPPLIER.read_text())
    page = visitor.open(f"/tasks/{action['id']}/fix?reason=Voucher+Type+is+required")
    expect(page.get_by_label("Put into the column")).to_have_value("1")
    page.get_by_label("Put into the column").select_option("expiration date")
    page.get_by_label("this value").fill("any text")
    page.get_by_label("Put into the column").select_option("1")
    page.get_by_label("this value").select_option("DISCOUNT_VOUCHER")
    page.get_by_role("button", name="Import all 6").click()
    expect(page.get_by_role("dialog")).to_contain_text("voucher type = DISCOUNT_VOUCHER")
    page.get_by_role("dialog").get_by_role("button", name="Import all 6").click()
    expect(page.locator("#parent")).to_be_visible()
    expect(page.locator(".state").first).to_have_text("Done")
    expect(page.locator(".figures div", has_text="Done").locator("dd")).to_have_text("6")


def test_what_was_typed_is_not_lost_by_leaving(visitor: Visitor, api: Api) -> None:
    action = run(api, SUPPLIER.read_text())
    page = visitor.open(f"/tasks/{action['id']}/fix")
    page.locator("td.at-fault input").first.fill("10")
    dialogs: list[str] = []
    page.once("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Back to the task").click()
    assert dialogs == ["beforeunload"]
    expect(page.locator("td.at-fault input").first).to_have_value("10")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Back to the task").click()
    page.wait_for_url(f"**/tasks/{action['id']}")


@pytest.mark.parametrize("path", ["", "/fix"])
def test_ten_thousand_failures_stay_quick(visitor: Visitor, api: Api, path: str) -> None:
    rows = "".join(f'"V{number},{number % 7}",,1,"a note, of some length"\n' for number in range(10_000))
    action = run(api, "Code,Voucher Type,Value,Note\n" + rows)
    assert action["failed_count"] == 10_000
    visitor.open("/tasks")
    started = time.monotonic()
    page = visitor.open(f"/tasks/{action['id']}{path}")
    expect(page.get_by_text("10,000").first).to_be_visible()
    took = time.monotonic() - started
    assert took < 10, f"{took:.1f} s"
    assert len(page.content()) < 400_000
    page.locator("#more-rows").click()
    expect(page.locator("tbody tr", has_text="51").first).to_be_visible()
    assert "after_row=50" in page.url


def test_nothing_is_celebrated_where_nothing_was_done(visitor: Visitor, api: Api) -> None:
    project = fill(api)
    page = visitor.open(f"/tasks/{project.empty}")
    expect(page.locator("#no-rows")).to_contain_text("There were no rows")
    expect(page.locator(".state").first).to_have_text("No rows")
    visitor.open(f"/tasks/{project.dry}")
    expect(page.locator("#dry-run")).to_contain_text("nothing was written")
    expect(page.locator(".figures")).to_contain_text("Would be done")


def test_times_are_the_readers(visitor: Visitor, api: Api) -> None:
    action = run(api, gifts(1))
    page = visitor.open(f"/tasks/{action['id']}")
    shown = page.locator("time").first
    expect(shown).to_have_attribute("title", re.compile(r"(CET|CEST|GMT\+[12]).*Z$"))


def test_what_was_typed_stays_while_one_looks_at_other_reasons_or_adds_a_column(visitor: Visitor, api: Api) -> None:
    action = run(api, "Code,Voucher Type,Value\nA,GIFT_VOUCHER,x\nB,DISCOUNT_VOUCHER,1\nC,DISCOUNT_VOUCHER,1\n")
    page = visitor.open(f"/tasks/{action['id']}/fix")
    page.get_by_label("Row 1, Value").fill("5")
    page.get_by_role("link", name="Discount Type is required").click()
    page.wait_for_url("**reason=**")
    expect(page.locator("#import-again")).to_be_disabled()
    page.get_by_role("link", name="All failed rows").click()
    page.get_by_label("A column that the file does not have").select_option("Category")
    page.get_by_role("button", name="Add the column").click()
    page.wait_for_url("**add=Category**")
    expect(page.get_by_label("Row 1, Value")).to_have_value("5")
    page.get_by_label("Row 1, Category").fill("Fall")
    page.get_by_role("button", name="Import 1 changed row").click()
    expect(page.locator("#parent")).to_be_visible()
    assert api.get("/v1/vouchers/A")["category"] == "Fall"
    visitor.open(f"/tasks/{action['id']}/fix")
    expect(page.locator("#fixed")).to_contain_text("1 of the 3 rows was fixed")
    expect(page.get_by_label("Row 1, Value")).to_have_value("x")
    assert visitor.faults() == []
