"""Opening an upload: unpacked, out of its workbook, and with the splitter for what its rows turn out to be."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Protocol, TypedDict

from tallykeep.config import Settings
from tallykeep.engine.encoding import known_charset
from tallykeep.engine.kinds import ActionType, Upload
from tallykeep.engine.split_csv import CsvSplitter
from tallykeep.engine.split_ids import IdsSplitter
from tallykeep.engine.split_json import JsonSplitter
from tallykeep.engine.split_lines import LinesSplitter
from tallykeep.engine.unpack import Limit, peeked, unpacked
from tallykeep.engine.workbook import OLE_MAGIC, OLE_REFUSED, XLSX_MAGIC, Workbooks
from tallykeep.errors import InvalidPayloadError, UnsupportedMediaTypeError
from tallykeep.model import Portion, Source

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_JSON_CHARSETS = ("utf-8", "ascii")


class Splitter(Protocol):
    """What turns bytes into portions; every splitter is one."""

    source: Source

    def feed(self, chunk: bytes) -> Iterator[Portion]:
        """Take the next bytes, and yield the portions that are full."""
        ...

    def finish(self) -> Iterator[Portion]:
        """End of input: yield the rest."""
        ...


Opened = tuple[Splitter, AsyncIterator[bytes]]


class _Sizes(TypedDict):
    portion_rows: int
    portion_bytes: int
    max_row_bytes: int


class Opener:
    """Makes rows accessible, however they were sent."""

    def __init__(self, settings: Settings) -> None:
        self._workbooks = Workbooks(settings)
        self._expanded = Limit(settings.max_expanded_bytes, "TALLYKEEP_MAX_EXPANDED_BYTES")
        self._ids = Limit(settings.max_ids_bytes, "TALLYKEEP_MAX_IDS_BYTES")
        self._sizes: _Sizes = {
            "portion_rows": settings.portion_rows,
            "portion_bytes": settings.portion_bytes,
            "max_row_bytes": settings.max_row_bytes,
        }

    @asynccontextmanager
    async def open(self, kind: ActionType, upload: Upload, body: AsyncIterator[bytes]) -> AsyncIterator[Opened]:
        """The splitter that fits the body, and the bytes to feed it with.

        Raises InvalidPayloadError, BodyTooLargeError and UnsupportedMediaTypeError, some of them only in the reading.
        """
        _, content = await unpacked(body, self._expanded)
        if kind.source != "csv":
            yield await self._open_json(kind, upload, content)
            return
        first, content = await peeked(content, len(XLSX_MAGIC))
        if first == OLE_MAGIC:
            raise InvalidPayloadError(OLE_REFUSED)
        if first == XLSX_MAGIC:
            async with self._workbooks.as_csv(content, None, frozenset()) as (_, rows):
                yield CsvSplitter(delimiter=",", **self._sizes), rows
        else:
            yield CsvSplitter(charset=upload.charset, delimiter=upload.delimiter, **self._sizes), content

    async def _open_json(self, kind: ActionType, upload: Upload, content: AsyncIterator[bytes]) -> Opened:
        # By now the body has begun, and its form has told the charset.
        if upload.charset is not None and known_charset(upload.charset) not in _JSON_CHARSETS:
            raise UnsupportedMediaTypeError(f"JSON comes in UTF-8, not in {upload.charset}")
        if kind.source == "ids":
            return IdsSplitter(kind.ids, self._ids, **self._sizes), content
        by_line = upload.by_line
        if by_line is None:
            first, content = await peeked(_from_first_sign(content), 1)
            by_line = first not in (b"[", b"")
        return (LinesSplitter(**self._sizes) if by_line else JsonSplitter(**self._sizes)), content


async def _from_first_sign(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks from the first byte that is neither blank nor a byte order mark."""
    first, whole = await peeked(chunks, len(_BOM))
    begun = False
    marked = first == _BOM
    async for chunk in whole:
        if begun:
            yield chunk
        elif rest := (chunk.removeprefix(_BOM) if marked else chunk).lstrip(_BLANK):
            begun = True
            yield rest
        marked = False
