"""A process of its own that writes a sheet of a workbook as CSV: `python -m tallykeep.formats.xlsx.process`.

The workbook comes on standard input, a file. Standard output gets a line of JSON, which tells the sheet, the sizes of
all sheets, and which columns hold numbers; then a record for each of the sheet's rows from the first on, an empty line
for a blank one. What is wrong with the workbook goes to standard error, with the exit code REFUSED or TOO_LARGE. A
workbook of a few kilobytes can ask for more memory than there is, which ends the process; hence one of its own.
"""

import csv
import json
import os
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import BinaryIO, TextIO

from python_calamine import CalamineError, CalamineSheet, PasswordError, load_workbook

from tallykeep.formats.csv.header import header_score
from tallykeep.formats.xlsx.archive import Parts
from tallykeep.formats.xlsx.cell_marks import Mark, Marks, marks_of
from tallykeep.formats.xlsx.cell_text import Cell, cell_text, error_text, formatted_text
from tallykeep.formats.xlsx.number_format import NumberFormat
from tallykeep.formats.xlsx.sheet_choice import Choice, NoSuchSheetError, choose, first_texts

# The errors that reading a broken workbook raises.
BROKEN = (CalamineError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OverflowError, ValueError)

REFUSED = os.EX_DATAERR
TOO_LARGE = os.EX_NOPERM
MAX_LINE_LENGTH = 1 << 20  # of the JSON that tells what is taken

MAX_CPU_SECONDS = 300

_NICENESS = 10  # below that of who answers requests
_MAX_MESSAGE_LENGTH = 1_000
_BLOCK_ROWS = 1_000
_LIKE_THOUSANDS = re.compile(r"[^\d.,]*\d{1,3}[.,]\d{3}[^\d.,]*")

Cells = list[str]


def main(max_expanded_bytes: int, max_memory_bytes: int, sheet: str | None, titles: frozenset[str]) -> int:
    """Write standard input's workbook to standard output; returns the exit code."""
    _limit(resource.RLIMIT_AS, max_memory_bytes)
    _limit(resource.RLIMIT_CPU, MAX_CPU_SECONDS)
    os.nice(_NICENESS)
    _limit(resource.RLIMIT_CORE, 0)
    file = sys.stdin.buffer
    try:
        expanded = _expanded_size(file)
        if expanded > max_expanded_bytes:
            return _complain(f"The workbook expands to {expanded} bytes", TOO_LARGE)
        with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as output:
            _write(file, output, sheet, titles)
    except PasswordError:
        return _complain("The workbook is encrypted; save it without a password", REFUSED)
    except NoSuchSheetError as error:
        return _complain(f"The workbook {error}", REFUSED)
    except BROKEN as error:
        return _complain(f"The workbook cannot be read: {reason_of(error)}", REFUSED)
    return 0


def _limit(what: int, maximum: int) -> None:
    with suppress(ValueError, OSError):
        resource.setrlimit(what, (maximum, maximum))


def reason_of(error: Exception) -> str:
    """Say what is wrong with the workbook, in words that help; an error of a newer program is said by its name."""
    what, _, shown = str(error).partition("cell error value ")
    return f"a cell holds the error {shown}; correct it, or empty the cell" if what == "Unsupported " else str(error)


def _complain(message: str, code: int) -> int:
    sys.stderr.write(message[:_MAX_MESSAGE_LENGTH])
    return code


def _expanded_size(file: BinaryIO) -> int:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
    names = {entry.filename.lower() for entry in entries}
    if "xl/workbook.bin" in names:
        raise ValueError("it is a binary workbook (.xlsb); save it as .xlsx")
    if not any(name.startswith("xl/") for name in names):
        raise ValueError("it is a ZIP archive, but no XLSX; send a CSV file as it is, or compressed with gzip or zstd")
    file.seek(0)
    return sum(entry.file_size for entry in entries)


def _write(file: BinaryIO, output: TextIO, wanted: str | None, titles: frozenset[str]) -> None:
    with load_workbook(file) as workbook, zipfile.ZipFile(file) as archive:
        parts = Parts(archive)
        choice = choose(workbook, parts, wanted, titles)
        marks = _marks(parts, choice)
        line = json.dumps(_taken(choice))
        if len(line) > MAX_LINE_LENGTH:
            raise ValueError("the names of its sheets are too long")
        output.write(f"{line}\n")
        if choice.sheet is not None:
            write_csv(_blocks(choice.sheet, marks), output, _header_width(choice.sheet, titles))
        output.flush()


def first_rows(file: BinaryIO) -> Iterator[Cells]:
    """Yield the rows of the sheet that is read unless another is wanted, blank ones as empty lists."""
    with load_workbook(file) as workbook, zipfile.ZipFile(file) as archive:
        parts = Parts(archive)
        choice = choose(workbook, parts, None, frozenset())
        if choice.sheet is not None:
            yield from chain.from_iterable(_blocks(choice.sheet, _marks(parts, choice)))


