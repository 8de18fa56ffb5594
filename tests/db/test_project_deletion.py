"""Deleting a project: no table is forgotten, every row is counted, and nobody else's rows go with it."""

import asyncio

import psycopg
import pytest
from psycopg import sql

from tallykeep.core.errors import ResourceInUseError
from tallykeep.db.transient import is_transient
from tallykeep.engine.managing.project_tables import KEPT, KEYS, TABLES, count_contents
from tallykeep.tenants.managing.deletion import FIRST_RANGE, INSTALLATION, read_deletion
from tests.db.deleting import PROJECT_TABLES, deleting, manager_of
from tests.db.engine import Engine, open_engine
from tests.db.test_applying import gifts
from tests.db.test_neighbours import _copied

_PRIMARY_KEYS = """
SELECT indrelid::regclass::text AS name, array_agg(attname::text ORDER BY position) AS columns
FROM pg_index
CROSS JOIN LATERAL unnest(indkey) WITH ORDINALITY AS key (number, position)
JOIN pg_attribute ON attrelid = indrelid AND attnum = key.number
WHERE indisprimary
GROUP BY indrelid
"""
# A row of each table that importing leaves empty; columns that are not named take their defaults, or a value by type.
_NOW = "now()"
_ROWS: dict[str, dict[str, str]] = {
    "webhooks": {
        "id": "'hook'", "target_url": "'https://a.example'", "events": "'{x}'", "active": "false", "secret": "'x'",
        "failure_threshold": "1", "created_at": _NOW, "updated_at": _NOW,
    },
    "webhook_deliveries": {
        "webhook_id": "'hook'", "event_id": "'evt'", "event": "'x'", "step": "1", "data": "'{}'", "created_at": _NOW,
        "due_at": _NOW, "expires_at": _NOW,
    },
    "sessions": {"id": "sha256('a')", "sealed": "'x'", "created_at": _NOW, "expires_at": _NOW},
    "access_tokens": {
        "token_hash": "sha256('a')", "id": "'tok'", "key_kind": "'app'", "key_id": "'k'", "scope": "'api'",
        "created_at": _NOW, "expires_at": _NOW,
    },
    "idempotency_keys": {"key": "'k'", "digest": "sha256('a')", "action_id": "'aa_1'", "created_at": _NOW},
    "uploads": {"action_id": "'aa_up'", "begun_at": _NOW, "touched_at": _NOW},
    "orders": {"id": "'ord'", "status": "'PAID'", "created_at": _NOW},
    "products": {"id": "'prod'", "created_at": _NOW},
    "skus": {"id": "'sku'", "product_id": "'prod'", "created_at": _NOW},
    "customers": {"id": "'cust'", "created_at": _NOW},
    "campaigns": {
        "id": "'camp'", "name": "'Fall'", "campaign_type": "'GIFT_VOUCHERS'", "type": "'STATIC'", "active": "true",
        "voucher": "'{}'", "settings": "'{}'", "created_at": _NOW,
    },
    "categories": {"id": "'cat'", "name": "'New'", "hierarchy": "1", "created_at": _NOW},
    "category_labels": {"label": "'New'", "name": "'New'", "category_id": "'cat'"},
    "metadata_schemas": {
        "related_object": "'voucher'", "id": "'ms'", "properties": "'{}'", "allow_defined_only": "false",
        "created_at": _NOW,
    },
    "bin_entries": {
        "id": "'bin'", "resource_id": "'x'", "resource_type": "'voucher'", "deleted_by": "'k'", "content": "'{}'",
        "created_at": _NOW,
    },
    "usage_windows": {"name": "'requests'", "ends_at": _NOW, "taken": "1", "reserved": "0"},
    "dry_run_keys": {"action_id": "'aa_1'", "key": "'k'"},
    "attempts": {"action_id": "'aa_1'", "first_row": "1", "attempts": "1"},
    "report_parts": {"action_id": "(SELECT id FROM async_actions LIMIT 1)", "first_row": "1", "body": "'x'"},
    "removals": {"action_id": "'aa_1'", "everything": "true"},
}  # fmt: skip


async def _filled(engine: Engine) -> None:
    """Put rows into every table: by an import with failures, and one by one where that leaves none."""
    await engine.finish(await engine.submit_csv(gifts(7) + "BAD,NONE,1\n"))
    async with engine.pool.connection() as connection:
        await connection.execute("SET session_replication_role = replica")
        for table, values in _ROWS.items():
            columns = sql.SQL(", ").join(map(sql.Identifier, values))
            given = sql.SQL(", ").join(map(sql.SQL, values.values()))  # type: ignore[arg-type]
            insert = sql.SQL("INSERT INTO {} (project_id, {}) VALUES (%s, {})")
            await connection.execute(insert.format(sql.Identifier(table), columns, given), (engine.project_id,))
        await connection.execute("SET session_replication_role = DEFAULT")


