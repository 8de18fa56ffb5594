"""What a download has ready for a reader who may be slow: beyond one piece it waits on disk, not in memory."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

PIECE_BYTES = 1 << 16


def spool(data: bytes) -> IO[bytes]:
    """Return a file of these bytes, at its beginning: one without a name; in memory, if they are few or the disk full.

    It blocks for as long as the disk does.
    """
    if len(data) > PIECE_BYTES:
        with suppress(OSError):
            return _written(data)
    return BytesIO(data)


def _written(data: bytes) -> IO[bytes]:
    file = TemporaryFile()  # noqa: SIM115 - who reads it closes it
    try:
        file.write(data)
        file.seek(0)
    except OSError:
        with suppress(OSError):  # what is left in its buffer
            file.close()
        raise
    return file


async def pieces_of(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield what the file holds in pieces of PIECE_BYTES, and close it."""
    with file:
        while piece := await _next_piece(file):
            yield piece


async def _next_piece(file: IO[bytes]) -> bytes:
    return file.read(PIECE_BYTES) if isinstance(file, BytesIO) else await asyncio.to_thread(file.read, PIECE_BYTES)
