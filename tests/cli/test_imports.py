"""`tallykeep import` and `tallykeep update`, piped, against a really running server."""

import gzip
import json
from pathlib import Path

import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.cli.kit.row_types import IMPORTED, ROW_TYPES, UPDATED
from tests.cli.running import EXAMPLES, run
from tests.server import Api
from tests.unit.test_sheet import workbook

HEADER = "Code,Voucher Type,Value\n"
GIFTS = HEADER + "A,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,2\n"
GIFT = b'{"code": "A", "type": "GIFT_VOUCHER", "gift": {"amount": 1}}'
MIXED = HEADER + "A,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,ten\n"


@pytest.fixture
def gifts(tmp_path: Path) -> Path:
    return written(tmp_path / "gifts.csv", GIFTS)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    return written(tmp_path / "mixed.csv", MIXED)


def written(file: Path, content: str | bytes) -> Path:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def codes(api: Api) -> set[str]:
    return {voucher["code"] for voucher in api.get("/v1/vouchers", limit=100)["vouchers"]}


def actions(api: Api) -> list[dict[str, object]]:
    return list(api.get("/v1/async-actions")["async_actions"])


def test_import_shows_the_tally_and_the_failures_by_reason(api: Api) -> None:
    good = run(
        api, "import", "vouchers", str(EXAMPLES / "1-gift-vouchers.csv"), str(EXAMPLES / "2-discount-vouchers.json")
    )
    assert good.returncode == 0, good.stderr
    assert "2,000 done   0 failed   of 2,000 rows" in good.stdout
    assert "500 done   0 failed" in good.stdout
    mixed = run(api, "import", str(EXAMPLES / "3-supplier-vouchers.csv"))
    assert mixed.returncode == 1
    assert "vouchers (detected from its columns)" in mixed.stdout
    assert "Voucher Type is required" in mixed.stdout
    assert "62, 123, 184" in mixed.stdout
    assert "tallykeep actions failures aa_" in mixed.stdout


def test_a_pipe_gets_neither_bars_nor_colours_nor_broken_lines(api: Api) -> None:
    imported = run(api, "import", "vouchers", str(EXAMPLES / "3-supplier-vouchers.csv"))
    assert "\x1b" not in imported.stdout + imported.stderr
    assert "━" not in imported.stdout + imported.stderr
    assert "Start Date: may be day/month or month/day, write it like 2026-12-31 (actual value is '01/09/2026')" in (
        imported.stdout
    )
    below = "Code,Voucher Type,Value\n\n" + "".join(f"L-{number},GIFT_VOUCHER,ten\n" for number in range(5))
    lines = run(api, "import", "vouchers", "-", stdin=below.encode()).stdout
    assert "3, 4, 5, 6, 7" in lines


FILES: dict[str, tuple[str, bytes, str]] = {
    "vouchers": ("v.csv", GIFTS.encode(), "vouchers"),
    "a workbook": ("v.XLSX", workbook([["Code", "Voucher Type", "Value"], ["A", "GIFT_VOUCHER", 1]]).getvalue(),
                   "vouchers"),
    "semicolons, UTF-16": ("k.csv", "Source_id;Name;Email\nK1;Zoë;\n".encode("utf-16"), "customers"),
    "compressed lines": ("v.ndjson.gz", gzip.compress(GIFT + b"\n"), "vouchers"),
    "no ending": ("vouchers-export", b" [" + GIFT + b"]", "vouchers"),
    "products": ("p.csv", b"source_id,name,price\nP1,Shirt,10\n", "products"),
    "customers as objects": ("k.json", b'[{"source_id": "K1", "email": "zoe@example.com"}]', "customers"),
    "products as lines": ("p.jsonl", b'{"source_id": "P1", "name": "Shirt", "price": 100}\n', "products"),
    "orders": ("o.json", b'[{"source_id": "O1", "items": [], "customer": {"source_id": "K1"}}]', "orders"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "row_type"), FILES.values(), ids=list(FILES))
