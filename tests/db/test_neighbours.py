"""Another project with the very same actions, rows and keys, ids and all, is neither changed nor looked at."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson
import psycopg
import pytest
from psycopg import sql

from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.engine.managing.action_control import ActionControl
from tests.db.engine import Engine, new_project, open_engine
from tests.db.test_applying import HEADER, gifts
from tests.db.test_ranges import CODES, Work, every_work

TABLES = """
SELECT table_name, array_agg(column_name::text) AS columns FROM information_schema.columns
WHERE table_schema = 'public' AND column_name <> 'project_id' AND is_generated = 'NEVER'
    AND table_name NOT IN ('projects', 'api_keys')
    AND table_name IN (SELECT table_name FROM information_schema.columns WHERE column_name = 'project_id')
GROUP BY table_name
"""
FILE = HEADER + "".join(
    f"C{number},{action_type},1\n"
    for number, action_type in enumerate(["GIFT_VOUCHER"] * 3 + ["BAD"] * 2)
    for _ in "ab"
)

COUNTED = ", ".join(
    f"(SELECT count(*) FROM {table} WHERE {table}.project_id = actions.project_id) AS {table}"
    for table in ("failures", "vouchers", "attempts", "batches", "dry_run_keys")
)

Steps = Callable[[Engine], Awaitable[Any]]


async def _tables(engine: Engine) -> list[tuple[str, list[str]]]:
    return [(row["table_name"], row["columns"]) for row in await engine.query(TABLES)]


async def _copied(engine: Engine, database_url: str) -> Engine:
    """The project as it is, under another number."""
    twin = replace(engine, project_id=await asyncio.to_thread(new_project, database_url))
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("SET session_replication_role = replica")  # tables in any order
        for table, names in await _tables(engine):
            columns = sql.SQL(", ").join(map(sql.Identifier, names))
            copy = sql.SQL("INSERT INTO {0} (project_id, {1}) SELECT {2}, {1} FROM {0} WHERE project_id = {3}")
            whose = (sql.Literal(twin.project_id), sql.Literal(engine.project_id))
            await connection.execute(copy.format(sql.Identifier(table), columns, *whose))
    return twin


async def _contents(engine: Engine) -> dict[str, list[Any]]:
    return {
        table: [
            row["found"]
            for row in await engine.query(
                f"SELECT to_jsonb(found) - 'project_id' AS found FROM {table} AS found"
                " WHERE project_id = %s ORDER BY found::text",
                engine.project_id,
            )
        ]
        for table, _ in await _tables(engine)
    }


async def _to_the_end(engine: Engine) -> None:
    unfinished = "SELECT FROM async_actions WHERE project_id = %s AND status IN ('ENQUEUED', 'IN_PROGRESS')"
    async with asyncio.timeout(120):
        while await engine.query(unfinished, engine.project_id):
            await engine.advance()


async def _canceled(engine: Engine) -> None:
    running = "SELECT id FROM async_actions WHERE project_id = %s AND ended_by IS NULL"
    for row in await engine.query(running, engine.project_id):
        await engine.controller.cancel(engine.project_id, row["id"], "a key")


async def _retried(engine: Engine) -> None:
    await _to_the_end(engine)
    controller: ActionControl = engine.controller
    (row,) = await engine.query("SELECT id FROM async_actions WHERE project_id = %s", engine.project_id)
    parent = await controller.find(engine.project_id, row["id"])
    submission = engine.submission("VOUCHERS.IMPORT_CSV", parent_id=parent.id)
    await controller.retry(parent, submission, SubmissionOptions(), None, unprocessed=True)
    await _to_the_end(engine)


async def _suspected(engine: Engine) -> None:
    """Processes have died at every batch."""
    await engine.query(
        "INSERT INTO attempts SELECT project_id, action_id, first_row, 2 FROM batches WHERE project_id = %s"
        " ON CONFLICT (project_id, action_id, first_row) DO UPDATE SET attempts = 2 RETURNING 1",
        engine.project_id,
    )
    await _to_the_end(engine)


async def _import(engine: Engine, **submission_options: Any) -> None:
    await engine.submit_csv(FILE, **submission_options)
    if submission_options.get("on_error") != "reject":  # which is done in one go
        await engine.advance()


async def _sequence(engine: Engine) -> None:
    for number in range(3):
        rows = [{"code": f"C{index}", "metadata": {"number": number}} for index in range(3)]
        await engine.submit("VOUCHERS.BULK_UPDATE", orjson.dumps(rows))
    await engine.advance()


WAYS: dict[str, tuple[dict[str, Any], Steps]] = {
    "continue": ({}, _to_the_end),
    "stop": ({"on_error": "stop"}, _to_the_end),
    "reject": ({"on_error": "reject"}, _to_the_end),
    "dry run": ({"dry_run": True}, _to_the_end),
    "canceled": ({}, _canceled),
    "retried": ({}, _retried),
    "suspected": ({}, _suspected),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_import_leaves_its_copy_in_another_project_alone(database_url: str, way: str) -> None:
    submission_options, steps = WAYS[way]
    asyncio.run(_compared(database_url, lambda engine: _import(engine, **submission_options), steps))


def test_a_whole_import_leaves_its_copy_in_another_project_alone(database_url: str) -> None:
    async def begin(engine: Engine) -> None:
        await engine.submit_csv(gifts(5), on_error="reject")
        add_attempts = "INSERT INTO attempts SELECT project_id, action_id, first_row, 1 FROM batches RETURNING 1"
        await engine.query(add_attempts)

    asyncio.run(_compared(database_url, begin, _to_the_end))


def test_a_sequence_leaves_its_copy_in_another_project_alone(database_url: str) -> None:
    asyncio.run(_compared(database_url, _sequence, _to_the_end))


def test_a_sequence_that_is_canceled_leaves_its_copy_in_another_project_alone(database_url: str) -> None:
    asyncio.run(_compared(database_url, _sequence, _canceled))


@every_work
def test_planned_work_leaves_its_copy_in_another_project_alone(database_url: str, work: Work) -> None:
    async def planned(engine: Engine) -> None:
        await work.make(engine, CODES)
        await work.plan(engine)

    asyncio.run(_compared(database_url, planned, _to_the_end))


async def _changed(engine: Engine) -> None:
    """Vouchers and customers that exist are changed in every way that looks them up."""
    await engine.finish(await engine.submit_csv(HEADER + "A,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,1\n"))
    await engine.query(
        "INSERT INTO customers (project_id, id, source_id, created_at)"
        " SELECT %s, 'cust_' || key, key, now() FROM unnest(ARRAY['A', 'B', 'C']) AS key RETURNING id",
        engine.project_id,
    )
    by_id = [{"id": "cust_A", "name": "Ada"}, {"id": "cust_B", "name": "Ada"}]
    by_key = [{"source_id": "A", "metadata": {"k": 1}}, {"source_id": "NEW", "name": "Ada"}]
    codes = {"codes": ["A", "B", "NONE"], "metadata": {"k": 2}}
    for action_type, body in (
        ("VOUCHERS.IMPORT_CSV", f"{HEADER}A,GIFT_VOUCHER,2\nA,LOYALTY_CARD,2\nNEW,GIFT_VOUCHER,2\n".encode()),
        (
            "VOUCHERS.IMPORT",
            orjson.dumps([{"code": "B", "gift": {"amount": 1}}, {"code": "N2", "gift": {"amount": 1}}]),
        ),
        ("VOUCHERS.BULK_UPDATE", orjson.dumps([{"code": "B", "metadata": {"k": 1}}, {"code": "NONE"}])),
        ("VOUCHERS.METADATA_UPDATE", orjson.dumps(codes)),
        ("CUSTOMERS.BULK_UPDATE", orjson.dumps(by_id)),
        ("CUSTOMERS.BULK_UPDATE", orjson.dumps(by_key)),
        ("CUSTOMERS.IMPORT_CSV", b"Source_id,Name\nC,Ada\nNEW2,Ada\n"),
    ):
        await engine.submit(action_type, body)


def test_changes_leave_their_copy_in_another_project_alone(database_url: str) -> None:
    asyncio.run(_compared(database_url, _changed, _to_the_end))


async def _compared(database_url: str, begin: Steps, steps: Steps) -> None:
    """Go on with a project beside its copy, then with the copy: each as if it were alone."""
    async with open_engine(database_url, batch_rows=2) as engine:
        await begin(engine)
        twin = await _copied(engine, database_url)
        before = await _contents(twin)
        assert before == await _contents(engine)
        assert before["batches"]
        await steps(engine)
        assert await _contents(twin) == before
        after = await _contents(engine)
        assert after != before
        await steps(twin)
        assert await _contents(engine) == after
        assert await _outcomes(twin) == await _outcomes(engine)
        for table in ("vouchers", "customers", "bin_entries"):
            assert _without_timestamps((await _contents(twin))[table]) == _without_timestamps(after[table])


def _without_timestamps(rows: list[dict[str, Any]]) -> list[str]:
    """The rows without when they were written, and without ids, which new ones get by chance."""
    of_its_own = ("created_at", "updated_at", "id", "content")
    return sorted(str({name: value for name, value in row.items() if name not in of_its_own}) for row in rows)


async def _outcomes(engine: Engine) -> list[dict[str, Any]]:
    return await engine.query(
        "SELECT number, status, ended_by, total_count, done_count, failed_count, unprocessed_count, created_count,"
        f" {COUNTED} FROM async_actions AS actions WHERE project_id = %s ORDER BY number",
        engine.project_id,
    )
