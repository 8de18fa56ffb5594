"""`tallykeep keys`: which of the keys at hand it asks with, and which project it says that they are of."""

import json
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.cli.test_connection import kept
from tests.cli.test_doctor import checks
from tests.http.test_keys import list_spec
from tests.server import Api

WITHOUT_APP_KEYS = {"TALLYKEEP_APP_ID": "", "TALLYKEEP_APP_TOKEN": ""}
NEW = ("keys", "create", "--name", "New", "--role", "reader")


def management(api: Api) -> dict[str, str]:
    """A project's management keys, as the environment has them."""
    return {
        "TALLYKEEP_MANAGEMENT_ID": api.keys.management_id,
        "TALLYKEEP_MANAGEMENT_TOKEN": api.keys.management_token,
    }


def flags(api: Api) -> tuple[str, ...]:
    return ("--app-id", api.keys.app_id, "--app-token", api.keys.app_token)


@pytest.mark.parametrize(
    "words",
    [("list",), NEW[1:], ("change", "ID", "--name", "x"), ("rotate", "ID", "--yes"), ("revoke", "ID", "--yes")],
    ids=lambda words: words[0],
)
def test_keys_of_two_projects_leave_it_open_which_is_meant(api: Api, other_api: Api, words: tuple[str, ...]) -> None:
    before = list_spec(api), list_spec(other_api)
    ids = [api.keys.management_id if word == "ID" else word for word in words]
    for as_json in ((), ("--json",)) if words[0] in ("list", "create", "rotate") else ((),):
        unclear = run(other_api, "keys", *ids, *as_json, **management(api))
        assert (unclear.returncode, unclear.stdout) == (2, "")
        assert f"TALLYKEEP_APP_ID is a key of Other ({other_api.keys.project})" in unclear.stderr
        assert f"TALLYKEEP_MANAGEMENT_ID one of Test ({api.keys.project})" in unclear.stderr
        assert "unset TALLYKEEP_MANAGEMENT_ID" in unclear.stderr
    assert (list_spec(api).keys(), list_spec(other_api).keys()) == (before[0].keys(), before[1].keys())


def test_two_projects_are_told_apart_whatever_the_keys_may(api: Api, other_api: Api) -> None:
    weak = other_api.http.post("/v1/keys", json={"role": "reader", "scopes": ["vouchers.read"]}).json()
    own = {"TALLYKEEP_APP_ID": weak["id"], "TALLYKEEP_APP_TOKEN": weak["token"]}
    unclear = run(None, "keys", "list", TALLYKEEP_URL=api.url, **own, **management(api))
    assert (unclear.returncode, other_api.keys.project in unclear.stderr) == (2, True), unclear.stderr


def test_flags_come_before_the_environment(api: Api, other_api: Api) -> None:
    made = json.loads(run(api, *NEW, "--json", *flags(other_api), **management(api)).stdout)
    assert made["project_id"] == other_api.keys.project
    assert made["id"] in list_spec(other_api)
    answer = json.loads(run(api, "keys", "list", "--json", *flags(other_api), **management(api)).stdout)
    assert {key["project_id"] for key in answer["keys"]} == {other_api.keys.project}


def test_the_environment_comes_before_the_default_profile(api: Api, other_api: Api, tmp_path: Path) -> None:
    file = tmp_path / "config" / "tallykeep" / "profiles.toml"
    kept(file, other_api)
    kept(file, other_api, "other")
    env = {"TALLYKEEP_URL": api.url, **management(api)}
    for words in (("keys", "list"), NEW):
        done = run(None, *words, **env)
        assert (done.returncode, f"of Test ({api.keys.project})" in done.stderr) == (0, True), done.stderr
        by_profile = run(None, *words, "--profile", "other", **env)
        assert f"of Other ({other_api.keys.project})" in by_profile.stderr
    assert run(None, "actions", "list", **env).returncode == 0, "management keys import nothing: the profile does"


def test_keys_of_one_project_and_keys_that_are_refused_leave_nothing_open(api: Api) -> None:
    for env in ({}, {"TALLYKEEP_APP_TOKEN": "expired"}):
        made = run(api, *NEW, **management(api), **env)
        assert (made.returncode, f"A key of Test ({api.keys.project})" in made.stderr) == (0, True), made.stderr


def test_every_output_names_the_project(api: Api) -> None:
    named = f"a key of Test ({api.keys.project})"
    made = json.loads(run(api, *NEW, "--json").stdout)
    assert made["project_id"] == api.keys.project
    assert named in run(api, "keys", "change", made["id"], "--name", "Shop").stdout
    assert f"A{named[1:]}" in run(api, "keys", "rotate", made["id"]).stderr
    assert f"{made['id']}, Shop, {named}" in run(api, "keys", "revoke", made["id"]).stderr
    assert f"revoked {made['id']}, Shop, {named}" in run(api, "keys", "revoke", made["id"], "--yes").stdout


def test_a_token_is_shown_also_where_the_projects_name_is_not(api: Api) -> None:
    weak = api.http.post("/v1/keys", json={"role": "admin", "scopes": ["keys.manage", "vouchers.read"]}).json()
    flags_of_it = ("--app-id", weak["id"], "--app-token", weak["token"])
    shown = run(api, *NEW, "--scope", "vouchers.read", *flags_of_it)
    assert (shown.returncode, "TALLYKEEP_APP_TOKEN=" in shown.stdout) == (0, True), shown.stderr
    assert f"A key of {api.keys.project}." in shown.stderr
    key_id = shown.stdout.split("TALLYKEEP_APP_ID=")[1].split()[0]
    assert run(api, "keys", "revoke", key_id, "--yes", *flags_of_it).stdout == f"  revoked {key_id}\n"


def test_management_keys_will_do(api: Api) -> None:
    management_only = {**WITHOUT_APP_KEYS, **management(api)}
    answer = run(api, "keys", "list", **management_only)
    assert (answer.returncode, api.keys.management_id in answer.stdout) == (0, True), answer.stderr
    assert run(api, "audit", "list", **management_only).returncode == 0
    _, findings = checks(api, **management_only)
    assert (findings["keys"]["level"], api.keys.project in findings["keys"]["message"]) == ("ok", True)
    lacking = run(api, "actions", "list", **management_only)
    assert (lacking.returncode, "tallykeep keys create" in lacking.stderr) == (2, True)


def test_the_doctor_compares_the_projects(api: Api, other_api: Api) -> None:
    wrong = {**management(api), "TALLYKEEP_MANAGEMENT_TOKEN": "wrong"}
    for env, level, said in (
        (management(api), "ok", api.keys.project),
        (management(other_api), "warning", f"another project, {other_api.keys.project}"),
        (wrong, "wrong", "revoked"),
    ):
        _, findings = checks(api, **env)
        finding = findings["management keys"]
        assert (finding["level"], said in finding["message"]) == (level, True), finding


def test_who_has_no_keys_is_not_sent_to_make_keys_of_everything(api: Api) -> None:
    missing = run(None, "keys", "list", TALLYKEEP_URL=api.url).stderr
    _, findings = checks(api, "--app-id", "nobody")
    for advice in (missing, findings["keys"]["todo"]):
        first, _, last = advice.partition("keys recover")
        assert "an admin of the project" in " ".join(first.split())
        assert "Who runs the server" in first
        assert "for everything in all projects" in first
        assert "revokes none" in last
