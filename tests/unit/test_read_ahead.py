"""Reading ahead: nothing lost or reordered, memory bounded, errors where they came."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

import pytest

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.engine.intake.read_ahead import ReadAhead

pytestmark = pytest.mark.anyio

_MAX_PIECE = 1 << 17
_MAX_GATHERED = 1 << 18


def _capacity() -> int:
    return _MAX_GATHERED


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def _stream(chunks: Iterable[bytes], *, error: Exception | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(0)
    if error is not None:
        raise error


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [b""],
        [b"a"],
        [b"%d," % number for number in range(5_000)],
        [b"x" * 300_000, b"y", b"z" * (_MAX_PIECE * 2 + 1)],
        [b"", b"a" * _MAX_PIECE, b"", b"b"],
    ],
    ids=["nothing", "an empty chunk", "a byte", "many small chunks", "large chunks", "empty ones between"],
)
async def test_every_byte_comes_once_and_in_order(chunks: list[bytes]) -> None:
    taken: list[bytes] = []
    async with ReadAhead(_stream(chunks), _capacity) as ahead:
        while True:
            assert await ahead.wait(16_384, None)
            if not (pieces := ahead.take()):
                break
            taken += pieces
    assert b"".join(taken) == b"".join(chunks)
    assert all(0 < len(piece) <= _MAX_PIECE for piece in taken)


async def test_an_error_comes_behind_what_was_sent_before_it() -> None:
    broken = InvalidPayloadError("cut off")
    async with ReadAhead(_stream([b"a", b"b"], error=broken), _capacity) as ahead:
        taken = b""
        with pytest.raises(InvalidPayloadError, match="cut off"):
            while await ahead.wait(16_384, None):
                taken += b"".join(ahead.take())
        assert taken == b"ab"


async def test_what_nobody_takes_is_bounded_and_left_when_the_reader_goes() -> None:
    produced = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal produced
        while True:
            produced += 65_536
            yield bytes(65_536)

    async with ReadAhead(endless(), _capacity) as ahead:
        for _ in range(3):
            assert await ahead.wait(1, None)
            await asyncio.sleep(0)
            before = produced
            await asyncio.sleep(0.01)
            assert produced == before, "nothing is received while so much is there"
            assert sum(map(len, ahead.take())) <= _MAX_GATHERED + 65_536


async def test_a_pause_ends_the_wait() -> None:
    never = asyncio.Event()

    async def pausing() -> AsyncIterator[bytes]:
        yield b"a"
        await never.wait()

    async with ReadAhead(pausing(), _capacity) as ahead:
        assert not await ahead.wait(16_384, 0.01)
        assert await ahead.wait(1, 10)
        assert ahead.take() == [b"a"]


async def test_what_may_wait_becomes_less_as_others_come_and_whoever_wants_more_gets_that() -> None:
    capacity = _MAX_GATHERED

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(16_384)

    async with ReadAhead(endless(), lambda: capacity) as ahead:
        for capacity in (_MAX_GATHERED, 65_536, 32_768, 65_536):
            assert await ahead.wait(1, 10)
            ahead.take()
            assert await ahead.wait(_MAX_PIECE, 10)
            for _ in range(10):
                await asyncio.sleep(0)
            assert sum(map(len, ahead.take())) == capacity


async def test_what_may_wait_becomes_more_as_others_leave_and_the_stream_goes_on() -> None:
    capacity = 65_536
    received = asyncio.Event()

    async def stream() -> AsyncIterator[bytes]:
        yield bytes(65_536)
        received.set()
        yield bytes(65_536)

    async with ReadAhead(stream(), lambda: capacity) as ahead:
        for _ in range(10):
            await asyncio.sleep(0)
        assert not received.is_set(), "there is room for no more"
        capacity = _MAX_GATHERED
        assert await ahead.wait(_MAX_PIECE, 10)
        assert sum(map(len, ahead.take())) == 2 * 65_536


async def test_what_broke_off_is_freed_without_the_garbage_collector() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise InvalidPayloadError("cut off")

    async def read_to_the_error() -> weakref.ref[ReadAhead]:
        ahead = ReadAhead(broken(), _capacity)
        with suppress(InvalidPayloadError):
            async with ahead:
                while await ahead.wait(16_384, None):
                    ahead.take()
        return weakref.ref(ahead)

    gc.collect()
    gc.disable()
    try:
        ahead = await read_to_the_error()
        await asyncio.sleep(0)
        assert ahead() is None
    finally:
        gc.enable()
