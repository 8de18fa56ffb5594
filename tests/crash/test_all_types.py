"""The worker is killed between the portions of every action type: each ends with every row accounted for once."""

from collections.abc import Callable

from tests.conformance.cases import CASES, UPDATE_CASES
from tests.crash.test_kills import client
from tests.server import Api, Server

ROWS = 30
KILLS = 4


def test_every_type_survives_kills_between_its_portions(serve: Callable[..., Server]) -> None:
    server = serve("types", TALLYKEEP_PORTION_ROWS="1")
    api = client(server)
    keys = [f"K{number}" for number in range(ROWS)]
    for case in CASES.values():
        _prepare_once(api, case.prepare)
    expected: dict[str, int] = {}
    for name, case in CASES.items():
        prefix = name.replace(".", "-")
        expected[case.submit(api, [case.good(f"{prefix}-{key}") for key in keys])] = ROWS
    _kill_while(server, api, expected)

    updates: dict[str, int] = {}
    for name, update in UPDATE_CASES.items():
        if not name.startswith("CAMPAIGN.") and not name.endswith("PURGE"):
            update.make(api, keys)
    for name, update in UPDATE_CASES.items():
        if not name.startswith("CAMPAIGN.") and not name.endswith("PURGE"):
            updates[update.submit(api, keys)] = ROWS
    for name, update in UPDATE_CASES.items():
        if name.endswith("METADATA_KEY_PURGE") and not name.startswith("CAMPAIGNS."):
            updates[update.submit(api, keys)] = -1
    updates[str(api.http.post("/v1/campaigns/Fall/vouchers?vouchers_count=30").json()["async_action_id"])] = ROWS
    _kill_while(server, api, updates)
    deleted = {str(api.http.delete("/v1/campaigns/Fall").json()["async_action_id"]): -1}
    _kill_while(server, api, deleted)
    assert api.get("/v1/vouchers", campaign="Fall")["total"] == 0


def _prepare_once(api: Api, prepare: Callable[[Api], None]) -> None:
    try:
        prepare(api)
    except AssertionError as refused:
        assert "duplicate_found" in str(refused)  # two types share a target


def _kill_while(server: Server, api: Api, expected: dict[str, int]) -> None:
    """Kill the worker a few times while these actions run; then all are done, with the rows that they should have."""
    for _ in range(KILLS):
        server.kill_role("worker")
        server.wait_ready()
    for action_id, rows in expected.items():
        action = api.ended(action_id, seconds=120)
        assert action["status"] == "DONE", action
        assert action["done_count"] + action["failed_count"] == action["total_count"]
        assert action["failed_count"] == 0, action["result"]
        assert rows in (-1, action["done_count"]), action
