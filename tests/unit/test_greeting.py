"""What the server says once it is ready."""

import pytest

from tallykeep.core.settings import Settings
from tallykeep.server.greeting import welcome
from tallykeep.tenants.projects import new_keys

LOCAL, PUBLIC = "http://127.0.0.1:8000", "https://bulk.example.com"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, f"{LOCAL} (dashboard: {LOCAL}/, API docs: {LOCAL}/docs)."),
        (
            {"public_url": PUBLIC},
            f"{LOCAL} (clients reach it at {PUBLIC}, dashboard: {PUBLIC}/, API docs: {PUBLIC}/docs).",
        ),
        ({"closed_paths": "/docs,/openapi.json"}, f"{LOCAL} (dashboard: {LOCAL}/)."),
        ({"closed_paths": "/openapi.json"}, f"{LOCAL} (dashboard: {LOCAL}/)."),
        ({"closed_paths": "/sign-in"}, f"{LOCAL} (API docs: {LOCAL}/docs)."),
        ({"closed_paths": "/tasks,/docs"}, f"{LOCAL}."),
        ({"closed_paths": "/docs-of-ours"}, f"{LOCAL} (dashboard: {LOCAL}/, API docs: {LOCAL}/docs)."),
        ({"closed_paths": "/sign-in,/docs", "public_url": PUBLIC}, f"{LOCAL} (clients reach it at {PUBLIC})."),
    ],
)
def test_it_names_what_can_be_opened(settings: dict[str, str], said: str) -> None:
    first_line = welcome(LOCAL, None, Settings(**settings)).splitlines()[0]  # type: ignore[arg-type]
    assert first_line == f"Tallykeep serves on {said} Stop with Ctrl-C."


def test_the_first_import_goes_where_clients_go() -> None:
    text = welcome(LOCAL, new_keys(), Settings(public_url=PUBLIC))
    assert f"curl -sS {PUBLIC}/v1/vouchers/importCSV" in text
    assert f"export TALLYKEEP_URL={PUBLIC} " in text
    assert text.count(LOCAL) == 1
