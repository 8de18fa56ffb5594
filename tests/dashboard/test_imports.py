"""The import wizard's parts: what they show of a look at a file, and what they hand on to the API."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest

from tests.dashboard.browser import Browser
from tests.server import Api

GERMAN = (
    "Gutschein-Code;Art;Wert;gültig bis;Filiale\n"
    "H-1;GIFT_VOUCHER;14.5;2026-12-31;Berlin\n"
    "H-2;GIFT_VOUCHER;zehn;2026-12-31;Bonn\n"
).encode("cp1252")


@pytest.fixture
def token(visitor: Browser) -> str:
    match = re.search(r'"X-CSRF-Token": "([^"]+)"', visitor.get("/imports").text)
    assert match
    return match[1]


def previewed(visitor: Browser, token: str, content: bytes, **fields: str) -> httpx.Response:
    files = {"file": ("rows.csv", content)}
    return visitor.http.post("/imports/preview", files=files, data=fields, headers={"X-CSRF-Token": token})


def started(visitor: Browser, token: str, content: bytes, query: dict[str, str], **fields: str) -> Any:
    headers = {"X-CSRF-Token": token, "Idempotency-Key": "one-import"}
    files = {"file": ("rows.csv", content)}
    return visitor.http.post("/imports/start", params=query, files=files, data=fields, headers=headers).json()


def chosen(part: str) -> dict[str, str]:
    """The column's choices as they stand in the form."""
    return {
        unescape(name): unescape(re.search(r'value="([^"]*)" selected', options)[1])  # type: ignore[index]
        for name, options in re.findall(r'<select name="(column-\d+)"[^>]*>(.*?)</select>', part, re.DOTALL)
    }


def test_limits_and_templates_are_shown_before_any_upload(visitor: Browser) -> None:
    page = visitor.get("/imports").text
    assert "Up to 1.1 GB" in page
    assert "JavaScript" in page
    template = visitor.get("/imports/template/customers")
    assert template.text.startswith("\ufeffSource_id,Name,Email")
    assert "attachment" in template.headers["content-disposition"]
    assert visitor.get("/imports/template/planets").status_code == 404


def test_a_look_shows_suggestions_and_problems_in_their_cells(visitor: Browser, token: str) -> None:
    part = previewed(visitor, token, GERMAN).text
    assert chosen(part) == {
        "column-0": "field:Code", "column-1": "field:Voucher Type", "column-2": "field:Value",
        "column-3": "field:Expiration Date", "column-4": "",
    }  # fmt: skip
    assert re.search(r'<td data-title="Value" class="flaw">zehn<span class="why">must be a number</span>', part)
    assert "1 row has problems, 1 is fine" in part
    assert "Import 2 rows" in part


def test_rows_of_a_kind_that_the_columns_do_not_tell_are_asked_about_before_anything_else(
    visitor: Browser, token: str
) -> None:
    orders = b"Order number;Customer;Total\nO-1;Ann;10\n"
    part = previewed(visitor, token, orders).text
    assert "What are these rows?" in part
    assert "Orders are not in this list" in part
    assert '<option value="" selected>' in part
    assert "data-start" not in part
    assert "column-0" not in part
    chosen_part = previewed(visitor, token, orders, row_type="customers").text
    assert "Import 1 row" in chosen_part
    few_of_many = b"Code;Voucher Type;Value;a;b;c;d;e;f\nX;GIFT_VOUCHER;1;;;;;;\n"
    assert "Import 1 row" in previewed(visitor, token, few_of_many).text
    assert "What are these rows?" in previewed(visitor, token, b'[{"a": 1, "b": 2}]').text


def test_importing_is_the_second_choice_where_no_row_would_go_in(visitor: Browser, token: str) -> None:
    part = previewed(visitor, token, b"Code,Voucher Type,Value\nA,DISCOUNT_VOUCHER,1\n").text
    assert "None of them would be imported as it is." in part
    assert re.search(r'<button type="button" data-start="import">Import 1 row anyway', part)


def test_what_was_chosen_is_what_is_looked_at(visitor: Browser, token: str) -> None:
    titles = {f"title-{index}": title for index, title in enumerate(["Gutschein-Code", "Art", "Wert", "gültig bis"])}
    uses = {"column-0": "field:Code", "column-1": "field:Voucher Type", "column-2": "out", "column-3": ""}
    part = previewed(visitor, token, GERMAN, row_type="vouchers", charset="cp1252", **titles, **uses).text
    assert chosen(part) == {**uses, "column-4": ""}
    assert "Value is required" in part
    twice = previewed(visitor, token, GERMAN, **titles, **{**uses, "column-2": "field:Code"})
    assert "x-problem" in twice.headers
    assert "skip one of them" in twice.text


def test_a_file_is_sent_once_for_all_looks_at_it(visitor: Browser, token: str) -> None:
    first = previewed(visitor, token, GERMAN)
    headers = {"X-CSRF-Token": token}
    fields = {"kept": first.headers["x-kept"], "row_type": "vouchers", "title-4": "Filiale", "column-4": "out"}
    part = visitor.http.post("/imports/preview", data=fields, headers=headers).text
    assert chosen(part)["column-4"] == "out"
    assert "rows.csv" in part
    assert "Import 2 rows" in part
    gone = visitor.http.post("/imports/preview", data={**fields, "kept": "of-another-process"}, headers=headers)
    assert gone.headers["x-send-again"] == "true"


