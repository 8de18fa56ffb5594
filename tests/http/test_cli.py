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


def test_every_noun_has_its_commands(api: Api, tmp_path: Path) -> None:
    files = {
        "customers": ("c.csv", "Kundennummer;Größe;Notiz\nK1;M;x\nK2;L;y\n"),
        "products": ("p.csv", "source_id,name\nP1,Shirt\n"),
        "skus": ("s.csv", "product_id,source_id\nP1,S1\n"),
        "orders": ("o.json", '[{"source_id": "O1", "customer": {"source_id": "K1"}}]'),
    }
    options = {"customers": ["--map", "Kundennummer=source_id", "--skip", "Notiz"]}
    for noun, (name, content) in files.items():
        (tmp_path / name).write_text(content)
        sent = run(api, "import", noun, str(tmp_path / name), *options.get(noun, []))
        assert sent.returncode == 0, sent.stderr
    assert api.get("/v1/customers/K1")["metadata"] == {"Größe": "M"}
    assert api.get("/v1/skus/S1")["sku"] is None
    assert api.get("/v1/orders/O1")["customer"]["id"] == api.get("/v1/customers/K1")["id"]
    (tmp_path / "u.ndjson").write_text('{"source_id": "K2", "name": "Zoë"}\n')
    assert run(api, "update", "customers", str(tmp_path / "u.ndjson")).returncode == 0
    assert api.get("/v1/customers/K2")["name"] == "Zoë"
    wrong = run(api, "import", "orders", str(tmp_path / "c.csv"))
    assert (wrong.returncode, "come as .json" in wrong.stderr) == (1, True)


def test_vouchers_go_into_a_campaign(api: Api, tmp_path: Path) -> None:
    campaign = {"name": "Sommer 1/2", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}}
    assert api.http.post("/v1/campaigns", json=campaign).status_code == 200
    file = tmp_path / "codes.csv"
    file.write_text("Code\nA\n")
    sent = run(api, "import", "vouchers", "--campaign", api.get("/v1/campaigns")["campaigns"][0]["id"], str(file))
    assert sent.returncode == 0, sent.stderr
    assert api.get("/v1/vouchers/A")["campaign"] == "Sommer 1/2"
    wrong = run(api, "import", "customers", "--campaign", "Fall", str(file))
    assert (wrong.returncode, "Only vouchers" in wrong.stderr) == (1, True)


def test_a_dry_run_then_the_failed_rows_mended_and_retried(api: Api, tmp_path: Path) -> None:
    file, mended = tmp_path / "vouchers.csv", tmp_path / "failures.csv"
    file.write_text("Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,ten\n")
    dry = run(api, "import", "vouchers", "--dry-run", str(file))
    assert (dry.returncode, "nothing was written" in dry.stdout, api.get("/v1/vouchers")["total"]) == (2, True, 0)
    stopped = run(api, "import", "vouchers", "--on-error", "stop", str(file), str(file))
    assert stopped.returncode == 2
    action_id = api.get("/v1/async-actions")["async_actions"][0]["id"]
    assert run(api, "actions", "failures", action_id, "--to", str(mended)).returncode == 0
    assert run(api, "actions", "failures", action_id).stdout == mended.read_text()
    assert run(api, "actions", "retry", action_id).returncode == 2
    mended.write_text(mended.read_text().replace(",ten,", ",10,"))
    retried = run(api, "actions", "retry", action_id, str(mended))
    assert (retried.returncode, "1 done   0 failed" in retried.stdout) == (0, True)
    assert api.get("/v1/vouchers/B")["gift"]["amount"] == 1000
    ended = run(api, "actions", "cancel", action_id)
    assert (ended.returncode, "has ended already" in ended.stderr) == (1, True)
    assert run(api, "actions", "failures", "aa_nothing", "--to", str(mended)).returncode == 1
    assert mended.read_text().startswith('"Code"'), "a file is kept where nothing comes to replace it"


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