def test_the_kind_is_told_from_the_columns_and_said(
    api: Api, tmp_path: Path, name: str, content: bytes, row_type: str
) -> None:
    imported = run(api, "import", str(written(tmp_path / name, content)))
    assert imported.returncode == 0, imported.stderr
    assert f"{row_type} (detected from its columns)" in imported.stdout
    assert "0 failed" in imported.stdout


def test_columns_that_are_no_field_are_said(api: Api, tmp_path: Path) -> None:
    file = written(
        tmp_path / "v.csv", "code,VOUCHER_TYPE,Value,Region,Notiz,row,line,reason\nA,GIFT_VOUCHER,1,Asia,x,3,4,wrong\n"
    )
    imported = run(api, "import", str(file), "--skip", "Notiz")
    assert (imported.returncode, "\n  as metadata: Region\n" in imported.stdout) == (0, True), imported.stdout
    assert api.get("/v1/vouchers/A")["metadata"] == {"Region": "Asia"}
    assert "as metadata" not in run(api, "import", str(written(tmp_path / "w.csv", GIFTS))).stdout


def test_skus_are_told_by_their_product(api: Api, tmp_path: Path) -> None:
    products = written(tmp_path / "p.csv", "source_id,name\nP1,Shirt\n")
    skus = written(tmp_path / "s.csv", "source_id,product_id,price\nS1,P1,3\n")
    assert run(api, "import", "products", str(products)).returncode == 0
    assert "skus (detected from its columns)" in run(api, "import", str(skus)).stdout
    assert api.get("/v1/skus/S1")["price"] == 300


def test_a_kind_that_cannot_be_told_is_asked_for(api: Api, tmp_path: Path) -> None:
    either = written(tmp_path / "either.csv", "source_id,name\nX,Shirt\n")
    foreign = written(tmp_path / "foreign.csv", "Nr;Spalte;Wert\nA;GIFT_VOUCHER;1\n")
    refused = run(api, "import", str(either))
    assert (refused.returncode, "could be customers or products" in refused.stderr) == (2, True)
    assert f"tallykeep import products {either}" in refused.stderr
    refused = run(api, "import", str(foreign))
    assert (refused.returncode, "Nr, Spalte, Wert" in refused.stderr) == (2, True)
    assert actions(api) == []
    outcome = run(
        api, "import", "--map", "Nr=Code", "--map", "spalte=Voucher Type", "--map", "Wert=Value", str(foreign)
    )
    assert "vouchers (detected from its columns)" in outcome.stdout
    assert api.get("/v1/vouchers/A")["gift"]["amount"] == 100


def test_every_kind_goes_where_the_table_of_action_types_says() -> None:
    imported = {
        (name, form) for name, row_type in ROW_TYPES.items() for verb, form in row_type.paths if verb == "import"
    }
    assert {name for name, _ in imported} == set(IMPORTED)
    assert {name for name, row_type in ROW_TYPES.items() if ("update", "json") in row_type.paths} == set(UPDATED)
    assert {("vouchers", "csv"), ("vouchers", "json"), ("customers", "json"), ("products", "json")} <= imported
    assert ROW_TYPES["vouchers"].path("import", "json") == ACTION_TYPES["VOUCHERS.IMPORT"].path
    assert ROW_TYPES["customers"].path("import", "json") == ACTION_TYPES["CUSTOMERS.BULK_UPDATE"].path
    covered = {path for row_type in ROW_TYPES.values() for path in row_type.paths.values()}
    files = {row_type.path for row_type in ACTION_TYPES.values() if row_type.source in ("csv", "json")}
    assert covered == files, "every action type that takes files has a command"


