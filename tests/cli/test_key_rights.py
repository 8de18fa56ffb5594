"""`tallykeep keys rotate`, and keys of owners: what ends, and what reaches further than it seems, is said first."""

import json
from typing import Any

import httpx
import pytest

from tests.cli.running import in_terminal, run
from tests.cli.test_projects import as_variables
from tests.http.test_keys import list_spec, made
from tests.server import Api, new_owner


def _works(api: Api, key: dict[str, Any]) -> bool:
    headers = {"X-App-Id": key["id"], "X-App-Token": key["token"]}
    return httpx.get(f"{api.url}/v1/vouchers", headers=headers, trust_env=False).status_code == 200


def test_a_rotation_during_an_overlap_ends_no_token_without_a_word(api: Api) -> None:
    key = made(api, name="Shop")
    first = run(api, "keys", "rotate", key["id"], "--json")
    assert first.returncode == 0, first.stderr
    assert "two tokens until " in run(api, "keys", "list").stdout
    refused = run(api, "keys", "rotate", key["id"])
    assert (refused.returncode, refused.stdout) == (3, "")
    until = list_spec(api)[key["id"]]["previous_token_until"]
    for said in (f"The key {key['id']}, Shop", f"the older one until {until}", "say so with --yes"):
        assert said in refused.stderr
    assert _works(api, key)
    with in_terminal(api, "keys", "rotate", key["id"], columns=200) as terminal:
        terminal.until(lambda text: "Rotate?" in text)
        assert "It would end at once" in terminal.text
        terminal.type("n\n")
        assert terminal.wait() == 130
    assert _works(api, key)
    with in_terminal(api, "keys", "rotate", key["id"], columns=200) as terminal:
        terminal.until(lambda text: "Rotate?" in text)
        terminal.type("y\n")
        assert terminal.wait() == 0
    assert (_works(api, key), _works(api, json.loads(first.stdout))) == (False, True)
    assert run(api, "keys", "rotate", key["id"], "--yes").returncode == 0
    assert not _works(api, json.loads(first.stdout))


def test_a_rotation_without_overlap_says_that_the_token_before_is_dead(api: Api) -> None:
    key = made(api)
    rotated = run(api, "keys", "rotate", key["id"], "--overlap", "0")
    assert (rotated.returncode, "The token before ended just now" in rotated.stderr) == (0, True)
    assert not _works(api, key)


@pytest.mark.parametrize("word", ["create", "change"])
def test_an_owner_is_made_once_it_was_said_what_that_is(api: Api, served_database: str, word: str) -> None:
    owner = as_variables(new_owner(served_database)) | {"TALLYKEEP_APP_ID": "", "TALLYKEEP_APP_TOKEN": ""}
    words = ("keys", "create", "--kind", "management", "--name", "Ops")
    if word == "change":
        one = json.loads(run(api, *words, "--role", "admin", "--json", **owner).stdout)
        words = ("keys", "change", one["id"])
    words = (*words, "--role", "owner")
    unasked = run(api, *words, **owner)
    assert (unasked.returncode, unasked.stdout) == (2, "")
    assert "deletes all projects" in unasked.stderr
    assert "say --yes" in unasked.stderr
    with in_terminal(api, *words, columns=200, **owner) as terminal:
        terminal.until(lambda text: "has the whole installation" in text and "it?" in text)
        terminal.type("n\n")
        assert (terminal.wait(), "Nothing was" in terminal.text) == (130, True)
    roles = {key["name"]: key["role"] for key in _keys_of(api, owner) if key["name"] == "Ops"}
    assert roles == ({"Ops": "admin"} if word == "change" else {})
    assert run(api, *words, "--yes", **owner).returncode == 0
    assert {key["role"] for key in _keys_of(api, owner) if key["name"] == "Ops"} == {"owner"}


def _keys_of(api: Api, variables: dict[str, str]) -> list[dict[str, Any]]:
    answer: dict[str, Any] = json.loads(run(api, "keys", "list", "--json", **variables).stdout)
    return list(answer["keys"])
