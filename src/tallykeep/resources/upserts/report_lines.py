"""Lines of a bulk update's report file: the resource's key, whether it was found, whether updated, what went wrong."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from tallykeep.formats.csv.writer import csv_lines

_NEEDS_CARE = re.compile(r'[",\r\t]|^[=+\-@＝＋－＠]', re.MULTILINE)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class ReportLine(NamedTuple):
    """The outcome of one row."""

    row: int
    key: str
    found: bool
    updated: bool
    error: str = ""


def report_text(lines: list[ReportLine], updated: Mapping[int, str] | None = None) -> str:
    """The lines as CSV, in row order; a key that a spreadsheet would run as a formula is made text.

    `updated` has the keys of resources that were found and updated by their rows, in row order.
    """
    keys = updated or {}
    if not lines and not _NEEDS_CARE.search("\n".join(keys.values())):
        return "".join([f"{key},true,true\n" for key in keys.values()])
    lines = lines + [ReportLine(row, key, found=True, updated=True) for row, key in keys.items()]
    return csv_lines(
        [_harmless(line.key), _word(line.found), _word(line.updated), _harmless(line.error)]
        for line in sorted(lines, key=lambda line: line.row)
    )


def _word(value: bool) -> str:
    return "true" if value else "false"


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