def test_every_noun_has_its_commands(api: Api, tmp_path: Path) -> None:
    files = {
        "customers": ("c.csv", "Kundennummer;Größe;Notiz\nK1;M;x\nK2;L;y\n"),
        "products": ("p.csv", "source_id,name\nP1,Shirt\n"),
        "skus": ("s.csv", "product_id,source_id\nP1,S1\n"),
        "orders": ("o.json", '[{"source_id": "O1", "customer": {"source_id": "K1"}}]'),
    }
    options = {"customers": ["--map", "Kundennummer=source_id", "--skip", "Notiz"]}
    for noun, (name, content) in files.items():
        imported = run(api, "import", noun, str(written(tmp_path / name, content)), *options.get(noun, []))
        assert imported.returncode == 0, imported.stderr
    assert api.get("/v1/customers/K1")["metadata"] == {"Größe": "M"}
    assert api.get("/v1/skus/S1")["sku"] is None
    assert api.get("/v1/orders/O1")["customer"]["id"] == api.get("/v1/customers/K1")["id"]
    lines = written(tmp_path / "u.ndjson", '{"source_id": "K2", "name": "Zoë"}\n')
    assert run(api, "update", "customers", str(lines)).returncode == 0
    assert api.get("/v1/customers/K2")["name"] == "Zoë"
    wrong = run(api, "import", "orders", str(tmp_path / "c.csv"))
    assert (wrong.returncode, "orders come as JSON or NDJSON, not as CSV" in wrong.stderr) == (2, True)
    unsaid = run(api, "update", str(lines))
    assert (unsaid.returncode, "vouchers or customers or products" in unsaid.stderr) == (2, True)


def test_vouchers_go_into_a_campaign(api: Api, tmp_path: Path) -> None:
    campaign = {"name": "Sommer 1/2", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}}
    assert api.http.post("/v1/campaigns", json=campaign).status_code == 200
    for code, row_type, name in (
        ("A", ["vouchers"], api.get("/v1/campaigns")["campaigns"][0]["id"]),
        ("B", ["campaign-vouchers"], "Sommer 1/2"),
        ("C", [], "Sommer 1/2"),
    ):
        file = written(tmp_path / f"{code}.csv", f"Code\n{code}\n")
        imported = run(api, "import", *row_type, "--campaign", name, str(file))
        assert imported.returncode == 0, imported.stderr
        assert api.get(f"/v1/vouchers/{code}")["campaign"] == "Sommer 1/2"
    wrong = run(api, "import", "customers", "--campaign", "Fall", str(file))
    assert (wrong.returncode, "Only vouchers" in wrong.stderr) == (2, True)
    unsaid = run(api, "import", "campaign-vouchers", str(file))
    assert (unsaid.returncode, "--campaign NAME" in unsaid.stderr) == (2, True)
    guessed = run(api, "import", str(written(tmp_path / "g.csv", "Code,Gift Amount\nD,1\n")))
    assert (guessed.returncode, "--campaign NAME" in guessed.stderr) == (2, True)


def test_standard_input(api: Api) -> None:
    imported = run(api, "import", "-", stdin=GIFTS.encode())
    assert imported.returncode == 0, imported.stderr
    assert "standard input  vouchers (detected from its columns)" in imported.stdout
    assert codes(api) == {"A", "B"}
    assert actions(api)[0]["file_name"] == "standard input"


def test_a_dry_run_writes_nothing_and_is_done_anew_each_time(api: Api, mixed: Path) -> None:
    for _ in range(2):
        dry = run(api, "import", "vouchers", "--dry-run", str(mixed))
        assert (dry.returncode, "nothing was written" in dry.stdout) == (1, True)
    assert (codes(api), len(actions(api))) == (set(), 2)


def test_error_policies(api: Api, mixed: Path) -> None:
    rejected = run(api, "import", "vouchers", "--on-error", "reject", str(mixed))
    assert (rejected.returncode, "nothing was written" in rejected.stdout, codes(api)) == (1, True, set())
    stopped = run(api, "import", "vouchers", "--on-error", "stop", "--max-failures", "1", str(mixed))
    assert (stopped.returncode, actions(api)[0]["on_error"]) == (1, "stop")
    senseless = run(api, "import", "vouchers", "--max-failures", "1", str(mixed))
    assert (senseless.returncode, "--on-error stop" in senseless.stderr) == (2, True)


