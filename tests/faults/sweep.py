"""A sweep: the same story again and again, and each time the next round trip to the database is lost."""

import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.rows import dict_row

from tallykeep.db.transient import is_transient
from tests.db.engine import Engine, new_project, open_engine
from tests.faults.proxy import Lost, Proxy, open_proxy

SEED = int(os.environ.get("SEED", "1"))
EVERY_FAULT = os.environ.get("EVERY_FAULT") == "1"
_STRIDE = 1 if EVERY_FAULT else 29  # from one fault point to the next that is tried; the seed says where to begin
_MAX_SLOTS = 200
UNFINISHED = ("ENQUEUED", "IN_PROGRESS")


@dataclass
class Tried:
    """How many faults there were in this session."""

    faults: int = 0


tried = Tried()


@dataclass
class Stage:
    """An engine that reaches its database through the proxy, and a way past the proxy to look at the truth."""

    engine: Engine
    proxy: Proxy
    truth: psycopg.Connection[dict[str, Any]]
    database_url: str
    name: str

    def new_project(self) -> Engine:
        """The engine for another project, so that runs do not see each other; a webhook hears of all that happens."""
        project_id = new_project(self.database_url)
        self.query(_HEAR_EVERYTHING, project_id)
        return replace(self.engine, project_id=project_id)

    def query(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        return self.truth.execute(sql, parameters or None).fetchall()

    def faults(self) -> Iterator[tuple[int, Lost]]:
        """One fault after the other, until a run was not touched by its fault; then the other way to lose."""
        for lost in Lost:
            at = random.Random(f"{SEED} {self.name} {lost}").randint(1, _STRIDE)
            self.proxy.struck = True
            while self.proxy.struck:
                yield at, lost
                at += _STRIDE
                tried.faults += self.proxy.struck


@asynccontextmanager
async def open_stage(database_url: str, directory: Path, name: str, **changes: Any) -> AsyncIterator[Stage]:
    """A stage on this database."""
    (server_directory,) = parse_qs(urlsplit(database_url).query)["host"]
    url = database_url.replace(server_directory, str(directory))
    async with open_proxy(directory, server_directory) as proxy:
        with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as truth:
            async with open_engine(url, rescue_after_seconds=-60, **changes) as engine:
                yield Stage(engine, proxy, truth, database_url, name)


async def drive(stage: Stage, engine: Engine) -> None:
    """Be the project's worker until every action has ended: its jobs in the queue's order, the rescuer without any."""
    for _ in range(_MAX_SLOTS):
        if not unfinished(stage, engine):
            return
        if job := _take_job(stage, engine):
            await engine.applier.advance(engine.project_id, small=job["small"])
        else:
            await _rescue(engine)
    raise AssertionError(f"still open after {_MAX_SLOTS} turns: {unfinished(stage, engine)}")


def unfinished(stage: Stage, engine: Engine) -> list[dict[str, Any]]:
    sql = "SELECT id, type, status, open_batches FROM async_actions WHERE project_id = %s AND status = ANY (%s)"
    return stage.query(sql, engine.project_id, list(UNFINISHED))


def _take_job(stage: Stage, engine: Engine) -> dict[str, Any] | None:
    """A job that waits for its time counts as due."""
    sql = (
        "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs"
        " WHERE status = 'todo' AND args ->> 'project_id' = %s"
        " ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING (args ->> 'small')::boolean AS small"
    )
    return next(iter(stage.query(sql, str(engine.project_id))), None)


async def _rescue(engine: Engine) -> None:
    try:
        await engine.rescuer.rescue()
    except Exception as error:  # a worker whose rescuer fails is started anew
        if not is_transient(error):
            raise


Finding = dict[str, list[dict[str, Any]]]

_HEAR_EVERYTHING = (
    "INSERT INTO webhooks"
    " (project_id, id, target_url, events, active, failure_threshold, secret, created_at, updated_at)"
    " VALUES (%s, 'wh_1', 'http://127.0.0.1:1/',"
    " '{async_action.started,async_action.failures_exceeded,async_action.ended}', true, 0, '', now(), now())"
    " RETURNING id"
)
_TRUTH = {
    "actions": "SELECT type, status, ended_by, reason, total_count, done_count, failed_count, unprocessed_count,"
    " created_count, open_batches FROM async_actions WHERE project_id = %s ORDER BY created_at, id",
    "batches": "SELECT first_row, row_count, status, done_count, failed_count, unprocessed_count FROM batches"
    " WHERE project_id = %s ORDER BY first_row, action_id",
    "failures": 'SELECT "row", key, reason, error_key FROM failures WHERE project_id = %s ORDER BY "row", action_id',
    "reasons": "SELECT reason, sole_reason, count, first_rows FROM reason_counts WHERE project_id = %s"
    " ORDER BY reason, action_id",
    "reports": "SELECT first_row, body FROM report_parts WHERE project_id = %s ORDER BY first_row, action_id",
    "dry_run_keys": "SELECT key FROM dry_run_keys WHERE project_id = %s",
    "idempotency_keys": "SELECT key FROM idempotency_keys WHERE project_id = %s ORDER BY key",
    "vouchers": "SELECT code, type, gift, metadata FROM vouchers WHERE project_id = %s ORDER BY code",
    # What a start says of its action depends on whether it was applied together with others.
    "events": "SELECT event, CASE WHEN step > 1 THEN data::jsonb - '{id,request_id,created_at,started_at,finished_at}'"
    "::text[] END AS data FROM webhook_deliveries WHERE project_id = %s ORDER BY action_id, step",
    "customers": "SELECT source_id, name, metadata FROM customers WHERE project_id = %s ORDER BY source_id",
}


# What is in the audit log and did not happen, and what has happened and is not in the audit log.
_UNMATCHED = """
    WITH entries AS (SELECT event, action_id, id FROM audit_pending WHERE project_id = %(project_id)s),
    actions AS (SELECT * FROM async_actions WHERE project_id = %(project_id)s)
    (SELECT event, action_id FROM entries EXCEPT ALL (
        SELECT 'action.submit', id FROM actions WHERE source ->> 'format' <> 'planned'
        UNION ALL SELECT 'action.end', id FROM actions WHERE finished_at IS NOT NULL
    ))
    UNION ALL
    (
        (
            SELECT 'action.submit', id FROM actions WHERE source ->> 'format' <> 'planned'
            UNION ALL SELECT 'action.end', id FROM actions WHERE finished_at IS NOT NULL
        )
        EXCEPT ALL SELECT event, action_id FROM entries
    )
"""


def audit(stage: Stage, engine: Engine) -> Finding:
    """Everything there is of a project, but for ids and times; the audit log has to be in step with it."""
    unmatched = stage.truth.execute(_UNMATCHED, {"project_id": engine.project_id}).fetchall()
    assert unmatched == [], "entries of the audit log are not what has happened"
    return {name: stage.query(sql, engine.project_id) for name, sql in _TRUTH.items()}
