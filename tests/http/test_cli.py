"""The command line against a really running server."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.server import Api
from tests.unit.test_sheet import workbook

COMMAND = [sys.executable, "-m", "tallykeep"]
EXAMPLES = Path(__file__).parents[2] / "examples"


def run(api: Api, *words: str, keys: bool = True) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "TALLYKEEP_URL": api.url, "COLUMNS": "120"}
    env |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}  # the same code as the server's
    if keys:
        env |= {"TALLYKEEP_APP_ID": api.keys.app_id, "TALLYKEEP_APP_TOKEN": api.keys.app_token}
    return subprocess.run([*COMMAND, *words], env=env, capture_output=True, text=True, timeout=60, check=False)


def test_import_shows_the_tally_and_the_failures_by_reason(api: Api) -> None:
    good = run(
        api, "import", "vouchers", str(EXAMPLES / "1-gift-vouchers.csv"), str(EXAMPLES / "2-discount-vouchers.json")
    )
    assert good.returncode == 0, good.stderr
    assert "2,000 done   0 failed" in good.stdout
    assert "500 done   0 failed" in good.stdout
    mixed = run(api, "import", "vouchers", str(EXAMPLES / "3-supplier-vouchers.csv"))
    assert mixed.returncode == 2
    assert "Voucher Type is required" in mixed.stdout
    assert "61, 122, 183" in mixed.stdout
    assert "\x1b[" not in mixed.stdout


def test_files_are_told_apart_by_their_endings(api: Api, tmp_path: Path) -> None:
    lines = tmp_path / "vouchers.ndjson.gz"
    lines.write_bytes(gzip.compress(b'{"code":"A","type":"GIFT_VOUCHER","gift":{"amount":1}}\n'))
    book = tmp_path / "Vouchers.XLSX"
    book.write_bytes(workbook([["Code", "Voucher Type", "Value"], ["B", "GIFT_VOUCHER", 1]]).getvalue())
    imported = run(api, "import", "vouchers", str(lines), str(book))
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.count("1 done   0 failed") == 2
    assert {voucher["code"] for voucher in api.get("/v1/vouchers")["vouchers"]} == {"A", "B"}


def test_actions_are_listed_and_shown(api: Api) -> None:
    action_id = api.import_json([{"code": "A"}])
    api.ended(action_id)
    assert action_id in run(api, "actions", "list").stdout
    assert json.loads(run(api, "actions", "list", "--json").stdout)["async_actions"][0]["id"] == action_id
    assert json.loads(run(api, "actions", "show", action_id, "--json").stdout)["id"] == action_id
    assert "1 failed" in run(api, "actions", "show", action_id).stdout
    assert "1 failed" in run(api, "actions", "watch", action_id).stdout


def test_what_goes_wrong_is_said_with_what_to_do(api: Api) -> None:
    refused = run(api, "actions", "list", keys=False)
    assert refused.returncode == 1
    assert "TALLYKEEP_APP_ID" in refused.stderr
    unknown = run(api, "actions", "show", "aa_nothing")
    assert unknown.returncode == 1
    assert "Cannot find async_action with id aa_nothing" in unknown.stderr
    nobody = run(api, "actions", "list", "--url", "http://127.0.0.1:9")
    assert nobody.returncode == 1
    assert "tallykeep serve" in nobody.stderr
    assert run(api, "--version").stdout.startswith("0.")


def test_a_file_that_is_refused_as_a_whole(api: Api, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    refused = run(api, "import", "vouchers", str(empty))
    assert refused.returncode == 1
    assert "header line is expected" in refused.stderr
