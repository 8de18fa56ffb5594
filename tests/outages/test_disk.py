"""A full disk: named to clients, by readiness, in the log; what is under way waits, and goes on when there is room."""

import time

import httpx
import psutil
import pytest

from tests.outages.bystanders import Roles
from tests.outages.scene import Scene

_BACK_SECONDS = 15
_ROWS = 10_000


def test_a_full_disk_is_named_and_waited_out(scene: Scene) -> None:
    if scene.disk is None:
        pytest.skip("no file system can be mounted here")
    roles = scene.households[0]
    assert isinstance(roles, Roles)
    worker = psutil.Process(roles.processes["worker"].pid)
    worker.suspend()
    accepted = roles.http.post("/v1/vouchers/import", json=_gifts("WAITS"))
    action = f"/v1/async-actions/{accepted.json()['async_action_id']}"
    scene.disk.fill()
    try:
        refused = _until_refused(roles)
        assert refused.headers["Retry-After"] == "5"
        assert "disk is full" in refused.json()["details"]
        assert "disk is full" in roles.http.get("/readyz").json()["details"]
        assert roles.status_of("/v1/vouchers") == 200
        status = roles.http.get("/v1/status").json()
        assert status["database"]["trouble"] == "its disk is full"
        worker.resume()
        roles.until(lambda: "No space left" in str(roles.http.get(action).json().get("retry_reason")))
        assert "the database's disk is full" in roles.log.read_text()
    finally:
        worker.resume()
        scene.disk.free_space()
    since = time.monotonic()
    back = roles.seconds_until_well(since)
    roles.until(lambda: roles.is_done(accepted.json()["async_action_id"]))
    back["what had waited"] = time.monotonic() - since
    print(f"\nafter a full disk: { {name: round(seconds, 2) for name, seconds in back.items()} }")
    assert max(back.values()) < _BACK_SECONDS
    assert roles.http.get(action).json()["done_count"] == _ROWS
    assert roles.all_alive()
    assert roles.http.get("/v1/status").json()["database"]["trouble"] is None


def _gifts(name: str) -> list[dict[str, object]]:
    note = {"note": "x" * 300}
    return [{"code": f"{name}-{number}", "gift": {"amount": 1}, "metadata": note} for number in range(_ROWS)]


def _until_refused(roles: Roles) -> httpx.Response:
    """The answer to the first submission for which there is no room."""
    for number in range(30):
        answer = roles.http.post("/v1/vouchers/import", json=_gifts(f"FULL{number}"))
        if answer.status_code != 202:
            return answer
    raise AssertionError("the disk is not full")
