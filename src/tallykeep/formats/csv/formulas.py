"""Cells that a spreadsheet would run as formulas, made text for who opens a file in one.

As OWASP recommends («CSV Injection»): an apostrophe before the cell, and every cell in quotes. Signs in full width
count, which spreadsheets in East Asian languages take for the others; and so does a sign behind what another program
may take for the end of a cell. Such a file is for reading: it does not hold exactly what is stored.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from tallykeep.formats.csv.writer import csv_lines

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


def for_spreadsheet(lines: str) -> str:
    """Return complete lines that we wrote, with commas between cells, for a spreadsheet to open."""
    return spreadsheet_lines(csv.reader(io.StringIO(lines, newline="")))
