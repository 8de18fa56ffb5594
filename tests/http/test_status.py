"""How the server says it is."""

from datetime import UTC, datetime

import httpx

from tallykeep import __version__
from tallykeep.db.migrate import newest_revision
from tests.http.test_errors import check
from tests.server import Api


def test_the_status_tells_of_version_workers_database_and_clocks(api: Api) -> None:
    status = api.get("/v1/status")
    assert (status["object"], status["version"], status["workers"]) == ("status", __version__, 1)
    assert (status["project"], status["key"]) == (api.keys.project, api.keys.app_id)
    database = status["database"]
    assert database["version"].split(".")[0] in ("16", "17", "18")
    assert database["size_bytes"] > 1_000_000
    assert 0 < database["answer_seconds"] < 60
    assert database["revision"] == database["newest_revision"] == newest_revision()
    assert abs(database["clock_ahead_seconds"]) < 1, "both clocks are one"
    time = datetime.fromisoformat(status["time"].replace("Z", "+00:00"))
    assert abs((datetime.now(UTC) - time).total_seconds()) < 60
    assert (database["embedded"], status["disk"]) == (False, None), "the server was given a database"


def test_the_status_is_for_keys_only(api: Api) -> None:
    check(httpx.get(f"{api.url}/v1/status", trust_env=False), 401, "unauthorized")
