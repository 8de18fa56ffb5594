"""The audit log's page; and what is done in the dashboard is told with who was signed in, and from where."""

import csv
import io
import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import psycopg

from tests.dashboard.browser import Browser
from tests.db.audit_log import entries_in
from tests.http.audit_calls import GIFT, chained_entries, post, refusal_of
from tests.server import Api


def test_the_page_lists_filters_and_pages(visitor: Browser, api: Api) -> None:
    post(api, "/v1/vouchers/FIRST", GIFT)
    action_id = api.import_json([{"code": "X", "type": "NONE"}])
    api.ended(action_id)
    chained_entries(api, 3)
    page = visitor.get("/audit-log")
    assert page.status_code == 200
    events = re.findall(r"<strong>([a-z_.]+)</strong>", page.text)
    assert events == ["action.end", "action.submit", "voucher.create"]
    assert f'href="/tasks/{action_id}"' in page.text
    only = visitor.get("/audit-log", event="voucher.create", about="FIRST", since="2020-01-01T00:00", zone="UTC")
    assert re.findall(r"<strong>([a-z_.]+)</strong>", only.text) == ["voucher.create"]
    assert "3 filters" in only.text
    assert "No entry matches" in visitor.get("/audit-log", outcome="refused").text
    assert re.findall(r"<strong>([a-z_.]+)</strong>", visitor.get("/audit-log", about=action_id).text) == events[:2]


def test_filters_stay_and_combine(visitor: Browser, api: Api) -> None:
    for number in range(52):
        post(api, "/v1/categories", {"name": f"N{number}"})
    post(api, "/v1/vouchers/A%2FB", GIFT)
    chosen = {"event": "category.create", "since": "2020-01-01T00:00", "zone": "Europe/Berlin"}
    page = visitor.get("/audit-log", **chosen)
    links = [unescape(link) for link in re.findall(r'href="(/audit-log[^"]*)"', page.text)]
    by_key = next(link for link in links if f"key={api.keys.app_id}" in link)
    older = next(link for link in links if "after=" in link)
    for link in (by_key, older, next(link for link in links if "/csv" in link)):
        assert dict(parse_qsl(urlsplit(link).query)).items() >= chosen.items()
    narrowed = visitor.get(by_key)
    assert "3 filters" in narrowed.text
    assert '<option value="category.create" selected>' in narrowed.text
    assert f'name="key" value="{api.keys.app_id}"' in narrowed.text
    assert 'name="since" value="2020-01-01T00:00"' in narrowed.text
    assert visitor.get(older).text.count("<strong>category.create") == 2
    one = visitor.get("/audit-log", about="A/B")
    assert 'href="/resources/vouchers/A%2FB"' in one.text
    assert visitor.get("/resources/vouchers/A%2FB").status_code == 200
    (entry,) = api.get("/v1/audit-log", resource_id="A/B")["data"]
    assert {f"<code>{entry[name]}</code>" in one.text for name in ("id", "request_id", "key_id")} == {True}


def test_the_page_goes_on_behind_the_last_entry(visitor: Browser, api: Api) -> None:
    for number in range(52):
        post(api, "/v1/categories", {"name": f"N{number}"})
    first = visitor.get("/audit-log")
    (older,) = re.findall(r'href="(/audit-log\?after=[^"]+)">Older', first.text)
    assert visitor.get(older).text.count("<strong>category.create") == 2


def test_the_download_is_for_spreadsheets(visitor: Browser, api: Api) -> None:
    post(api, "/v1/vouchers/=cmd", GIFT)
    answer = visitor.get("/audit-log/csv", event="voucher.create")
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (row["event"], row["resource_id"]) == ("voucher.create", "'=cmd")


def test_what_is_done_there_is_told_with_the_session_and_the_address(
    visitor: Browser, api: Api, served_database: str
) -> None:
    visitor.send(visitor.get("/keys"), "/keys", name="Made there", kind="app")
    (entry,) = [each for each in api.get("/v1/audit-log")["data"] if each["event"] == "key.create"]
    assert (entry["door"], entry["key_id"], entry["address"]) == ("dashboard", api.keys.app_id, "127.0.0.1")
    assert re.fullmatch(r"sess_[0-9a-f]{18}", entry["session_id"])
    with psycopg.connect(served_database) as connection:
        kept = connection.execute("SELECT encode(id, 'hex') FROM sessions").fetchall()
    assert entry["session_id"].removeprefix("sess_") not in str(kept)


def test_signing_in_with_wrong_keys_is_told(browser: Browser, api: Api, served_database: str) -> None:
    browser.post("/sign-in", {"app_id": api.keys.app_id, "app_token": "wrong"})
    tried = "door = 'dashboard' AND outcome = 'refused' AND key_id = %s"
    while not (entries := entries_in(served_database, tried, api.keys.app_id)):
        pass
    assert (entries[0]["event"], entries[0]["address"]) == ("read", "127.0.0.1")
    assert refusal_of(served_database, entries[0]["request_id"])["details"]["status"] == 401
