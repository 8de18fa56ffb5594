"""Right of way: large batches wait for small ones that are in hand in the same process, but not for long."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tallykeep.core.concurrency.right_of_way import RightOfWay
from tests.db.engine import Engine, new_project, open_engine
from tests.db.joint import JointHolding

LONG = 60.0
LARGE = {
    "a voucher's code": ("VOUCHERS.IMPORT_CSV", b"Code,Voucher type,Value\nL1,GIFT_VOUCHER,5\n"),
    "a customer's column": ("CUSTOMERS.IMPORT_CSV", b"Source_id,Name\nl1,Ann\n"),
    "an order with a customer": ("ORDERS.IMPORT", b'[{"source_id": "o1", "customer": {"source_id": "l1"}}]'),
}  # fmt: skip


@asynccontextmanager
async def engine_with(database_url: str, way: RightOfWay, holding: JointHolding) -> AsyncIterator[Engine]:
    async with open_engine(database_url, holding.action_types) as engine:
        yield replace(engine, applier=replace(engine.applier, right_of_way=way))


@asynccontextmanager
async def advancing(engine: Engine) -> AsyncIterator[asyncio.Task[None]]:
    """A large batch's turn; it has to come to its end when this ends."""
    async with asyncio.timeout(30):
        worker = asyncio.create_task(engine.advance())
        try:
            yield worker
        finally:
            await worker


async def until(happened: Callable[[], bool], worker: asyncio.Task[None]) -> None:
    async with asyncio.timeout(30):
        while not happened() and not worker.done():
            await asyncio.sleep(0.005)
    assert happened(), "the batch has ended instead"


@pytest.mark.parametrize("what", LARGE)
def test_a_large_batch_waits_while_a_small_one_is_in_hand(database_url: str, what: str) -> None:
    async def scenario() -> None:
        way, holding = RightOfWay(LONG, LONG), JointHolding()
        async with engine_with(database_url, way, holding) as engine:
            small = await engine.submit_json([{"code": "SMALL", "gift": {"amount": 1}}])
            other = replace(engine, project_id=await asyncio.to_thread(new_project, database_url))
            async with holding.in_hand(engine):
                large = await other.submit(*LARGE[what])
                worker = asyncio.create_task(other.advance())
                await until(lambda: way.waiting > 0, worker)
                assert (await other.get(large))["done_count"] == 0
            await asyncio.wait_for(worker, 30)
            assert (await other.get(large))["status"] == (await engine.get(small))["status"] == "DONE"

    asyncio.run(scenario())


@pytest.mark.parametrize("bounds", [(0.01, LONG), (LONG, 0.01)])
def test_it_waits_neither_long_for_one_nor_long_in_all(database_url: str, bounds: tuple[float, float]) -> None:
    async def scenario() -> None:
        way = RightOfWay(*bounds)
        async with engine_with(database_url, way, JointHolding()) as engine:
            large = await engine.submit(*LARGE["a voucher's code"])
            with way.taken():
                async with advancing(engine):
                    pass
            assert (await engine.get(large))["status"] == "DONE"

    asyncio.run(scenario())


def test_small_batches_do_not_wait_for_each_other(database_url: str) -> None:
    async def scenario() -> None:
        way = RightOfWay(LONG, LONG)
        async with engine_with(database_url, way, JointHolding()) as engine:
            small = await engine.submit_json([{"code": "SMALL", "gift": {"amount": 1}}])
            with way.taken():
                async with asyncio.timeout(30):
                    await engine.applier.advance(engine.project_id, small=True)
            assert (await engine.get(small))["status"] == "DONE"

    asyncio.run(scenario())
