"""Entity tags of actions and their list: 304 while nothing has changed, and never afterwards."""

import httpx
import psycopg
import pytest

from tests.server import Api

GOOD = {"code": "GOOD", "gift": {"amount": 1}}
BAD = {"code": "BAD"}

TAGGED = ("etag", "cache-control", "x-request-id")


def _again(api: Api, path: str, tag: str, **query: str) -> httpx.Response:
    return api.http.get(path, params=query, headers={"If-None-Match": tag})


def _ended(api: Api, code: str) -> str:
    action_id = api.import_json([{**GOOD, "code": code}])
    api.ended(action_id)
    return f"/v1/async-actions/{action_id}"


def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    path = _ended(api, "SAME")
    for shown in (path, "/v1/async-actions"):
        first = api.http.get(shown)
        assert first.status_code == 200
        assert first.headers["cache-control"] == "private, no-cache"
        tag = first.headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', f'W/"a,b",{tag}', "*"):
            unchanged = _again(api, shown, known)
            assert (unchanged.status_code, unchanged.content) == (304, b""), known
            assert unchanged.headers["etag"] == tag
            assert set(TAGGED) <= set(unchanged.headers)
        for unknown in ('"other"', tag.strip('"'), tag[:-2] + '"', ""):
            changed = _again(api, shown, unknown)
            assert (changed.status_code, changed.content, changed.headers["etag"]) == (200, first.content, tag)


def test_with_wait_it_is_the_same_answer(api: Api) -> None:
    path = _ended(api, "WAIT")
    tag = api.http.get(path).headers["etag"]
    assert api.http.get(path, params={"wait": "1"}).headers["etag"] == tag
    assert _again(api, path, tag, wait="1").status_code == 304


def test_a_tag_opens_nothing_to_others(api: Api, other_api: Api) -> None:
    path = _ended(api, "MINE")
    tag = api.http.get(path).headers["etag"]
    for known in (tag, "*"):
        refused = _again(other_api, path, known)
        assert (refused.status_code, refused.json()["key"]) == (404, "not_found")
        stranger = httpx.get(f"{api.url}{path}", headers={"If-None-Match": known}, trust_env=False)
        assert stranger.status_code == 401
        wrong = {"If-None-Match": known, "X-App-Id": api.keys.app_id, "X-App-Token": "wrong"}
        assert httpx.get(f"{api.url}{path}", headers=wrong, trust_env=False).status_code == 401


def test_a_new_action_changes_the_list(api: Api) -> None:
    _ended(api, "ONE")
    tag = api.http.get("/v1/async-actions").headers["etag"]
    path = _ended(api, "TWO")
    newer = _again(api, "/v1/async-actions", tag)
    assert newer.status_code == 200
    assert f"/v1/async-actions/{newer.json()['async_actions'][0]['id']}" == path


def test_an_action_under_way_changes_until_it_has_ended(api: Api) -> None:
    action_id = api.import_json([{**GOOD, "code": "GOES"}])
    path = f"/v1/async-actions/{action_id}"
    seen = api.http.get(path)
    while seen.json()["status"] not in ("DONE", "FAILED"):
        answer = _again(api, path, seen.headers["etag"])
        seen = answer if answer.status_code == 200 else seen
    assert seen.json() == api.get(path)


def test_what_its_retries_have_fixed_is_seen_at_once(api: Api) -> None:
    parent = api.ended(api.import_json([GOOD, BAD]))
    path = f"/v1/async-actions/{parent['id']}"
    first = api.http.get(path)
    assert (first.json()["failed_count"], first.json()["fixed_count"]) == (1, 0)
    assert _again(api, path, first.headers["etag"]).status_code == 304
    fixed = api.http.post(f"{path}/retry", json=[{**GOOD, "code": "FIXED"}])
    api.ended(fixed.json()["async_action_id"])
    now = _again(api, path, first.headers["etag"])
    assert (now.status_code, now.json()["fixed_count"]) == (200, 1)


def test_an_action_that_has_ended_is_polled_without_a_statement(api: Api, served_database: str) -> None:
    """While the table is locked, whoever runs a statement waits."""
    path = _ended(api, "POLLED")
    first = api.http.get(path)
    with psycopg.connect(served_database) as connection:
        connection.execute("LOCK TABLE async_actions IN ACCESS EXCLUSIVE MODE")
        polled = [api.http.get(path) for _ in range(3)]
        unchanged = _again(api, path, first.headers["etag"])
    assert {answer.content for answer in polled} == {first.content}
    assert unchanged.status_code == 304
    assert len({answer.headers["x-request-id"] for answer in (first, *polled, unchanged)}) == 5


def test_an_action_that_has_ended_by_a_clock_that_was_set_back_is_shown(api: Api, served_database: str) -> None:
    """The database's clock goes ten minutes back: seen from there the action ends in ten minutes."""
    action_id = api.import_json([GOOD])
    # Waited for, and not polled: no answer is remembered yet.
    assert api.get(f"/v1/async-actions/{action_id}", wait=60)["status"] == "DONE"
    later = ", ".join(f"{name} = {name} + interval '10 minutes'" for name in ("created_at", "started_at", "updated_at"))
    with psycopg.connect(served_database) as connection:
        connection.execute(
            f"UPDATE async_actions SET {later}, finished_at = finished_at + interval '10 minutes' WHERE id = %s",
            [action_id],
        )
    for path in (f"/v1/async-actions/{action_id}", f"/v1/async-actions/{action_id}?wait=1", "/v1/async-actions"):
        answer = api.http.get(path)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["/v1/async-actions", "/v1/async-actions/{action_id}"])
def test_the_document_tells_of_it(api: Api, path: str) -> None:
    operation = api.get("/openapi.json")["paths"][path]["get"]
    assert {"200", "304"} <= operation["responses"].keys()
    assert "ETag" in operation["responses"]["200"]["headers"]
    assert "If-None-Match" in [parameter["name"] for parameter in operation["parameters"]]
