"""Submission options as they are stored with their action: as one value, from which the columns to filter by follow."""

import asyncio
from typing import Any

import psycopg
import pytest
from alembic import command
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tallykeep.core.batch import Source
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.db import migrate
from tests.db.engine import open_engine
from tests.postgres import fresh_database

FILE = "Code,Voucher Type,Discount Type,Value\nA,DISCOUNT_VOUCHER,,5\n"
OPTIONS: dict[str, Any] = {
    "dry_run": True, "on_error": "stop", "max_failures": 2, "defaults": {"Discount Type": "PERCENT"},
}  # fmt: skip


def test_what_was_asked_is_stored_as_one_value(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            for options in ({}, OPTIONS):
                action_id = await engine.submit_csv(FILE, **options)
                (row,) = await engine.query(
                    "SELECT submission_options, dry_run, on_error FROM async_actions WHERE id = %s", action_id
                )
                assert row["submission_options"] == options
                stored = SubmissionOptions(**options)
                assert (row["dry_run"], row["on_error"]) == (stored.dry_run, stored.on_error)
                parent = await engine.controller.find(engine.project_id, action_id)
                assert parent.submission_options == stored

    asyncio.run(scenario())


BEFORE = {
    "aa_plain": (False, "continue", 1, {"defaults": {}, "values": {}, "last_day_counts": False}, {}),
    "aa_older": (
        False, "reject", 1,
        {
            "format": "csv", "header": ["a", "b"], "delimiter": ",", "options": {}, "kept": None, "width": 2,
            "sent": ["A", "B"], "repeated": [], "defaults": {}, "values": {}, "charset": "utf-8", "sheet": None,
            "header_row": 1, "skipped_rows": 0, "decimal_marks": {}, "last_day_counts": False,
        },
        {"on_error": "reject"},
    ),
    "aa_cells": (
        True, "stop", 3, {"defaults": {"Value": "5"}, "values": {"Value": {"a": "1"}}, "last_day_counts": True},
        {
            "dry_run": True, "on_error": "stop", "max_failures": 3, "defaults": {"Value": "5"},
            "values": {"Value": {"a": "1"}}, "last_day_counts": True,
        },
    ),
}  # fmt: skip


def test_what_was_asked_of_earlier_actions_is_kept(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade
    with fresh_database(postgres) as url:
        monkeypatch.setattr(command, "upgrade", lambda config, _: upgrade(config, "0018"))
        migrate.migrate(url)
        with psycopg.connect(url, row_factory=dict_row) as connection:
            for action_id, (dry_run, on_error, max_failures, source, _) in BEFORE.items():
                connection.execute(
                    "INSERT INTO async_actions (project_id, id, type, status, operation_status, request_id, source,"
                    " total_count, open_count, open_batches, created_at, updated_at, dry_run, on_error, max_failures)"
                    " VALUES (1, %s, 'T', 'ENQUEUED', 'UNKNOWN', 'v', %s, 1, 1, 1, now(), now(), %s, %s, %s)",
                    (action_id, Jsonb(source), dry_run, on_error, max_failures),
                )
        monkeypatch.setattr(command, "upgrade", upgrade)
        migrate.migrate(url)
        with psycopg.connect(url, row_factory=dict_row) as connection:
            columns = "id, source, submission_options, dry_run, on_error"
            rows = connection.execute(f"SELECT {columns} FROM async_actions").fetchall()
    assert {row["id"]: row["submission_options"] for row in rows} == {
        name: options[-1] for name, options in BEFORE.items()
    }
    assert {row["id"]: (row["dry_run"], row["on_error"]) for row in rows} == {
        name: options[:2] for name, options in BEFORE.items()
    }
    (source,) = [Source(**row["source"]) for row in rows if row["id"] == "aa_older"]
    assert (source.header, source.file_header) == (["a", "b"], ["A", "B"])
