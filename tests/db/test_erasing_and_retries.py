"""Retries while a customer is erased: no row that was read before the erasure is accepted behind it."""

import asyncio
from typing import Any

import pytest

from tallykeep.core.errors import ConflictError
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.engine.downloads.failed_rows import failed_rows
from tallykeep.resources.customers.people import person_named
from tests.db.engine import Engine, open_engine
from tests.db.holding import wait_for_blocked

FAILED_ROWS = "Source_id,Email\nC-7,not an address\nC-1,neither\n"
ERASURE = "CUSTOMERS.PERMANENT_DELETION"
IMPORT = "CUSTOMERS.IMPORT_CSV"


async def _erase(engine: Engine, connection: Any) -> str:
    submission = engine.submission(ERASURE, parameters={"person": person_named("C-7").to_json()})
    return (await engine.acceptance.accept_planned(connection, submission)).action_id


async def _retry(engine: Engine, action_id: str) -> str:
    parent = await engine.controller.find(engine.project_id, action_id)
    submission = engine.submission(IMPORT, parent_id=action_id)
    return (await engine.controller.retry(parent, submission, SubmissionOptions(), None, unprocessed=False)).action_id


async def _failed(engine: Engine) -> str:
    action_id = await engine.submit(IMPORT, FAILED_ROWS.encode())
    assert (await engine.finish(action_id))["failed_count"] == 2
    return action_id


async def _holds_anybody(engine: Engine) -> bool:
    rows = await engine.query("SELECT 1 FROM batches WHERE project_id = %s AND body LIKE '%%C-7%%'", engine.project_id)
    staged = await engine.query("SELECT 1 FROM uploads WHERE project_id = %s", engine.project_id)
    return bool(rows or staged)


def test_rows_that_were_read_before_an_erasure_that_is_done_are_not_accepted(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await _failed(engine)
            erasures: list[str] = []

            async def read_slowly(*arguments: Any, **more: Any) -> Any:
                async for rows in failed_rows(*arguments, **more):
                    yield rows
                async with engine.pool.connection() as connection, connection.transaction():
                    erasures.append(await _erase(engine, connection))
                assert (await engine.finish(erasures[0]))["status"] == "DONE"

            monkeypatch.setattr("tallykeep.engine.managing.action_control.failed_rows", read_slowly)
            with pytest.raises(ConflictError, match="erases a customer") as refused:
                await _retry(engine, action_id)
            assert erasures[0] in str(refused.value)
            assert not await _holds_anybody(engine)
            monkeypatch.undo()
            retried = await engine.finish(await _retry(engine, action_id))
            assert (retried["done_count"], retried["failed_count"]) == (0, 2)

    asyncio.run(scenario())


def test_an_erasure_that_is_committed_just_before_a_retry_refuses_it(database_url: str) -> None:
    """The retry has read all of its rows and waits for its number, which the erasure holds."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await _failed(engine)
            async with engine.pool.connection() as connection, connection.transaction():
                erasure = await _erase(engine, connection)
                retry = asyncio.create_task(_retry(engine, action_id))
                await wait_for_blocked(engine, 1)
            with pytest.raises(ConflictError, match=f"{erasure} erases a customer"):
                await retry
            assert (await engine.finish(erasure))["status"] == "DONE"
            assert not await _holds_anybody(engine)

    asyncio.run(scenario())


def test_an_erasure_that_is_accepted_behind_a_retry_erases_its_rows(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            retried = await _retry(engine, await _failed(engine))
            async with engine.pool.connection() as connection, connection.transaction():
                erasure = await _erase(engine, connection)
            assert (await engine.finish(erasure))["status"] == "DONE"
            assert (await engine.get(retried))["status"] == "DONE"
            assert not await _holds_anybody(engine)

    asyncio.run(scenario())
