"""The worker is killed between the batches of every action type; each ends as one that nobody disturbed."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

from tallykeep.catalog.action_types import ACTION_TYPES
from tests.conformance.cases import CASES
from tests.conformance.project import contents
from tests.crash.test_kills import database_url
from tests.server import Api, Server, new_project

KEYS = [f"K{number}" for number in range(20)]
MAX_SECONDS = 120
_BETWEEN_BATCHES = """
SELECT id, open_batches FROM async_actions
WHERE open_batches > 0 AND done_count + failed_count > 0 AND id = ANY (%s)
"""
_ENDED = "SELECT count(*) FROM async_actions WHERE status = 'DONE' AND id = ANY (%s)"


def test_every_type_survives_kills_between_its_batches(serve: Callable[..., Server]) -> None:
    server = serve("types", TALLYKEEP_BATCH_ROWS="1")
    database = database_url(server)
    # Each in a project of its own: none waits for another, and each is looked at alone.
    projects = _prepared_projects(server, database)
    actions = _started(projects)
    caught = _kill_until_ended(server, database, list(actions.values()))
    # What is cut into fewer batches is over too soon to be sure of.
    missed = {name for name, action_id in actions.items() if action_id not in caught}
    assert {name for name in missed if ACTION_TYPES[name].batch_times == 1} == set()
    undisturbed = _prepared_projects(server, database)
    again = _started(undisturbed)
    for name, api in projects.items():
        undisturbed[name].ended(again[name])
        action = api.ended(actions[name])
        assert (action["status"], action["done_count"], action["failed_count"]) == ("DONE", len(KEYS), 0), name
        assert all(CASES[name].is_done(api, key) for key in KEYS), name
        assert _counts(database, api) == _counts(database, undisturbed[name]), name


def _prepared_projects(server: Server, database: str) -> dict[str, Api]:
    projects = {name: Api(server.url, new_project(database, name)) for name in ACTION_TYPES}
    for name, api in projects.items():
        CASES[name].before(api, KEYS)
    return projects


def _started(projects: dict[str, Api]) -> dict[str, str]:
    return {name: CASES[name].start(api, CASES[name].body(KEYS)) for name, api in projects.items()}


def _kill_until_ended(server: Server, database: str, actions: list[str]) -> set[str]:
    """Kill the worker whenever an action that no kill has met is half done; returns all that a kill met on their way.

    Not earlier: the actions take turns, so the others are on their way by then too, and kills cost time to recover.
    """
    caught: set[str] = set()
    deadline = time.monotonic() + MAX_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while connection.execute(_ENDED, (actions,)).fetchone() != (len(actions),):
            assert time.monotonic() < deadline, "the actions did not end"
            on_their_way = _between_batches(connection, actions)
            if any(left <= len(KEYS) // 2 for action_id, left in on_their_way.items() if action_id not in caught):
                server.kill_role("worker")
                caught |= _between_batches(connection, actions).keys()
            time.sleep(0.01)
    return caught


def _between_batches(connection: psycopg.Connection[Any], actions: list[str]) -> dict[str, int]:
    return dict(connection.execute(_BETWEEN_BATCHES, (actions,)).fetchall())


def _counts(database: str, api: Api) -> dict[str, int]:
    return {table: len(rows) for table, rows in contents(database, api.keys.project).items()}
