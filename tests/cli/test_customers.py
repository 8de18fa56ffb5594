"""One customer on the command line: exported, and erased once somebody has confirmed it."""

import json
from pathlib import Path

import pytest

from tests.cli.running import in_terminal, run
from tests.server import Api


@pytest.fixture
def ann(api: Api) -> str:
    rows = "Source_id,Name\nann/1,Ann\njoe,Joe\n"
    answer = api.http.post("/v1/customers/importCSV", files={"file": ("c.csv", rows)})
    api.ended(answer.json()["async_action_id"])
    return "ann/1"


def _is_there(api: Api) -> bool:
    return any(customer["source_id"] == "ann/1" for customer in api.get("/v1/customers")["customers"])


def test_personal_data_are_printed_or_written(api: Api, ann: str, tmp_path: Path) -> None:
    printed = json.loads(run(api, "customers", "personal-data", ann).stdout)
    assert (printed["customer"]["name"], [row["content"]["Name"] for row in printed["rows"]]) == ("Ann", ["Ann"])
    file = tmp_path / "ann.json"
    assert run(api, "customers", "personal-data", ann, "--to", str(file)).returncode == 0
    assert json.loads(file.read_text())["customer"] == printed["customer"]
    unknown = run(api, "customers", "personal-data", "nobody")
    assert (unknown.returncode, "--gone asks for" in unknown.stderr) == (3, True)


def test_a_customer_is_erased_with_yes_alone_where_there_is_no_terminal(api: Api, ann: str) -> None:
    refused = run(api, "customers", "erase", ann)
    assert (refused.returncode, "--yes" in refused.stderr, _is_there(api)) == (2, True, True)
    erased = run(api, "customers", "erase", ann, "--yes")
    assert (erased.returncode, "1 done" in erased.stdout, _is_there(api)) == (0, True, False), erased.stderr
    assert run(api, "customers", "erase", ann, "--yes").returncode == 3
    gone = json.loads(run(api, "customers", "erase", ann, "--yes", "--gone", "--json").stdout)
    assert gone["action"]["type"] == "CUSTOMERS.PERMANENT_DELETION"


def test_what_was_deleted_is_said_where_no_rows_are_left_and_so_is_what_stays(api: Api) -> None:
    made = api.http.post("/v1/customers", json={"source_id": "e1"}).json()
    api.http.post("/v1/orders", json={"customer": {"source_id": "e1"}, "items": []}).raise_for_status()
    erased = run(api, "customers", "erase", "e1", "--yes")
    assert erased.returncode == 0, erased.stderr
    assert f"deleted the customer {made['id']} and 1 order; rows about them are erased" in erased.stdout
    assert "no stored rows were about them" in erased.stdout
    assert "nothing to do" not in erased.stdout
    assert "What stays" in erased.stderr
    assert "audit log" in erased.stderr
    gone = run(api, "customers", "erase", "e1", "--yes", "--gone")
    assert (gone.returncode, "no customer was there to delete" in gone.stdout) == (0, True)


def test_an_address_of_customers_who_are_there_is_not_taken_for_one_of_somebody_gone(api: Api) -> None:
    address = "eve@cust.example"
    eve = api.http.post("/v1/customers", json={"source_id": "eve", "email": address}).json()["id"]
    for words in (("erase", address, "--yes"), ("personal-data", address), ("erase", address)):
        unknown = run(api, "customers", *words)
        assert (unknown.returncode, eve in unknown.stderr, "--gone" in unknown.stderr) == (3, True, False), words
    for words in (("erase", address, "--yes", "--gone"), ("personal-data", address, "--gone")):
        refused = run(api, "customers", *words)
        assert (refused.returncode, f"tallykeep customers erase {eve}" in refused.stderr) == (3, True), refused.stderr
    assert api.get(f"/v1/customers/{eve}")["email"] == address


def test_the_id_has_to_be_typed(api: Api, ann: str) -> None:
    prompt = "This erases the customer ann/1, orders and all rows about them, for good. Type ann/1 to continue"
    for typed, code, is_there in (("joe", 130, True), (ann, 0, False)):
        with in_terminal(api, "customers", "erase", ann, columns=140) as terminal:
            terminal.until(lambda text: prompt in text)
            terminal.type(f"{typed}\n")
            assert terminal.wait() == code
        assert _is_there(api) == is_there
