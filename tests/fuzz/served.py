"""A server of its own, so that whatever is sent to it is nobody else's: its database, its refusals, its shares."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.callers import CALLERS, Caller
from tests.http.test_fuzz import what_is_there
from tests.postgres import fresh_database
from tests.server import Api, Server, new_project


@dataclass(frozen=True)
class Served:
    """The server, and the OpenAPI document that it shows."""

    url: str
    database_url: str
    document: dict[str, Any]

    def caller(self, name: str) -> tuple[Caller, str]:
        """Return a caller in a new project, which has a few resources, and the project's id."""
        api = Api(self.url, new_project(self.database_url, name))
        what_is_there(api)
        caller = CALLERS[name](api)
        api.http.close()
        return caller, api.keys.project


@contextmanager
def served(directory: Path, postgres: str, template: str) -> Iterator[Served]:
    """Serve a database of its own while the context lasts."""
    with fresh_database(postgres, template) as url:
        # Events go to loopback addresses alone (run.py), which a server does not take otherwise.
        server = Server(directory, database_url=url, TALLYKEEP_WEBHOOK_ALLOW_PRIVATE="true").start()
        keys = new_project(url, "document")
        api = Api(server.url, keys)
        yield Served(server.url, url, api.get("/openapi.json"))
        api.http.close()
        assert server.stop() == 0
