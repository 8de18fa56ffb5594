"""CSV as we write it: it reads back to the same cells, by our own reader as by others."""

import csv
from collections.abc import Iterable
from typing import Any, Protocol

from tallykeep.core.options.file_limits import DELIMITERS

# The byte order mark of downloads, so that spreadsheet programs read UTF-8; it is dropped when they are sent back.
BYTE_ORDER_MARK = "\ufeff"

_END = "\r\n"  # makes the writer quote cells that hold one of the two alone


class CsvLines(Protocol):
    """Writes rows as lines: exactly (`csv_lines`), or for a spreadsheet to open (`spreadsheet_lines`)."""

    def __call__(self, rows: Iterable[Iterable[Any]], delimiter: str = ",", *, quoted: bool = ...) -> str:
        """Return the lines; with `quoted`, every cell is in quotes."""
        ...


class _Lines(list[str]):
    """Takes the writer's lines, each in one call."""

    write = list.append


def csv_line(cells: Iterable[Any], delimiter: str = ",", *, quoted: bool = False) -> str:
    """Write one row as a line; with `quoted`, quote every cell."""
    return csv_lines([cells], delimiter, quoted=quoted)


def csv_lines(rows: Iterable[Iterable[Any]], delimiter: str = ",", *, quoted: bool = False) -> str:
    """Write rows as lines. Our own reader takes those of blanks alone for none."""
    lines = _Lines()
    csv.writer(
        lines, delimiter=delimiter, lineterminator=_END, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    ).writerows(rows)
    return "".join([f"{line.removesuffix(_END)}\n" for line in lines])


def header_line(titles: Iterable[str], delimiter: str = ",", write: CsvLines = csv_lines) -> str:
    """Write a file's first line; quoted throughout where a title holds what might be taken for the delimiter."""
    header = list(titles)
    others = set(DELIMITERS) - {delimiter}
    if any(others.intersection(title) for title in header):
        return write([header], delimiter, quoted=True)
    return write([header], delimiter)
