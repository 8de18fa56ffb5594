"""A project is deleted while everything is killed: nothing of it is left, and every row was counted once."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import psycopg

from tallykeep.engine.managing.project_tables import KEYS as KEY_TABLE
from tallykeep.engine.managing.project_tables import TABLES
from tallykeep.tenants.projects import Keys
from tests.crash.conftest import KEYS
from tests.crash.test_kills import database_url, file_of
from tests.server import Api, Server

PROJECTS = "/management/v1/projects"
ROWS = 20_000
OWNER = {
    "X-Management-Id": KEYS["TALLYKEEP_MANAGEMENT_ID"],
    "X-Management-Token": KEYS["TALLYKEEP_MANAGEMENT_TOKEN"],
}
MAX_SECONDS = 120


def ask(server: Server, method: str, path: str, **content: Any) -> dict[str, Any]:
    """An answer to the owner, through whatever is away for now."""
    deadline = time.monotonic() + MAX_SECONDS
    while time.monotonic() < deadline:
        try:
            answer = httpx.request(method, f"{server.url}{path}", headers=OWNER, timeout=30, trust_env=False, **content)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code < 300:
            return dict(answer.json())
        assert answer is None or answer.status_code >= 500, answer.text
        time.sleep(0.05)
    raise AssertionError("no answer")


def at_progress(server: Server, path: str, rows: int) -> dict[str, Any]:
    """The deletion, once it has come so far, or to its end."""
    while True:
        deletion = ask(server, "GET", path)
        if deletion["done_count"] >= rows or deletion["status"] in ("DONE", "FAILED"):
            return deletion
        time.sleep(0.01)


def _rows_of(server: Server, project: str) -> dict[str, int]:
    with psycopg.connect(database_url(server)) as connection:
        known = connection.execute("SELECT project_id FROM projects WHERE id = %s", (project,)).fetchone()
        assert known
        counted = {
            table: connection.execute(f"SELECT count(*) FROM {table} WHERE project_id = %s", known).fetchone()
            for table in (*TABLES, KEY_TABLE)
        }
    return {table: row[0] for table, row in counted.items() if row and row[0]}


def test_a_project_is_deleted_through_kills(serve: Callable[..., Server]) -> None:
    server = serve("deletion", TALLYKEEP_BATCH_ROWS="500")
    made = ask(server, "POST", PROJECTS, json={"name": "Doomed"})
    keys = Keys(made["id"], *made["server_side_key"].values(), *made["management_key"].values())
    api = Api(server.url, keys)
    assert api.ended(api.import_csv(file_of(ROWS)), MAX_SECONDS)["failed_count"] == ROWS // 1_000
    unfinished = api.import_csv(file_of(ROWS))
    path = f"{PROJECTS}/{made['id']}"
    begun = ask(server, "DELETE", path)
    for rows, victim in (
        (0, "worker"),
        (2_000, "worker"),
        (6_000, "everything"),
        (10_000, "worker"),
        (14_000, "postgres"),
    ):
        at_progress(server, f"{path}/deletion", rows)
        if victim == "everything":
            server.kill_everything()
            server.start()
            server.wait_ready()
        else:
            server.kill_role(victim)
        assert ask(server, "DELETE", path) == begun
    deletion = at_progress(server, f"{path}/deletion", 1 << 60)
    assert (deletion["status"], deletion["failed_count"]) == ("DONE", 0), deletion
    assert deletion["deleted_at"] is not None
    assert deletion["done_count"] == deletion["total_count"] > ROWS
    assert _rows_of(server, made["id"]) == {}
    with psycopg.connect(database_url(server)) as connection:
        ends = connection.execute(
            "SELECT details ->> 'ended_by' FROM audit_log WHERE action_id = %s AND event = 'action.end'"
            " UNION ALL SELECT details ->> 'ended_by' FROM audit_pending WHERE action_id = %s AND event = 'action.end'",
            (unfinished, unfinished),
        ).fetchall()
    assert ends in ([("CANCELED",)], [("COMPLETED",)])  # it may have been quicker
    api.http.close()
