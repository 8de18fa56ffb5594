"""A process of its own that writes the first sheet of a workbook as CSV: `python -m tallykeep.engine.sheet`.

The workbook comes on standard input, a file; the rows go to standard output, the header quoted throughout. What is
wrong with the workbook goes to standard error, with the exit code REFUSED or TOO_LARGE. A workbook of a few kilobytes
can ask for more memory than there is, which ends the process; therefore it is one of its own.
"""

import csv
import os
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import BinaryIO, TextIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

REFUSED = os.EX_DATAERR
TOO_LARGE = os.EX_NOPERM

_MOST_CPU_SECONDS = 300
_LONGEST_MESSAGE = 500
_DIGITS = 15  # so many of a number's digits are kept by spreadsheet programs

Cell = str | float | bool | date | time | timedelta
Cells = list[str]


def main(max_expanded_bytes: int, max_memory_bytes: int) -> int:
    """Write standard input's workbook to standard output; returns the exit code."""
    _limit(resource.RLIMIT_AS, max_memory_bytes)
    _limit(resource.RLIMIT_CPU, _MOST_CPU_SECONDS)
    _limit(resource.RLIMIT_CORE, 0)
    file = sys.stdin.buffer
    try:
        expanded = _expanded_size(file)
        if expanded > max_expanded_bytes:
            return _told(f"The workbook expands to {expanded} bytes", TOO_LARGE)
        # Both ends of a line make the writer quote cells that hold one of them alone.
        with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as output:
            write_csv(first_rows(file), output)
    except PasswordError:
        return _told("The workbook is encrypted; save it without a password", REFUSED)
    except (CalamineError, zipfile.BadZipFile, ValueError) as error:
        return _told(f"The workbook cannot be read: {error}", REFUSED)
    return 0


def _limit(what: int, most: int) -> None:
    with suppress(ValueError, OSError):
        resource.setrlimit(what, (most, most))


def _told(message: str, code: int) -> int:
    sys.stderr.write(message[:_LONGEST_MESSAGE])
    return code


def _expanded_size(file: BinaryIO) -> int:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
    if not any(entry.filename.lower().startswith("xl/") for entry in entries):
        raise ValueError("it is a ZIP archive, but no XLSX; send a CSV file as it is, or compressed with gzip or zstd")
    file.seek(0)
    return sum(entry.file_size for entry in entries)


def first_rows(file: BinaryIO) -> Iterator[Cells]:
    """The rows of the first visible sheet that has any, blank ones left out; none where there is no such sheet."""
    with load_workbook(file) as workbook:
        for sheet in workbook.sheets_metadata:
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet:
                rows = _rows(workbook.get_sheet_by_name(sheet.name))
                first = next(rows, None)
                if first is not None:
                    yield first
                    yield from rows
                    return


def _rows(sheet: CalamineSheet) -> Iterator[Cells]:
    for row in sheet.iter_rows():
        cells = list(map(cell_text, row))
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield cells


def write_csv(rows: Iterable[Cells], output: TextIO) -> None:
    """Write the header quoted throughout, so that it shows the delimiter, and the rows at least as wide."""
    every = iter(rows)
    header = next(every, None)
    if header is not None:
        csv.writer(output, quoting=csv.QUOTE_ALL).writerow(header)
        width = len(header)
        # Lines end with CR and LF, which makes the writer quote cells that hold one of them alone.
        csv.writer(output).writerows(cells + [""] * (width - len(cells)) for cells in every)
    output.flush()


def cell_text(cell: Cell) -> str:
    """A cell as it would stand in a CSV file."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return _number(cell)
    if isinstance(cell, datetime):
        return _moment(cell)
    return _duration(cell) if isinstance(cell, timedelta) else cell.isoformat()


def _number(value: float) -> str:
    if value == int(value):
        return str(int(value))
    text = format(Decimal(f"{value:.{_DIGITS}g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(value: datetime) -> str:
    if value.time() == time():
        return value.date().isoformat()
    return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")


def _duration(value: timedelta) -> str:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
