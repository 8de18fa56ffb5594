"""Signing in and out: whom the dashboard lets in, for how long, and what it leaves behind."""

import time
from dataclasses import replace

import httpx
import psycopg
import pytest

from tests.dashboard.browser import Browser
from tests.server import Api, Server

COOKIE = "tallykeep_session"


def _revoke(database: str, key_id: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE api_keys SET revoked_at = now() WHERE key_id = %s", (key_id,))


def test_pages_ask_who_is_there_and_go_on_where_one_wanted(browser: Browser, api: Api) -> None:
    sign_in_page = browser.get("/tasks?status=DONE")
    assert sign_in_page.url.path == "/sign-in"
    page = browser.send(sign_in_page, "/sign-in", app_id=api.keys.app_id, app_token=api.keys.app_token)
    assert page.status_code == 200
    assert str(page.url).endswith("/tasks?status=DONE")
    assert "Background tasks" in page.text


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_one_is_not_led_to_another_site(browser: Browser, api: Api, wanted: str) -> None:
    page = browser.sign_in(api.keys, next=wanted)
    assert str(page.url) == f"{browser.url}/tasks"


def test_wrong_keys_are_told_so_and_no_token_is_shown(browser: Browser, api: Api, other_api: Api) -> None:
    mixed = replace(api.keys, app_token=other_api.keys.app_token)
    page = browser.sign_in(mixed)
    assert page.status_code == 422
    assert "wrong, or they were revoked" in page.text
    assert mixed.app_id in page.text
    assert mixed.app_token not in page.text
    assert COOKIE not in browser.http.cookies
    for broken in (replace(mixed, app_id="", app_token="x"), replace(mixed, app_token="ü\n")):
        assert "Fill in both" in browser.sign_in(broken).text


def test_the_cookie_is_for_the_server_alone_and_the_keys_are_sealed(
    browser: Browser, api: Api, served_database: str
) -> None:
    with httpx.Client(base_url=browser.url, trust_env=False) as plain:
        answer = plain.post("/sign-in", data={"app_id": api.keys.app_id, "app_token": api.keys.app_token})
        assert answer.status_code == 303
        (cookie,) = answer.headers.get_list("set-cookie")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    secret = cookie.partition("=")[2].partition(";")[0].partition(".")[2]
    with psycopg.connect(served_database) as connection:
        rows = connection.execute("SELECT * FROM sessions").fetchall()
    stored = b"".join(bytes(value) for row in rows for value in row if isinstance(value, bytes))
    for clear in (api.keys.app_id, api.keys.app_token, secret):
        assert clear.encode() not in stored


def test_signing_out_ends_the_session_wherever_its_cookie_is(visitor: Browser) -> None:
    stolen = visitor.http.cookies[COOKIE]
    page = visitor.send(visitor.get("/tasks"), "/sign-out")
    assert page.url.path == "/sign-in"
    assert "You are signed out" in page.text
    again = httpx.get(f"{visitor.url}/tasks", cookies={COOKIE: stolen}, trust_env=False)
    assert (again.status_code, again.headers["location"].partition("?")[0]) == (303, "/sign-in")


def test_a_session_ends_when_its_time_is_up_and_goes_with_the_next_sign_in(
    visitor: Browser, api: Api, served_database: str
) -> None:
    with psycopg.connect(served_database) as connection:
        connection.execute("UPDATE sessions SET expires_at = now()")
    page = visitor.get("/tasks")
    assert (page.url.path, page.url.params["why"]) == ("/sign-in", "expired")
    visitor.sign_in(api.keys)
    with psycopg.connect(served_database) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_signing_in_anew_ends_the_session_before(visitor: Browser, api: Api) -> None:
    before = visitor.http.cookies[COOKIE]
    visitor.sign_in(api.keys)
    assert visitor.http.cookies[COOKIE] != before
    assert httpx.get(f"{visitor.url}/tasks", cookies={COOKIE: before}, trust_env=False).status_code == 303


def test_revoked_keys_end_the_session_and_say_why(visitor: Browser, api: Api, served_database: str) -> None:
    _revoke(served_database, api.keys.app_id)
    page, deadline = visitor.get("/tasks"), time.monotonic() + 60
    while page.url.path == "/tasks" and time.monotonic() < deadline:  # behind the server's back, it takes a second
        page = visitor.get("/tasks")
    assert page.url.path == "/sign-in"
    assert "no longer valid" in page.text
    with psycopg.connect(served_database) as connection:
        rows = connection.execute(
            "SELECT count(*) FROM sessions JOIN api_keys USING (project_id) WHERE key_id = %s", (api.keys.app_id,)
        )
        assert rows.fetchone() == (0,)


def test_a_reader_sees_what_there_is_and_is_told_what_it_may_not_do(browser: Browser, api: Api) -> None:
    key = api.http.post("/v1/keys", json={"role": "reader"}).json()
    page = browser.sign_in(replace(api.keys, app_id=key["id"], app_token=key["token"]))
    assert "Background tasks" in page.text
    assert browser.get("/campaigns").status_code == 200
    refused = browser.get("/keys")
    assert refused.status_code == 403
    assert "That is not allowed" in refused.text
    assert "keys.read" in refused.text


def test_a_key_that_may_not_sign_in_is_told_why(browser: Browser, api: Api) -> None:
    key = api.http.post("/v1/keys", json={"role": "admin", "scopes": ["vouchers.read"]}).json()
    page = browser.sign_in(replace(api.keys, app_id=key["id"], app_token=key["token"]))
    assert page.status_code == 422
    assert "These keys cannot sign in here" in page.text
    assert "projects.read" in page.text


def test_who_is_signed_in_has_their_own_address(proxied: Server, api: Api) -> None:
    key = api.http.post("/v1/keys", json={"role": "admin", "addresses": ["192.0.2.0/24"]}).json()
    keys = replace(api.keys, app_id=key["id"], app_token=key["token"])
    browser = Browser(proxied.url)
    with browser.http:
        assert "may not be used from the address 127.0.0.1" in browser.sign_in(keys).text
        browser.http.headers["X-Forwarded-For"] = "192.0.2.7"
        assert "Background tasks" in browser.sign_in(keys).text
        browser.http.headers["X-Forwarded-For"] = "192.0.3.7"
        assert browser.get("/tasks").status_code == 403


@pytest.mark.parametrize("cookie", ["", "1", "1.", "x.y", "1." + "A" * 43, "99999999999999999999." + "A" * 43, "1.é"])
def test_cookies_that_are_none_of_ours_are_nobody(browser: Browser, cookie: str) -> None:
    answer = httpx.get(f"{browser.url}/tasks", headers={"Cookie": f"{COOKIE}={cookie}".encode()}, trust_env=False)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_forms_of_other_sites_are_refused(visitor: Browser, api: Api, headers: dict[str, str]) -> None:
    keys = {"app_id": api.keys.app_id, "app_token": api.keys.app_token}
    for path, fields in (("/sign-out", {}), ("/sign-in", keys), ("/theme", {"theme": "dark"})):
        answer = visitor.post(path, fields, **headers)
        assert answer.status_code == 403
        assert "Nothing was changed" in answer.text
    assert visitor.get("/tasks").url.path == "/tasks"


def test_a_form_needs_the_token_of_its_session(visitor: Browser, browser: Browser, other_api: Api) -> None:
    for token in ({}, {"csrf_token": ""}, {"csrf_token": "A" * 43}):
        assert visitor.post("/sign-out", token).status_code == 403
    assert visitor.get("/tasks").url.path == "/tasks"


def test_every_page_may_load_our_own_files_alone(visitor: Browser) -> None:
    for path in ("/tasks", "/sign-in", "/static/app.css", "/tasks/nothing/at/all"):
        headers = visitor.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
    assert visitor.get("/tasks").headers["cache-control"] == "no-store"


def test_files_are_kept_as_long_as_they_are_the_same(visitor: Browser) -> None:
    page = visitor.get("/tasks").text
    path = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "immutable" in visitor.get(path).headers["cache-control"]
    assert visitor.get("/static/app.css").headers["cache-control"] == "no-cache"


def test_the_api_answers_beside_the_dashboard_as_it_would_alone(visitor: Browser, api: Api) -> None:
    unknown = visitor.get("/v1/nothing")
    assert (unknown.status_code, unknown.json()["key"]) == (404, "not_found")
    assert api.http.delete("/v1/async-actions").status_code == 405
    assert visitor.get("/livez").json() == {"status": "ok"}
    assert visitor.get("/nothing").json()["key"] == "not_found"


def test_the_theme_is_the_readers_choice(browser: Browser) -> None:
    assert 'data-theme="auto"' in browser.get("/sign-in").text
    page = browser.send(browser.get("/sign-in"), "/theme", theme="dark")
    assert 'data-theme="dark"' in page.text
    assert 'data-theme="auto"' in browser.send(page, "/theme", theme="<pink>").text