def test_the_same_file_twice_is_imported_once_unless_asked_for_again(api: Api, tmp_path: Path, gifts: Path) -> None:
    first = run(api, "import", str(gifts))
    second = run(api, "import", str(gifts))
    assert "imported before" not in first.stdout
    assert (second.returncode, "this was imported before, just now (gifts.csv)" in second.stdout) == (0, True)
    assert len(actions(api)) == 1
    elsewhere = run(api, "import", "vouchers", str(written(tmp_path / "copy.csv", GIFTS)), "--json")
    assert json.loads(elsewhere.stdout)[0]["replayed"], "the content counts, not the name"
    assert "imported before" not in run(api, "import", str(gifts), "--again").stdout
    assert "imported before" not in run(api, "import", str(gifts), "--on-error", "stop").stdout
    assert len(actions(api)) == 3


def test_projects_do_not_share_what_was_imported(api: Api, other_api: Api, gifts: Path) -> None:
    assert "imported before" not in run(api, "import", str(gifts)).stdout
    assert "imported before" not in run(other_api, "import", str(gifts)).stdout


def test_an_idempotency_key_of_ones_own(api: Api, gifts: Path, mixed: Path) -> None:
    assert run(api, "import", str(gifts), "--idempotency-key", "monday").returncode == 0
    assert "imported before" in run(api, "import", str(gifts), "--idempotency-key", "monday").stdout
    other = run(api, "import", str(mixed), "--idempotency-key", "monday")
    assert (other.returncode, "'monday' was used for another submission" in other.stderr) == (3, True)
    two = run(api, "import", str(mixed), str(gifts), "--idempotency-key", "monday")
    assert (two.returncode, "one file at a time" in two.stderr) == (2, True)


def test_failed_rows_are_written_fixed_and_sent_again(api: Api, tmp_path: Path, mixed: Path) -> None:
    failed = tmp_path / "failed.csv"
    imported = run(api, "import", str(mixed), "--failed-to", str(failed), "--json")
    (outcome,) = json.loads(imported.stdout)
    assert (imported.returncode, outcome["failed_to"], outcome["reasons"][0]["count"]) == (1, str(failed), 1)
    assert "B,GIFT_VOUCHER,ten,2,3,Value: must be a number" in failed.read_text()
    failed.write_text(failed.read_text().replace(",ten,", ",10,"))
    again = run(api, "import", str(failed), "--failed-to", str(failed))
    assert (again.returncode, "1 done" in again.stdout) == (0, True)
    assert api.get("/v1/vouchers/B")["gift"]["amount"] == 1000
    assert "B,GIFT_VOUCHER,10," in failed.read_text(), "without failures it stays as it was"


def test_failed_rows_of_a_rejected_file_are_all_of_its_rows(api: Api, tmp_path: Path, mixed: Path) -> None:
    failed = tmp_path / "failed.csv"
    run(api, "import", str(mixed), "--on-error", "reject", "--failed-to", str(failed))
    assert len(failed.read_text().splitlines()) == 3


def test_failed_rows_go_to_a_file_that_can_be_sent_again(api: Api, tmp_path: Path, mixed: Path) -> None:
    objects = written(tmp_path / "v.json", '[{"code": "A", "type": "GIFT_VOUCHER"}]')
    for file, wrong, right in ((mixed, "failed.ndjson", ".csv"), (objects, "failed.csv", ".ndjson")):
        refused = run(api, "import", str(file), "--failed-to", str(tmp_path / wrong))
        assert (refused.returncode, right in refused.stderr) == (2, True)
    assert actions(api) == [], "told before anything was sent"
    failed = tmp_path / "failed.ndjson"
    assert run(api, "import", str(objects), "--failed-to", str(failed)).returncode == 1
    assert json.loads(failed.read_text()) == {"code": "A", "type": "GIFT_VOUCHER"}


