"""Records of a delimited file: where each ends, by the rules of the parser that reads it, and which are blank."""

import csv
import io
import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from tallykeep.csv_text import DELIMITERS

# What str.isspace holds for blank, in UTF-8, the line feed aside.
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


class Records(NamedTuple):
    """The complete records at the start of some lines, the line that each begins at, and the lines behind them.

    `is_open` says why they end there. True: the next record's quote is still open, and more lines may close it. False:
    its quotes do not match up.
    """

    records: list[bytes]
    starts: list[int]
    rest: list[bytes]
    is_open: bool


def records_of(lines: list[bytes], delimiter: str, at_most: int | None = None) -> Records:
    """Find the complete records at the start of these lines, at most so many; a blank line is one, too."""
    source = LineSource(line.decode("latin-1") for line in lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    records: list[bytes] = []
    starts: list[int] = []
    start = 0
    while at_most is None or len(records) < at_most:
        try:
            if next(reader, None) is None:
                break
        except csv.Error:
            return Records(records, starts, lines[start:], source.exhausted)
        records.append(lines[start] if source.taken == start + 1 else b"".join(lines[start : source.taken]))
        starts.append(start)
        start = source.taken
    return Records(records, starts, lines[start:], True)


def is_blank(record: bytes, delimiter: str) -> bool:
    """Whether every cell of the record is empty or blank; cells may be quoted."""
    if record.isspace():
        return True
    if not _blank_record(delimiter).fullmatch(record):
        return False
    return b'"' not in record or not any(
        cell.strip() for cell in cells_of(record.decode("utf-8", "replace"), delimiter)
    )


def is_blank_somehow(line: bytes) -> bool:
    """Whether this line is blank, before it is known what stands between cells."""
    if line.isspace():
        return True
    if not _blank_record(DELIMITERS).fullmatch(line):
        return False
    return b'"' not in line or any(is_blank(line, delimiter) for delimiter in DELIMITERS)


def cells_of(record: str, delimiter: str) -> list[str]:
    """Read the cells of one record."""
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])


def may_hold_blank(block: bytes, delimiter: str) -> bool:
    """Whether one of these whole lines, in none of which there is a quote, is blank."""
    if _blank_line(delimiter).match(block):
        return True
    # Most lines begin with neither a blank nor a delimiter, which is found out many times as fast.
    return bool(_beginning_blank(delimiter).search(block)) and bool(_behind_a_line(delimiter).search(block))


@cache
def _blank_record(delimiters: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?:%s)*+" % (_BLANK % (re.escape(delimiters.encode()) + rb'"\n')))


@cache
def _blank_line(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?:%s)*+\n" % (_BLANK % re.escape(delimiter.encode())))


@cache
def _beginning_blank(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(rb"\n[ \t\v\f\r\n\x1c-\x1f\xc2\xe1-\xe3%s]" % re.escape(delimiter.encode()))


@cache
def _behind_a_line(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(rb"\n(?:%s)*+\n" % (_BLANK % re.escape(delimiter.encode())))


def delimiter_of(line: bytes) -> str:
    """The delimiter that occurs most outside of quotes in a header; a comma when none does."""
    bare = b"".join(line.split(b'"')[::2]).decode("latin-1")
    return max(DELIMITERS, key=bare.count)
