"""Cells of a workbook as texts of a CSV file.

A cell without a value that can be told is a marker: U+0000, which no cell can hold, then a word and a colon.
`error:#N/A` is a cell that holds an error; `digits:123456789012346000` is a whole number of more than 15 digits, of
which a workbook keeps no more, so that the others are not those that were typed.
"""

import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from tallykeep.formats.xlsx.number_format import NumberFormat
from tallykeep.formats.xlsx.number_format_section import general

_BEYOND_DIGITS = 10.0**15
_NO_NUMBER = "#NUM!"

Cell = str | float | bool | date | time | timedelta


def cell_text(cell: Cell) -> str:
    """Return the text of a cell that has no number format."""
    return _BY_TYPE[type(cell)](cell)


def formatted_text(cell: Cell, number_format: NumberFormat) -> str:
    """Return the text of a cell as its number format shows it."""
    if isinstance(cell, str):
        return number_format.text(cell) if cell and number_format.changes_text else cell
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        value = float(cell)
        return number_format.number(value) if math.isfinite(value) and not _loses_digits(value) else _number(value)
    return cell_text(cell)


def error_text(error: str) -> str:
    """Return the marker of a cell that holds an error."""
    return f"\0error:{error}"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return error_text(_NO_NUMBER)
    if _loses_digits(value):
        return f"\0digits:{Decimal(f'{value:.15g}'):f}"
    return general(value)


def _loses_digits(value: float) -> bool:
    return abs(value) >= _BEYOND_DIGITS and value.is_integer()


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _timestamp(value: datetime) -> str:
    if value.time() == time():
        return value.date().isoformat()
    return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")


def _duration(value: timedelta) -> str:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


_BY_TYPE: dict[type, Callable[..., str]] = {
    str: str,
    float: _number,
    int: lambda value: _number(float(value)),
    bool: _boolean,
    datetime: _timestamp,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _duration,
}