def test_what_may_be_too_large_to_be_looked_at_is_not_even_read(visitor: Browser, token: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nCode\r\n--x--\r\n'

    headers = {"X-CSRF-Token": token, "Content-Type": "multipart/form-data; boundary=x"}
    answer = visitor.http.post("/imports/preview", content=chunks(), headers=headers)
    assert "its size was not sent" in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {"files": {f"file{number}": (None, b"x" * 900_000) for number in range(5)}},
        {"files": {f"file{number}": ("a.csv", b"Code") for number in range(2)}},
        {"files": {"f" * 5_000_000: ("a.csv", b"Code")}},
        {"data": {"field": "x" * 5_000_000}},
    ],
    ids=["fields", "files", "header of a part", "urlencoded"],
)
def test_what_is_held_of_a_form_beside_its_file_is_bounded(
    visitor: Browser, token: str, form: dict[str, dict[str, Any]]
) -> None:
    answer = visitor.http.post("/imports/preview", headers={"X-CSRF-Token": token}, **form)
    assert answer.status_code in {400, 413}
    assert previewed(visitor, token, GERMAN + b"\n" * 5_000_000).status_code == 200


def test_columns_that_do_not_count_in_a_campaign_are_named(visitor: Browser, token: str) -> None:
    part = previewed(
        visitor, token, b"Code,Voucher Type,Value,Colour\nA,GIFT_VOUCHER,5,red\n", row_type="campaign-vouchers"
    ).text
    for title in ("Voucher Type", "Value"):
        assert f"«{title}» does not count" in part or f"{title}" in part.partition("does not count")[0]
    assert part.count("comes from the campaign") == 2


def test_columns_of_failed_rows_that_are_not_read_are_not_said_to_be_a_campaigns(visitor: Browser, token: str) -> None:
    rows = b"Code,Voucher Type,Value,row,line,reason\nA,GIFT_VOUCHER,ten,1,2,Value: must be a number\n"
    part = previewed(visitor, token, rows, row_type="vouchers").text
    assert "<strong>Not read: row, line, reason.</strong> In a file of failed rows" in part
    assert "sets the type and discount of its vouchers" not in part


def test_wide_files_are_looked_at_too(visitor: Browser, token: str) -> None:
    titles = ["Code", *(f"m{number}" for number in range(900))]
    fields = {f"title-{number}": title for number, title in enumerate(titles)}
    fields |= {f"column-{number}": "" for number in range(1, 900)} | {"column-0": "field:Code", "column-900": "out"}
    content = (",".join(titles) + "\n" + ",".join("x" for _ in titles) + "\n").encode()
    assert chosen(previewed(visitor, token, content, row_type="vouchers", **fields).text)["column-900"] == "out"


def test_files_that_cannot_be_read_or_hold_nothing_say_so(visitor: Browser, token: str) -> None:
    broken = previewed(visitor, token, b"\0\0\0")
    assert "x-problem" in broken.headers
    assert "is this a text file?" in broken.text
    empty = previewed(visitor, token, b"Code,Voucher Type\n").text
    assert "There is nothing to import" in empty
    assert "data-start" not in empty


def test_an_import_is_handed_on_as_it_was_chosen_and_counts_once(visitor: Browser, token: str, api: Api) -> None:
    mapping = '{"Gutschein-Code": "Code", "Art": "Voucher Type", "Wert": "Value"}'
    query = {"row_type": "vouchers", "rows": "csv"}
    first = started(visitor, token, GERMAN, query, mapping=mapping, delimiter=";")
    action = api.ended(first["task"])
    assert (action["done_count"], action["failed_count"], action["file_name"]) == (1, 1, "rows.csv")
    assert started(visitor, token, GERMAN, query, mapping=mapping, delimiter=";") == first
    assert "was used for another" in started(visitor, token, GERMAN + b"x;;;;\n", query, mapping=mapping)["problem"]


def test_a_dry_run_is_told_of_beside_the_wizard(visitor: Browser, token: str, api: Api) -> None:
    mapping = '{"Gutschein-Code": "Code", "Art": "Voucher Type", "Wert": "Value"}'
    task = started(visitor, token, GERMAN, {"row_type": "vouchers"}, mapping=mapping, dry_run="true")["task"]
    api.ended(task)
    part = visitor.get(f"/imports/dry-run/{task}").text
    assert "1 of 2 rows would be imported, 1 would fail. Nothing was written." in part
    assert re.search(r'First rows">\s*2 <span class="line">\(line 3\)</span></td>', part)
    assert "hx-get" not in part
    assert api.get("/v1/vouchers")["total"] == 0


def test_vouchers_of_a_campaign_need_their_campaign(visitor: Browser, token: str, api: Api) -> None:
    voucher = {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}
    assert api.http.post("/v1/campaigns", json={"name": "Fall & Co", "voucher": voucher}).status_code == 200
    part = previewed(visitor, token, b"Code\nA\n", row_type="campaign-vouchers").text
    assert '<option value="Fall &amp; Co">' in part
    assert "Not checked yet" in part
    query = {"row_type": "campaign-vouchers"}
    assert "Choose the campaign" in started(visitor, token, b"Code\nA\n", query)["problem"]
    action = api.ended(started(visitor, token, b"Code\nA\n", {**query, "campaign": "Fall & Co"})["task"])
    assert action["done_count"] == 1
    skus = started(visitor, token, b"[]", {"row_type": "skus", "rows": "json"})
    assert "cannot be imported in this format" in skus["problem"]


def test_nobody_else_can_start_an_import(visitor: Browser, token: str) -> None:
    headers = {"X-CSRF-Token": token, "Origin": "https://elsewhere.example"}
    answer = visitor.http.post("/imports/start?row_type=vouchers", files={"file": b"Code\nA\n"}, headers=headers)
    assert answer.status_code == 403
