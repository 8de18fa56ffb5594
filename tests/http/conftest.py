"""What several files need: servers of their own for what is refused, surveys, and who asks for tokens of OAuth."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.audit_calls import Audited
from tests.http.survey import Survey, surveying
from tests.server import NO_TLS, Api, ApiOnly, Server, new_project, serving


@pytest.fixture(scope="module")
def audited_server(
    session_dir: Path, server: Server, served_database: str, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """An API of the module's own: what others are refused counts against how many refusals may differ."""
    name, settings = request.module.__name__.rpartition(".")[2], {"TALLYKEEP_WEBHOOK_ALLOW_PRIVATE": "true"}
    with serving(session_dir / name, ApiOnly, database_url=served_database, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def other_host(session_dir: Path, served_database: str, request: pytest.FixtureRequest) -> Iterator[Server]:
    """Another one, with the same settings and the same database."""
    name, settings = request.module.__name__.rpartition(".")[2], request.module.HOST_SETTINGS
    with serving(session_dir / f"{name}_other_host", ApiOnly, database_url=served_database, **settings) as running:
        yield running


@pytest.fixture
def audited(audited_server: Server, served_database: str) -> Iterator[Audited]:
    client = Audited(audited_server.url, new_project(served_database), served_database)
    with closing(client.http):
        yield client


@pytest.fixture
def nobody(api: Api) -> Iterator[httpx.Client]:
    """A client that shows nothing of its own."""
    with httpx.Client(base_url=api.url, trust_env=False, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def service(api: Api) -> dict[str, Any]:
    """A service key that may read and write vouchers."""
    body = {"kind": "service", "name": "robot", "role": "operator", "scopes": ["vouchers.read", "vouchers.write"]}
    answer = api.http.post("/v1/keys", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture(scope="module")
def survey(server: Server, served_database: str) -> Iterator[Survey]:
    with surveying(server, served_database) as survey:
        yield survey
