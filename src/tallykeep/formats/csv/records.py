"""Records of a delimited file: where each ends, by the rules of the parser that reads it, and which are blank."""

import csv
import io
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import NamedTuple

from tallykeep.core.options.file_limits import DELIMITERS

# The characters that str.isspace takes for blank, in UTF-8, without the line feed.
_BLANK = (
    rb"[ \t\v\f\r\x1c-\x1f%s]++|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
)

# Rows are limited by max_row_bytes; the parser's own limit on a field (131,072) would only add a second answer.
csv.field_size_limit(1 << 30)


class LineSource:
    """Lines for the csv parser, which tells whether it asked for more than there are: then a quote is still open."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.taken = 0
        self.size = 0  # of the lines taken, in characters
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
        self.size += len(line)
        return line


class Records(NamedTuple):
    """The complete records among some lines, the line that each begins at, and the first line behind them.

    `is_open` says why they end there. True: the next record's quote is still open, and more lines may close it. False:
    its quotes do not match up. `seen` is the line behind those that were examined to find that out.
    """

    records: list[bytes]
    starts: list[int]
    end: int
    is_open: bool
    seen: int


def records_of(lines: list[bytes], delimiter: str, max_records: int | None = None, *, start: int = 0) -> Records:
    """Find the complete records of these lines, from `start` on, at most so many; a blank line is one, too."""
    source = LineSource(lines[at].decode("latin-1") for at in range(start, len(lines)))
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    records: list[bytes] = []
    starts: list[int] = []
    at = start
    while max_records is None or len(records) < max_records:
        try:
            if next(reader, None) is None:
                break
        except csv.Error:
            return Records(records, starts, at, source.exhausted, start + source.taken)
        end = start + source.taken
        records.append(lines[at] if end == at + 1 else b"".join(lines[at:end]))
        starts.append(at)
        at = end
    return Records(records, starts, at, True, at)


def count_records(block: bytes, delimiter: str) -> int | None:
    """Count the records of complete lines; None if a quote is open at the end, or quotes do not match up."""
    lines = io.StringIO(block.decode("latin-1"), newline="\n")
    try:
        return sum(1 for _ in csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None


class Cut(NamedTuple):
    """All records of some lines, the line that each begins at, and the first line behind them.

    `broken` are the indexes of those whose quotes do not match up.
    """

    records: list[bytes]
    starts: list[int]
    broken: set[int]
    end: int


def cut_records(lines: list[bytes], delimiter: str, max_open: int) -> Cut:
    """Cut lines into records; one whose quotes do not match up is a record by itself, and so swallows none behind it.

    It ends in front of a record whose quote is open at the end, which more lines may close, unless that has more than
    `max_open` bytes. No line is parsed more than three times, whatever the quotes.
    """
    cut = Cut([], [], set(), 0)
    while cut.end < len(lines):
        complete = records_of(lines, delimiter, start=cut.end)
        cut.records.extend(complete.records)
        cut.starts.extend(complete.starts)
        if complete.end == len(lines):
            return cut._replace(end=complete.end)
        # What was parsed leaves a quote open that was open before, all but the last line where that is at fault. So
        # records that begin in between with one line, and leave a quote open, have all the same end as the first.
        last = len(lines) if complete.is_open else max(complete.seen - 1, complete.end + 1)
        left = sum(map(len, islice(lines, complete.end, None))) if complete.is_open else max_open + 1
        end = _cut_open(cut, lines, delimiter, complete.end, last, left - max_open if complete.is_open else None)
        cut = cut._replace(end=end)
        if end < last:
            return cut
    return cut


def _cut_open(cut: Cut, lines: list[bytes], delimiter: str, first: int, last: int, surplus: int | None) -> int:
    """Take the lines from `first`, which leaves a quote open, up to `last` one by one; returns where that ended.

    Those that leave a quote open are broken. With a `surplus`, so many bytes too many have been left open, and a record
    that begins behind them may be closed yet.
    """
    for at in range(first, last):
        line = lines[at]
        is_complete, is_open = (False, True) if at == first else _fate_of(line, delimiter)
        if is_open and surplus is not None and surplus <= 0:
            return at
        if not is_complete:
            cut.broken.add(len(cut.records))
        cut.records.append(line)
        cut.starts.append(at)
        surplus = None if surplus is None else surplus - len(line)
    return last


def _fate_of(line: bytes, delimiter: str) -> tuple[bool, bool]:
    """Whether this line is a record, and if not, whether it leaves a quote open."""
    if b'"' not in line:
        return True, False
    complete = records_of([line], delimiter)
    return bool(complete.records), not complete.records and complete.is_open


def records_in(body: bytes, delimiter: str) -> list[bytes]:
    """Return the records of a body that consists of complete ones."""
    source = LineSource(io.StringIO(body.decode("latin-1"), newline=""))
    records: list[bytes] = []
    start = 0
    with suppress(csv.Error):
        for _ in csv.reader(source, delimiter=delimiter, strict=True):
            records.append(body[start : source.size])
            start = source.size
    return records


def is_blank(record: bytes, delimiter: str) -> bool:
    """Whether every cell of the record is empty or blank; cells may be quoted."""
    if record.isspace():
        return True
    if not _blank_record(delimiter).fullmatch(record):
        return False
    return b'"' not in record or not any(
        cell.strip() for cell in cells_of(record.decode("utf-8", "replace"), delimiter)
    )


def blank_among(records: list[bytes], delimiter: str) -> set[bytes]:
    """Return those of these records, none of them empty, of which every cell is empty or blank."""
    first_bytes = _first_bytes_of_blank(delimiter)
    return {record for record in set(records) if record[0] in first_bytes and is_blank(record, delimiter)}


@cache
def _first_bytes_of_blank(delimiter: str) -> frozenset[int]:
    return frozenset(b' \t\v\f\r\n\x1c\x1d\x1e\x1f\xc2\xe1\xe2\xe3"' + delimiter.encode())


def is_blank_somehow(line: bytes) -> bool:
    """Whether this line is blank, before the delimiter is known."""
    if line.isspace():
        return True
    if not _blank_record(DELIMITERS).fullmatch(line):
        return False
    return b'"' not in line or any(is_blank(line, delimiter) for delimiter in DELIMITERS)


def cells_of(record: str, delimiter: str) -> list[str]:
    """Read the cells of one record."""
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])


def may_hold_blank(block: bytes, delimiter: str) -> bool:
    """Whether any of these complete lines holds nothing but blanks, delimiters and quotes: most of such are blank."""
    if _blank_line(delimiter).match(block):
        return True
    # Most lines begin with neither a blank nor a delimiter, which is found out many times as fast.
    return bool(_begins_blank(delimiter).search(block)) and bool(_behind_a_line(delimiter).search(block))


@cache
def _blank_record(delimiters: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?:%s)*+" % (_BLANK % (re.escape(delimiters.encode()) + rb'"\n')))


@cache
def _blank_line(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?:%s)*+\n" % (_BLANK % (re.escape(delimiter.encode()) + b'"')))


@cache
def _begins_blank(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(rb"\n[ \t\v\f\r\n\x1c-\x1f\xc2\xe1-\xe3%s\"]" % re.escape(delimiter.encode()))


@cache
def _behind_a_line(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(rb"\n(?:%s)*+\n" % (_BLANK % (re.escape(delimiter.encode()) + b'"')))


def delimiter_of(line: bytes) -> str:
    """Return the delimiter that occurs most outside of quotes in a header; a comma when none does."""
    bare = b"".join(line.split(b'"')[::2]).decode("latin-1")
    return max(DELIMITERS, key=bare.count)
