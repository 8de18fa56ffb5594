"""Splitting a delimited file, as it streams in, into its rows, by the rules of the parser that later reads them."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from tallykeep.engine.encoding import Transcoder
from tallykeep.engine.portions import PortionCutter, row_too_long
from tallykeep.errors import InvalidPayloadError
from tallykeep.model import Portion, Source, normal_title

DELIMITERS = ",;\t|"
_MOST_COLUMNS = 1_000
_LONG_ROW = 65_536
_LONG_BLOCK = 32_768
_MAYBE_BLANK = re.compile(rb"\n[ \t\r\v\f\n]")

# Rows are limited by max_row_bytes; the parser's own limit on a field (131,072) would only add a second answer.
csv.field_size_limit(1 << 30)


class CsvSplitter:
    """Feed chunks, get portions; each body is the rows' own bytes. `source` holds the header once it was read.

    Blank lines are no rows. A line whose quotes do not match up (never closed, or closed in the middle of a cell) is a
    row and a portion of its own, which fails when it is read, so that it does not swallow the rows behind it. Raises
    InvalidPayloadError for a header that cannot be used.
    """

    def __init__(
        self, *, portion_rows: int, portion_bytes: int, max_row_bytes: int, charset: str | None = None,
        delimiter: str | None = None,
    ) -> None:  # fmt: skip
        self.source = Source("csv")
        self._cutter = PortionCutter(max_rows=portion_rows, max_bytes=portion_bytes)
        self._max_row_bytes = max_row_bytes
        self._tail = b""  # the last line, as long as its end has not come
        self._open_lines: list[bytes] = []  # lines before it that belong to a row whose quote is still open
        self._open_size = 0
        self._parse_from = 0
        self._transcoder = Transcoder(charset)
        self._delimiter = delimiter

    def feed(self, chunk: bytes) -> Iterator[Portion]:
        """Take the next bytes, and yield the portions that are full."""
        yield from self._feed(self._transcoder.feed(chunk))

    def _feed(self, chunk: bytes) -> Iterator[Portion]:
        self._tail += chunk
        end = _end_of_lines(self._tail)
        if end:
            block, self._tail = self._tail[:end], self._tail[end:]
            yield from self._take_block(block)
        if len(self._tail) > self._max_row_bytes:
            raise row_too_long(self._cutter.row_number, self._max_row_bytes)

    def finish(self) -> Iterator[Portion]:
        """End of input: yield the rest; raises where there was no header."""
        yield from self._feed(self._transcoder.finish())
        lines = self._tail.splitlines(keepends=True)
        if lines and not lines[-1].endswith((b"\n", b"\r")):
            lines[-1] += b"\n"
        yield from self._take(lines, final=True)
        if not self.source.header:
            raise InvalidPayloadError("The file is empty; a header line is expected")
        yield from self._cutter.cut()

    def stop(self) -> Iterator[Portion]:
        """The input goes on, but is not looked at any further: yield the rows that are whole."""
        yield from self._feed(self._transcoder.finish())
        yield from self._cutter.cut()

    def _take_block(self, block: bytes) -> Iterator[Portion]:
        """Take whole lines, in one piece where they are plain, halved while they are too many."""
        count = _rows_of_plain(block) if self.source.header and not self._open_lines else None
        if count is None:
            yield from self._take(block.splitlines(keepends=True), final=False)
        elif self._cutter.is_for(count) and len(block) <= self._max_row_bytes:
            yield from self._cutter.add_run(block, count)
        elif len(block) > _LONG_BLOCK and (middle := block.rfind(b"\n", 0, len(block) // 2) + 1):
            yield from self._take_block(block[:middle])
            yield from self._take_block(block[middle:])
        else:
            yield from self._take(block.splitlines(keepends=True), final=False)

    def _take(self, lines: list[bytes], *, final: bool) -> Iterator[Portion]:
        self._open_lines += lines
        self._open_size += sum(map(len, lines))
        if self._open_size < self._parse_from and not final:
            return
        lines, self._open_lines, self._open_size, self._parse_from = self._open_lines, [], 0, 0
        if not self.source.header:
            lines = self._take_header(lines, final=final)
        while lines:
            if not any(b'"' in line for line in lines):
                yield from self._cutter.add([line for line in lines if line.strip()])
                return
            rows, lines, is_open = quoted_rows(lines, self.source.delimiter)
            yield from self._cutter.add([row for row in rows if row.strip()])
            if is_open and not final and sum(map(len, lines)) <= self._max_row_bytes:
                self._keep_open(lines)
                return
            if lines:
                yield from self._alone(lines[0])
                lines = lines[1:]

    def _take_header(self, lines: list[bytes], *, final: bool) -> list[bytes]:
        """Read the header off the first lines; returns the lines behind it, none while it is not complete."""
        while lines and not lines[0].strip():
            lines = lines[1:]
        if not lines:
            return []
        delimiter = self._delimiter or _delimiter_of(lines[0])
        rows, rest, _ = quoted_rows(lines, delimiter, at_most=1)
        if rows:
            self.source = Source("csv", _clean_header(rows[0], delimiter), delimiter)
            return rest
        if final or sum(map(len, lines)) > self._max_row_bytes:
            raise InvalidPayloadError("The header opens a quote and never closes it")
        self._keep_open(lines)
        return []

    def _keep_open(self, lines: list[bytes]) -> None:
        """Keep the lines of a row whose quote is open; they are looked at again when as much again has come."""
        self._open_lines = lines
        self._open_size = sum(map(len, lines))
        self._parse_from = 2 * self._open_size if self._open_size > _LONG_ROW else 0

    def _alone(self, line: bytes) -> Iterator[Portion]:
        yield from self._cutter.cut()
        yield from self._cutter.add([line])
        yield from self._cutter.cut()


class LineSource:
    """Lines for the csv parser, which tells whether it asked for more than there are: then a quote is still open."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.taken = 0
        self.exhausted = False

    def __iter__(self) -> "LineSource":
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.exhausted = True
            raise
        self.taken += 1
        return line


