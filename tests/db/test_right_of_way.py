"""Which batches have the right of way, and where the others pause."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import orjson
import pytest

from tallykeep.core.concurrency.right_of_way import RightOfWay
from tests.db.engine import Engine, open_engine

MANY = 250


class SeenWay(RightOfWay):
    """Notes how each batch goes, and which functions would pause; nobody does."""

    def __init__(self) -> None:
        super().__init__()
        self.went: list[str] = []
        self.callers: set[str] = set()

    @contextmanager
    def taken(self) -> Iterator[None]:
        self.went.append("first")
        with super().taken():
            yield

    @contextmanager
    def given(self) -> Iterator[None]:
        self.went.append("last")
        with super().given():
            yield

    async def pause(self, seconds_left: float) -> float:
        self.callers.add(sys._getframe(2).f_code.co_name)  # behind give_way
        return 0.0


@asynccontextmanager
async def engine_with(database_url: str, way: RightOfWay) -> AsyncIterator[Engine]:
    async with open_engine(database_url) as engine:
        yield replace(engine, applier=replace(engine.applier, right_of_way=way))


def codes(count: int, prefix: str = "C") -> bytes:
    rows = "".join(f"{prefix}{number},GIFT_VOUCHER,5\n" for number in range(count))
    return f"Code,Voucher type,Value\n{rows}".encode()


def people(count: int) -> bytes:
    return b"Source_id,Name\n" + b"".join(b"p%d,Ann %d\n" % (n, n) for n in range(count))


def orders(count: int) -> bytes:
    return orjson.dumps([{"source_id": f"o{n}", "customer": {"source_id": f"p{n}"}} for n in range(count)])


@pytest.mark.parametrize(("rows", "small", "way_of_it"), [
    (3, True, ["first"]),  # jointly
    (3, False, ["first"]),  # whoever serves it
    (100, False, ["first"]), (101, False, ["last"]),
    (MANY, True, ["first", "last"]),  # it cannot join
])  # fmt: skip
def test_a_batch_of_few_rows_has_it(database_url: str, rows: int, small: bool, way_of_it: list[str]) -> None:
    async def scenario() -> None:
        way = SeenWay()
        async with engine_with(database_url, way) as engine:
            action = await engine.submit("VOUCHERS.IMPORT_CSV", codes(rows))
            await engine.applier.advance(engine.project_id, small=small)
            assert (await engine.get(action))["done_count"] == rows
            assert way.went == way_of_it

    asyncio.run(scenario())


def test_a_batch_of_few_rows_with_many_bytes_has_it_not(database_url: str) -> None:
    async def scenario() -> None:
        way = SeenWay()
        async with engine_with(database_url, way) as engine:
            await engine.submit("VOUCHERS.IMPORT_CSV", codes(20, prefix="C" * 900))
            await engine.applier.advance(engine.project_id)
            assert way.went == ["last"]

    asyncio.run(scenario())


@pytest.mark.parametrize(("action_type", "body", "again"), [
    ("VOUCHERS.IMPORT_CSV", codes(MANY), {"_checked", "copy_new", "stage"}),
    ("CUSTOMERS.IMPORT_CSV", people(MANY), {"_checked", "stage"}),
    ("ORDERS.IMPORT", orders(MANY), {"_checked", "_copy"}),
])  # fmt: skip
def test_others_pause_before_rows_are_checked_and_between_pieces_that_are_copied(
    database_url: str, action_type: str, body: bytes, again: set[str]
) -> None:
    async def scenario() -> None:
        way = SeenWay()
        async with engine_with(database_url, way) as engine:
            for _ in range(2):  # of what is new, and of what exists
                await engine.finish(await engine.submit(action_type, body))
            assert way.callers == again

    asyncio.run(scenario())


def test_a_small_batch_that_is_in_hand_keeps_a_large_one(database_url: str) -> None:
    async def scenario() -> None:
        way = RightOfWay(60.0, 60.0)
        async with engine_with(database_url, way) as engine:
            large = await engine.submit("VOUCHERS.IMPORT_CSV", codes(MANY))
            with way.taken():
                worker = asyncio.create_task(engine.advance())
                async with asyncio.timeout(30):
                    while not way.paused and not worker.done():
                        await asyncio.sleep(0.005)
                assert (await engine.get(large))["done_count"] == 0
            await asyncio.wait_for(worker, 30)
            assert (await engine.get(large))["status"] == "DONE"

    asyncio.run(scenario())
