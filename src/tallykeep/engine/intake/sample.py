"""The beginning of an upload: what kind of file it is, and its first rows, without reading all of it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypedDict

from tallykeep.core.batch import Batch, Source
from tallykeep.core.concurrency.side_thread import Aside
from tallykeep.core.concurrency.slots import Who
from tallykeep.core.errors import InvalidPayloadError, UnsupportedMediaTypeError
from tallykeep.core.rows import Row
from tallykeep.core.settings import Settings
from tallykeep.engine.intake.open_upload import refuse_options
from tallykeep.formats.charset import Transcoder, known_charset
from tallykeep.formats.charset_candidates import likelier_charsets
from tallykeep.formats.compression import Limit, peeked, unpacked
from tallykeep.formats.csv.decimal_marks import DecimalMarks, MarksOf
from tallykeep.formats.csv.header import HeaderHints
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.json.array_splitter import JsonSplitter
from tallykeep.formats.json.ndjson_splitter import LinesSplitter
from tallykeep.formats.row_reader import raw_rows, read_rows
from tallykeep.formats.xlsx.workbook import OLE_MAGIC, OLE_REFUSED, XLSX_MAGIC, Taken, Workbooks

MAX_ROWS = 100
_MAX_BYTES = 4 << 20  # of what a file expands to; a row of the largest size and its neighbours fit
_BATCH_BYTES = 1 << 20
_PIECE_BYTES = 1 << 17
_UTF8 = "utf-8"
_JSON_CHARSETS = (_UTF8, "ascii")
_BLANK = b"\xef\xbb\xbf \t\r\n"
_FORMATS = {b"[": "json", b"{": "ndjson"}


@dataclass(frozen=True, slots=True)
class Sample:
    """The first bytes of a file, unpacked; `complete` where they are all of it."""

    content: bytes
    complete: bool
    compression: str | None
    workbook: Taken | None = None

    @property
    def is_workbook(self) -> bool:
        """Return whether this is a sheet of a workbook, as CSV."""
        return self.workbook is not None

    @property
    def format(self) -> str:
        """Return csv, xlsx, json or ndjson, by the first character."""
        if self.is_workbook:
            return "xlsx"
        return _FORMATS.get(self.content.lstrip(_BLANK)[:1], "csv")


@dataclass(frozen=True, slots=True)
class FileSample:
    """A file's first rows, at most MAX_ROWS; `row_count` counts all that came, `complete` where there are no more.

    `encodings` are others in which the file reads much better than in its own, likeliest first.
    """

    source: Source
    encoding: str
    encodings: list[str]
    batches: list[Batch]
    row_count: int
    complete: bool
    decimal_marks: dict[int, str] = field(default_factory=dict)  # by index in the file's own header

    def rows(self, source: Source) -> list[Row]:
        """Read the rows by this source: the file's own, or one whose columns were chosen."""
        return [row for batch in self.batches for row in read_rows(batch, source)][:MAX_ROWS]

    def line_numbers(self) -> dict[int, int | None]:
        """Return the line that each of these rows began at, by its number; None where it has none."""
        numbers = {
            row: batch.line_of(row)
            for batch in self.batches
            for row in range(batch.first_row, batch.first_row + batch.row_count)
        }
        return dict(islice(numbers.items(), MAX_ROWS))

    def lines(self) -> list[str]:
        """Return the same rows as text, as they were sent."""
        raw = [line for batch in self.batches for line in raw_rows(batch, self.source)][:MAX_ROWS]
        return [line.decode("utf-8", "replace").rstrip("\r\n") for line in raw]


class Samples:
    """Takes the first bytes off uploads."""

    def __init__(self, settings: Settings) -> None:
        self._workbooks = Workbooks(settings)
        self._expanded = Limit(settings.max_expanded_bytes, "TALLYKEEP_MAX_EXPANDED_BYTES")

    async def take(
        self, body: AsyncIterator[bytes], who: Who, aside: Aside, *, partial: bool, sheet: str | None = None,
        titles: frozenset[str] = frozenset(),
    ) -> Sample:  # fmt: skip
        """Take the first bytes of a file that `who` sends; with `partial`, the body itself is only its beginning.

        Of a workbook, those of this `sheet`, or of the one that has the most of the `titles`.
        Raises InvalidPayloadError for what is no file of rows, BodyTooLargeError for a workbook beyond its limits.
        """
        compression, content = await unpacked(body, self._expanded, aside, partial=partial)
        first, content = await peeked(content, len(XLSX_MAGIC))
        if first == OLE_MAGIC:
            raise InvalidPayloadError(OLE_REFUSED)
        if first != XLSX_MAGIC:
            refuse_options("no workbook", sheet=sheet)
            held, ended = await _first_bytes(content)
            return Sample(held, ended and not partial, compression)
        if partial:
            raise InvalidPayloadError("A workbook can only be read as a whole; send all of it, without partial=true")
        async with self._workbooks.as_csv(content, sheet, titles, who) as (taken, rows):
            return Sample(*await _first_bytes(rows), compression, taken)


