"""Campaigns, metadata, keys, projects and templates on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tallykeep.catalog.templates import CSV_TEMPLATES
from tests.cli.running import in_terminal, run
from tests.server import Api

CAMPAIGN = {"name": "Fall 1/2", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}}


@pytest.fixture
def fall(api: Api) -> str:
    answer = api.http.post("/v1/campaigns", json=CAMPAIGN)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["name"])


def test_vouchers_are_generated(api: Api, fall: str) -> None:
    made = run(api, "campaigns", "generate", fall, "-n", "30", "--prefix", "F-", "--metadata", "Region=Asia")
    assert (made.returncode, "30 done" in made.stdout) == (0, True), made.stderr
    vouchers = api.get("/v1/vouchers", limit=100)["vouchers"]
    assert len(vouchers) == 30
    assert all(voucher["code"].startswith("F-") for voucher in vouchers)
    assert {voucher["metadata"]["Region"] for voucher in vouchers} == {"Asia"}
    assert fall in run(api, "campaigns", "list").stdout
    assert json.loads(run(api, "campaigns", "list", "--json").stdout)["total"] == 1


def test_generating_is_tried_and_sent_twice(api: Api, fall: str) -> None:
    words = ("campaigns", "generate", fall, "--count", "5")
    assert "nothing was written" in run(api, *words, "--dry-run").stdout
    for replayed in (False, True):
        answer = json.loads(run(api, *words, "--idempotency-key", "k", "--json").stdout)
        assert (answer["replayed"], answer["action"]["done_count"]) == (replayed, 5)
    assert "tallykeep actions watch" in run(api, *words, "--no-wait").stdout


def test_a_single_voucher_is_made_at_once(api: Api, fall: str) -> None:
    made = run(api, "campaigns", "generate", fall, "--count", "1", "--pattern", "ONE-####", "--json")
    assert json.loads(made.stdout)["code"].startswith("ONE-")
    assert "generated " in run(api, "campaigns", "generate", fall, "-n", "1").stdout
    refused = run(api, "campaigns", "generate", fall, "-n", "1", "--dry-run")
    assert (refused.returncode, "more than one" in refused.stderr) == (2, True)


def test_what_cannot_be_generated(api: Api, fall: str) -> None:
    unknown = run(api, "campaigns", "generate", "Winter", "-n", "5")
    assert (unknown.returncode, "Winter" in unknown.stderr) == (3, True)
    pair = run(api, "campaigns", "generate", fall, "-n", "5", "--metadata", "Region")
    assert (pair.returncode, "'key=value'" in pair.stderr) == (2, True)


@pytest.fixture
def regions(api: Api) -> Api:
    """A project with three vouchers that have a region, and one that has none."""
    api.define_schema("voucher", {"Region": {"type": "string", "optional": True}})
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    rows: list[dict[str, Any]] = [{**gift, "code": f"V{number}", "metadata": {"Region": "Asia"}} for number in range(3)]
    assert api.ended(api.import_json([*rows, {**gift, "code": "V9"}]))["done_count"] == 4
    return api


def has_region(api: Api) -> int:
    return sum("Region" in voucher["metadata"] for voucher in api.get("/v1/vouchers", limit=100)["vouchers"])


def test_a_purge_counts_and_asks_first(regions: Api) -> None:
    unasked = run(regions, "metadata", "purge", "voucher", "Region")
    assert (unasked.returncode, "from 3 vouchers" in unasked.stderr) == (2, True)
    assert run(regions, "metadata", "remove", "voucher", "Region").returncode == 0
    assert "removed" in run(regions, "metadata", "list").stdout
    prompt = "This removes Region from 3 vouchers, for good. Type Region to continue"
    for typed, code, left in (("no", 130, 3), ("Region", 0, 0)):
        with in_terminal(regions, "metadata", "purge", "voucher", "Region", columns=120) as terminal:
            terminal.until(lambda text: prompt in text)
            terminal.type(f"{typed}\n")
            assert terminal.wait() == code
        assert has_region(regions) == left


def test_a_purge_for_scripts(regions: Api) -> None:
    dry = json.loads(run(regions, "metadata", "purge", "voucher", "Region", "--dry-run", "--json").stdout)
    assert (dry["action"]["total_count"], has_region(regions)) == (3, 3)
    in_force = run(regions, "metadata", "purge", "voucher", "Region", "--yes")
    assert (in_force.returncode, "remove it first" in in_force.stderr) == (3, True)
    assert run(regions, "metadata", "remove", "voucher", "Region").returncode == 0
    assert run(regions, "metadata", "purge", "voucher", "Region", "--yes").returncode == 0
    assert has_region(regions) == 0


def test_definitions_are_listed_removed_and_restored(regions: Api) -> None:
    assert "Region" in run(regions, "metadata", "list").stdout
    run(regions, "metadata", "remove", "voucher", "Region")
    assert run(regions, "metadata", "restore", "voucher", "Region").returncode == 0
    (schema,) = json.loads(run(regions, "metadata", "list", "--json").stdout)["schemas"]
    assert not schema["properties"]["Region"].get("deleted")


def test_a_key_is_made_used_and_revoked(api: Api) -> None:
    made = run(api, "keys", "create", "--name", "CI", "--role", "operator")
    variables = dict(word.split("=", 1) for word in made.stdout.split()[1:])
    assert variables.keys() == {"TALLYKEEP_APP_ID", "TALLYKEEP_APP_TOKEN"}
    key = variables["TALLYKEEP_APP_ID"]
    list_spec = run(api, "keys", "list").stdout
    assert key in list_spec
    assert "CI" in list_spec
    assert variables["TALLYKEEP_APP_TOKEN"] not in list_spec
    assert run(api, "actions", "list", **variables).returncode == 0
    unasked = run(api, "keys", "revoke", key)
    assert (unasked.returncode, "--yes" in unasked.stderr) == (2, True)
    for answer, code in (("n", 130), ("y", 0)):
        with in_terminal(api, "keys", "revoke", key) as terminal:
            terminal.until(lambda text: "for good?" in text)
            terminal.type(f"{answer}\n")
            assert terminal.wait() == code
    assert run(api, "actions", "list", **variables).returncode == 3
    own = run(api, "keys", "revoke", api.keys.app_id, "--yes")
    assert (own.returncode, "make another one" in own.stderr) == (3, True)


def test_a_key_without_a_role_is_not_made(api: Api) -> None:
    before = api.get("/v1/keys")["total"]
    for words in ((), ("--name", "CI"), ("--kind", "service", "--scope", "vouchers.read")):
        refused = run(api, "keys", "create", *words)
        assert (refused.returncode, "--role reader" in refused.stderr) == (2, True), refused.stderr
    assert api.get("/v1/keys")["total"] == before


def test_refusals_name_options_and_not_fields(api: Api) -> None:
    new = ("keys", "create", "--name", "CI", "--role", "reader")
    for words, said in (
        ((*new, "--expires", "soon"), "--expires should be a time"),
        ((*new, "--expires", "2020-01-01"), "--expires is past"),
        ((*new, "--scope", "vouchers.eat"), "--scope: there is no permission"),
        ((*new, "--address", "everywhere"), "--address should have networks"),
        (("actions", "list", "--type", "NONE"), "--type must be one of"),
        (("audit", "list", "--since", "never"), "--since cannot be recognized"),
    ):
        refused = run(api, *words)
        assert (refused.returncode, said in refused.stderr) == (3, True), refused.stderr
        assert "Property" not in refused.stderr


def test_keys_for_scripts(api: Api) -> None:
    manager = {
        "TALLYKEEP_MANAGEMENT_ID": api.keys.management_id,
        "TALLYKEEP_MANAGEMENT_TOKEN": api.keys.management_token,
    }
    made = json.loads(run(api, "keys", "create", "--kind", "management", "--role", "admin", "--json", **manager).stdout)
    assert (made["kind"], len(made["token"]) > 30) == ("management", True)
    list_spec = {key["id"]: key for key in json.loads(run(api, "keys", "list", "--json").stdout)["keys"]}
    assert "token" not in list_spec[made["id"]]
    revoke = ("keys", "revoke", made["id"], "--kind", "management", "--yes")
    refused = run(api, *revoke)
    assert (refused.returncode, "managed with one of them" in refused.stderr) == (3, True)
    assert run(api, *revoke, **manager).returncode == 0


def test_a_key_is_narrowed_down_changed_and_rotated(api: Api) -> None:
    limits = (
        "--role",
        "reader",
        "--scope",
        "vouchers.read",
        "--scope",
        "async-actions.read",
        "--expires",
        "2099-01-31",
    )
    created = run(api, "keys", "create", "--name", "Supplier", "--json", *limits, "--address", "127.0.0.0/8")
    key = json.loads(created.stdout)
    assert (key["role"], key["scopes"]) == ("reader", ["async-actions.read", "vouchers.read"])
    assert (key["addresses"], key["expires_at"]) == (["127.0.0.0/8"], "2099-01-31T00:00:00.000Z")
    own = {"TALLYKEEP_APP_ID": key["id"], "TALLYKEEP_APP_TOKEN": key["token"]}
    assert run(api, "actions", "list", **own).returncode == 0
    refused = run(api, "campaigns", "list", **own)
    assert (refused.returncode, "campaigns.read" in refused.stderr) == (3, True)
    assert "reader, async-actions.read, vouchers.read" in run(api, "keys", "list").stdout
    unchanged = run(api, "keys", "change", key["id"])
    assert (unchanged.returncode, "Say what to change" in unchanged.stderr) == (2, True)
    wide = ("--role", "operator", "--scope", "all", "--expires", "never", "--address", "anywhere")
    assert run(api, "keys", "change", key["id"], *wide).returncode == 0
    rotated = json.loads(run(api, "keys", "rotate", key["id"], "--overlap", "0", "--json").stdout)
    assert (rotated["role"], rotated["scopes"], rotated["addresses"]) == ("operator", None, [])
    assert run(api, "campaigns", "list", **own).returncode == 3
    assert run(api, "campaigns", "list", **{**own, "TALLYKEEP_APP_TOKEN": rotated["token"]}).returncode == 0
    shown = run(api, "keys", "rotate", key["id"])
    assert "The token before works until" in shown.stderr


def test_a_token_of_oauth_instead_of_keys(api: Api) -> None:
    body = {"grant_type": "client_credentials", "scope": "async-actions"}
    token = api.http.post("/v1/oauth/token", data=body).json()["access_token"]
    assert run(api, "actions", "list", TALLYKEEP_TOKEN=token).returncode == 0
    assert run(api, "campaigns", "list", TALLYKEEP_TOKEN=token).returncode == 3
    without = {"TALLYKEEP_APP_ID": "", "TALLYKEEP_APP_TOKEN": ""}
    assert run(api, "actions", "list", "--token", token, **without).returncode == 0
    both = run(api, "actions", "list", "--token", token, "--app-id", "x", "--app-token", "y")
    assert (both.returncode, "not beside them" in both.stderr) == (2, True)
    assert run(api, "campaigns", "list", "--app-id", api.keys.app_id, "--app-token", api.keys.app_token,
               TALLYKEEP_TOKEN=token).returncode == 0  # fmt: skip


def test_the_project_of_the_keys(api: Api) -> None:
    assert api.keys.project in run(api, "projects").stdout
    assert run(api, "projects", "list").stdout == run(api, "projects").stdout
    assert json.loads(run(api, "projects", "--json").stdout)["data"][0]["id"] == api.keys.project


@pytest.mark.parametrize("row_type", CSV_TEMPLATES)
def test_templates(api: Api, row_type: str) -> None:
    assert run(api, "template", row_type).stdout == ",".join(CSV_TEMPLATES[row_type]) + "\n"


def test_a_template_is_written_where_nothing_is(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "v.csv"
    made = run(api, "template", "vouchers", "--to", str(file))
    assert f"tallykeep import vouchers {file}" in made.stderr.replace("\n", "")
    assert file.read_text().startswith("\ufeffCode,")
    again = run(api, "template", "vouchers", "--to", str(file))
    assert (again.returncode, "already exists" in again.stderr) == (2, True)


def test_kinds_without_a_template(api: Api) -> None:
    orders = run(api, "template", "orders")
    assert (orders.returncode, '{"source_id"' in orders.stderr) == (2, True)
    unknown = run(api, "template", "planets")
    assert (unknown.returncode, "there are vouchers" in unknown.stderr) == (3, True)
