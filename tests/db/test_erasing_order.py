"""The action that erases a customer, among others: behind all that was accepted before, and before any retry."""

import asyncio
from typing import Any

import pytest

from tallykeep.catalog.personal_data.erasure import PERMANENT_DELETION
from tallykeep.core.errors import ConflictError
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.engine.managing.action_control import target_parameters
from tests.db.engine import Bytes, open_engine
from tests.db.erasing import FAILED, MARKER, ROWS_OF_ANN, erase, imported, source_ids, stored
from tests.db.waiting import until_set

CLOSED = "SELECT first_row FROM batches WHERE action_id = %s AND status = 'CLOSED'"
PARAMETERS = "SELECT source -> 'parameters' AS kept FROM async_actions WHERE id = %s"


def test_what_was_accepted_before_comes_first_and_is_erased_what_comes_later_waits_for_nothing(
    database_url: str,
) -> None:
    """The import in flight makes the customer anew; she is gone when the erasure has ended."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            await engine.finish(await imported(engine, "Source_id,Name\nC-7,Ann\n"))
            earlier = await imported(engine)
            erasure = await erase(engine, "C-7")
            later = await imported(engine, "Source_id,Name\nC-8,Zoe\n")
            assert "C-7" not in await source_ids(engine)
            while (await engine.get(earlier))["status"] != "DONE":
                assert await engine.query(CLOSED, erasure) == []
                await engine.advance()
            assert "C-7" in await source_ids(engine)
            assert (await engine.get(later))["status"] == "DONE"
            ended = await engine.finish(erasure)
            assert ended["done_count"] == 1 + ROWS_OF_ANN + 1  # the customer, and rows of both imports
            assert await source_ids(engine) == ["C-1", "C-8"]
            assert (await stored(engine, earlier)).count(MARKER) == ROWS_OF_ANN

    asyncio.run(scenario())


def test_what_an_import_in_flight_tells_of_the_person_is_erased_too(database_url: str) -> None:
    """It brings the customer back under the same key, with another address."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await imported(engine))
            named_only = await imported(engine, "Name,Email\nAnn,new@example.com\nJoe,joe@example.com\n")
            earlier = await imported(engine, "Source_id,Email\nC-7,new@example.com\n")
            await engine.finish(await erase(engine, "C-7"))
            assert await stored(engine, earlier) == [",,erased"]
            assert await stored(engine, named_only) == [",,erased", "Joe,joe@example.com"]
            assert "C-7" not in await source_ids(engine)

    asyncio.run(scenario())


