"""Workbooks: an XLSX file becomes the CSV file that it could have been."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import structlog

from tallykeep.config import Settings
from tallykeep.engine import sheet
from tallykeep.engine.unpack import Limit
from tallykeep.errors import BodyTooLargeError, InvalidPayloadError

_log = structlog.get_logger()

XLSX_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0"
OLE_REFUSED = (
    "The file is an old Excel workbook (.xls) or an encrypted one; save it as .xlsx without password, or as CSV"
)

_CHUNK_BYTES = 1 << 18
_LONGEST_LOGGED = 300
_AT_ONCE = 2  # each may take as much memory as the settings allow


@dataclass
class Taken:
    name: str


class Workbooks:
    """Reads workbooks, a few at a time, each in a process of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limit = Limit(settings.max_xlsx_bytes, "TALLYKEEP_MAX_XLSX_BYTES")
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def as_csv(
        self, chunks: AsyncIterator[bytes], sheet_name: str | None, titles: frozenset[str]
    ) -> AsyncIterator[tuple["Taken", AsyncIterator[bytes]]]:
        """The first visible sheet that has rows, as CSV; its process ends with the block.

        Raises BodyTooLargeError, and in the reading InvalidPayloadError.
        """
        with TemporaryFile() as workbook, TemporaryFile() as complaints:
            await _spool(chunks, workbook, self._limit)
            async with self._slots:
                process = await self._start(workbook, complaints)
                try:
                    yield Taken("Sheet1"), _rows(process, complaints, self._settings)
                finally:
                    if process.returncode is None:
                        process.kill()
                        await process.wait()

    async def _start(self, workbook: IO[bytes], complaints: IO[bytes]) -> Process:
        limits = [str(self._settings.max_expanded_bytes), str(self._settings.max_xlsx_memory_bytes)]
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", sheet.__name__, *limits, stdin=workbook, stdout=PIPE, stderr=complaints
        )


async def _spool(chunks: AsyncIterator[bytes], file: IO[bytes], limit: Limit) -> None:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit.size:
            raise limit.too_large("The workbook")
        file.write(chunk)
    file.flush()
    file.seek(0)


async def _rows(process: Process, complaints: IO[bytes], settings: Settings) -> AsyncIterator[bytes]:
    if process.stdout is None:
        raise ValueError("the process has no output")
    while chunk := await process.stdout.read(_CHUNK_BYTES):
        yield chunk
    code = await process.wait()
    if code:
        complaints.seek(0)
        raise _refusal(code, complaints.read().decode("utf-8", "replace"), settings)


def _refusal(code: int, complaint: str, settings: Settings) -> InvalidPayloadError | BodyTooLargeError:
    if code == sheet.REFUSED:
        return InvalidPayloadError(complaint)
    if code == sheet.TOO_LARGE:
        return BodyTooLargeError(
            f"{complaint}; at most {settings.max_expanded_bytes} are read (setting TALLYKEEP_MAX_EXPANDED_BYTES)"
        )
    _log.warning("workbook ended its reader", exit_code=code, complaint=complaint[:_LONGEST_LOGGED])
    return InvalidPayloadError(
        "The workbook cannot be read: it is broken, or takes too long, or needs more than"
        f" {settings.max_xlsx_memory_bytes} bytes of memory (setting TALLYKEEP_MAX_XLSX_MEMORY_BYTES), as one does with"
        " a value in a cell far from the others; save it as CSV"
    )
