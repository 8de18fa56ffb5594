"""Workbooks: an XLSX file becomes the CSV file that it could have been."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO

import structlog

from tallykeep.core.concurrency.slots import Bounds, Slots, Who
from tallykeep.core.errors import BodyTooLargeError, InvalidPayloadError
from tallykeep.core.settings import Settings, environment_without_settings
from tallykeep.formats.compression import Limit
from tallykeep.formats.xlsx import process as engine_sheet

_log = structlog.get_logger()

XLSX_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0"
OLE_REFUSED = (
    "The file is an old Excel workbook (.xls) or an encrypted one; save it as .xlsx without password, or as CSV"
)

_CHUNK_BYTES = 1 << 18
# Each may take as much memory as the settings allow.
_BOUNDS = Bounds(in_all=2, of_project=1, of_key=1, waiting=20)
_TIMEOUT_SECONDS = 5.0
_MAX_NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class SheetSize:
    """One of a workbook's sheets, with how many rows it has, counted from its first, and how many columns."""

    name: str
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The result of opening a workbook: the sheet that is read, all sheets, and the columns' decimal marks.

    Columns are counted from 0, as in the CSV.
    """

    name: str
    sheets: list[SheetSize]
    numeric_columns: list[int]
    unclear_columns: list[int] = field(default_factory=list)

    @property
    def decimal_marks(self) -> dict[int, str]:
        """Return the decimal marks of columns that hold numbers, by index; "" where nothing decides it."""
        return dict.fromkeys(self.numeric_columns, ".") | dict.fromkeys(self.unclear_columns, "")

    @classmethod
    def of(cls, line: bytes) -> "Taken":
        """Read it off the line that the process writes in front of the rows."""
        summary = json.loads(line)
        sheets = [SheetSize(**size) for size in summary["sheets"]]
        return cls(summary["name"], sheets, summary["numeric_columns"], summary["unclear_columns"])


class Workbooks:
    """Reads workbooks, a few at a time, each in a process of its own that leaves the processor to others."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limit = Limit(settings.max_xlsx_bytes, "TALLYKEEP_MAX_XLSX_BYTES")
        self._slots = Slots("workbooks", _BOUNDS, timeout_seconds=_TIMEOUT_SECONDS, retry_after=10)

    @asynccontextmanager
    async def as_csv(
        self, chunks: AsyncIterator[bytes], sheet: str | None, titles: frozenset[str], who: Who
    ) -> AsyncIterator[tuple[Taken, AsyncIterator[bytes]]]:
        """Read what is taken of the workbook, and its rows as CSV, one record each; its process ends with the block.

        The sheet is one by its name or its number, else the first visible one with rows, or a later one of whose header
        more of the titles are known. One of a project is read at a time. Raises BodyTooLargeError and
        InvalidPayloadError, also in the reading; TooManyRequestsError or ServiceUnavailableError where others are read
        for too long.
        """
        with TemporaryFile() as workbook, TemporaryFile() as complaints:
            await _spool(chunks, workbook, self._limit)
            async with self._slots.hold(*who):
                process = await self._start(workbook, complaints, _options(sheet, titles))
                try:
                    reading = _Reading(process, complaints, self._settings)
                    yield await reading.taken(), reading.rows()
                finally:
                    if process.returncode is None:
                        process.kill()
                        await process.wait()

    async def _start(self, workbook: IO[bytes], complaints: IO[bytes], options: str) -> Process:
        limits = [str(self._settings.max_expanded_bytes), str(self._settings.max_xlsx_memory_bytes)]
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", engine_sheet.__name__, *limits, options,
            stdin=workbook, stdout=PIPE, stderr=complaints, limit=engine_sheet.MAX_LINE_LENGTH + 1,
            env=environment_without_settings(),
        )  # fmt: skip


def _options(sheet: str | None, titles: frozenset[str]) -> str:
    return json.dumps({"sheet": sheet and sheet[:_MAX_NAME_LENGTH], "titles": sorted(titles)})


async def _spool(chunks: AsyncIterator[bytes], file: IO[bytes], limit: Limit) -> None:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit.size:
            raise limit.too_large("The workbook")
        file.write(chunk)
    file.flush()
    file.seek(0)


class _Reading:
    """The output of the workbook's process."""

    def __init__(self, process: Process, complaints: IO[bytes], settings: Settings) -> None:
        if process.stdout is None:
            raise ValueError("the process has no output")
        self._process, self._output = process, process.stdout
        self._complaints, self._settings = complaints, settings

    async def taken(self) -> Taken:
        """Read the line that comes first."""
        line = await self._output.readline()
        if not line.endswith(b"\n"):
            await self._check()
        return Taken.of(line)

    async def rows(self) -> AsyncIterator[bytes]:
        """Yield the CSV behind it."""
        while chunk := await self._output.read(_CHUNK_BYTES):
            yield chunk
        await self._check()

    async def _check(self) -> None:
        code = await self._process.wait()
        if code:
            self._complaints.seek(0)
            raise _refusal(code, self._complaints.read().decode("utf-8", "replace"), self._settings)


def _refusal(code: int, complaint: str, settings: Settings) -> InvalidPayloadError | BodyTooLargeError:
    if code == engine_sheet.REFUSED:
        return InvalidPayloadError(complaint)
    if code == engine_sheet.TOO_LARGE:
        return BodyTooLargeError(
            f"{complaint}; at most {settings.max_expanded_bytes} are read (setting TALLYKEEP_MAX_EXPANDED_BYTES)"
        )
    _log.warning("workbook ended its reader", exit_code=code, complaint=_error_name(complaint))
    return InvalidPayloadError(
        "The workbook cannot be read: it is broken, or needs more than"
        f" {engine_sheet.MAX_CPU_SECONDS} seconds of a processor, or more than {settings.max_xlsx_memory_bytes} bytes"
        " of memory (setting TALLYKEEP_MAX_XLSX_MEMORY_BYTES), as one does with a value in a cell far from the others;"
        " save it as CSV"
    )


def _error_name(complaint: str) -> str:
    """Return the name of the error that a traceback ends with; its text may hold what is in cells."""
    last = complaint.strip().rpartition("\n")[2].partition(":")[0]
    return last if last.replace(".", "").isidentifier() else "unknown"
