"""`tallykeep actions`, piped, against a really running server."""

import json
from pathlib import Path

from tests.cli.running import run
from tests.server import Api

MIXED = "Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,ten\n"


def imported(api: Api, content: str = MIXED) -> str:
    return str(api.ended(api.import_csv(content))["id"])


def test_actions_are_listed_and_shown(api: Api) -> None:
    assert "tallykeep import" in run(api, "actions", "list").stdout, "an empty list says how to begin"
    action_id = imported(api)
    list_spec = run(api, "actions", "list").stdout
    assert action_id in list_spec
    assert "just now" in list_spec
    assert json.loads(run(api, "actions", "list", "--json").stdout)["async_actions"][0]["id"] == action_id
    shown = run(api, "actions", "show", action_id).stdout
    assert "1 failed" in shown
    assert "vouchers.csv" in shown
    assert json.loads(run(api, "actions", "show", action_id, "--json").stdout)["id"] == action_id


def test_lists_are_filtered_and_go_on(api: Api) -> None:
    first, second = imported(api), api.import_json([{"code": "C"}])
    api.ended(second)
    for words, expected in (
        (("--type", "vouchers.import"), [second]),
        (("--status", "done"), [second, first]),
        (("--status", "in-progress"), []),
        (("--after", second), [first]),
        (("--until", "2020-01-01"), []),
        (("--since", "2020-01-01", "--limit", "1"), [second]),
    ):
        page = json.loads(run(api, "actions", "list", "--json", *words).stdout)
        assert [action["id"] for action in page["async_actions"]] == expected, words
    assert f"--after {second}" in run(api, "actions", "list", "--limit", "1").stderr
    refused = run(api, "actions", "list", "--status", "asleep")
    assert (refused.returncode, "ENQUEUED" in refused.stderr) == (3, True)


def test_the_newest_action_needs_no_id(api: Api) -> None:
    none = run(api, "actions", "show")
    assert (none.returncode, "no actions yet" in none.stderr) == (3, True)
    action_id = imported(api)
    assert json.loads(run(api, "actions", "watch", "--json").stdout)["id"] == action_id
    assert json.loads(run(api, "actions", "failures", "last", "--json").stdout)["failures"][0]["row"] == 2


def test_watching_ends_with_how_the_action_ended(api: Api, tmp_path: Path) -> None:
    failed = tmp_path / "failed.csv"
    mixed = run(api, "actions", "watch", imported(api), "--failed-to", str(failed))
    assert (mixed.returncode, "1 failed" in mixed.stdout) == (1, True)
    assert "ten" in failed.read_text()
    assert run(api, "actions", "watch", imported(api, MIXED.replace("ten", "10"))).returncode == 0


def test_failed_rows_are_fixed_and_retried(api: Api, tmp_path: Path) -> None:
    action_id, fixed = imported(api), tmp_path / "failures.csv"
    assert run(api, "actions", "failures", action_id, "--to", str(fixed)).returncode == 0
    assert run(api, "actions", "failures", action_id).stdout == fixed.read_text()
    assert run(api, "actions", "retry", action_id).returncode == 1
    fixed.write_text(fixed.read_text().replace(",ten,", ",10,"))
    retried = run(api, "actions", "retry", action_id, str(fixed), "--json")
    answer = json.loads(retried.stdout)
    assert (retried.returncode, answer["action"]["parent_id"], answer["replayed"]) == (0, action_id, False)
    assert api.get("/v1/vouchers/B")["gift"]["amount"] == 1000
    assert "1 of the others were imported by retries since" in run(api, "actions", "show", action_id).stdout
    assert "these rows were sent before" in run(api, "actions", "retry", action_id, str(fixed)).stdout
    started = run(api, "actions", "retry", action_id, str(fixed), "--again", "--no-wait")
    assert (started.returncode, "tallykeep actions watch" in started.stdout) == (0, True)


def test_failed_rows_for_a_spreadsheet_hold_no_formula(api: Api, tmp_path: Path) -> None:
    action_id, file = imported(api, MIXED.replace("B,", "=B,")), tmp_path / "failed.csv"
    assert run(api, "actions", "failures", action_id, "--for-spreadsheet", "--to", str(file)).returncode == 0
    assert '\n"\'=B","GIFT_VOUCHER","ten"' in file.read_text()
    assert "\n=B,GIFT_VOUCHER,ten" in run(api, "actions", "failures", action_id).stdout
    refused = run(api, "actions", "failures", action_id, "--for-spreadsheet", "--to", str(tmp_path / "failed.ndjson"))
    assert (refused.returncode, "CSV" in refused.stderr) == (2, True)


def test_a_retry_writes_what_fails_again(api: Api, tmp_path: Path) -> None:
    failed = tmp_path / "failed.csv"
    assert run(api, "actions", "retry", imported(api), "--failed-to", str(failed)).returncode == 1
    assert "ten" in failed.read_text()


def test_canceling(api: Api) -> None:
    ended = run(api, "actions", "cancel", imported(api))
    assert (ended.returncode, "has ended already" in ended.stderr) == (3, True)


def test_a_file_is_kept_where_nothing_comes_to_replace_it(api: Api, tmp_path: Path) -> None:
    kept = tmp_path / "kept.csv"
    kept.write_text("kept")
    assert run(api, "actions", "failures", "aa_nothing", "--to", str(kept)).returncode == 3
    assert kept.read_text() == "kept"
    nowhere = run(api, "actions", "failures", imported(api), "--to", str(tmp_path / "no" / "where.csv"))
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (2, True)


def test_what_goes_wrong_is_said_with_what_to_do(api: Api) -> None:
    refused = run(None, "actions", "list", TALLYKEEP_URL=api.url)
    assert refused.returncode == 2
    assert "TALLYKEEP_APP_ID" in refused.stderr
    wrong = run(api, "actions", "list", "--app-token", "wrong")
    assert (wrong.returncode, "wrong, expired or were revoked" in wrong.stderr) == (3, True)
    unknown = run(api, "actions", "show", "aa_nothing")
    assert unknown.returncode == 3
    assert "Cannot find async_action with id aa_nothing" in unknown.stderr
    nobody = run(api, "actions", "list", "--url", "http://127.0.0.1:9")
    assert nobody.returncode == 4
    assert "tallykeep serve" in nobody.stderr
    assert "tallykeep doctor" in nobody.stderr
    no_url = run(api, "actions", "list", "--url", "example")
    assert (no_url.returncode, "is not a URL" in no_url.stderr) == (2, True)
    assert run(None, "--version").stdout.startswith("0.")
