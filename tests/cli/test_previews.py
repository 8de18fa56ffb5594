"""Files of others, imported from the command line: asked about where it is not sure, and what was taken is printed."""

import json
import shlex
from io import StringIO
from pathlib import Path

from rich.console import Console

from tallykeep.cli.kit.show import tally
from tests.cli.running import run
from tests.cli.test_imports import actions, written
from tests.http.exports import EXPORTS
from tests.http.test_inputs import xlsx_of
from tests.server import Api


def test_the_mapping_that_is_taken_is_printed(api: Api, tmp_path: Path) -> None:
    file = written(tmp_path / "contacts.csv", EXPORTS["contacts"].text)
    imported = run(api, "import", str(file))
    assert imported.returncode == 0, imported.stderr
    assert "customers (detected from its columns)" in imported.stdout
    assert "read as: utf-8, comma between cells" in imported.stdout
    assert "columns: Email Address → Email, Phone Number → Phone" in imported.stdout
    assert "as metadata: First Name, Last Name" in imported.stdout
    assert "every import makes all of them anew" in imported.stdout
    (ada,) = api.get("/v1/customers", email="ada@example.test")["customers"]
    assert (ada["phone"], ada["address"]["city"]) == ("+15555550100", "Springfield")


def test_a_shops_products_become_products(api: Api, tmp_path: Path) -> None:
    file = written(tmp_path / "export.csv", EXPORTS["WooCommerce products, some columns"].text)
    imported = run(api, "import", str(file), "--json")
    assert imported.returncode == 0, imported.stderr
    (outcome,) = json.loads(imported.stdout)
    assert (outcome["row_type"], outcome["mapping"]) == ("products", {"SKU": "source_id", "Regular price": "price"})
    assert outcome["warnings"] == []
    assert api.get("/v1/products/hoodie-1")["price"] == 4500


def test_what_would_be_lost_is_asked_for_with_a_line_to_paste(api: Api, tmp_path: Path) -> None:
    rows = "Name,Write to,Membership no\nAda,ada@example.test,m1\nBo,bo@example.test,m2\n"
    file = written(tmp_path / "it's mine.csv", rows)
    refused = run(api, "import", "customers", str(file), "--dry-run")
    assert (refused.returncode, refused.stdout, actions(api)) == (2, "", [])
    assert "'Write to' holds email addresses" in refused.stderr
    (line,) = [line for line in refused.stderr.splitlines() if "--map" in line]
    words = shlex.split(line)
    assert words == [
        "tallykeep", "import", "customers", str(file), "--map", "Membership no=Source_id", "--map", "Write to=Email",
        "--dry-run",
    ]  # fmt: skip
    assert run(api, *words[1:-1]).returncode == 0
    assert api.get("/v1/customers/m1")["email"] == "ada@example.test"
    taken = run(api, "import", "customers", str(file), "--yes")
    assert (taken.returncode, "as metadata: Write to, Membership no" in taken.stdout) == (0, True)


def test_signs_around_the_digits_are_asked_about(api: Api, tmp_path: Path) -> None:
    file = written(tmp_path / "v.csv", 'Code,Voucher Type,Value\n"=""00123""",GIFT_VOUCHER,5\n')
    refused = run(api, "import", str(file))
    assert (refused.returncode, actions(api)) == (2, [])
    assert f"tallykeep import vouchers {file} --yes" in refused.stderr
    assert """has cells such as '="00123"', with signs""" in refused.stderr
    assert run(api, "import", "vouchers", str(file), "--yes").returncode == 0


def test_failures_are_shown_by_their_lines_where_these_are_known() -> None:
    action = {
        "done_count": 0, "failed_count": 2, "unprocessed_count": 0, "total_count": 2, "dry_run": False,
        "ended_by": None, "finished_at": None, "status": "DONE", "id": "aa_1",
    }  # fmt: skip
    for lines, shown in (([2, 4], "first lines 2, 4"), ([None, None], "first rows 1, 2")):
        reasons = [{"count": 2, "reason": "x", "first_rows": [1, 2], "first_lines": lines}]
        console = Console(width=120, record=True, file=StringIO())
        console.print(tally(action, reasons))
        words = console.export_text().split()
        assert " ".join(words[words.index("first") : words.index("first") + 2]) + " " + " ".join(words[-2:]) == shown


def test_what_is_skipped_leaves_the_other_columns_to_what_they_are(api: Api, tmp_path: Path) -> None:
    file = written(tmp_path / "k.csv", "Kundennummer;E-Mail;Notiz\nK1;a@example.test;x\n")
    imported = run(api, "import", "-", "--skip", "notiz", stdin=file.read_bytes())
    assert imported.returncode == 0, imported.stderr
    assert "left out: Notiz" in imported.stdout
    assert api.get("/v1/customers/K1")["email"] == "a@example.test"


def test_a_question_tells_how_many_columns_it_does_not_name(api: Api, tmp_path: Path) -> None:
    titles = ",".join(f"c{number}" for number in range(11))
    refused = run(api, "import", str(written(tmp_path / "x.csv", f"{titles}\n{'1,' * 10}1\n")))
    assert "The columns: c0, c1, c2, c3, c4, c5, c6, c7 and 3 more" in refused.stderr


def test_one_row_above_the_header_is_one_row(api: Api, tmp_path: Path) -> None:
    imported = run(
        api, "import", "customers", str(written(tmp_path / "k.csv", "Our customers,\nSource_id,Name\nK1,Ada\n"))
    )
    assert "header in row 2, 1 row above it not read" in imported.stdout, imported.stderr


def test_a_file_is_read_as_the_options_say(api: Api, tmp_path: Path) -> None:
    file = written(tmp_path / "k.csv", "Source_id|Name, first\nK1|Łódź, x\n".encode("cp1250"))
    imported = run(api, "import", "customers", str(file), "--charset", "windows-1250", "--delimiter", "|",
               "--map", "Name, first=Name")  # fmt: skip
    assert imported.returncode == 0, imported.stderr
    assert "read as: cp1250, pipe between cells" in imported.stdout
    assert api.get("/v1/customers/K1")["name"] == "Łódź, x"


def test_a_large_file_and_a_workbook_are_looked_at_too(api: Api, tmp_path: Path) -> None:
    rows = "".join(f"k{number};Ada {number};{'x' * 90}\n" for number in range(4_000))
    imported = run(api, "import", str(written(tmp_path / "k.csv", "Kundennummer;Name;Notiz\n" + rows)))
    assert (imported.returncode, "4,000 done" in imported.stdout) == (0, True), imported.stderr
    workbook = xlsx_of([["Artikelnummer", "Artikelname", "Preis"], ["A1", "Tasse", 9.5]])
    imported = run(api, "import", str(written(tmp_path / "p.xlsx", workbook)))
    assert (imported.returncode, "products (detected from its columns)" in imported.stdout) == (0, True), (
        imported.stderr
    )
    assert api.get("/v1/products/A1")["price"] == 950
