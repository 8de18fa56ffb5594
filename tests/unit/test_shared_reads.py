"""What many ask for at once is read once, and each of them has the answer or the error."""

import asyncio

import pytest

from tallykeep.api.responses.entity_tags import Tagged
from tallykeep.core.concurrency.shared_reads import SharedReads


class _Database:
    """Counts reads, and answers when it is told to."""

    def __init__(self) -> None:
        self.reads = 0
        self.answers = asyncio.Event()
        self.error: Exception | None = None

    async def read(self) -> Tagged:
        self.reads += 1
        number = self.reads
        await self.answers.wait()
        if self.error:
            raise self.error
        return Tagged({"read": number})


def test_a_read_is_made_once_for_all_who_ask_meanwhile_and_anew_for_who_comes_later() -> None:
    async def ask() -> None:
        shared, database = SharedReads[Tagged](), _Database()
        waiting = [asyncio.create_task(shared.read("key", database.read)) for _ in range(5)]
        other = asyncio.create_task(shared.read("another", database.read))
        await asyncio.sleep(0)
        database.answers.set()
        assert {(await each).text for each in waiting} == {'{"read":1}'}
        assert (await other).text == '{"read":2}'
        assert (await shared.read("key", database.read)).text == '{"read":3}'

    asyncio.run(ask())


def test_who_leaves_takes_nobody_along() -> None:
    async def ask() -> None:
        shared, database = SharedReads[Tagged](), _Database()
        first, second = (asyncio.create_task(shared.read("key", database.read)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        database.answers.set()
        assert (await second).text == '{"read":1}'
        assert first.cancelled() and database.reads == 1

    asyncio.run(ask())


def test_an_error_is_everybodys_and_the_next_one_reads_again() -> None:
    async def ask() -> None:
        shared, database = SharedReads[Tagged](), _Database()
        database.error = ConnectionError("away")
        waiting = [asyncio.create_task(shared.read("key", database.read)) for _ in range(3)]
        await asyncio.sleep(0)
        database.answers.set()
        for each in waiting:
            with pytest.raises(ConnectionError):
                await each
        database.error = None
        assert (await shared.read("key", database.read)).text == '{"read":2}'

    asyncio.run(ask())
