"""Splitting a delimited file, as it streams in, into its rows, by the rules of the parser that later reads them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import compress

from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import InvalidPayloadError
from tallykeep.formats.batch_cutter import BatchCutter, row_too_long
from tallykeep.formats.charset import Transcoder
from tallykeep.formats.csv.header import HeaderHints, locate_header, title_columns
from tallykeep.formats.csv.quotes import are_around_cells, has_bare_returns
from tallykeep.formats.csv.records import Cut, blank_among, count_records, cut_records, may_hold_blank
from tallykeep.formats.pieces import end_of_line, pieces

_LONG_ROW = 65_536
_LONG_BLOCK = 32_768
_WITHOUT_HINTS = HeaderHints()
_FAR_ABOVE = 16  # times the longest row may stand above a header that was named


class CsvSplitter:
    """Feed chunks, get batches; each body is the rows' own bytes. `source` holds the header once it was read.

    Blank lines, and those of separators and blanks only, are no rows. A line whose quotes do not match up (never
    closed, or closed in the middle of a cell) is a row of its own, which its batch tells apart and which fails when
    it is read, so that it does not swallow the rows behind it. Raises InvalidPayloadError for a header that cannot be
    used.
    """

    is_void = False  # the rows are what they are

    def __init__(
        self, *, batch_rows: int, batch_bytes: int, max_row_bytes: int, charset: str | None = None,
        hints: HeaderHints = _WITHOUT_HINTS, sheet: str | None = None,
    ) -> None:  # fmt: skip
        self._source = Source("csv", sheet=sheet)
        self._cutter = BatchCutter(max_rows=batch_rows, max_bytes=batch_bytes)
        self._max_row_bytes = max_row_bytes
        self._partial = b""  # the last line, as long as its end has not come
        self._open_lines: list[bytes] = []  # lines before it that belong to a row whose quote is still open
        self._open_size = 0
        self._parse_from = 0
        self._fed_bytes = 0
        self._line = 1  # the number of the first of them
        self._transcoder = Transcoder(charset)
        self._hints = hints

    @property
    def source(self) -> Source:
        """How the batches are written; complete at the end of the input."""
        return replace(self._source, charset=None if self._source.sheet else self._transcoder.encoding)

    def feed(self, chunk: bytes) -> Iterator[Batch]:
        """Take the next bytes, and yield the batches that are full."""
        for piece in pieces(chunk):
            yield from self._feed(self._transcoder.feed(piece))

    def _feed(self, chunk: bytes) -> Iterator[Batch]:
        self._fed_bytes += len(chunk)
        self._partial += chunk
        end = _end_of_lines(self._partial)
        if end:
            block, self._partial = self._partial[:end], self._partial[end:]
            yield from self._take_block(block)
        if len(self._partial) > self._max_row_bytes:
            raise row_too_long(self._cutter.row_number, self._max_row_bytes)
        self._cutter.refuse_blanks(self._fed_bytes - len(self._partial) - self._open_size)

    def finish(self) -> Iterator[Batch]:
        """End of input: yield the rest; raises InvalidPayloadError where there was no header."""
        yield from self._feed(self._transcoder.finish())
        lines = self._partial.splitlines(keepends=True)
        if lines and not lines[-1].endswith((b"\n", b"\r")):
            lines[-1] += b"\n"
        yield from self._take(lines, final=True)
        if not self._source.header:
            raise InvalidPayloadError("The file is empty; a header line is expected")
        yield from self._cutter.cut()

    def stop(self) -> Iterator[Batch]:
        """Stop before the end of the input: yield the rows that are complete."""
        yield from self._feed(self._transcoder.finish())
        if not self._source.header:
            yield from self._take([], enough=True)
        yield from self._cutter.cut()

    def cut(self) -> Iterator[Batch]:
        """Yield the rows that are complete by now; the input goes on."""
        yield from self._cutter.cut()

    @property
    def gathered(self) -> int:
        """About how many bytes of memory the complete rows take that are held."""
        return self._cutter.gathered

    def _take_block(self, block: bytes) -> Iterator[Batch]:
        """Take complete lines, as many at a time as a batch has room for where each is a row; halved where not."""
        is_between = bool(self._source.header) and not self._open_lines
        if is_between and not block.strip(b"\n"):
            self._line += len(block)  # nothing but ends of lines
            return
        count = _rows_of_plain(block, self._source.delimiter) if is_between else None
        if count is None and is_between and (spaced := _rows_of_spaced(block, self._source.delimiter)):
            yield from self._take_spaced(*spaced)
        elif count is None:
            yield from self._take(block.splitlines(keepends=True))
        elif len(block) <= self._max_row_bytes:
            yield from self._take_rows(block, count)
        elif len(block) > _LONG_BLOCK and (middle := block.rfind(b"\n", 0, len(block) // 2) + 1):
            yield from self._take_block(block[:middle])
            yield from self._take_block(block[middle:])
        else:
            yield from self._take(block.splitlines(keepends=True))

    def _take_rows(self, block: bytes, count: int) -> Iterator[Batch]:
        """Take lines of which each is a row."""
        start = 0
        while count:
            some = count if self._cutter.is_for(count) else self._cutter.rows_left
            end = len(block) if some == count else end_of_line(block, some, start)
            yield from self._cutter.add_run(block[start:end], some, self._line)
            self._line += some
            start, count = end, count - some

    def _take_spaced(self, rows: list[bytes], offsets: list[int], count: int) -> Iterator[Batch]:
        """Take the rows of so many lines, all others of which are empty."""
        first = self._line
        self._line += count
        yield from self._cutter.add_many(rows, [first + offset for offset in offsets])

    def _take(self, lines: list[bytes], *, enough: bool = False, final: bool = False) -> Iterator[Batch]:
        self._open_lines += lines
        self._open_size += sum(map(len, lines))
        if self._open_size < self._parse_from and not enough and not final:
            return
        lines, self._open_lines, self._open_size, self._parse_from = self._open_lines, [], 0, 0
        if not self._source.header:
            lines = self._take_header(lines, enough=enough, final=final)
        if b'"' not in b"".join(lines):
            yield from self._add(Cut(lines, list(range(len(lines))), set(), len(lines)))
            return
        cut = cut_records(lines, self._source.delimiter, -1 if final else self._max_row_bytes)
        yield from self._add(cut)
        if cut.end < len(lines):
            self._keep_open(lines[cut.end :])

    def _add(self, cut: Cut) -> Iterator[Batch]:
        """Add those of these records that are not blank, and count their lines."""
        by_record = self._hints.by_record
        offsets = range(len(cut.records)) if by_record else cut.starts
        blank = blank_among(cut.records, self._source.delimiter)
        is_row = [row not in blank for row in cut.records]
        for at in cut.broken:
            is_row[at] = True
        rows = list(compress(cut.records, is_row))
        lines = [self._line + offset for offset in compress(offsets, is_row)]
        self._line += len(cut.records) if by_record else cut.end
        if cut.broken:
            kept = compress(range(len(is_row)), is_row)
            broken = {index for index, at in enumerate(kept) if at in cut.broken}
            yield from self._cutter.add(rows, lines, broken)
        else:
            yield from self._cutter.add_many(rows, lines)

    def _take_header(self, lines: list[bytes], *, enough: bool, final: bool) -> list[bytes]:
        """Read the header off the first lines; returns the lines behind it, none while it is not complete."""
        maximum = self._max_row_bytes * (1 if self._hints.header_row is None else _FAR_ABOVE)
        too_long = sum(map(len, lines)) > maximum
        header = locate_header(lines, self._hints, enough=enough, final=final or too_long)
        if too_long and (header is None or sum(map(len, lines[: header.end])) - len(header.record) > maximum):
            raise InvalidPayloadError(
                f"There is no header in the first {maximum} bytes of the file; is this a text file?"
            )
        if header is None:
            self._keep_open(lines)
            return []
        titles, repeated = title_columns(header)
        self._source = replace(
            self._source, header=titles, repeated=repeated, delimiter=header.delimiter, header_row=header.row,
            skipped_rows=header.skipped_rows,
        )  # fmt: skip
        self._line = header.row + 1 if self._hints.by_record else header.end + 1
        return lines[header.end :]

    def _keep_open(self, lines: list[bytes]) -> None:
        """Keep the lines of a row whose quote is open; they are parsed again when as much again has come."""
        self._open_lines = lines
        self._open_size = sum(map(len, lines))
        self._parse_from = 2 * self._open_size if self._open_size > _LONG_ROW else 0


def _rows_of_plain(block: bytes, delimiter: str) -> int | None:
    """Count the rows of these complete lines, if each is one; None if not, or there are blank lines, old Mac lines."""
    if may_hold_blank(block, delimiter) or has_bare_returns(block):
        return None
    count = block.count(b"\n")
    is_plain = b'"' not in block or are_around_cells(block, delimiter) or count_records(block, delimiter) == count
    return count if is_plain else None


def _rows_of_spaced(block: bytes, delimiter: str) -> tuple[list[bytes], list[int], int] | None:
    """Return the rows of these complete lines, the line that each is, and how many lines there are.

    None where that takes more than to leave out empty lines, as they stand between the rows of some files.
    """
    if b'"' in block or b"\r" in block or not (b"\n\n" in block or block.startswith(b"\n")):
        return None
    lines = block.split(b"\n")
    offsets = [at for at, line in enumerate(lines) if line]
    rows = [line + b"\n" for line in lines if line]
    return None if may_hold_blank(b"".join(rows), delimiter) else (rows, offsets, len(lines) - 1)


def _end_of_lines(buffer: bytes) -> int:
    """Find where the last complete line ends; a carriage return at the very end may be half of a line's end."""
    newline = buffer.rfind(b"\n")
    carriage = buffer.rfind(b"\r", 0, len(buffer) - 1)
    return max(newline, carriage) + 1