def test_somebody_gone_whom_an_import_in_flight_brings_back_is_told_of(database_url: str) -> None:
    """Under the source_id they are deleted again; who merely has the address may be somebody else, too."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            earlier = await imported(engine)
            by_address = await erase(engine, "ANN@example.com", gone=True)
            by_source_id = await erase(engine, "C-1", gone=True)
            assert (await engine.finish(by_source_id))["failed_count"] == 0
            ended = await engine.finish(by_address)
            assert (ended["status"], ended["done_count"], ended["failed_count"]) == ("DONE", 1, 1)
            assert "Not all could be erased" in ended["result"]["message"]
            (ann,) = await engine.query("SELECT id FROM customers WHERE source_id = 'C-7'")
            (failure,) = await engine.query("SELECT reason FROM failures WHERE action_id = %s", by_address)
            assert failure["reason"].startswith(f"Not gone: {ann['id']} came to have this e-mail address")
            assert await source_ids(engine) == ["C-7"]
            assert (await stored(engine, earlier)).count(MARKER) == 2
            await engine.finish(await erase(engine, "C-7"))
            again = await engine.finish(await erase(engine, "ann@example.com", gone=True))
            assert (again["failed_count"], again["result"]["message"]) == (0, "Erased 0 record(s) of a customer.")

    asyncio.run(scenario())


def test_what_is_accepted_later_is_other_data(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await imported(engine))
            erasure = await erase(engine, "C-7")
            await engine.finish(erasure)
            later = await imported(engine, "Source_id,Name\nC-7,Ann again\n")
            await engine.finish(later)
            assert await stored(engine, later) == ["C-7,Ann again"]
            assert "C-7" in await source_ids(engine)

    asyncio.run(scenario())


def test_rows_accepted_after_the_erasure_are_left_by_it(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await imported(engine))
            erasure = await erase(engine, "C-7")
            later = await imported(engine, "Source_id,Name\nC-7,Ann again\n")
            await engine.finish(erasure)
            await engine.finish(later)
            assert await stored(engine, later) == ["C-7,Ann again"]

    asyncio.run(scenario())


def test_the_erasure_itself_forgets_who_it_was(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await imported(engine))
            erasure = await erase(engine, "C-7")
            (held,) = await engine.query("SELECT source::text FROM async_actions WHERE id = %s", erasure)
            assert "ann@example.com" in held["source"]
            await engine.finish(erasure)
            (held,) = await engine.query(PARAMETERS, erasure)
            assert held["kept"] == {"person": {}}

    asyncio.run(scenario())


def test_one_that_did_not_come_to_its_end_is_forgotten_by_the_next(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await imported(engine))
            stopped = await erase(engine, "C-7")
            await engine.query(
                "UPDATE async_actions SET status = 'FAILED', operation_status = 'FAILED', ended_by = 'GAVE_UP',"
                " unprocessed_count = open_count, open_count = 0, finished_at = now() WHERE id = %s RETURNING 1",
                stopped,
            )
            await engine.finish(await erase(engine, "C-7", gone=True))
            (held,) = await engine.query(PARAMETERS, stopped)
            assert held["kept"] == {"person": {}}

    asyncio.run(scenario())


def test_nothing_erased_comes_back_by_a_retry(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            action_id = await imported(engine)
            await engine.finish(action_id)
            erasure = await erase(engine, "C-7")
            parent = await engine.controller.find(engine.project_id, action_id)
            submission = engine.submission("CUSTOMERS.IMPORT_CSV", parent_id=action_id)
            with pytest.raises(ConflictError, match=f"{erasure} erases a customer"):
                await engine.controller.retry(parent, submission, SubmissionOptions(), None, unprocessed=False)
            await engine.finish(erasure)
            retried = await engine.controller.retry(parent, submission, SubmissionOptions(), None, unprocessed=False)
            ended = await engine.finish(retried.action_id)
            assert (ended["done_count"], ended["failed_count"]) == (0, FAILED)
            assert await source_ids(engine) == ["C-1"]

    asyncio.run(scenario())


def test_it_cannot_be_canceled_and_a_retry_begins_anew(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await engine.finish(await imported(engine))
            erasure = await erase(engine, "C-7")
            with pytest.raises(ConflictError, match="cannot be canceled"):
                await engine.controller.cancel(engine.project_id, erasure, "a key")
            await engine.query(
                "UPDATE async_actions SET status = 'FAILED', operation_status = 'FAILED', ended_by = 'GAVE_UP',"
                " unprocessed_count = open_count, open_count = 0, finished_at = now() WHERE id = %s RETURNING 1",
                erasure,
            )
            parent = await engine.controller.find(engine.project_id, erasure)
            submission = engine.submission(PERMANENT_DELETION, parameters=target_parameters(parent.source))
            again = await engine.controller.retry(parent, submission, SubmissionOptions(), None, unprocessed=True)
            assert (await engine.finish(again.action_id))["done_count"] == ROWS_OF_ANN

    asyncio.run(scenario())


def test_uploads_that_are_not_accepted_are_left_as_they_are(database_url: str) -> None:
    """What comes in is counted and hashed as it came; it is other data than what was there."""

    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            await engine.finish(await imported(engine))
            goes_on, read = asyncio.Event(), asyncio.Event()

            async def slow() -> Any:
                yield b"Source_id,Name\n" + b"C-7,Ann\n" * 3
                read.set()
                await goes_on.wait()
                yield b"C-7,Ann\n"

            uploading = asyncio.create_task(
                engine.acceptance.accept(engine.submission("CUSTOMERS.IMPORT_CSV"), Bytes(slow()))
            )
            await until_set(read)
            await engine.finish(await erase(engine, "C-7"))
            goes_on.set()
            accepted = await uploading
            assert (await engine.finish(accepted.action_id))["done_count"] == 4
            assert await stored(engine, accepted.action_id) == ["C-7,Ann"] * 4

    asyncio.run(scenario())
