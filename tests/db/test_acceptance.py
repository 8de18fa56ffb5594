"""Acceptance is atomic."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tallykeep.core.errors import InvalidPayloadError
from tests.db.engine import Bytes, Engine, open_engine

ROWS = "".join(f"C{number},GIFT_VOUCHER,1\n" for number in range(25))
FILE = f"Code,Voucher Type,Value\n{ROWS}".encode()


async def _leftovers(engine: Engine) -> list[int]:
    tables = ("async_actions", "batches", "procrastinate_jobs", "uploads", "removals")
    return [(await engine.query(f"SELECT count(*) AS rows FROM {table}"))[0]["rows"] for table in tables]


def test_rows_become_numbered_batches_and_the_first_jobs(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine:
            action_id = await engine.submit("VOUCHERS.IMPORT_CSV", FILE[:70], FILE[70:])
            batches = await engine.query("SELECT first_row, row_count, status, body FROM batches ORDER BY 1")
            assert [(row["first_row"], row["row_count"], row["status"]) for row in batches] == [
                (1, 10, "OPEN"), (11, 10, "OPEN"), (21, 5, "OPEN"),
            ]  # fmt: skip
            assert b"".join(bytes(row["body"]) for row in batches).decode() == ROWS
            action = await engine.get(action_id)
            assert (action["status"], action["total_count"], action["progress"]) == ("ENQUEUED", 25, 0)
            assert action["result"]["failed"] == []
            assert await engine.jobs() == 3

    asyncio.run(scenario())


@pytest.mark.parametrize("action_type", ["VOUCHERS.IMPORT", "VOUCHERS.IMPORT_CSV"])
def test_no_rows_are_done_at_once(database_url: str, action_type: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            body = b"[]" if action_type == "VOUCHERS.IMPORT" else b"Code,Voucher Type\n"
            action = await engine.get(await engine.submit(action_type, body))
            assert (action["status"], action["operation_status"], action["progress"]) == ("DONE", "SUCCESS", 100)
            assert action["result"]["message"] == "0 voucher(s) imported successfully, 0 failed."

    asyncio.run(scenario())


def test_a_submission_that_breaks_off_leaves_nothing(database_url: str) -> None:
    async def broken_upload(engine: Engine) -> AsyncIterator[bytes]:
        yield FILE
        while not await engine.query("SELECT FROM uploads"):
            yield ROWS.encode()
        raise ConnectionResetError("the client went away")

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=5) as engine:
            submission = engine.submission("VOUCHERS.IMPORT_CSV")
            with pytest.raises(ConnectionResetError):
                await engine.acceptance.accept(submission, Bytes(broken_upload(engine)))
            assert await _leftovers(engine) == [0, 0, 0, 0, 0]

    asyncio.run(scenario())


def test_a_body_malformed_behind_full_batches_leaves_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            with pytest.raises(InvalidPayloadError, match="row 9"):
                await engine.submit("VOUCHERS.IMPORT", b'[{"code":"A"}' + b',{"code":"B"}' * 7 + b",{]]")
            assert await _leftovers(engine) == [0, 0, 0, 0, 0]

    asyncio.run(scenario())
