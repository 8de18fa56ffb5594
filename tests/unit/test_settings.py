"""Settings as people give them: what is wrong is named as it was given, with what is allowed."""

import os
from pathlib import Path

import pytest

from tallykeep.core.settings import (
    BadSettingsError,
    Settings,
    environment_of_roles,
    environment_without_settings,
    forget_secrets,
    read_settings,
    unknown_variables,
)

BAD = {
    "port": ("99999", "a whole number from 0 up to 65535"),
    "worker_concurrency": ("many", "a whole number above 0 up to 1000"),
    "api_pool_size": ("1", "a whole number above 1 up to 1000"),
    "max_body_bytes": ("1GB", "a whole number above 0 up to 1125899906842624"),
    "batch_rows": ("1.5", "a whole number above 0 up to 1000000"),
    "lease_seconds": ("inf", "a number above 0 up to 86400"),
    "prune_interval_seconds": ("nan", "a number above 0 up to 86400"),
    "keep_actions_days": ("-1", "a number above 0 up to 36500"),
    "keep_idempotency_hours": ("1", "a number from 24 up to 876000"),
    "log_level": ("loud", "one of debug, info, warning, error"),
    "log_format": ("xml", "one of text, json"),
    "data_dir": ("~nobody-of-this-name/x", "a path in the home directory of a user that there is"),
}


@pytest.fixture(autouse=True)
def no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("TALLYKEEP_"):
            monkeypatch.delenv(name)


def refusal(**options: object) -> str:
    with pytest.raises(BadSettingsError) as refused:
        read_settings(**options)
    return str(refused.value)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_named_as_the_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    text, allowed = BAD[name]
    monkeypatch.setenv(f"TALLYKEEP_{name.upper()}", text)
    assert refusal() == f"TALLYKEEP_{name.upper()} is {text!r}; it has to be {allowed}"


def test_no_number_is_without_bounds() -> None:
    for name, declared in Settings.model_json_schema()["properties"].items():
        for schema in declared.get("anyOf", [declared]):
            if schema.get("type") in ("integer", "number"):
                assert "maximum" in schema, name
                assert {"minimum", "exclusiveMinimum"} & schema.keys(), name


def test_all_bad_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYKEEP_LOG_LEVEL", "loud")
    monkeypatch.setenv("TALLYKEEP_LEASE_SECONDS", "0")
    message = refusal(port=70000)
    assert message.splitlines() == [
        "3 settings cannot be used:",
        "  --port is '70000'; it has to be a whole number from 0 up to 65535",
        "  TALLYKEEP_LEASE_SECONDS is '0'; it has to be a number above 0 up to 86400",
        "  TALLYKEEP_LOG_LEVEL is 'loud'; it has to be one of debug, info, warning, error",
    ]


@pytest.mark.parametrize("name", ["APP_TOKEN", "MANAGEMENT_TOKEN"])
def test_a_token_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"TALLYKEEP_{name}", "geheim-ü")
    message = refusal()
    assert message.startswith(f"TALLYKEEP_{name} cannot be used (its value is not shown): it has to be printable ASCII")
    assert "geheim" not in message


def test_a_long_value_is_shown_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYKEEP_PORT", "8" * 10_000 + "\n")
    assert len(refusal()) < 300


def test_empty_variables_are_left_out_and_blanks_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("PORT", ""), ("HOST", " "), ("KEEP_ACTIONS_DAYS", ""), ("DATABASE_URL", "")):
        monkeypatch.setenv(f"TALLYKEEP_{name}", text)
    for name, text in (("LEASE_SECONDS", " 5 "), ("APP_TOKEN", "secret\r\n"), ("LOG_LEVEL", "debug ")):
        monkeypatch.setenv(f"TALLYKEEP_{name}", text)
    settings = read_settings()
    assert (settings.port, settings.host, settings.keep_actions_days, settings.database_url) == (
        8000,
        "127.0.0.1",
        None,
        None,
    )
    assert (settings.lease_seconds, settings.app_token, settings.log_level) == (5, "secret", "debug")


def test_an_empty_option_is_refused() -> None:
    assert refusal(data_dir="", host=" ") == "--data-dir and --host cannot be empty"


def test_the_home_directory_may_be_written_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("TALLYKEEP_DATA_DIR", "~/tallykeep")
    assert read_settings().data_dir == Path("/home/me/tallykeep")


def test_variables_that_are_no_settings_are_told_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TALLYKEEP_PORT", "TALLYKEEP_URL", "TALLYKEEP_PROFILE", "tallykeep_host", "OTHERS"):
        monkeypatch.setenv(name, "1")
    assert unknown_variables() == []
    monkeypatch.setenv("TALLYKEEP_DATABASE", "postgresql://me:secret@host/x")
    monkeypatch.setenv("Tallykeep_Keep_Action_Days", "7")
    monkeypatch.setenv("TALLYKEEP_XQJZW", "7")
    assert unknown_variables() == [
        "TALLYKEEP_DATABASE is no setting and has no effect; did you mean TALLYKEEP_DATABASE_URL?",
        "TALLYKEEP_XQJZW is no setting and has no effect",
        "Tallykeep_Keep_Action_Days is no setting and has no effect; did you mean TALLYKEEP_KEEP_ACTIONS_DAYS?",
    ]


def test_child_processes_get_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    text = {
        "TALLYKEEP_APP_ID": "a", "TALLYKEEP_APP_TOKEN": "t", "tallykeep_management_token": "m", "PGPASSWORD": "p",
        "TALLYKEEP_DATABASE_URL": "postgresql://me:secret@host/x", "TALLYKEEP_LEASE_SECONDS": "5",
        "TALLYKEEP_LEESE": "6", "TALLYKEEP_PORT": "0", "OTHERS": "kept",
    }  # fmt: skip
    for name, value in text.items():
        monkeypatch.setenv(name, value)
    kept = {name: value for name, value in environment_without_settings().items() if name in text}
    assert kept == {"OTHERS": "kept"}
    roles = environment_of_roles(port=8123)
    assert {name: value for name, value in roles.items() if name in text} == {
        "TALLYKEEP_DATABASE_URL": "postgresql://me:secret@host/x", "TALLYKEEP_LEASE_SECONDS": "5",
        "TALLYKEEP_PORT": "8123", "OTHERS": "kept", "PGPASSWORD": "p",
    }  # fmt: skip
    forget_secrets()
    assert not {"TALLYKEEP_APP_TOKEN", "tallykeep_management_token", "TALLYKEEP_DATABASE_URL"} & os.environ.keys()
