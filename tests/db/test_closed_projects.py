"""A project that is being deleted is closed: what runs in it is ended, and nothing comes in behind its deletion."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tallykeep.catalog.action_types import APPLIED_TYPES
from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.core.errors import ConflictError
from tallykeep.engine.managing.project_tables import KEPT
from tallykeep.tenants.audit.entries import add_entry_of_change
from tests.db.deleting import deleting
from tests.db.engine import Engine
from tests.db.holding import Holding, wait_for_blocked
from tests.db.test_applying import gifts


def test_what_runs_is_canceled_and_its_batch_in_hand_writes_nothing(database_url: str) -> None:
    holding = Holding(("VOUCHERS.IMPORT_CSV",))
    types = {**APPLIED_TYPES, **holding.action_types}

    async def scenario() -> None:
        async with deleting(database_url, types, batch_rows=2, lock_wait_seconds=0.1) as project:
            engine = project.engine
            action_id = await engine.submit_csv(gifts(6))
            async with holding.in_hand(engine):
                waiting = [await engine.submit("VOUCHERS.BULK_UPDATE", b'[{"code": "C1"}]') for _ in range(3)]
                await project.begin()
                for _ in range(4):
                    await project.advance()  # as far as what is in hand lets it
                assert (await project.action())["ended_by"] is None
                ended = await engine.query(
                    "SELECT id, ended_by, reason, unprocessed_count FROM async_actions WHERE project_id = %s",
                    engine.project_id,
                )
                assert {row["id"] for row in ended} == {action_id, *waiting}
                ends = {(row["ended_by"], row["reason"]) for row in ended}
                assert ends == {("CANCELED", "The project is being deleted")}
                assert {row["id"]: row["unprocessed_count"] for row in ended}[action_id] == 6
            assert not (await project.counts())["vouchers"]
            assert (await project.finish())["status"] == "DONE"
            assert {name for name, count in (await project.counts()).items() if count} <= KEPT

    asyncio.run(scenario())


def test_an_action_ends_by_the_deletion_as_it_does_by_being_canceled(database_url: str) -> None:
    own = {
        "id", "number", "reason", "request_id", "log_id", "created_at", "started_at", "updated_at", "served_at",
        "finished_at", "created_count",  # the second one meets what the first one has created
    }  # fmt: skip

    async def scenario() -> None:
        async with deleting(database_url, batch_rows=2) as project:
            engine = project.engine
            canceled, ended = [await engine.submit_csv(gifts(5) + "BAD,NONE,1\n") for _ in range(2)]
            while not all([(await engine.get(each))["done_count"] for each in (canceled, ended)]):
                await engine.advance()
            await engine.controller.cancel(engine.project_id, canceled, "key")
            await project.begin()
            while (await engine.get(ended))["ended_by"] is None:
                await project.advance()
            actions = await engine.query("SELECT * FROM async_actions WHERE project_id = %s", engine.project_id)
            first, second = [{name: each[name] for name in each if name not in own} for each in actions]
            assert first == second
            assert all(each["finished_at"] == each["updated_at"] > each["started_at"] for each in actions)
            ends = await engine.query(
                "SELECT * FROM audit_pending WHERE project_id = %s AND event = 'action.end'", engine.project_id
            )
            assert {each["action_id"] for each in ends} == {canceled, ended}
            assert ends[0]["details"] == ends[1]["details"]
            await project.finish()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "submit",
    [
        lambda engine: engine.submit_csv(gifts(1)),
        lambda engine: engine.submit_csv(gifts(5)),
        lambda engine: engine.submit("VOUCHERS.BULK_UPDATE", b'[{"code": "C1"}]'),
        lambda engine: engine.submit_csv("Code,Voucher Type,Value\n"),
    ],
    ids=["one batch", "several batches", "a sequence", "no rows"],
)
def test_a_closed_project_accepts_nothing(database_url: str, submit: Callable[[Engine], Any]) -> None:
    async def scenario() -> None:
        async with deleting(database_url, batch_rows=2) as project:
            await project.begin()
            with pytest.raises(ConflictError, match="is being deleted"):
                await submit(project.engine)
            assert (
                await project.engine.query(
                    "SELECT id FROM async_actions WHERE project_id = %s", project.engine.project_id
                )
                == []
            )
            assert (await project.finish())["status"] == "DONE"
            with pytest.raises(ConflictError, match="is being deleted"):
                await submit(project.engine)

    asyncio.run(scenario())


def test_submissions_that_are_committed_together_are_refused_together(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url) as project:
            await project.begin()
            answers = await asyncio.gather(
                *(project.engine.submit_csv(gifts(1)) for _ in range(5)), return_exceptions=True
            )
            assert {type(answer) for answer in answers} == {ConflictError}

    asyncio.run(scenario())


async def _change(connection: psycopg.AsyncConnection[Any], project_id: int, name: str) -> None:
    """A change of a resource, as a request makes it; the caller commits."""
    await connection.execute(
        "INSERT INTO customers (project_id, id, created_at) VALUES (%s, %s, now())", (project_id, name)
    )
    await add_entry_of_change(connection, Entry(project_id=project_id, event=Event.CUSTOMER_CREATE, resource_id=name))


def test_a_change_that_is_under_way_is_waited_for_and_one_behind_the_deletion_is_refused(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url) as project:
            engine = project.engine
            async with engine.pool.connection() as connection:
                async with connection.transaction():
                    await _change(connection, engine.project_id, "early")
                    late = asyncio.ensure_future(project.begin())
                    await wait_for_blocked(engine, 1)
                    assert not late.done()
                await late
                with pytest.raises(ConflictError, match="nothing in it can be changed"):
                    async with connection.transaction():
                        await _change(connection, engine.project_id, "late")
            assert (await project.counts())["customers"] == 1
            assert (await project.finish())["status"] == "DONE"
            assert not (await project.counts())["customers"]

    asyncio.run(scenario())


def test_what_comes_in_behind_its_range_goes_with_the_last_batch(database_url: str) -> None:
    async def scenario() -> None:
        async with deleting(database_url) as project:
            engine = project.engine
            await project.begin()
            await project.plan()
            planned = (await project.action())["total_count"]
            await engine.query(
                "INSERT INTO attempts (project_id, action_id, first_row, attempts)"
                " VALUES (%s, 'aa_1', 1, 1) RETURNING 1",
                engine.project_id,
            )
            action = await project.finish()
            assert (action["status"], action["done_count"]) == ("DONE", planned + 1)
            assert not (await project.counts())["attempts"]

    asyncio.run(scenario())