def test_every_table_of_a_project_is_deleted_or_kept_on_purpose(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            tables = {row["table_name"] for row in await engine.query(PROJECT_TABLES)}
            assert tables == TABLES.keys() | {KEYS} | KEPT
            assert not TABLES.keys() & KEPT
            keys = {row["name"]: tuple(row["columns"]) for row in await engine.query(_PRIMARY_KEYS)}
            assert {name: ("project_id", *columns) for name, columns in TABLES.items()} == {
                name: keys[name] for name in TABLES
            }

    asyncio.run(scenario())


@pytest.mark.parametrize("batch_rows", [1, 3, 10_000])
def test_nothing_is_left_in_any_table_and_everything_is_counted(database_url: str, batch_rows: int) -> None:
    async def scenario() -> None:
        async with deleting(database_url, batch_rows=batch_rows) as project:
            engine = project.engine
            await _filled(engine)
            twin = await _copied(engine, database_url)
            before, of_twin = await project.counts(), await project.counts(twin.project_id)
            assert [name for name in (*TABLES, KEYS) if not before[name]] == []
            await project.begin()
            action = await project.finish()
            left = await project.counts()
            assert {name for name, count in left.items() if count} <= KEPT
            deleted = sum(before[name] for name in (*TABLES, KEYS)) + 1
            assert (action["status"], action["done_count"], action["failed_count"]) == ("DONE", deleted, 0)
            assert await project.counts(twin.project_id) == of_twin
            (row,) = await engine.query("SELECT * FROM projects WHERE project_id = %s", engine.project_id)
            assert (row["deleted_rows"], row["deletion_key_id"], row["name"]) == (deleted, "manager", "Engine")
            assert row["deleted_at"] >= row["deletion_started_at"]

    asyncio.run(scenario())


def test_batches_are_as_large_as_those_of_others(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url, batch_rows=100) as project:
            await project.engine.finish(await project.engine.submit_csv(gifts(250)))
            await project.begin()
            await project.plan()
            action = await project.action()
            batches = await project.engine.query(
                "SELECT row_count, first_row, convert_from(body, 'UTF8')::json ->> 'table' AS name FROM batches"
                " WHERE project_id = %s AND action_id = %s AND first_row >= %s ORDER BY first_row",
                INSTALLATION, action["id"], FIRST_RANGE,
            )  # fmt: skip
            assert [each["row_count"] for each in batches if each["name"] == "vouchers"] == [100, 100, 50]
            assert [each["row_count"] for each in batches if each["name"] == "batches"] == [2, 1]
            assert batches[-1]["name"] is None
            ends = [each["first_row"] + each["row_count"] for each in batches]
            assert ends == [*(each["first_row"] for each in batches[1:]), action["total_count"] + FIRST_RANGE]

    asyncio.run(scenario())


def test_who_asks_for_the_deletion_counts_nothing(database_url: str) -> None:
    """However much there is: no table of resources is even looked at."""

    async def scenario() -> None:
        async with deleting(database_url, batch_rows=1) as project:
            engine = project.engine
            await engine.finish(await engine.submit_csv(gifts(60)))
            async with engine.pool.connection() as connection, connection.transaction():
                await connection.execute("LOCK TABLE vouchers, customers, failures IN ACCESS EXCLUSIVE MODE")
                await project.begin()
            assert (await project.action())["open_batches"] == 2
            async with engine.pool.connection() as connection:
                begun = await read_deletion(connection, manager_of(engine.project_id))
            assert (begun["counted"], begun["done_count"]) == (False, 0)
            steps = await project.plan()
            assert steps > 1, "so many rows are planned by several batches"
            async with engine.pool.connection() as connection:
                planned = await read_deletion(connection, manager_of(engine.project_id))
            before = await project.counts()
            there = sum(before[name] for name in (*TABLES, KEYS)) + 1
            assert (planned["counted"], planned["done_count"], planned["total_count"]) == (True, 0, there)
            await project.finish()

    asyncio.run(scenario())


def test_what_a_project_holds_is_counted_so_far(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url) as project:
            engine = project.engine
            await engine.finish(await engine.submit_csv(gifts(7)))
            async with engine.pool.connection() as connection:
                counts, at_least = await count_contents(connection, engine.project_id, max_rows=5)
                assert (counts["vouchers"], counts["async_actions"], at_least) == (5, 1, ["vouchers"])
                counts, at_least = await count_contents(connection, engine.project_id)
                assert (counts["vouchers"], at_least) == (7, [])

    asyncio.run(scenario())


def test_one_deletion_is_enough(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url) as project:
            first = await project.begin()
            again = await project.begin()
            assert (first.is_new, again.is_new) == (True, False)
            assert again.accepted == first.accepted
            await project.finish()
            assert (await project.begin()).accepted == first.accepted

    asyncio.run(scenario())


def test_two_that_come_at_once_begin_one_deletion(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url) as project:
            begun = await asyncio.gather(*(project.begin() for _ in range(4)))
            assert [each.is_new for each in begun].count(True) == 1
            assert len({each.accepted for each in begun}) == 1

    asyncio.run(scenario())


def test_a_deletion_that_was_given_up_is_begun_anew_and_goes_on_counting(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url, batch_rows=2) as project:
            engine = project.engine
            await engine.finish(await engine.submit_csv(gifts(6)))
            before = await project.counts()
            there = sum(before[name] for name in (*TABLES, KEYS)) + 1
            first = await project.begin()
            await project.plan()
            for _ in range(2):
                await project.advance()
            done = (await project.action())["done_count"]
            assert 0 < done < there
            await engine.query(
                "UPDATE async_actions SET status = 'FAILED', operation_status = 'FAILED', ended_by = 'GAVE_UP',"
                " reason = 'disk', unprocessed_count = open_count, open_count = 0, finished_at = now()"
                " WHERE project_id = %s RETURNING id", INSTALLATION,
            )  # fmt: skip
            async with engine.pool.connection() as connection:
                seen = await read_deletion(connection, manager_of(engine.project_id))
            assert (seen["status"], seen["reason"], seen["deleted_at"]) == ("FAILED", "disk", None)
            assert (seen["done_count"], seen["total_count"]) == (done, there)
            second = await project.begin()
            assert second.is_new
            assert second.accepted != first.accepted
            action = await project.finish()
            assert (action["status"], action["done_count"]) == ("DONE", there - done)
            async with engine.pool.connection() as connection:
                seen = await read_deletion(connection, manager_of(engine.project_id))
            assert (seen["done_count"], seen["total_count"]) == (there, there)
            assert {name for name, count in (await project.counts()).items() if count} <= KEPT
            (end,) = await engine.query(
                "SELECT details FROM audit_pending WHERE project_id = %s AND action_id = %s AND event = 'action.end'",
                engine.project_id, second.accepted.action_id,
            )  # fmt: skip
            assert end["details"]["done_count"] == there

    asyncio.run(scenario())


def test_what_is_told_outlives_the_action(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url) as project:
            engine = project.engine
            await project.begin()
            await project.finish()
            async with engine.pool.connection() as connection:
                before = await read_deletion(connection, manager_of(engine.project_id))
            await engine.query("DELETE FROM batches WHERE project_id = %s RETURNING 1", INSTALLATION)
            await engine.query("DELETE FROM async_actions WHERE project_id = %s RETURNING 1", INSTALLATION)
            async with engine.pool.connection() as connection:
                after = await read_deletion(connection, manager_of(engine.project_id))
            assert after == before
            assert after["status"] == "DONE"

    asyncio.run(scenario())


def test_a_row_that_somebody_holds_is_waited_for(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url, lock_wait_seconds=0.1) as project:
            engine = project.engine
            await engine.finish(await engine.submit_csv(gifts(2)))
            await project.begin()
            async with engine.pool.connection() as connection, connection.transaction():
                await connection.execute("SELECT FROM vouchers WHERE project_id = %s FOR UPDATE", (engine.project_id,))
                for _ in range(3):
                    await project.advance()
                assert (await project.action())["ended_by"] is None
            assert (await project.finish())["status"] == "DONE"

    asyncio.run(scenario())


def test_the_first_project_is_not_deleted(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url) as project:
            (first,) = await project.engine.query("SELECT min(project_id) AS number FROM projects")
            with pytest.raises(ResourceInUseError, match="its keys manage the others"):
                await project.begin(first["number"])
            closed = await project.engine.query("SELECT FROM schedules WHERE closed")
            assert closed == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("closed_accepts_nothing", "UPDATE schedules SET accepted = 1 WHERE closed"),
        ("a_deletion_has_a_start", "UPDATE projects SET deletion_started_at = NULL WHERE deletion_id IS NOT NULL"),
        (
            "deleted_by_a_deletion",
            "UPDATE projects SET deletion_id = NULL, deletion_started_at = NULL WHERE deleted_at IS NOT NULL",
        ),
        ("deleted_rows_are_counted", "UPDATE projects SET deleted_rows = NULL WHERE deleted_at IS NOT NULL"),
        ("projects_deleted_rows_check", "UPDATE projects SET deleted_rows = -1 WHERE deleted_at IS NOT NULL"),
        ("projects_client_settings_check", "UPDATE projects SET client_settings = '[]'"),
        ("owners_are_management_keys", "UPDATE api_keys SET role = 'owner' WHERE kind = 'app'"),
    ],
)
def test_the_database_refuses_what_contradicts_a_deletion(database_url: str, constraint: str, change: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url) as project:
            await project.begin()
            await project.finish()
            with pytest.raises(psycopg.errors.CheckViolation) as refused:
                await project.engine.query(f"{change} RETURNING 1")
            assert refused.value.diag.constraint_name == constraint
            assert not is_transient(refused.value)

    asyncio.run(scenario())
