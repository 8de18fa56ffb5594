"""Turns: fair among projects, fair within one, and in submission order where that matters."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tests.db.engine import Bytes, Engine, new_project, open_engine
from tests.db.line import open_line
from tests.db.test_applying import HEADER, gifts

SINGLE_ROWS = {"batch_rows": 1}  # so that an action has as many batches as rows
SEQUENTIAL = [
    name for name, action_type in ACTION_TYPES.items() if action_type.sequence and action_type.source == "json"
]


def of_another_project(engine: Engine, database_url: str) -> Engine:
    return replace(engine, project_id=new_project(database_url))


async def submit_big(engine: Engine, batches: int, first: int = 0) -> str:
    return await engine.submit_csv(gifts(batches, first))


async def batches_of(engine: Engine) -> int:
    """How many of the project's batches are done."""
    (row,) = await engine.query(
        "SELECT count(*) AS closed FROM batches WHERE project_id = %s AND status = 'CLOSED'", engine.project_id
    )
    return int(row["closed"])


def assert_fair(shares: list[int], slots: int) -> None:
    assert sum(shares) == slots
    assert all(abs(share - slots / len(shares)) <= 0.1 * slots / len(shares) for share in shares), shares


@pytest.mark.parametrize("ten_come_first", [True, False])
def test_projects_share_turns_evenly_however_many_actions_they_have(database_url: str, ten_come_first: bool) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as one, open_line(one) as line:
            ten = of_another_project(one, database_url)
            submissions = [(ten, 8, number) for number in range(10)]
            submissions.insert(0 if not ten_come_first else 10, (one, 60, 0))
            for engine, batches, number in submissions:
                await submit_big(engine, batches, number * batches)
            await line.serve(100)
            assert_fair([await batches_of(one), await batches_of(ten)], 100)

    asyncio.run(scenario())


def test_three_rows_do_not_wait_behind_ten_big_imports(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as engine, open_line(engine) as line:
            for number in range(10):
                await submit_big(engine, 30, number * 30)
            await line.serve(25)
            small = await engine.submit_csv(gifts(1, 1000), dry_run=True)
            assert await line.serve_until_ended(engine, small) <= 2
            three = await submit_big(engine, 3, 2000)
            # Three batches among ten others: each of its rounds lets every other action go on once.
            assert await line.serve_until_ended(engine, three) <= 3 * 11

    asyncio.run(scenario())


def test_small_imports_do_not_keep_a_big_one_waiting_for_ever(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=3) as engine, open_line(engine) as line:
            await submit_big(engine, 60)
            await engine.query("UPDATE async_actions SET served_at = served_at - interval '11 seconds' RETURNING id")
            small = await submit_big(engine, 3, 5000)
            await line.serve(1)
            assert await batches_of(engine) == 1
            assert (await engine.get(small))["status"] == "ENQUEUED"
            assert await line.serve_until_ended(engine, small) == 1

    asyncio.run(scenario())


def test_an_import_of_one_batch_is_the_next_one_served(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=3) as engine, open_line(engine) as line:
            for number in range(10):
                await submit_big(engine, 60, number * 60)
            await line.serve(15)
            three = await submit_big(engine, 3, 5000)
            assert await line.serve_until_ended(engine, three) == 1

    asyncio.run(scenario())


def test_a_small_turn_leaves_giants_alone_and_is_passed_on(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=3) as engine:
            giant = await submit_big(engine, 60)
            jobs = await engine.jobs()
            await engine.applier.advance(engine.project_id, small=True)
            assert (await engine.get(giant))["done_count"] == 0
            assert await engine.jobs() == jobs + 1
            three = await submit_big(engine, 3, 5000)
            await engine.applier.advance(engine.project_id, small=True)
            assert (await engine.get(three))["status"] == "DONE"
            assert await engine.jobs() == jobs + 2  # the one of the small import is the worker's to delete

    asyncio.run(scenario())


def test_a_new_project_neither_starves_nor_makes_others_starve(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as old, open_line(old) as line:
            await submit_big(old, 200)
            await line.serve(60)
            new = of_another_project(old, database_url)
            await submit_big(new, 80)
            before = await batches_of(old)
            await line.serve(40)
            assert_fair([await batches_of(old) - before, await batches_of(new)], 40)

    asyncio.run(scenario())


def test_a_project_that_was_away_gets_no_more_than_its_share(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as steady, open_line(steady) as line:
            away = of_another_project(steady, database_url)
            await submit_big(away, 2)
            await submit_big(steady, 150)
            await line.serve(70)
            assert await batches_of(away) == 2
            await submit_big(away, 60, 100)
            before = await batches_of(steady)
            await line.serve(40)
            assert_fair([await batches_of(steady) - before, await batches_of(away) - 2], 40)

    asyncio.run(scenario())


def test_everything_in_line_is_served_and_the_line_ends_empty(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, **SINGLE_ROWS) as one, open_line(one) as line:
            two = of_another_project(one, database_url)
            for engine in (one, two):
                for number in range(4):
                    await submit_big(engine, 5, number * 5)
            await line.serve(1000)
            assert [await batches_of(one), await batches_of(two)] == [20, 20]
            assert await one.jobs() == await two.jobs() == 0

    asyncio.run(scenario())


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
            await begun.wait()
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
            await begun.wait()
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
                submission = engine.submission("VOUCHERS.METADATA_KEY_PURGE", options={"key": "k"})
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
