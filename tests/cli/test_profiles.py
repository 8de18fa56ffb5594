"""`tallykeep profiles`: what is saved, and what is never shown."""

import json
import stat
from functools import partial
from pathlib import Path

from tests.cli.running import in_terminal, run
from tests.server import Api


def kept(tmp_path: Path) -> Path:
    return tmp_path / "config" / "tallykeep" / "profiles.toml"


def test_a_connection_is_saved_and_used(api: Api, tmp_path: Path) -> None:
    assert "tallykeep profiles save" in run(None, "profiles", "list").stdout
    saved = run(api, "profiles", "save")
    assert (saved.returncode, str(kept(tmp_path)) in saved.stdout) == (0, True), saved.stderr
    assert stat.S_IMODE(kept(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(tmp_path).parent.stat().st_mode) == 0o700
    assert run(None, "actions", "list").returncode == 0
    list_spec = run(None, "profiles", "list")
    assert api.url in list_spec.stdout
    assert api.keys.app_token not in list_spec.stdout + saved.stdout + saved.stderr
    profiles = json.loads(run(None, "profiles", "list", "--json").stdout)
    assert profiles == {"default": {"url": api.url, "app_id": api.keys.app_id}}


def _asks_for(title: str, text: str) -> bool:
    return text.rpartition("\n")[2].lstrip().startswith(title)


def test_what_is_not_known_is_asked_for_and_the_token_is_not_shown(api: Api, tmp_path: Path) -> None:
    with in_terminal(None, "profiles", "save", "my staging", columns=120) as terminal:
        for title, typed in (("URL", api.url), ("X-App-Id", api.keys.app_id), ("X-App-Token", api.keys.app_token)):
            terminal.until(partial(_asks_for, title))
            terminal.type(f"{typed}\n")
        assert terminal.wait() == 0, terminal.text
        assert api.keys.app_token not in terminal.text
    assert run(None, "actions", "list", "--profile", "my staging").returncode == 0


def test_wrong_keys_are_not_saved(api: Api, tmp_path: Path) -> None:
    refused = run(api, "profiles", "save", "--app-token", "wrong")
    assert (refused.returncode, kept(tmp_path).exists()) == (3, False)


def test_profiles_are_kept_beside_each_other_and_removed(api: Api, other_api: Api, tmp_path: Path) -> None:
    for name, each in (("one", api), ("two", other_api)):
        assert run(each, "profiles", "save", name).returncode == 0
    assert run(None, "profiles", "remove", "one").returncode == 0
    assert run(None, "actions", "list", "--profile", "two").returncode == 0
    gone = run(None, "profiles", "remove", "one")
    assert (gone.returncode, "there are two" in gone.stderr) == (2, True)
    assert [file.name for file in kept(tmp_path).parent.iterdir()] == ["profiles.toml"]