def _marks(parts: Parts, choice: Choice) -> Marks:
    return Marks() if choice.sheet is None else marks_of(lambda: parts.open_sheet(choice.name), parts.formats())


def _taken(choice: Choice) -> dict[str, object]:
    sizes = [{"name": name, "rows": rows, "columns": columns} for name, rows, columns in choice.sizes]
    numeric, unclear = numeric_columns(choice.sheet)
    return {"name": choice.name, "sheets": sizes, "numeric_columns": numeric, "unclear_columns": unclear}


def numeric_columns(sheet: CalamineSheet | None) -> tuple[list[int], list[int]]:
    """Return the columns of numbers: those in which a point is a decimal point, and those with text like 1.250, too.

    What such a text means cannot be told by numbers, which have no marks in a workbook.
    """
    numeric, unclear = set[int](), set[int]()
    rows = iter(()) if sheet is None else sheet.iter_rows()
    while block := list(islice(rows, _BLOCK_ROWS)):
        for at, column in enumerate(zip(*block, strict=True)):
            types = set(map(type, column))
            if float in types or int in types:
                numeric.add(at)
            if str in types and at not in unclear and _has_like_thousands(column):
                unclear.add(at)
    return sorted(numeric - unclear), sorted(numeric & unclear)


def _has_like_thousands(cells: Sequence[Cell]) -> bool:
    texts = [cell for cell in cells if isinstance(cell, str)]
    joined = "".join(texts)
    return ("." in joined or "," in joined) and any(map(_LIKE_THOUSANDS.fullmatch, texts))


def _header_width(sheet: CalamineSheet, titles: frozenset[str]) -> int:
    """Count the cells of the likely header: the best known row, else the first that is not blank."""
    best, width = -1, 0
    for row in first_texts(sheet):
        filled = max((at for at, cell in enumerate(row, 1) if cell.strip()), default=0)
        if filled and (score := header_score(row, titles)) > best:
            best, width = score, filled
    return width


def _blocks(sheet: CalamineSheet, marks: Marks) -> Iterator[list[Cells]]:
    """Yield the sheet's rows as texts, some at a time, without blank cells at their ends, blank rows at its own."""
    blank = 0
    for rows in _marked_blocks(sheet, marks):
        texts = _texts(rows)
        filled = len(texts)
        while filled and not texts[filled - 1]:
            filled -= 1
        if filled:
            yield [*([] for _ in range(blank)), *texts[:filled]]
            blank = 0
        blank += len(texts) - filled


def _marked_blocks(sheet: CalamineSheet, marks: Marks) -> Iterator[list[list[Cell]]]:
    """Yield the rows of the sheet, the cells that have a mark as it says; and those below that have errors only."""
    left = 0 if sheet.start is None else sheet.start[1]
    marked_rows = marks.rows()
    marked, row_marks = next(marked_rows, (-1, []))
    rows, count = sheet.iter_rows(), 0
    while block := list(islice(rows, _BLOCK_ROWS)) or [[] for _ in range(min(marks.row_count - count, _BLOCK_ROWS))]:
        while 0 <= marked < count + len(block):
            _display(block[marked - count], row_marks, left)
            marked, row_marks = next(marked_rows, (-1, []))
        count += len(block)
        yield block


def _texts(rows: list[list[Cell]]) -> list[Cells]:
    """Return the rows' cells as texts, without blank ones at the end.

    Texts are made by column, of which most hold one type, where the rows are equally wide.
    """
    if len(set(map(len, rows))) > 1 or not rows[0]:
        return [_trimmed(list(map(cell_text, row))) for row in rows]
    columns = [_column_texts(column) for column in zip(*rows, strict=True)]
    texts = list(map(list, zip(*columns, strict=True)))
    return texts if all(map(str.strip, columns[-1])) else list(map(_trimmed, texts))


def _column_texts(cells: Sequence[Cell]) -> list[str]:
    return list(map(str if set(map(type, cells)) == {str} else cell_text, cells))


def _trimmed(texts: Cells) -> Cells:
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def _display(row: list[Cell], marks: list[Mark], left: int) -> None:
    for column, display in marks:
        at = column - left
        if isinstance(display, NumberFormat):
            if 0 <= at < len(row):
                row[at] = formatted_text(row[at], display)
        elif at >= 0:
            row += [""] * (at + 1 - len(row))
            row[at] = error_text(display)


def write_csv(blocks: Iterable[list[Cells]], output: TextIO, width: int) -> None:
    """Write the rows, at least so wide unless they are blank."""
    # Lines end with CR and LF, which makes the writer quote cells that hold one of them alone.
    writer = csv.writer(output)
    for rows in blocks:
        is_wide = min(map(len, rows)) >= width
        writer.writerows(rows if is_wide else [row + [""] * (width - len(row)) if row else row for row in rows])
    output.flush()


if __name__ == "__main__":
    options = json.loads(sys.argv[3])
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), options["sheet"], frozenset(options["titles"])))
