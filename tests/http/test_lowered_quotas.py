"""Quotas that were lowered: a refusal tells how much there is, however much more that is than there may be."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from tallykeep.tenants.projects import Keys
from tests.http.test_quotas import A_DAY, gifts
from tests.server import Api, ApiOnly, new_project, serving


@contextmanager
def served_with(directory: Path, database_url: str, keys: Keys, **settings: str) -> Iterator[httpx.Client]:
    with (
        serving(directory, ApiOnly, database_url=database_url, **settings) as running,
        closing(Api(running.url, keys).http) as http,
    ):
        yield http


def test_how_much_is_used_is_said_as_it_is(session_dir: Path, served_database: str) -> None:
    keys = new_project(served_database)
    with served_with(session_dir / "as-before", served_database, keys, TALLYKEEP_MAX_ROWS_PER_DAY=str(A_DAY)) as http:
        http.post("/v1/vouchers/import", json=gifts(A_DAY)).raise_for_status()
    for setting, said in (
        ("TALLYKEEP_MAX_ROWS_PER_DAY", f"{A_DAY} are used today"),
        ("TALLYKEEP_MAX_STORED_ROWS", f"it has {A_DAY}, those coming in included"),
    ):
        with served_with(session_dir / setting, served_database, keys, **{setting: "40"}) as http:
            answer = http.post("/v1/vouchers/import", json=gifts(2, first=500))
            assert (answer.status_code, said in answer.json()["details"]) == (429, True), answer.text
