"""Opening an upload: decompressed, read out of its workbook, and with the splitter that fits its rows."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypedDict

from tallykeep.core.action_type import ActionType, Upload
from tallykeep.core.batch import Batch, Source
from tallykeep.core.concurrency.side_thread import Aside
from tallykeep.core.concurrency.slots import Who
from tallykeep.core.errors import InvalidPayloadError, InvalidQueryError, UnsupportedMediaTypeError
from tallykeep.core.settings import Settings
from tallykeep.formats.charset import known_charset
from tallykeep.formats.compression import Limit, peeked, unpacked
from tallykeep.formats.csv.header import HeaderHints
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.csv.titles import normal_title
from tallykeep.formats.json.array_splitter import JsonSplitter
from tallykeep.formats.json.ids_splitter import IdsSplitter
from tallykeep.formats.json.ndjson_splitter import LinesSplitter
from tallykeep.formats.xlsx.workbook import OLE_MAGIC, OLE_REFUSED, XLSX_MAGIC, Workbooks

_BOM = b"\xef\xbb\xbf"
_BLANK = _BOM + b" \t\r\n"  # none of the mark's bytes begins JSON
_JSON_CHARSETS = ("utf-8", "ascii")


class Splitter(Protocol):
    """The interface of splitters, which turn bytes into batches.

    Those that samples are read with have `stop` as well, which ends the input early.
    """

    @property
    def source(self) -> Source:
        """Return how the batches are written; complete at the end of the input."""
        ...

    @property
    def is_void(self) -> bool:
        """Return, at the end of the input, whether the body means no rows at all."""
        ...

    def feed(self, chunk: bytes) -> Iterator[Batch]:
        """Take the next bytes, and yield the batches that are full."""
        ...

    def cut(self) -> Iterator[Batch]:
        """Yield the rows that are complete by now, however few; the input goes on."""
        ...

    @property
    def gathered(self) -> int:
        """Return how many bytes of complete rows are held until their batch is full."""
        ...

    def finish(self) -> Iterator[Batch]:
        """End of input: yield the rest."""
        ...


class Opened(NamedTuple):
    """An upload: what splits it, and its bytes to be split.

    `decimal_marks` are what is known to stand before the decimals of columns, by their index in the file's header.
    """

    splitter: Splitter
    content: AsyncIterator[bytes]
    decimal_marks: Mapping[int, str] = MappingProxyType({})


class _Sizes(TypedDict):
    batch_rows: int
    batch_bytes: int
    max_row_bytes: int


class Opener:
    """Makes rows accessible, however they were sent."""

    def __init__(self, settings: Settings) -> None:
        self._workbooks = Workbooks(settings)
        self._expanded = Limit(settings.max_expanded_bytes, "TALLYKEEP_MAX_EXPANDED_BYTES")
        self._sizes: _Sizes = {
            "batch_rows": settings.batch_rows,
            "batch_bytes": settings.batch_bytes,
            "max_row_bytes": settings.max_row_bytes,
        }

    @asynccontextmanager
    async def open(
        self, action_type: ActionType, upload: Upload, body: AsyncIterator[bytes], who: Who, aside: Aside
    ) -> AsyncIterator[Opened]:
        """Open the body: provide the splitter that fits it, and the bytes to feed it with; `who` sends it.

        Raises InvalidPayloadError, BodyTooLargeError and UnsupportedMediaTypeError, some of them only in the reading.
        """
        _, content = await unpacked(body, self._expanded, aside)
        if action_type.source != "csv":
            yield Opened(*await self._open_json(action_type, upload, content))
            return
        first, content = await peeked(content, len(XLSX_MAGIC))
        if first == OLE_MAGIC:
            raise InvalidPayloadError(OLE_REFUSED)
        if first == XLSX_MAGIC:
            _refuse_early("a workbook", upload, "delimiter")
            titles = _known_titles(action_type, upload)
            async with self._workbooks.as_csv(content, upload.early_option("sheet"), titles, who) as (taken, rows):
                hints = HeaderHints(",", upload.early_option("header_row"), titles, by_record=True)
                yield Opened(CsvSplitter(hints=hints, sheet=taken.name, **self._sizes), rows, taken.decimal_marks)
        else:
            _refuse_early("a text file", upload, "sheet")
            delimiter, header_row = upload.early_option("delimiter"), upload.early_option("header_row")
            hints = HeaderHints(delimiter, header_row, _known_titles(action_type, upload))
            yield Opened(CsvSplitter(charset=upload.early_option("charset"), hints=hints, **self._sizes), content)

    async def _open_json(
        self, action_type: ActionType, upload: Upload, content: AsyncIterator[bytes]
    ) -> tuple[Splitter, AsyncIterator[bytes]]:
        # By now the body has begun, and the fields in front of its file are known.
        _refuse_early("JSON", upload, "delimiter", "sheet", "header_row")
        if (
            upload.early_option("charset") is not None
            and known_charset(upload.early_option("charset")) not in _JSON_CHARSETS
        ):
            raise UnsupportedMediaTypeError(f"JSON comes in UTF-8, not in {upload.early_option('charset')}")
        sizes: _Sizes = {**self._sizes, "batch_bytes": self._sizes["batch_bytes"] // action_type.batch_bytes_divisor}
        if action_type.source == "ids":
            return IdsSplitter(action_type.ids, **sizes), content
        if upload.by_line is not None:
            return (LinesSplitter(**sizes) if upload.by_line else JsonSplitter(**sizes)), content
        blanks = _LeadingBlanks(content)
        first, content = await peeked(blanks.from_first_character(), 1)
        if first in (b"[", b""):
            return JsonSplitter(**sizes), content
        return LinesSplitter(first_line=1 + blanks.blank_lines, **sizes), content


def refuse_options(what: str, **options: object) -> None:
    """Raise InvalidQueryError for an option that has no meaning for this type of body."""
    for name, value in options.items():
        if value is not None:
            raise InvalidQueryError(f"Property .{name} goes with other files: this is {what}; leave it out")


def _refuse_early(what: str, upload: Upload, *names: str) -> None:
    refuse_options(what, **{name: upload.early_option(name) for name in names})


def _known_titles(action_type: ActionType, upload: Upload) -> frozenset[str]:
    """Return the titles by which a header is known, as normal_title has them."""
    own = {normal_title(title) for titles in action_type.columns for title in titles}
    return frozenset(own.union(map(normal_title, upload.mapped_columns)))


class _LeadingBlanks:
    """Skips everything before the first character of a file, and counts the lines of it."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.blank_lines = 0

    async def from_first_character(self) -> AsyncIterator[bytes]:
        """Yield the chunks from the first byte that is neither blank nor part of a byte order mark."""
        begun = False
        async for chunk in self._chunks:
            if begun:
                yield chunk
            elif rest := chunk.lstrip(_BLANK):
                begun = True
                self.blank_lines += chunk[: len(chunk) - len(rest)].count(b"\n")
                yield rest
            else:
                self.blank_lines += chunk.count(b"\n")
