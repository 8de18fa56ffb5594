"""A `tallykeep serve` with a PostgreSQL of its own: what its roles are told, and what it says of itself."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.http.test_environments import KEYS, settings_of
from tests.http.test_short_tokens import SHORT
from tests.server import Server

SHOWN = {"X-App-Id": KEYS["TALLYKEEP_APP_ID"], "X-App-Token": SHORT}
VARIABLES = {**KEYS, "TALLYKEEP_APP_TOKEN": SHORT, "TALLYKEEP_PROT": "1"}


@pytest.fixture(scope="module")
def embedded(session_dir: Path, cluster: Path) -> Iterator[Server]:
    server = Server(session_dir / "embedded", cluster=cluster, **VARIABLES).start()
    yield server
    assert server.stop() == 0


def get(server: Server, path: str) -> Any:
    answer = httpx.get(f"{server.url}{path}", headers=SHOWN, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_roles_are_not_told_the_first_projects_keys(embedded: Server) -> None:
    postgres, api, worker = (embedded.role(name) for name in ("postgres", "api", "worker"))
    assert settings_of(postgres) == set()
    for role in (api, worker):
        assert "TALLYKEEP_DATABASE_URL" in settings_of(role)
        assert not settings_of(role) & KEYS.keys()
    for child in (*postgres.children(), *worker.children(), *api.children()):
        with suppress(psutil.NoSuchProcess):
            assert not settings_of(child) & (KEYS.keys() | {"TALLYKEEP_DATABASE_URL"})


def test_a_name_that_is_no_setting_is_told_once(embedded: Server) -> None:
    log = embedded.log.read_text()
    assert log.count("TALLYKEEP_PROT is no setting and has no effect; did you mean TALLYKEEP_PORT?") == 1


def test_a_short_token_warns_and_is_taken_on_the_machine_itself(embedded: Server) -> None:
    assert get(embedded, "/v1/keys/current")["id"] == KEYS["TALLYKEEP_APP_ID"]
    said = embedded.log.read_text()
    assert "TALLYKEEP_APP_TOKEN should have" in said
    assert SHORT not in said


def test_the_disk_is_told(embedded: Server) -> None:
    status = get(embedded, "/v1/status")
    assert status["database"]["embedded"]
    assert 0 < status["disk"]["free_bytes"] < status["disk"]["total_bytes"]
