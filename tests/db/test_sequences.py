"""Sequences: actions that go one after another, in the order in which they were accepted."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tests.db.engine import Bytes, Engine, open_engine
from tests.db.line import open_line
from tests.db.test_applying import HEADER
from tests.db.test_scheduling import SINGLE_ROWS, submit_big
from tests.db.waiting import until_set

SEQUENTIAL = [
    name for name, action_type in ACTION_TYPES.items() if action_type.sequence and action_type.source == "json"
]


def rows_of(action_type: str, number: int) -> bytes:
    """Two rows that leave the submission's number behind on the same resource."""
    key = "code" if action_type.startswith("VOUCHERS") else "source_id"
    row: dict[str, Any] = {key: "SAME", "metadata": {"number": number}}
    return orjson.dumps([row, row])


async def blocks(engine: Engine) -> list[str]:
    """The actions in the order of the transactions that closed their batches, each as often as they took turns."""
    closed = await engine.query(
        "SELECT action_id FROM batches WHERE project_id = %s AND status = 'CLOSED' ORDER BY xmin::text::bigint",
        engine.project_id,
    )
    order = [row["action_id"] for row in closed]
    return [action for before, action in zip([None, *order], order, strict=False) if action != before]


@pytest.mark.parametrize("action_type", SEQUENTIAL)
def test_actions_in_a_sequence_go_one_after_another(database_url: str, action_type: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as engine, open_line(engine) as line:
            actions = [await engine.submit(action_type, rows_of(action_type, number)) for number in range(4)]
            await line.serve(1000)
            assert await blocks(engine) == actions
            assert await engine.jobs() == 0

    asyncio.run(scenario())


def test_clients_that_submit_at_the_same_time_find_their_own_order(database_url: str) -> None:
    """Several clients at once, workers beside them: no two actions mix, and each client's own follow one another."""
    action_type = "VOUCHERS.BULK_UPDATE"

    async def client(engine: Engine) -> list[str]:
        return [await engine.submit(action_type, rows_of(action_type, number)) for number in range(5)]

    async def worker(engine: Engine, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.gather(*(engine.advance() for _ in range(3)))

    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as engine, open_line(engine) as line:
            stop = asyncio.Event()
            working = asyncio.create_task(worker(engine, stop))
            submitted = await asyncio.gather(*(client(engine) for _ in range(3)))
            stop.set()
            await working
            await line.serve(1000)
            order = await blocks(engine)
            assert sorted(order) == sorted(action for own in submitted for action in own), "two actions were mixed"
            for own in submitted:
                assert [action for action in order if action in own] == own

    asyncio.run(scenario())


def test_two_that_are_accepted_at_the_same_moment_see_each_other(database_url: str) -> None:
    action_type = "VOUCHERS.BULK_UPDATE"

    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as engine, open_line(engine) as line:
            await engine.submit(action_type, rows_of(action_type, 0))
            await line.serve(10)
            async with engine.pool.connection() as holder, holder.transaction():
                await holder.execute("SELECT FROM schedules WHERE project_id = %s FOR UPDATE", (engine.project_id,))
                submissions = [
                    asyncio.create_task(engine.submit(action_type, rows_of(action_type, number))) for number in (1, 2)
                ]
                async with asyncio.timeout(60):
                    while await waiting_for_locks(engine) < 2:
                        await asyncio.sleep(0.01)
            await asyncio.gather(*submissions)
            ready = await engine.query("SELECT ready FROM async_actions WHERE status = 'ENQUEUED' ORDER BY ready")
            assert [row["ready"] for row in ready] == [False, True]
            await line.serve(10)
            assert len(await blocks(engine)) == 3

    asyncio.run(scenario())


async def waiting_for_locks(engine: Engine) -> int:
    (row,) = await engine.query("SELECT count(*) AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return int(row["waiting"])


def test_a_slow_upload_joins_the_sequence_when_it_is_accepted(database_url: str) -> None:
    action_type = "VOUCHERS.BULK_UPDATE"

    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as engine, open_line(engine) as line:
            await engine.finish(await engine.submit_csv(HEADER + "SAME,GIFT_VOUCHER,1\n"))
            await line.serve(10)
            begun, may_end = asyncio.Event(), asyncio.Event()

            async def body() -> AsyncIterator[bytes]:
                first, _, rest = rows_of(action_type, 1).partition(b"},{")
                yield first + b"},{"
                begun.set()
                await may_end.wait()
                yield rest

            upload = asyncio.create_task(engine.acceptance.accept(engine.submission(action_type), Bytes(body())))
            await until_set(begun)
            fast = await engine.submit(action_type, rows_of(action_type, 2))
            await line.serve()  # in the middle of the fast one
            may_end.set()
            slow = (await upload).action_id
            last = await engine.submit(action_type, rows_of(action_type, 3))
            await line.serve(1000)
            assert (await blocks(engine))[-3:] == [fast, slow, last]
            (voucher,) = await engine.query("SELECT metadata FROM vouchers")
            assert voucher["metadata"] == {"number": 3}

    asyncio.run(scenario())


def test_the_order_of_commits_is_the_order_of_a_sequence_whatever_the_clock_says(database_url: str) -> None:
    action_type = "VOUCHERS.BULK_UPDATE"

    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as engine, open_line(engine) as line:
            begun, may_end = asyncio.Event(), asyncio.Event()
            running = await engine.submit(action_type, rows_of(action_type, 0))

            async def body() -> AsyncIterator[bytes]:
                yield rows_of(action_type, 1)[:-1]
                while not await engine.query("SELECT FROM uploads"):
                    yield b"," + b" " * 10_000 + rows_of(action_type, 1)[1:-1]
                begun.set()  # batches of it are there by now
                await may_end.wait()
                yield b"]"

            upload = asyncio.create_task(engine.acceptance.accept(engine.submission(action_type), Bytes(body())))
            await until_set(begun)
            later = [await engine.submit(action_type, rows_of(action_type, number)) for number in (2, 3)]
            may_end.set()
            first = (await upload).action_id
            order = [running, *later, first]
            assert await _by(engine, "number") == order
            assert await _by(engine, "created_at") == order
            for number, action_id in enumerate(order):
                await engine.query(
                    "UPDATE async_actions SET created_at = now() - %s * interval '1 hour' WHERE id = %s RETURNING 1",
                    number, action_id,
                )  # fmt: skip
            await line.serve(1000)
            assert await blocks(engine) == order

    asyncio.run(scenario())


async def _by(engine: Engine, column: str) -> list[str]:
    return [row["id"] for row in await engine.query(f"SELECT id FROM async_actions ORDER BY {column}")]


def test_actions_are_numbered_in_the_order_of_their_acceptance_by_whichever_door(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=3) as engine:
            for number in range(2):
                await submit_big(engine, 3, 10 * number)  # at once, in one statement
                await submit_big(engine, 7, 10 * number)
                await engine.submit("VOUCHERS.BULK_UPDATE", rows_of("VOUCHERS.BULK_UPDATE", number))
                submission = engine.submission("VOUCHERS.METADATA_KEY_PURGE", parameters={"key": "k"})
                async with engine.pool.connection() as connection, connection.transaction():
                    await engine.acceptance.accept_planned(connection, submission)
            numbers = await engine.query("SELECT number FROM async_actions ORDER BY created_at, number")
            assert [row["number"] for row in numbers] == list(range(1, 9))

    asyncio.run(scenario())


def test_of_actions_that_have_waited_as_long_the_one_accepted_first_is_served(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            actions = [await submit_big(engine, 1, number) for number in range(4)]
            for number, action_id in enumerate(actions):
                await engine.query(
                    "UPDATE async_actions SET served_at = now(), created_at = now() - %s * interval '1 hour'"
                    " WHERE id = %s RETURNING 1",
                    number, action_id,
                )  # fmt: skip
            await engine.query("UPDATE async_actions SET served_at = 'epoch' RETURNING 1")
            for action_id in actions:
                await engine.advance()
                assert (await engine.get(action_id))["status"] == "DONE"

    asyncio.run(scenario())


def test_nobody_else_of_a_sequence_becomes_ready_while_one_is(database_url: str) -> None:
    """Even where it has not the lowest number, which an upgrade from before there were any may have left behind."""
    action_type = "VOUCHERS.BULK_UPDATE"

    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as engine:
            running, waiting, unwanted = [
                await engine.submit(action_type, rows_of(action_type, number)) for number in range(3)
            ]
            await engine.query("UPDATE async_actions SET number = 10 WHERE id = %s RETURNING 1", running)
            jobs = await engine.jobs()
            await engine.controller.cancel(engine.project_id, unwanted, "a key")
            ready = await engine.query(
                "SELECT id FROM async_actions WHERE ready AND status IN ('ENQUEUED', 'IN_PROGRESS')"
            )
            assert [row["id"] for row in ready] == [running]
            assert await engine.jobs() == jobs
            await engine.finish(running)
            await engine.finish(waiting)

    asyncio.run(scenario())