def quoted_rows(
    lines: list[bytes], delimiter: str, at_most: int | None = None
) -> tuple[list[bytes], list[bytes], bool]:
    """The complete rows at the start of these lines (at most so many), the lines behind them, and why it ended there.

    True: the next row's quote is still open, and more lines may close it. False: its quotes do not match up.
    """
    source = LineSource(line.decode("latin-1") for line in lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    rows: list[bytes] = []
    start = 0
    while at_most is None or len(rows) < at_most:
        try:
            if next(reader, None) is None:
                break
        except csv.Error:
            return rows, lines[start:], source.exhausted
        rows.append(lines[start] if source.taken == start + 1 else b"".join(lines[start : source.taken]))
        start = source.taken
    return rows, lines[start:], True


def _rows_of_plain(block: bytes) -> int | None:
    """How many rows these whole lines are; None where that takes a closer look: quotes, blank lines, old Mac lines."""
    if b'"' in block or block[:1].isspace() or _MAYBE_BLANK.search(block):
        return None
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        return None
    return block.count(b"\n")


def _end_of_lines(buffer: bytes) -> int:
    """Where the last complete line ends; a carriage return at the very end may be half of a line's end."""
    newline = buffer.rfind(b"\n")
    carriage = buffer.rfind(b"\r", 0, len(buffer) - 1)
    return max(newline, carriage) + 1


def _delimiter_of(line: bytes) -> str:
    """The delimiter that occurs most outside of quotes in the header; a comma when none does."""
    bare = b"".join(line.split(b'"')[::2]).decode("latin-1")
    return max(DELIMITERS, key=bare.count)


def _clean_header(row: bytes, delimiter: str) -> list[str]:
    try:
        names = next(csv.reader(io.StringIO(row.decode(), newline=""), delimiter=delimiter), [])
    except UnicodeDecodeError as error:
        raise InvalidPayloadError(f"The file is not UTF-8 (byte {error.start + 1} of the header); save it so") from None
    names = [name.strip() for name in names]
    if len(names) > _MOST_COLUMNS:
        raise InvalidPayloadError(f"The header has {len(names)} columns; at most {_MOST_COLUMNS} are possible")
    if any("\0" in name for name in names):
        raise InvalidPayloadError("The header holds the character U+0000; is this a text file?")
    seen: dict[str, int] = {}
    for column, name in enumerate(names, 1):
        key = normal_title(name)
        if key and key in seen:
            raise InvalidPayloadError(f"The header names the column {name!r} twice: columns {seen[key]} and {column}")
        seen[key] = column
    return names
