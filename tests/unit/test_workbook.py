"""The process that reads a workbook ends with what it was started for."""

import asyncio
from collections.abc import AsyncIterator

import psutil
import pytest

from tallykeep.engine.workbook import Workbooks
from tallykeep.errors import InvalidPayloadError
from tests.postgres import quiet_settings
from tests.unit.test_sheet import workbook


def readers() -> list[psutil.Process]:
    """The processes that read workbooks for this one."""
    return [child for child in psutil.Process().children() if "tallykeep.engine.sheet" in _words_of(child)]


def _words_of(process: psutil.Process) -> list[str]:
    """Its command line; none where it has ended meanwhile."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


async def sent(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 10_000):
        yield content[start : start + 10_000]


def test_reading_that_is_broken_off_ends_its_process() -> None:
    large = workbook([["Code"], *([f"C{number}" * 20] for number in range(20_000))]).getvalue()

    async def scenario() -> None:
        with pytest.raises(InvalidPayloadError, match="seen enough"):
            async with Workbooks(quiet_settings()).as_csv(sent(large)) as rows:
                assert (await anext(aiter(rows))).startswith(b'"Code"\r\nC0C0')
                assert len(readers()) == 1
                raise InvalidPayloadError("seen enough")
        assert readers() == []

    asyncio.run(scenario())


def test_many_at_a_time_wait_for_their_turn() -> None:
    small = workbook([["Code"], ["A"]]).getvalue()

    async def scenario() -> None:
        workbooks = Workbooks(quiet_settings())
        most = 0

        async def read() -> bytes:
            nonlocal most
            async with workbooks.as_csv(sent(small)) as rows:
                most = max(most, len(readers()))
                return b"".join([chunk async for chunk in rows])

        assert await asyncio.gather(*(read() for _ in range(6))) == [b'"Code"\r\nA\r\n'] * 6
        assert most == 2

    asyncio.run(scenario())
