"""Quotas that were lowered: a refusal tells how much there is, however much more that is than there may be."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from tallykeep.tenants.projects import Keys
from tests.http.test_quotas import A_DAY, gifts
from tests.server import Api, Server, new_project


@contextmanager
def serving(directory: Path, database_url: str, keys: Keys, **settings: str) -> Iterator[httpx.Client]:
    server = Server(directory, database_url=database_url, **settings).start()
    with closing(Api(server.url, keys).http) as http:
        yield http
    assert server.stop() == 0


def test_how_much_is_used_is_said_as_it_is(session_dir: Path, served_database: str) -> None:
    keys = new_project(served_database)
    with serving(session_dir / "as-before", served_database, keys, TALLYKEEP_MAX_ROWS_PER_DAY=str(A_DAY)) as http:
        http.post("/v1/vouchers/import", json=gifts(A_DAY)).raise_for_status()
    for setting, said in (
        ("TALLYKEEP_MAX_ROWS_PER_DAY", f"{A_DAY} are used today"),
        ("TALLYKEEP_MAX_STORED_ROWS", f"it has {A_DAY}, those coming in included"),
    ):
        with serving(session_dir / setting, served_database, keys, **{setting: "40"}) as http:
            answer = http.post("/v1/vouchers/import", json=gifts(2, first=500))
            assert (answer.status_code, said in answer.json()["details"]) == (429, True), answer.text