async def _first_bytes(chunks: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) > _MAX_BYTES:
            return bytes(held[:_MAX_BYTES]), False
    return bytes(held), True


def read_sample(
    sample: Sample, charset: str | None, hints: HeaderHints, max_row_bytes: int, marks_of: MarksOf | None = None
) -> FileSample:
    """Read the first rows of a sample, by the same splitters as those of an import.

    `marks_of` tells what stands before the decimals in a column's cells; all rows of the sample are asked.

    Raises InvalidPayloadError where it cannot be understood as a whole, UnsupportedMediaTypeError for its charset.
    """
    if sample.workbook:
        refuse_options("a workbook", delimiter=hints.delimiter)
    elif sample.format != "csv":
        refuse_options("JSON", delimiter=hints.delimiter, header_row=hints.header_row)
    content, encoding = _as_utf8(sample, charset)
    splitter = _splitter(sample, hints, max_row_bytes)
    known = sample.workbook.decimal_marks if sample.workbook else None
    marks = DecimalMarks(marks_of if sample.format not in _FORMATS.values() else None, known)
    every = list(_batches(splitter, content, marks, complete=sample.complete))
    batches, row_count = _gathered(every)
    if splitter.source.format == "csv" and not splitter.source.header:
        raise InvalidPayloadError(
            f"The header is longer than the {len(sample.content)} bytes that were read; is this a text file?"
        )
    return FileSample(
        splitter.source, encoding, _likelier(sample, encoding), batches, row_count, sample.complete,
        marks.resolve_now(splitter.source, every),
    )  # fmt: skip


def _as_utf8(sample: Sample, charset: str | None) -> tuple[bytes, str]:
    if sample.format in _FORMATS.values():
        if charset is not None and known_charset(charset) not in _JSON_CHARSETS:
            raise UnsupportedMediaTypeError(f"JSON comes in UTF-8, not in {charset}")
        return sample.content, _UTF8
    transcoder = Transcoder(None if sample.is_workbook else charset)
    content = b"".join(map(transcoder.feed, _pieces(sample.content)))
    return content + (transcoder.finish() if sample.complete else transcoder.stop()), transcoder.encoding


def _pieces(content: bytes) -> Iterator[bytes]:
    """Yield the content in pieces each of which keeps the interpreter's lock only briefly."""
    for start in range(0, len(content), _PIECE_BYTES):
        yield content[start : start + _PIECE_BYTES]


def _likelier(sample: Sample, encoding: str) -> list[str]:
    if sample.format != "csv":
        return []
    end = len(sample.content) if sample.complete else sample.content.rfind(b"\n") + 1
    return likelier_charsets(sample.content[:end], encoding)


class _Sizes(TypedDict):
    batch_rows: int
    batch_bytes: int
    max_row_bytes: int


_Splitter = CsvSplitter | JsonSplitter | LinesSplitter


def _splitter(sample: Sample, hints: HeaderHints, max_row_bytes: int) -> _Splitter:
    sizes = _Sizes(batch_rows=MAX_ROWS, batch_bytes=_BATCH_BYTES, max_row_bytes=max_row_bytes)
    if sample.format == "json":
        return JsonSplitter(**sizes)
    if sample.format == "ndjson":
        return LinesSplitter(**sizes)
    if sample.workbook:
        hints = replace(hints, delimiter=",", by_record=True)
        return CsvSplitter(charset=_UTF8, hints=hints, sheet=sample.workbook.name, **sizes)
    return CsvSplitter(charset=_UTF8, hints=hints, **sizes)


def _batches(splitter: _Splitter, content: bytes, marks: DecimalMarks, *, complete: bool) -> Iterator[Batch]:
    for piece in _pieces(content):
        for batch in splitter.feed(piece):
            yield marks.take(batch, splitter.source)
    for batch in splitter.finish() if complete else splitter.stop():
        yield marks.take(batch, splitter.source)


def _gathered(batches: list[Batch]) -> tuple[list[Batch], int]:
    """Return the batches that hold the rows wanted, and how many rows all of them have."""
    held: list[Batch] = []
    row_count = 0
    for batch in batches:
        if row_count < MAX_ROWS:
            held.append(batch)
        row_count += batch.row_count
    return held, row_count
