"""Tokens that the environment gives: short ones are for the machine itself alone."""

from pathlib import Path

import pytest

from tallykeep.core.settings import BadSettingsError, Settings
from tallykeep.server.short_tokens import MIN_LENGTH, require_long_tokens
from tests.server import Server

SHORT, LONG = "s" * (MIN_LENGTH - 1), "l" * MIN_LENGTH
APP_KEYS = {"TALLYKEEP_APP_ID": "first-app", "TALLYKEEP_MANAGEMENT_ID": "first-manager"}


@pytest.mark.parametrize(
    "reached",
    [
        {"host": "0.0.0.0"}, {"host": "::"}, {"host": "192.0.2.1"}, {"public_url": "https://bulk.example.com"},
        {"trusted_proxies": "127.0.0.1"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("name", ["app_token", "management_token"])
def test_a_short_token_is_refused_where_others_reach_the_server(name: str, reached: dict[str, str]) -> None:
    said = f"TALLYKEEP_{name.upper()} should have {MIN_LENGTH} characters"
    with pytest.raises(BadSettingsError, match=said) as refusal:
        require_long_tokens(Settings(**{name: SHORT}, **reached))  # type: ignore[arg-type]
    assert SHORT not in str(refusal.value)
    require_long_tokens(Settings(app_token=LONG, management_token=LONG, **reached))  # type: ignore[arg-type]
    require_long_tokens(Settings(**reached))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "own", [{}, {"host": "::1"}, {"host": "localhost"}, {"public_url": "http://127.0.0.1:8000"}], ids=str
)
def test_on_the_machine_itself_it_is_taken(own: dict[str, str]) -> None:
    require_long_tokens(Settings(app_token=SHORT, management_token=SHORT, **own))  # type: ignore[arg-type]


@pytest.mark.parametrize("role", ["serve", "api"])
def test_such_a_server_does_not_start(session_dir: Path, role: str) -> None:
    refused = Server(
        session_dir / f"short-tokens-{role}", TALLYKEEP_HOST="0.0.0.0", TALLYKEEP_MANAGEMENT_TOKEN=SHORT, **APP_KEYS
    )
    refused.directory.mkdir()
    assert refused.fails_to_start(role) == 2
    said = refused.log.read_text()
    assert "TALLYKEEP_MANAGEMENT_TOKEN should have" in said
    assert SHORT not in said
