"""Right of way: large batches pause for small ones as long as these last, but not for long."""

import asyncio
from collections.abc import Awaitable, Callable

from tallykeep.core.concurrency.right_of_way import RightOfWay, give_way

LONG, SHORT = 60.0, 0.01


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await scenario()

    asyncio.run(bounded())


async def large_batch(way: RightOfWay, stops: int = 1) -> None:
    with way.given():
        for _ in range(stops):
            await give_way()


async def paused(way: RightOfWay, count: int = 1) -> None:
    while way.paused < count:
        await asyncio.sleep(0)


def test_a_large_batch_pauses_until_the_small_one_has_ended() -> None:
    async def scenario() -> None:
        way = RightOfWay(LONG, LONG)
        with way.taken():
            batches = [asyncio.create_task(large_batch(way)) for _ in range(2)]
            await paused(way, 2)
        await asyncio.gather(*batches)
        assert way.paused == 0

    run(scenario)


def test_it_pauses_until_the_last_of_several_has_ended() -> None:
    async def scenario() -> None:
        way = RightOfWay(LONG, LONG)
        with way.taken():
            with way.taken():
                batch = asyncio.create_task(large_batch(way))
                await paused(way)
            await paused(way)
            assert not batch.done()
        await batch

    run(scenario)


def test_one_that_takes_long_is_not_waited_for_even_behind_another() -> None:
    async def scenario() -> None:
        way = RightOfWay(LONG, LONG)
        with way.taken():
            way._began = {batch: began - LONG for batch, began in way._began.items()}
            await large_batch(way)
            with way.taken():
                batch = asyncio.create_task(large_batch(way))
                await paused(way)
            await batch  # ended with the other, before that one's time is over

    run(scenario)


def test_of_all_small_ones_together_it_waits_for_a_while_only() -> None:
    async def scenario() -> None:
        way = RightOfWay(LONG, SHORT)
        with way.taken():
            loop = asyncio.get_running_loop()
            began = loop.time()
            await large_batch(way, stops=1_000)
            assert SHORT <= loop.time() - began < 1_000 * SHORT

    run(scenario)


def test_who_is_no_large_batch_never_pauses() -> None:
    async def scenario() -> None:
        way = RightOfWay(LONG, LONG)
        with way.taken():
            await give_way()
            with way.given():
                pass
            await give_way()

    run(scenario)


def test_a_batch_that_is_cancelled_while_it_pauses_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        way = RightOfWay(LONG, LONG)
        with way.taken():
            batch = asyncio.create_task(large_batch(way))
            await paused(way)
            batch.cancel()
            await asyncio.wait((batch,))
            assert (batch.cancelled(), way.paused) == (True, 0)

    run(scenario)
