"""`tallykeep audit`: the log over the API, and its verification on the server's machine."""

import json
import re

import httpx
import psycopg

from tests.cli.running import run
from tests.http.audit_calls import GIFT, chained_entries, post
from tests.postgres import fresh_database
from tests.server import Api


def test_the_log_is_listed_with_its_filters(api: Api) -> None:
    post(api, "/v1/vouchers/FIRST", GIFT)
    post(api, "/v1/categories", {"name": "New"})
    chained_entries(api, 2)
    shown = run(api, "audit", "list")
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"2 .*category\.create +success .*127\.0\.0\.1", shown.stdout)
    assert "FIRST" in shown.stdout
    only = run(api, "audit", "list", "--event", "voucher.create", "--json")
    assert [entry["resource_id"] for entry in json.loads(only.stdout)] == ["FIRST"]
    few = run(api, "audit", "list", "--limit", "1")
    assert ("FIRST" in few.stdout, "--limit" in few.stderr) == (False, True)
    assert json.loads(run(api, "audit", "list", "--outcome", "refused", "--json").stdout) == []
    wrong = run(api, "audit", "list", "--event", "nothing")
    assert (wrong.returncode != 0, "campaign.delete" in wrong.stderr) == (True, True)


def test_a_refusal_says_what_was_tried_with_which_key_and_what_it_lacked(api: Api) -> None:
    weak = api.http.post("/v1/keys", json={"name": "Supplier", "role": "reader"}).json()
    chained_entries(api, 1)
    headers = {"X-App-Id": weak["id"], "X-App-Token": weak["token"]}
    assert httpx.post(f"{api.url}/v1/vouchers/A", json=GIFT, headers=headers, trust_env=False).status_code == 403
    chained_entries(api, 2)
    shown = run(api, "audit", "list", "--outcome", "refused").stdout
    for said in ("refused 403, lacks vouchers.write", f"Supplier ({weak['id']})", "POST /v1/vouchers/{code}"):
        assert said in shown, shown


def test_the_chain_is_verified_with_an_anchor(api: Api, served_database: str) -> None:
    for number in range(3):
        post(api, f"/v1/vouchers/C{number}", GIFT)
    chained_entries(api, 3)
    words = ("audit", "verify", "--project", api.keys.project)
    fine = run(None, *words, TALLYKEEP_DATABASE_URL=served_database)
    assert (fine.returncode, "3 entries fit" in fine.stdout) == (0, True), fine.stdout + fine.stderr
    anchor = fine.stdout.split()[-1]
    kept = run(None, *words, "--anchor", anchor, "--json", TALLYKEEP_DATABASE_URL=served_database)
    assert (kept.returncode, json.loads(kept.stdout)[0]["anchor"]) == (0, anchor)
    _change_key_of_entry_2(served_database, api.keys.project, "'x' || key_id")
    broken = run(None, *words, TALLYKEEP_DATABASE_URL=served_database)
    _change_key_of_entry_2(served_database, api.keys.project, "substr(key_id, 2)")  # others verify all projects
    assert (broken.returncode, "entry 2 is not what was chained" in broken.stdout) == (1, True)
    assert "those from 1 to 1 fit" in broken.stdout


def _change_key_of_entry_2(database_url: str, project: str, key_id: str) -> None:
    with psycopg.connect(database_url) as connection:
        changed = connection.execute(
            f"UPDATE audit_log SET key_id = {key_id} WHERE number = 2 AND project_id ="
            " (SELECT project_id FROM projects WHERE id = %s)",
            [project],
        )
        assert changed.rowcount == 1


def test_a_log_that_was_erased_does_not_fit_its_anchor(api: Api, served_database: str) -> None:
    post(api, "/v1/vouchers/C1", GIFT)
    chained_entries(api, 1)
    words = ("audit", "verify", "--project", api.keys.project)
    anchor = run(None, *words, TALLYKEEP_DATABASE_URL=served_database).stdout.split()[-1]
    with psycopg.connect(served_database) as connection:
        for table in ("audit_log", "audit_chains"):
            connection.execute(
                f"DELETE FROM {table} WHERE project_id = (SELECT project_id FROM projects WHERE id = %s)",
                [api.keys.project],
            )
    erased = run(None, *words, "--anchor", anchor, TALLYKEEP_DATABASE_URL=served_database)
    assert (erased.returncode, "entries up to the anchor, 1, are missing" in erased.stdout) == (1, True), erased.stdout
    assert "0 entries fit" in run(None, *words, TALLYKEEP_DATABASE_URL=served_database).stdout


def test_the_installations_own_chain_has_an_anchor_too(postgres: str, template: str) -> None:
    with fresh_database(postgres, template) as url:
        fine = run(None, "audit", "verify", "--project", "none", TALLYKEEP_DATABASE_URL=url)
        assert (fine.returncode, fine.stdout.split()[0]) == (0, "none"), fine.stderr
        anchor = fine.stdout.split()[-1]
        assert anchor == f"0:{'0' * 64}"
        assert run(None, "audit", "verify", "--project", "none", "--anchor", anchor,
                   TALLYKEEP_DATABASE_URL=url).returncode == 0  # fmt: skip
        lost = run(
            None, "audit", "verify", "--project", "none", "--anchor", f"2:{'a' * 64}", TALLYKEEP_DATABASE_URL=url
        )
        assert (lost.returncode, "entries up to the anchor, 2, are missing" in lost.stdout) == (1, True)


def test_what_cannot_be_verified_is_said(postgres: str, template: str) -> None:
    with fresh_database(postgres, template) as url:
        empty = run(None, "audit", "verify", TALLYKEEP_DATABASE_URL=url)
        assert (empty.returncode, empty.stdout) == (0, "The audit log is empty.\n")
        for words in (("--project", "proj_x"), ("--anchor", "ab" * 32), ("--anchor", "x", "--project", "proj_x")):
            wrong = run(None, "audit", "verify", *words, TALLYKEEP_DATABASE_URL=url)
            assert (wrong.returncode, wrong.stdout, "tallykeep: " in wrong.stderr) == (2, "", True)
