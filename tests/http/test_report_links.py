"""Links to reports work without keys, as long as the key that got them is valid and the report is kept."""

from typing import Any

import httpx
import psycopg

from tallykeep.engine.downloads.report_files import _serializer
from tests.http.test_bulk_updates import gifts, submitted
from tests.http.test_errors import check
from tests.http.test_keys import KEYS, made, with_key
from tests.server import Api


def _action(api: Api) -> dict[str, Any]:
    gifts(api, "A")
    return submitted(api, "/v1/vouchers/bulk/async", [{"code": "A", "metadata": {}}])


def _link(client: httpx.Client, action: dict[str, Any]) -> str:
    (url,) = client.get(f"/v1/async-actions/{action['id']}").json()["result"]["reports"]
    return str(url)


def _get(url: str, **more: Any) -> httpx.Response:
    return httpx.get(url, trust_env=False, **more)


def test_a_link_ends_with_the_key_that_got_it(api: Api) -> None:
    action = _action(api)
    key = made(api, kind="app")
    with with_key(api, key) as other:
        own, others = _link(api.http, action), _link(other, action)
    assert _link(api.http, action) == own, "a key gets the same link each time"
    assert own != others
    assert [_get(url).status_code for url in (own, others)] == [200, 200]
    assert api.http.delete(f"{KEYS}/{key['id']}").status_code == 204
    check(_get(others), 404, "not_found", "ended with the key")
    check(_get(others, headers=dict(api.http.headers)), 404, "not_found", "ended with the key")
    assert _get(own).status_code == 200


def test_a_link_ends_with_the_report(api: Api, served_database: str) -> None:
    url = _link(api.http, action := _action(api))
    assert _get(url).status_code == 200
    with psycopg.connect(served_database) as connection:
        connection.execute("UPDATE async_actions SET report_kept = false WHERE id = %s", [action["id"]])
    check(_get(url), 404, "not_found")


def test_a_link_that_names_no_key_is_none(api: Api, served_database: str) -> None:
    token = _link(api.http, _action(api)).rpartition("/")[2]
    with psycopg.connect(served_database) as connection:
        row = connection.execute("SELECT value FROM secrets WHERE name = 'report links'").fetchone()
    assert row
    links = _serializer(bytes(row[0]))
    content = links.loads(token)
    assert _get(f"{api.url}/v1/reports/{links.dumps(content)}").status_code == 200
    for wrong in (content[:3], [], None, {"a": 1}, [*content, 1]):
        check(_get(f"{api.url}/v1/reports/{links.dumps(wrong)}"), 404, "not_found", "no such report")


def test_a_link_ends_in_time(api: Api, served_database: str) -> None:
    token = _link(api.http, _action(api)).rpartition("/")[2]
    with psycopg.connect(served_database) as connection:
        row = connection.execute(
            "SELECT value, extract(epoch FROM now())::bigint FROM secrets WHERE name = 'report links'"
        ).fetchone()
    assert row
    links = _serializer(bytes(row[0]))
    project_id, action_id, _, *key = links.loads(token)
    past = links.dumps([project_id, action_id, row[1] - 1, *key])
    check(_get(f"{api.url}/v1/reports/{past}"), 404, "not_found", "expired")
