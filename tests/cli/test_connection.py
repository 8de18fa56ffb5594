"""Where commands find the server and the keys: flags, environment, profiles."""

import ssl
from pathlib import Path

import pytest

from tallykeep.cli.kit.client import _trusted
from tests.cli.running import run
from tests.server import Api

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "tallykeep" / "profiles.toml"


def kept(file: Path, api: Api, name: str = "default", url: str | None = None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.write(f'[{name}]\nurl = "{url or api.url}"\n')
        out.write(f'app_id = "{api.keys.app_id}"\napp_token = "{api.keys.app_token}"\n')
    file.chmod(0o600)


def test_the_default_profile_helps_out(api: Api, file: Path) -> None:
    kept(file, api)
    assert run(None, "actions", "list").returncode == 0
    assert run(None, "actions", "list", TALLYKEEP_URL=api.url).returncode == 0
    assert run(None, "actions", "list", "--profile", "default").returncode == 0


def test_a_named_profile_stands_instead_of_the_environment(api: Api, other_api: Api, file: Path) -> None:
    kept(file, other_api, "other")
    action_id = other_api.import_json([{"code": "A"}])
    assert run(api, "actions", "show", action_id).returncode == 3
    assert run(api, "actions", "show", action_id, "--profile", "other").returncode == 0
    assert run(api, "actions", "show", action_id, TALLYKEEP_PROFILE="other").returncode == 0
    flags = ("--app-id", api.keys.app_id, "--app-token", api.keys.app_token)
    assert run(api, "actions", "show", action_id, "--profile", "other", *flags).returncode == 3, "flags come first"


def test_the_environment_comes_before_the_default_profile(api: Api, other_api: Api, file: Path) -> None:
    kept(file, other_api)
    action_id = api.import_json([{"code": "A"}])
    assert run(api, "actions", "show", action_id).returncode == 0


def test_keys_are_not_sent_to_a_server_that_they_are_not_of(api: Api, file: Path) -> None:
    kept(file, api, url=NOWHERE)
    ended = run(None, "actions", "list", "--url", api.url)
    assert (ended.returncode, "Keys are missing" in ended.stderr) == (2, True)


def test_a_profile_that_there_is_not(api: Api, file: Path) -> None:
    none = run(api, "actions", "list", "--profile", "staging")
    assert (none.returncode, "tallykeep profiles save staging" in none.stderr) == (2, True)
    kept(file, api, "production")
    assert "there are production" in run(api, "actions", "list", "--profile", "staging").stderr


def test_a_file_that_others_may_read_is_not_used(api: Api, file: Path) -> None:
    kept(file, api)
    file.chmod(0o644)
    refused = run(None, "actions", "list")
    assert (refused.returncode, f"chmod 600 '{file}'" in refused.stderr) == (2, True)


@pytest.mark.parametrize("content", ["[default", 'x = "y"', "[default]\nport = 80\n", "[default]\nurl = 80\n"])
def test_a_file_that_cannot_be_understood(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(content)
    file.chmod(0o600)
    refused = run(None, "actions", "list")
    assert (refused.returncode, str(file) in refused.stderr) == (2, True)


def test_proxies_do_not_stand_between_a_machine_and_itself(api: Api) -> None:
    assert run(api, "actions", "list", HTTP_PROXY=NOWHERE, http_proxy=NOWHERE).returncode == 0


def test_what_answers_may_be_no_tallykeep(api: Api) -> None:
    docs = run(api, "actions", "list", "--url", f"{api.url}/docs#")
    assert docs.returncode in (3, 4)
    assert "Traceback" not in docs.stderr


def test_tokens_are_never_printed(api: Api, file: Path) -> None:
    kept(file, api)
    for words in (("actions", "list"), ("actions", "list", "--url", NOWHERE), ("actions", "list", "--app-id", "no")):
        ended = run(None, *words)
        assert api.keys.app_token not in ended.stdout + ended.stderr


def test_authorities_are_read_where_there_is_tls_and_nobody_is_trusted_elsewhere() -> None:
    assert _trusted("https://bulk.example.com") is True
    nobody = _trusted("http://bulk.example.com:8000")
    assert isinstance(nobody, ssl.SSLContext)
    assert (nobody.get_ca_certs(), nobody.verify_mode, nobody.check_hostname) == ([], ssl.CERT_REQUIRED, True)
