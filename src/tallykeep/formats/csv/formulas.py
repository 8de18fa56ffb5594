"""Cells that a spreadsheet would run as formulas, made text for who opens a file in one.

As OWASP recommends («CSV Injection»): an apostrophe before the cell, and every cell in quotes. Signs in full width
count, which spreadsheets in East Asian languages take for the others; and so does a sign behind what another program
may take for the end of a cell. Such a file is for reading: it does not hold exactly what is stored, and what was there
cannot be made of it again, for a cell may have had its apostrophe before. So a copy of rows says in its header what it
is, and is refused wherever rows are taken.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.formats.csv.titles import normal_title
from tallykeep.formats.csv.writer import CsvLines, csv_lines

COPY_TITLE = "Copy for a spreadsheet (not to be imported)"  # of a column without cells, which outlives a spreadsheet

_OPERATORS = r"=+\-@＝＋－＠"
# Which a program may drop; none of them ends a cell, so no run of them is gone through twice.
_BLANKS = r"[ \u00a0\u200b-\u200f\u2060\ufeff\x00]*+"
_FORMULA = re.compile(rf"\A(?=\x00|{_BLANKS}[{_OPERATORS}\t\r\n])|(?<=[,;|\t\r\n\"])(?={_BLANKS}[{_OPERATORS}])")


def harmless(cell: Any) -> str:
    """Return the cell as a text that no spreadsheet runs: the same text where none would run it anyway."""
    return _FORMULA.sub("'", str(cell))


def spreadsheet_lines(rows: Iterable[Iterable[Any]], delimiter: str = ",", *, quoted: bool = True) -> str:
    """Write rows as lines for a spreadsheet to open: like `csv_lines`, without formulas."""
    return csv_lines((map(harmless, cells) for cells in rows), delimiter, quoted=quoted)


def copy_titles(write: CsvLines) -> list[str]:
    """Return the titles that a file of rows has behind its own, where it is written to be opened in a spreadsheet."""
    return [COPY_TITLE] if write is spreadsheet_lines else []


def refuse_copy(titles: Iterable[str]) -> None:
    """Raise InvalidPayloadError for the titles of a copy: the apostrophes in its cells would be imported."""
    if normal_title(COPY_TITLE) in map(normal_title, titles):
        raise InvalidPayloadError(
            f"The header has the column {COPY_TITLE!r}: this file was downloaded with for=spreadsheet, and an"
            " apostrophe stands before cells that begin like a formula, which would be imported. Download it without"
            " that, make your changes there, and send that file"
        )


def for_spreadsheet(lines: str) -> str:
    """Return complete lines that we wrote, with commas between cells, for a spreadsheet to open."""
    return spreadsheet_lines(csv.reader(io.StringIO(lines, newline="")))
