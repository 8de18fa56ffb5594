"""`tallykeep projects`: with management keys, piped and in a terminal."""

import json
import shlex
from typing import Any

import pytest

from tests.cli.running import in_terminal, run
from tests.server import Api, management_headers, new_owner

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}


def as_variables(headers: dict[str, str]) -> dict[str, str]:
    """Management keys as the environment has them, instead of application keys."""
    return {
        "TALLYKEEP_MANAGEMENT_ID": headers["X-Management-Id"],
        "TALLYKEEP_MANAGEMENT_TOKEN": headers["X-Management-Token"],
    }


@pytest.fixture
def owner(served_database: str) -> dict[str, str]:
    return as_variables(new_owner(served_database))


@pytest.fixture
def manager(api: Api) -> dict[str, str]:
    return as_variables(management_headers(api.keys))


def test_a_project_is_created_listed_shown_changed_and_deleted(api: Api, owner: dict[str, str]) -> None:
    made = run(api, "projects", "create", "Shop", "--timezone", "Europe/Vienna", "--currency", "EUR", **owner)
    assert made.returncode == 0, made.stderr
    assert "shown only once" in made.stderr
    first, *exports = made.stdout.splitlines()
    project = first.split()[-1]
    keys = dict(pair.split("=", 1) for line in exports for pair in shlex.split(line)[1:])
    assert [line.split()[0] for line in exports] == ["export", "export"]
    own = run(api, "projects", **keys)
    assert project in own.stdout
    assert api.keys.project not in own.stdout
    assert {project, api.keys.project} <= {
        each["id"] for each in _json(run(api, "projects", "--json", **owner))["data"]
    }
    shown = run(api, "projects", "show", project, **owner).stdout
    assert all(text in shown for text in (project, "Shop", "Europe/Vienna", "EUR"))
    assert run(api, "projects", "update", project, "--name", "Outlet", **owner).returncode == 0
    assert _json(run(api, "projects", "show", project, "--json", **owner))["name"] == "Outlet"
    quotas = ("--max-rows-per-day", "5000", "--max-open-actions", "20")
    assert run(api, "projects", "update", project, *quotas, **owner).returncode == 0
    assert run(api, "projects", "update", project, "--max-open-actions", "default", **owner).returncode == 0
    own = _json(run(api, "projects", "show", project, "--json", **owner))["quotas"]
    assert own == {"rows_per_day": 5000, "stored_rows": None, "open_actions": None}
    assert "5,000 at most" in run(api, "projects", "show", project, **owner).stdout
    deleted = run(api, "projects", "delete", project, "--yes", **owner)
    assert (deleted.returncode, f"deleted Outlet ({project})" in deleted.stdout) == (0, True), deleted.stderr
    assert run(api, "projects", "show", project, **owner).returncode == 3


def _json(done: Any) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_deletion_is_confirmed_by_the_projects_name(api: Api, manager: dict[str, str]) -> None:
    api.ended(api.import_json([{"code": f"C{number}", **GIFT} for number in range(3)]))
    api.http.post("/v1/customers", json={"source_id": "a"}).raise_for_status()
    for name in ("A", "B"):
        api.http.post("/v1/categories", json={"name": name, "hierarchy": 1}).raise_for_status()
    words = ("projects", "delete", api.keys.project)
    unasked = run(api, *words, **manager)
    assert (unasked.returncode, "say --yes" in unasked.stderr) == (2, True)
    for answer, is_deleted in (("Tset", False), ("Test", True)):
        with in_terminal(api, *words, columns=160, **manager) as terminal:
            terminal.until(lambda text: "to continue" in text)
            assert f"the project Test ({api.keys.project}) with about 9 rows at the moment" in terminal.text
            assert all(
                part in terminal.text for part in ("3 vouchers", "1 customer,", "2 categories", "1 async action,")
            )
            terminal.type(f"{answer}\n")
            assert (terminal.wait() == 0) is is_deleted
            assert ("deleted Test" in terminal.text) is is_deleted
            assert ("nothing was deleted" in terminal.text) is not is_deleted
    assert api.http.get("/v1/vouchers").status_code == 401


def test_a_deletion_is_begun_and_told_as_json(api: Api, manager: dict[str, str], owner: dict[str, str]) -> None:
    begun = run(api, "projects", "delete", api.keys.project, "--yes", "--no-wait", "--json", **owner)
    deletion = _json(begun)
    assert (deletion["project_id"], deletion["requested_by"]) == (api.keys.project, owner["TALLYKEEP_MANAGEMENT_ID"])
    again = _json(run(api, "projects", "delete", api.keys.project, "--yes", "--json", **owner))
    log = _json(
        run(api, "audit", "list", "--project", api.keys.project, "--event", "project.delete", "--json", **owner)
    )
    assert [entry["key_id"] for entry in log] == [owner["TALLYKEEP_MANAGEMENT_ID"]]
    assert (again["async_action_id"], again["status"]) == (deletion["async_action_id"], "DONE")
    assert run(api, "projects", "show", api.keys.project, **manager).returncode == 3


def test_what_the_server_refuses_is_told(api: Api, manager: dict[str, str]) -> None:
    for words, variables, code, text in (
        (("create", "Another"), manager, 3, "installation.manage"),
        (("create", "Another"), {}, 3, "X-Management-Id"),
        (("update", api.keys.project), manager, 2, "--name"),
        (("update", api.keys.project, "--timezone", "Mars"), manager, 3, "Europe/Vienna"),
        (("update", api.keys.project, "--max-stored-rows", "9"), manager, 3, "installation.manage"),
        (("update", api.keys.project, "--max-stored-rows", "many"), manager, 2, "--max-stored-rows many: say a number"),
        (("delete", "proj_none", "--yes"), manager, 3, "proj_none"),
    ):
        refused = run(api, "projects", *words, **variables)
        assert (refused.returncode, text in refused.stderr) == (code, True), refused.stderr


def test_the_bare_command_takes_the_flags_of_the_connection(api: Api) -> None:
    words = ("--app-id", api.keys.app_id, "--app-token", api.keys.app_token)
    shown = run(None, "projects", "--url", api.url, *words)
    assert api.keys.project in shown.stdout
    assert "Commands" in run(None, "projects", "--help").stdout
