"""What downloads have ready waits in files, and comes back as it was."""

import asyncio
import errno
import tracemalloc
from contextlib import aclosing
from typing import IO, NoReturn

import pytest

from tallykeep.engine.downloads import spooled
from tallykeep.engine.downloads.spooled import PIECE_BYTES, pieces_of, spool


async def _read(file: IO[bytes]) -> list[bytes]:
    return [piece async for piece in pieces_of(file)]


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7])
def test_every_byte_comes_back_in_small_pieces(size: int) -> None:
    data = bytes(at % 251 for at in range(size))
    file = spool(data)

    pieces = asyncio.run(_read(file))

    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    assert file.closed


def test_a_file_is_closed_where_its_reader_leaves() -> None:
    file = spool(b"x" * PIECE_BYTES * 3)

    async def leave() -> None:
        async with aclosing(pieces_of(file)) as pieces:
            await anext(pieces)

    asyncio.run(leave())
    assert file.closed


def test_nothing_of_it_stays_in_memory() -> None:
    size = 50 * PIECE_BYTES
    tracemalloc.start()
    try:
        file = spool(b"x" * size)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    file.close()
    assert held < PIECE_BYTES


class _Full:
    """A file on a disk that takes nothing more, not even what is left when it is closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, data: bytes) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> NoReturn:
        self.file.close()
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_breaks_no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[_Full] = []

    make = spooled.TemporaryFile

    def full() -> _Full:
        made.append(_Full(make()))
        return made[-1]

    monkeypatch.setattr(spooled, "TemporaryFile", full)
    data = b"x" * (2 * PIECE_BYTES + 1)

    assert b"".join(asyncio.run(_read(spool(data)))) == data
    assert made[0].file.closed