def test_without_waiting(api: Api, tmp_path: Path, gifts: Path) -> None:
    started = run(api, "import", str(gifts), "--no-wait")
    action_id = str(actions(api)[0]["id"])
    assert (started.returncode, f"tallykeep actions watch {action_id}" in started.stdout) == (0, True)
    assert api.ended(action_id)["done_count"] == 2
    both = run(api, "import", str(gifts), "--no-wait", "--failed-to", str(tmp_path / "f.csv"))
    assert (both.returncode, "--no-wait" in both.stderr) == (2, True)


def test_no_rows_are_said_not_celebrated(api: Api, tmp_path: Path) -> None:
    empty = run(api, "import", str(written(tmp_path / "v.csv", HEADER)))
    assert (empty.returncode, "no rows: there was nothing to do" in empty.stdout) == (0, True)


def test_a_file_that_is_refused_stops_those_behind_it(api: Api, tmp_path: Path, gifts: Path) -> None:
    empty, wrong = written(tmp_path / "empty.csv", ""), written(tmp_path / "wrong.csv", "Art\nx\n")
    refused = run(api, "import", "vouchers", str(empty))
    assert (refused.returncode, "header line is expected" in refused.stderr) == (3, True)
    refused = run(api, "import", "vouchers", str(gifts), str(empty))
    assert (refused.returncode, actions(api)) == (3, []), "each is looked at before the first is sent"
    behind = written(tmp_path / "behind.csv", GIFTS)
    refused = run(api, "import", "vouchers", str(gifts), str(wrong), str(behind), "--json")
    assert (refused.returncode, f"Not sent: {behind}" in refused.stderr) == (3, True)
    assert "Here, that is --map 'Art=Code'; the right titles: tallykeep template vouchers" in refused.stderr
    assert [outcome["file"] for outcome in json.loads(refused.stdout)] == [str(gifts)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.csv"], "nothing.csv cannot be read: No such file"),
        (["vouchrs", "x.csv"], "row types are vouchers, customers"),
        (["."], "is a directory"),
        (["vouchers"], "Name the files"),
        (["vouchers", "-", "-"], "can be read only once"),
        (["vouchers", "{gifts}", "--failed-to", "{gifts}"], "would be overwritten"),
        (["vouchers", "{gifts}", "--map", "Code"], "should be 'Title=name'"),
        (["vouchers", "{gifts}", "--default", "PERCENT"], "should be 'Title=text'"),
        (["vouchers", "{gifts}", "--value", "Gutschein=GIFT_VOUCHER"], "should be 'Title:text=meaning'"),
    ],
)
def test_commands_that_make_no_sense(api: Api, gifts: Path, words: list[str], said: str) -> None:
    refused = run(api, "import", *(word.format(gifts=gifts) for word in words), cwd=gifts.parent, stdin=b"")
    assert (refused.returncode, actions(api)) == (2, [])
    assert said in refused.stderr


def test_a_file_with_words_of_its_own(api: Api, tmp_path: Path) -> None:
    foreign = tmp_path / "rabatte.csv"
    foreign.write_text("Code,Voucher Type,Value\nF-1,Rabatt,15\nF-2,RABATT,20\n")
    words = ["--default", "Discount Type=PERCENT", "--value", "Voucher Type:Rabatt=DISCOUNT_VOUCHER"]
    done = run(api, "import", "vouchers", str(foreign), *words)
    assert "2 done   0 failed" in done.stdout
    assert api.get("/v1/vouchers/F-2")["discount"] == {"type": "PERCENT", "percent_off": 20}
    lines = tmp_path / "lines.ndjson"
    lines.write_text("{}\n")
    refused = run(api, "import", "vouchers", str(lines), *words)
    assert "--default and --value are for columns" in refused.stderr
