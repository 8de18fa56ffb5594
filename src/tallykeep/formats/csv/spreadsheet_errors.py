"""Cells with a spreadsheet program's error, or a number whose digits it has lost: their rows fail.

A workbook's reader marks such cells (see formats/xlsx/process.py). A CSV file that was saved out of a workbook has the
errors as text.
"""

import re
from collections.abc import Iterable, Sequence

from tallykeep.core.rows import Row, Table

ERROR_MARK = "\0error:"
DIGITS_MARK = "\0digits:"
_DIGITS_SHOWN = "#DIGITS!"
_OTHER_SHOWN = "#ERROR! "  # in front of what no spreadsheet program has a word for

_ERROR = (
    r"#(?:N/A(?: N/A)?|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|PYTHON!"
    r"|EXTERNAL!|UNKNOWN!|GETTING_DATA)"
)
_CELL = re.compile(rf"{_ERROR}|{_DIGITS_SHOWN}\d+|{_OTHER_SHOWN}.+", re.ASCII)
_SOMEWHERE = re.compile(f"{_ERROR}|{_DIGITS_SHOWN}|{_OTHER_SHOWN}".encode())


def has_marks(body: bytes) -> bool:
    """Whether a workbook's reader marked any cell of these rows."""
    return b"\0" in body and (ERROR_MARK.encode() in body or DIGITS_MARK.encode() in body)


def may_hold_errors(body: bytes) -> bool:
    """Whether any cell of these rows may be one that is refused: quick for the many files without any."""
    return (b"#" in body and _SOMEWHERE.search(body) is not None) or has_marks(body)


def unmarked(cells: Iterable[str]) -> list[str]:
    """Show cells that a workbook's reader marked as people see them: #N/A, or #DIGITS! in front of the number."""
    return [_unmarked(cell) if cell.startswith("\0") else cell for cell in cells]


def _unmarked(cell: str) -> str:
    if cell.startswith(DIGITS_MARK):
        return _DIGITS_SHOWN + cell.removeprefix(DIGITS_MARK)
    if not cell.startswith(ERROR_MARK):
        return cell
    error = cell.removeprefix(ERROR_MARK)
    return error if error.startswith("#") else _OTHER_SHOWN + error


def refuse_errors(rows: Sequence[Row], header: Sequence[str]) -> Sequence[Row]:
    """Return the rows; those with such a cell under one of these titles have the reason why they fail."""
    plain = list(rows) if isinstance(rows, Table) else rows
    for row in plain:
        if row.problem is None and isinstance(row.value, list):
            row.problem = "; ".join(_reasons(row.value, header)) or None
    return plain


def _reasons(cells: list[str], header: Sequence[str]) -> list[str]:
    return [
        _reason(title or f"column {column}", cell.strip())
        for column, (title, cell) in enumerate(zip(header, cells, strict=False), 1)
        if cell[:1] in ("#", " ") and _CELL.fullmatch(cell.strip())
    ]


def _reason(title: str, cell: str) -> str:
    if cell.startswith(_DIGITS_SHOWN):
        number = cell.removeprefix(_DIGITS_SHOWN)
        return (
            f"{title}: a workbook keeps 15 digits of a number; format the column as text and enter it again"
            f" (actual value is '{number}')"
        )
    if cell.startswith(_OTHER_SHOWN):
        error = cell.removeprefix(_OTHER_SHOWN)
        return f"{title}: the cell holds {error}; open the file in a spreadsheet program, save it, and send it again"
    return f"{title}: the cell holds a spreadsheet's error; correct it, or empty the cell (actual value is '{cell}')"
