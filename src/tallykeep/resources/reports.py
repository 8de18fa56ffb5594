"""Lines of a bulk update's report file: the resource's key, whether it was found, whether updated, what went wrong."""

import csv
import io
from dataclasses import dataclass

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=False)
class ReportLine:
    """What became of one row."""

    row: int
    key: str
    found: bool
    updated: bool
    error: str = ""


def report_text(lines: list[ReportLine]) -> str:
    """The lines as CSV, in row order; a key that a spreadsheet would run as a formula is made text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for line in sorted(lines, key=lambda line: line.row):
        writer.writerow([_harmless(line.key), _word(line.found), _word(line.updated), _harmless(line.error)])
    return text.getvalue()


def _word(value: bool) -> str:
    return "true" if value else "false"


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
