"""Settings that are wrong, as who runs a command sees it."""

from pathlib import Path

from tests.cli.running import run
from tests.server import Api


def test_settings_that_cannot_be_used_end_a_role_with_a_sentence(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    ended = run(
        None, "serve", "--port", "70000", TALLYKEEP_DATA_DIR=data, TALLYKEEP_LOG_LEVEL="INFO", TALLYKEEP_HOSTS=""
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        "tallykeep: TALLYKEEP_HOSTS is no setting and has no effect; did you mean TALLYKEEP_HOST?",
        "tallykeep: 2 settings cannot be used:",
        "  --port is '70000'; it has to be a whole number from 0 up to 65535",
        "  TALLYKEEP_LOG_LEVEL is 'INFO'; it has to be one of debug, info, warning, error",
    ]
    assert not Path(data).exists()
    ended = run(None, "db", "status", "--data-dir", "")
    assert (ended.returncode, ended.stderr) == (2, "tallykeep: --data-dir cannot be empty\n")


def test_a_misspelled_variable_is_told_beside_the_result(api: Api) -> None:
    list_spec = run(api, "keys", "list", "--json", TALLYKEEP_PROFIL="x")
    assert list_spec.returncode == 0
    assert list_spec.stdout.startswith("{")
    warning = "tallykeep: TALLYKEEP_PROFIL is no setting and has no effect; did you mean TALLYKEEP_PROFILE?\n"
    assert list_spec.stderr == warning


def test_a_url_that_is_none_is_named_as_its_variable() -> None:
    ended = run(None, "keys", "list", TALLYKEEP_URL="127.0.0.1:8000")
    assert (ended.returncode, "'127.0.0.1:8000' is not a URL" in ended.stderr) == (2, True)
    assert "TALLYKEEP_URL" in ended.stderr
    ended = run(None, "keys", "list", "--url", "", "--profile", " ", TALLYKEEP_URL="http://127.0.0.1:9")
    assert (ended.returncode, ended.stderr) == (2, "tallykeep: --url and --profile cannot be empty\n")
