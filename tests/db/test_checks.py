"""The database refuses an action and a batch whose counters and states do not go together, each by its own CHECK."""

import asyncio

import psycopg
import pytest

from tests.db.engine import Engine, open_engine
from tests.db.test_applying import gifts

# Of two actions, each of three batches with two rows, one has a batch done, and the other one has ended.
ONGOING, ENDED = (
    "UPDATE async_actions SET {} WHERE status <> 'DONE'",
    "UPDATE async_actions SET {} WHERE status = 'DONE'",
)
OPEN, CLOSED = "UPDATE batches SET {} WHERE status = 'OPEN'", "UPDATE batches SET {} WHERE status = 'CLOSED'"
END = "operation_status = 'FAILED', ended_by = 'CANCELED', finished_at = now()"

ACTIONS = [
    ("every_row_counts_once", ONGOING.format("done_count = done_count + 1")),
    ("every_row_counts_once", ONGOING.format("failed_count = 1")),
    ("every_row_counts_once", ONGOING.format("unprocessed_count = 1")),
    ("every_row_counts_once", ONGOING.format("open_count = open_count - 1")),
    ("every_row_counts_once", ONGOING.format("open_count = open_count + 1")),
    ("every_row_counts_once", ONGOING.format("total_count = total_count + 1")),
    ("every_row_counts_once", ENDED.format("done_count = done_count + 1")),
    ("ended_means_no_row_is_open", ONGOING.format(f"status = 'FAILED', {END}")),
    ("ended_means_no_row_is_open", ENDED.format("open_count = 1, total_count = total_count + 1")),
    ("done_means_no_row_is_left", ENDED.format("open_batches = 1")),
    ("done_means_no_row_is_left", ENDED.format("unprocessed_count = 1, total_count = total_count + 1")),
    ("finished_exactly_when_ended", ONGOING.format("finished_at = now()")),
    ("finished_exactly_when_ended", ENDED.format("finished_at = NULL")),
    ("outcome_known_exactly_when_ended", ONGOING.format("operation_status = 'SUCCESS'")),
    ("outcome_known_exactly_when_ended", ENDED.format("operation_status = 'UNKNOWN'")),
    ("outcome_known_exactly_when_ended", ENDED.format("status = 'FAILED', ended_by = 'CANCELED'")),
    ("ended_somehow_exactly_when_ended", ONGOING.format("ended_by = 'CANCELED'")),
    ("ended_somehow_exactly_when_ended", ENDED.format("ended_by = 'CANCELED'")),
    ("ended_somehow_exactly_when_ended", ENDED.format("ended_by = NULL")),
    ("ended_somehow_exactly_when_ended", ENDED.format("status = 'FAILED', operation_status = 'FAILED'")),
    (
        "ended_somehow_exactly_when_ended",
        ENDED.format("status = 'FAILED', operation_status = 'FAILED', ended_by = NULL"),
    ),
    ("created_are_done", ENDED.format("created_count = done_count + 1")),
    ("async_actions_ended_by_check", ENDED.format("status = 'FAILED', operation_status = 'FAILED', ended_by = 'LOST'")),
    ("async_actions_status_check", ONGOING.format("status = 'LOST'")),
    ("async_actions_on_error_check", ONGOING.format("submission_options = jsonb_build_object('on_error', 'ignore')")),
    ("async_actions_open_batches_check", ONGOING.format("open_batches = -1")),
    ("async_actions_open_count_check", ONGOING.format("open_count = -1, total_count = done_count - 1")),
    ("async_actions_failed_count_check", ONGOING.format("failed_count = -1, open_count = open_count + 1")),
    ("async_actions_unprocessed_count_check", ONGOING.format("unprocessed_count = -1, open_count = open_count + 1")),
    ("async_actions_created_count_check", ONGOING.format("created_count = -1")),
    ("async_actions_retry_count_check", ONGOING.format("retry_count = -1")),
]
BATCHES = [
    ("closed_means_every_row_accounted_for", OPEN.format("status = 'CLOSED', closed_at = now()")),
    ("closed_means_every_row_accounted_for", CLOSED.format("done_count = 1")),
    ("closed_means_every_row_accounted_for", CLOSED.format("failed_count = 1")),
    ("closed_means_every_row_accounted_for", CLOSED.format("unprocessed_count = 1")),
    ("closed_means_every_row_accounted_for", CLOSED.format("row_count = 3")),
    ("closed_exactly_once", OPEN.format("closed_at = now()")),
    ("closed_exactly_once", CLOSED.format("closed_at = NULL")),
    ("batches_first_row_check", OPEN.format("first_row = -first_row")),
    ("batches_row_count_check", OPEN.format("row_count = 0")),
    ("batches_row_count_check", OPEN.format("row_count = -1")),
    ("batches_uncompressed_size_check", OPEN.format("uncompressed_size = 0")),
    ("batches_status_check", OPEN.format("status = 'LOST'")),
    ("batches_done_count_check", CLOSED.format("done_count = -1, failed_count = 3")),
    ("batches_failed_count_check", CLOSED.format("failed_count = -1, done_count = 3")),
    ("batches_unprocessed_count_check", CLOSED.format("unprocessed_count = -1, done_count = 3")),
]
# These follow from the others, which name more: no change breaks them alone.
ENTAILED = {
    "async_actions_operation_status_check",
    "async_actions_total_count_check",
    "async_actions_done_count_check",
}


async def _one_ongoing_and_one_ended(engine: Engine) -> None:
    await engine.finish(await engine.submit_csv(gifts(6)))
    await engine.submit_csv(gifts(6, 100))
    await engine.advance()


def test_every_check_has_changes_that_no_other_one_would_refuse(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            await _one_ongoing_and_one_ended(engine)
            for table, refusals in (("async_actions", ACTIONS), ("batches", BATCHES)):
                checks = await engine.query(
                    "SELECT conname AS name FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass", table
                )
                assert {check["name"] for check in checks} - ENTAILED == {name for name, _ in refusals}
                for name, change in refusals:
                    with pytest.raises(psycopg.errors.CheckViolation) as refused:
                        await engine.query(f"{change} RETURNING 1")
                    assert refused.value.diag.constraint_name == name, change
                    async with engine.pool.connection() as connection, connection.transaction(force_rollback=True):
                        await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
                        assert (await connection.execute(change)).rowcount > 0, change

    asyncio.run(scenario())
