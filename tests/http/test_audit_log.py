"""The audit log over HTTP: its list with filters and pages, its file, and who may read it."""

import csv
import hashlib
import io
import json
from typing import Any

import httpx
import psycopg

from tallykeep.core.audit.events import Event
from tests.db.audit_log import entries_in, verdicts_on
from tests.http.audit_calls import GIFT, LOG, Audited, campaign, chained_entries, post, refusal_of, voucher
from tests.http.test_errors import check
from tests.server import Api


def test_entries_are_chained_and_filtered_and_paged(audited: Audited, other_api: Api) -> None:
    campaign_id = campaign(audited)
    voucher(audited)
    deleted = audited.http.delete(f"/v1/campaigns/{campaign_id}").json()["async_action_id"]
    audited.ended(deleted)
    voucher(other_api)
    entries = chained_entries(audited, 4)
    assert [entry["event"] for entry in entries] == [
        "action.end",
        "campaign.delete",
        "voucher.create",
        "campaign.create",
    ]
    assert [entry["number"] for entry in entries] == [4, 3, 2, 1]
    hashes = [entry["hash"] for entry in entries]
    assert [entry["previous_hash"] for entry in entries] == [*hashes[1:], "0" * 64]
    for entry in entries:
        hashed = {name: value for name, value in entry.items() if name not in ("object", "hash")}
        text = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == entry["hash"], "as docs/audit.md has it"
    deletion = entries[1]
    assert (deletion["resource_id"], deletion["action_id"]) == (campaign_id, deleted)
    assert deletion["details"] == {"name": "Fall", "force": False}

    def numbers(**query: Any) -> list[int]:
        return [entry["number"] for entry in audited.get(LOG, **query)["data"]]

    assert numbers(event="campaign.delete") == [3]
    assert numbers(event="campaign.delete,voucher.create") == [3, 2]
    assert numbers(event="action.end") == [4]
    assert numbers(resource_id=campaign_id) == [3, 1]
    assert numbers(resource_id=deleted) == [4]
    assert numbers(action_id=deleted) == [4, 3]
    assert numbers(key=audited.keys.app_id, outcome="success", event="campaign.create") == [1]
    assert numbers(outcome="refused") == numbers(key="nobody") == []
    timestamp = entries[1]["created_at"]
    assert numbers(**{"from": timestamp})[-1] <= 3
    assert 3 not in numbers(to=timestamp)
    first = audited.get(LOG, limit=3)
    assert ([entry["number"] for entry in first["data"]], first["has_more"]) == ([4, 3, 2], True)
    second = audited.get(LOG, limit=3, starting_after_id=first["more_starting_after"])
    assert ([entry["number"] for entry in second["data"]], second["more_starting_after"]) == ([1], None)
    assert audited.get(f"{LOG}/{deletion['id']}") == deletion
    check(other_api.http.get(f"{LOG}/{deletion['id']}"), 404, "not_found", deletion["id"])
    check(audited.http.get(LOG, params={"event": "nothing"}), 400, "invalid_query_params", "campaign.delete")
    check(audited.http.get(LOG, params={"starting_after_id": "log_x"}), 400, "invalid_query_params", "log_x")


def test_entries_that_are_not_chained_yet_are_shown_first(audited: Audited, served_database: str) -> None:
    for _ in range(2):
        voucher(audited)
    chained_entries(audited, 2)
    with psycopg.connect(served_database) as connection:
        own = "project_id = (SELECT project_id FROM projects WHERE id = %s)"
        connection.execute(f"SELECT FROM audit_chains WHERE {own} FOR UPDATE", [audited.keys.project])  # type: ignore[call-overload]
        for _ in range(3):
            voucher(audited)
        pages, after = [], {}
        while True:
            page = audited.get(LOG, limit=2, **after)
            pages.append([entry["number"] for entry in page["data"]])
            if not page["has_more"]:
                break
            after = {"starting_after_id": page["more_starting_after"]}
        assert pages == [[None, None], [None, 2], [1]]
        pending = audited.get(LOG)["data"][0]
        assert (pending["hash"], pending["previous_hash"]) == (None, None)
        assert audited.get(f"{LOG}/{pending['id']}") == pending
    assert [entry["number"] for entry in chained_entries(audited, 5)] == [5, 4, 3, 2, 1]


def test_the_log_as_a_file(audited: Audited) -> None:
    post(audited, "/v1/categories", {"name": "=1+1"})
    post(audited, "/v1/vouchers/=cmd", GIFT)
    entries = chained_entries(audited, 2)

    def rows(**query: str) -> list[dict[str, str]]:
        answer = audited.http.get(f"{LOG}.csv", params=query)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    plain, escaped = rows(), rows(**{"for": "spreadsheet"})
    assert [row["hash"] for row in plain] == [entry["hash"] for entry in entries]
    assert (plain[0]["resource_id"], escaped[0]["resource_id"]) == ("=cmd", "'=cmd")
    assert [row["event"] for row in rows(event="category.create")] == ["category.create"]
    assert rows(event="key.revoke") == []


def test_management_keys_read_the_log_too(audited: Audited) -> None:
    voucher(audited)
    headers = {"X-Management-Id": audited.keys.management_id, "X-Management-Token": audited.keys.management_token}
    answer = httpx.get(f"{audited.url}{LOG}", headers=headers, trust_env=False)
    assert [entry["event"] for entry in answer.json()["data"]] == ["voucher.create"]


def test_a_flood_of_wrong_keys_is_counted_and_keeps_nobody_waiting(audited: Audited, served_database: str) -> None:
    wrong = {"X-App-Id": audited.keys.app_id, "X-App-Token": "x"}
    with httpx.Client(base_url=audited.url, headers=wrong, trust_env=False) as client:
        first = client.get("/v1/customers")
        refusal_of(served_database, first.headers["x-request-id"])
        for _ in range(500):
            assert client.get("/v1/customers").status_code == 401
    # Of this project, because those whose key is nobody's lie together with what other tests were refused.
    flood = audited.get(LOG, outcome="refused")["data"]
    assert sum(entry["details"]["count"] for entry in flood) == 1
    assert voucher(audited)


def test_all_that_happened_is_verified(audited: Audited, served_database: str) -> None:
    voucher(audited)
    chained_entries(audited, 1)
    assert [verdict for verdict in verdicts_on(served_database) if verdict.problem] == []
    assert set(Event) >= {entry["event"] for entry in entries_in(served_database)}
