"""Scheduling: fair among projects, and fair within one."""

import asyncio
from dataclasses import replace

import pytest

from tests.db.engine import Engine, new_project, open_engine
from tests.db.line import open_line
from tests.db.test_applying import gifts

SINGLE_ROWS = {"batch_rows": 1}  # so that an action has as many batches as rows


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
