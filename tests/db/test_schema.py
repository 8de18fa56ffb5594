"""Migrations, and the plans of the queries that run all the time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from docs.schema import SCHEMA, schema_of
from psycopg import sql

from tallykeep.catalog.nouns import NOUNS
from tallykeep.core.errors import DatabaseUnavailableError
from tallykeep.db.migrate import migrate, newest_revision
from tallykeep.engine.applying import claim
from tallykeep.engine.erasing import batches
from tallykeep.engine.reading import failures
from tallykeep.engine.reason_groups import group_digest, group_number
from tallykeep.resources.campaigns.list_spec import CAMPAIGNS
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.lists.page import page_query
from tallykeep.resources.lists.query_string import read_selection
from tallykeep.resources.lists.spec import ListSpec
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.vouchers.fields import FIELDS
from tallykeep.resources.vouchers.list_spec import VOUCHERS
from tests.db.engine import open_engine
from tests.postgres import fresh_database


def test_processes_that_start_together_migrate_once(postgres: str) -> None:
    with fresh_database(postgres) as url:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(migrate, [url] * 4))
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest_revision(),)]
        migrate(url)


def test_every_table_of_a_project_has_project_id_first_in_its_keys(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        keys = connection.execute(
            """
            SELECT indrelid::regclass::text, attname
            FROM pg_index
            JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
            WHERE indisunique AND relnamespace(indrelid) = 'public'
            """.replace("relnamespace(indrelid)", "(SELECT relnamespace::regnamespace::text FROM pg_class "
                                                  "WHERE oid = indrelid)")
        ).fetchall()  # fmt: skip
    directory = {"projects", "api_keys", "secrets", "alembic_version", "wrong_credentials"}
    keys = [(table, column) for table, column in keys if not table.startswith("procrastinate")]
    ours = {(table, column) for table, column in keys if table not in directory}
    tables = (
        "async_actions",
        "audit_chains",
        "audit_log",
        "audit_pending",
        "batches",
        "failures",
        "reason_counts",
        "report_parts",
        "metadata_schemas",
        "vouchers",
        "customers",
        "products",
        "skus",
        "orders",
        "bin_entries",
        "campaigns",
        "schedules",
        "dry_run_keys",
        "attempts",
        "removals",
        "uploads",
        "usage_windows",
        "idempotency_keys",
        "categories",
        "category_labels",
        "sessions",
        "access_tokens",
        "webhooks",
        "webhook_deliveries",
    )
    assert ours == {(table, "project_id") for table in tables}


def test_every_column_of_a_resource_is_one_of_its_fields(database_url: str) -> None:
    own = {"project_id", "id", "created_at", "updated_at"}
    declared = {
        "vouchers": {field.column_name for field in FIELDS if field.stored},
        **{noun.spec.table.name: {"source_id", *noun.spec.table.columns} for noun in NOUNS},
    }
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = ANY (%s) GROUP BY table_name",
            [list(declared)],
        ).fetchall()
    assert {table: set(columns) - own for table, columns in tables} == declared


def test_the_snapshot_of_the_schema_is_of_today(database_url: str) -> None:
    assert SCHEMA.read_text() == schema_of(database_url), "make schema"


def test_a_database_out_of_reach_is_told_so() -> None:
    with pytest.raises(DatabaseUnavailableError, match="TALLYKEEP_DATABASE_URL"):
        migrate("postgresql://nobody@127.0.0.1:1/nothing")


def test_the_claim_finds_open_batches_by_index(database_url: str) -> None:
    async def scenario() -> str:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO async_actions (project_id, id, type, status, operation_status, request_id, source,"
                " total_count, open_count, open_batches, created_at, updated_at)"
                " SELECT 1, 'aa_' || n, 'T', 'ENQUEUED', 'UNKNOWN', 'v', '{}', 100, 100, 100, now(), now()"
                " FROM generate_series(1, 200) AS n"
            )
            await connection.execute(
                "INSERT INTO batches (project_id, action_id, first_row, row_count, body)"
                " SELECT 1, 'aa_' || n, m, 1, '' FROM generate_series(1, 200) AS n, generate_series(1, 100) AS m"
            )
            await connection.execute("ANALYZE batches")
            key = {"project_id": 1, "action_id": "aa_7", "batches_in_flight": 2, "first_row": None}
            plan = await (await connection.execute(f"EXPLAIN {claim._sql.claim_open_batch}", key)).fetchall()
            return "\n".join(row["QUERY PLAN"] for row in plan)

    plan = asyncio.run(scenario())
    assert "Seq Scan on batches" not in plan
    assert "batches_open" in plan


@pytest.mark.parametrize("after_row", [0, 3_000])
@pytest.mark.parametrize("reason", ["dense", "sparse", "none at all"])
def test_failures_with_one_reason_are_read_by_index(database_url: str, reason: str, after_row: int) -> None:
    """However many there are of it, and of others."""

    async def scenario() -> str:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO async_actions (project_id, id, type, status, operation_status, request_id, source,"
                " total_count, failed_count, open_batches, created_at, updated_at, finished_at, ended_by)"
                " SELECT %s, 'aa_1', 'T', 'DONE', 'SUCCESS', '', '{}', 4000, 4000, 0, now(), now(), now(), 'COMPLETED'",
                (engine.project_id,),
            )
            for name, condition in (("dense", "mod(row, 100) > 0"), ("sparse", "mod(row, 100) = 0")):
                await connection.execute(
                    'INSERT INTO failures (project_id, action_id, "row", reason, reason_group)'
                    f" SELECT %s, 'aa_1', row, %s, %s FROM generate_series(1, 4000) AS row WHERE {condition}",
                    (engine.project_id, name, group_number(group_digest("aa_1", name))),
                )
            await connection.execute("ANALYZE failures")
            wanted = failures._Wanted(engine.project_id, "aa_1", reason)
            rows = await failures._rows_of(connection, wanted)
            page = failures._sql.first_failures_with_reason.replace("{rows_with_reason}", rows)
            params = {**wanted.params, "after_row": after_row, "limit": 11}
            plan = await (await connection.execute(f"EXPLAIN {page}", params)).fetchall()
            return "\n".join(row["QUERY PLAN"] for row in plan)

    plan = asyncio.run(scenario())
    assert "failures_by_group" in plan
    assert "failures_by_reason" in plan
    assert "Seq Scan" not in plan
    assert "failures_pkey" not in plan


def test_what_webhooks_were_told_of_an_action_is_found_by_index(database_url: str) -> None:
    """An erasure asks for many actions, and a project may have a million deliveries that are kept."""

    async def scenario() -> str:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            await connection.execute("SET session_replication_role = replica")
            await connection.execute(
                "INSERT INTO webhook_deliveries (project_id, webhook_id, event_id, event, step, action_id, data,"
                " status, created_at, due_at, expires_at, delivered_at)"
                " SELECT 1, 'hook_' || mod(n, 3), 'evt_' || n, 'x', 1, 'aa_' || n / 3, '{}', 'DELIVERED', now(), now(),"
                " now(), now() FROM generate_series(1, 20000) AS n"
            )
            await connection.execute("SET session_replication_role = origin")
            await connection.execute("ANALYZE webhook_deliveries")
            key = {"project_id": 1, "action_id": "aa_7"}
            plan = await (await connection.execute(f"EXPLAIN {batches._sql.rewrite_deliveries}", key)).fetchall()
            return "\n".join(row["QUERY PLAN"] for row in plan)

    plan = asyncio.run(scenario())
    assert "webhook_deliveries_by_action" in plan
    assert "Seq Scan on webhook_deliveries" not in plan


@pytest.mark.parametrize(
    "list_spec",
    [VOUCHERS, CAMPAIGNS, CUSTOMER.list_spec, PRODUCT.list_spec, SKU.list_spec, ORDER.list_spec],
    ids=lambda list_spec: str(list_spec.noun),
)
def test_every_list_is_read_in_its_default_order_by_index(database_url: str, list_spec: ListSpec) -> None:
    page = page_query(list_spec, read_selection(list_spec, ()))
    params = {"project_id": 1, "product_id": "prod_1", "limit": 10, "offset": 50}
    with psycopg.connect(database_url) as connection:
        # Empty tables are not worth an index: what counts is that there is one.
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET enable_sort = off")
        rows = connection.execute(sql.SQL("EXPLAIN (VERBOSE) {}").format(page), params).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert "Index Scan Backward" in plan
    assert "Sort" not in plan
    assert f"{list_spec.noun}.project_id = " in plan
