"""Reading ahead: what a client sends is received while what came before it is being worked on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Self

_PIECE_BYTES = 1 << 17


class ReadAhead:
    """Gathers some of a stream that nobody has taken yet, `capacity()` bytes and a chunk at most; enter it to begin."""

    def __init__(self, chunks: AsyncIterator[bytes], capacity: Callable[[], int]) -> None:
        self._chunks = chunks
        self._capacity = capacity
        self._gathered: list[bytes] = []
        self._size = 0
        self._least_bytes = 0
        self._has_enough = asyncio.Event()
        self._has_capacity = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._reading = asyncio.create_task(self._read(), name="read ahead")
        self._reading.add_done_callback(self._ended)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        # What it raised leads back to here: only the garbage collector would free what has been gathered.
        self._reading = None
        self._gathered = []

    async def wait(self, least_bytes: int, seconds: float | None) -> bool:
        """Wait until so much can be taken, or all there is room for, or the stream has ended.

        Returns False where `seconds` pass before.
        """
        self._least_bytes = least_bytes
        if self._size < self._capacity():  # there may be room for more by now
            self._has_capacity.set()
        self._note()
        if not self._has_enough.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._has_enough.wait()
        return self._has_enough.is_set()

    def take(self) -> list[bytes]:
        """Take all that has come, in pieces that take about as long.

        [] at the end. Raise there what the stream raised.
        """
        taken, self._gathered, self._size = self._gathered, [], 0
        if not taken and self._reading is not None:
            self._reading.result()
        self._has_capacity.set()
        return taken

    def _note(self) -> None:
        has_ended = self._reading is not None and self._reading.done()
        if has_ended or self._size >= min(self._least_bytes, self._capacity()):
            self._has_enough.set()
        else:
            self._has_enough.clear()

    async def _read(self) -> None:
        async for chunk in self._chunks:
            self._gathered.extend(_in_pieces(chunk))
            self._size += len(chunk)
            self._note()
            while self._size >= self._capacity():
                self._has_capacity.clear()
                await self._has_capacity.wait()

    def _ended(self, reading: asyncio.Task[None]) -> None:
        if not reading.cancelled():
            reading.exception()  # taken note of; `take` raises it
        self._note()


def _in_pieces(chunk: bytes) -> Iterator[bytes]:
    if 0 < len(chunk) <= _PIECE_BYTES:
        yield chunk
        return
    view = memoryview(chunk)
    for start in range(0, len(chunk), _PIECE_BYTES):
        yield bytes(view[start : start + _PIECE_BYTES])
