"""Lists of actions at 100,000 of them: every page along an index, whatever is asked."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from tallykeep.core.action import Status
from tallykeep.db.connections.pool import make_pool
from tallykeep.engine.reading import list_actions as listing
from tallykeep.engine.reading.list_actions import Wanted, find_page

ACTIONS = 100_000
CHILDREN = 40
LIMIT = 100
PROJECT = 7
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
# RARE is old and seldom, FAILED is seldom, and no action is both: the worst there is for a filter without its index.
_FILL = f"""
INSERT INTO async_actions (
    project_id, id, type, status, operation_status, request_id, source, total_count, open_batches, created_at,
    updated_at, finished_at, ended_by, parent_id
)
SELECT
    {PROJECT}, 'aa_' || lpad(to_hex(n), 18, '0'), kind, status,
    CASE status WHEN 'DONE' THEN 'SUCCESS' WHEN 'FAILED' THEN 'FAILED' ELSE 'UNKNOWN' END, 'v-1', '{{}}', 0, 0, at, at,
    CASE WHEN status IN ('DONE', 'FAILED') THEN at END,
    CASE status WHEN 'DONE' THEN 'COMPLETED' WHEN 'FAILED' THEN 'CANCELED' END,
    CASE WHEN n % ({ACTIONS} / {CHILDREN}) = 0 THEN 'aa_parent' END
FROM generate_series(1, {ACTIONS}) AS n
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN n < 50 THEN 'RARE' WHEN n % 2 = 0 THEN 'EVEN' ELSE 'ODD' END AS kind,
        CASE WHEN n > {ACTIONS} - 20 THEN 'FAILED' WHEN n % 1000 = 1 THEN 'ENQUEUED' ELSE 'DONE' END AS status,
        timestamptz '2026-01-01' + (n / 10) * interval '1 second' AS at
) AS made
"""


def _submission_options() -> Iterator[Wanted]:
    types = (None, {"RARE"}, {"EVEN"}, {"RARE", "EVEN", "ODD", "NONE"})
    statuses = (None, {Status.FAILED}, {Status.DONE}, set(Status), {Status.FAILED, Status.ENQUEUED})
    late = FIRST_DAY + timedelta(seconds=ACTIONS / 10 - 60)
    dates = ((None, None), (late, None), (None, FIRST_DAY + timedelta(seconds=60)), (late, late))
    cursors = (None, f"aa_{ACTIONS // 2:018x}")
    parents = (None, "aa_parent", "aa_none")
    for type_, status, (since, before), after, parent in itertools.product(types, statuses, dates, cursors, parents):
        yield Wanted(
            limit=LIMIT, types=type_ and frozenset(type_), statuses=status and frozenset(status), created_from=since,
            created_before=before, parent_id=parent, after_id=after,
        )  # fmt: skip


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _entries_read(plan: dict[str, Any]) -> float:
    """Entries of the table, or of an index, that were looked at, those filtered out included."""
    reading = (node for node in _nodes(plan) if node.get("Relation Name") == "async_actions")
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0))
        * node["Actual Loops"]
        for node in reading
    )


async def _check_plan(connection: Any, wanted: Wanted) -> None:
    bounds = await listing._bounds(connection, PROJECT, wanted)
    explained = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {listing._stretch(wanted)}"
    row = await (await connection.execute(explained, bounds)).fetchone()
    plan = row["QUERY PLAN"][0]["Plan"]
    stretches = len(wanted.types or "1") * len(Status if wanted.statuses is None else wanted.statuses)
    allowed = CHILDREN if wanted.parent_id else stretches * (LIMIT + 1)
    assert not [node for node in _nodes(plan) if node["Node Type"] == "Seq Scan"], wanted
    assert _entries_read(plan) <= allowed, (wanted, plan)


def test_no_page_reads_more_than_its_stretches(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(_FILL)
        beside = _FILL.replace(f"{PROJECT}, 'aa_'", "8, 'aa_'")
        connection.execute(beside.replace(f"generate_series(1, {ACTIONS})", "generate_series(1, 1999)"))
        connection.commit()
        connection.execute("ANALYZE async_actions")

    async def scenario() -> None:
        async with make_pool(database_url, size=2, name="test") as pool, pool.connection() as connection:
            for wanted in _submission_options():
                await _check_plan(connection, wanted)

    asyncio.run(scenario())


def test_walks_meet_every_action_once_though_others_are_added(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(_FILL.replace(str(ACTIONS), "2000"))
        every = {row[0]: row[1:] for row in connection.execute("SELECT id, type, status FROM async_actions").fetchall()}

    async def walk(connection: Any, **filters: Any) -> list[str]:
        met: list[str] = []
        after = None
        while True:
            page = await find_page(connection, PROJECT, Wanted(limit=7, after_id=after, **filters))
            met += [row["id"] for row in page.rows]
            # Another one of the same moment as the last, and one of right now.
            for number, at in (("f", page.rows[-1]["created_at"]), ("e", datetime.now(UTC))):
                await connection.execute(
                    "INSERT INTO async_actions (project_id, id, type, status, operation_status, request_id, source,"
                    " total_count, open_count, open_batches, created_at, updated_at)"
                    " VALUES (%s, %s, 'EVEN', 'ENQUEUED', 'UNKNOWN', 'v', '{}', 1, 1, 1, %s, %s)",
                    (PROJECT, f"aa_{number}{len(met):017x}{len(filters)}", at, at),
                )
            if page.more_after is None:
                return met
            assert page.more_after == met[-1]
            after = page.more_after

    async def scenario() -> None:
        async with make_pool(database_url, size=2, name="test") as pool, pool.connection() as connection:
            met = await walk(connection)
            assert [id_ for id_ in met if id_ in every] == sorted(every, key=lambda id_: int(id_[3:], 16), reverse=True)
            assert len(met) == len(set(met))
            met = await walk(connection, types=frozenset({"EVEN", "RARE"}), statuses=frozenset({Status.DONE}))
            expected = {
                id_ for id_, (action_type, status) in every.items() if action_type != "ODD" and status == "DONE"
            }
            assert len(met) == len(set(met))
            assert set(met) == expected

    asyncio.run(scenario())
