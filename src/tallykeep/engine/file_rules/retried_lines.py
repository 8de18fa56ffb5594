"""The lines that retried rows had in the file they first came in."""

from collections.abc import Sequence
from dataclasses import replace

from tallykeep.core.batch import Batch, Source
from tallykeep.engine.file_rules.column_mapping import OURS
from tallykeep.formats.row_reader import read_rows

_LINE = OURS.index("line") - len(OURS)
_MAX_DIGITS = 15


def with_lines(batch: Batch, lines: Sequence[int | None]) -> Batch:
    """Return the batch whose rows began at these lines; as it is where one of them is not known."""
    pairs: list[int] = []
    following = None
    for row, line in enumerate(lines, batch.first_row):
        if line is None:
            return batch
        if line != following:
            pairs += (row, line)
        following = line + 1
    return replace(batch, lines=pairs or None)


def with_lines_of_column(batch: Batch, source: Source) -> Batch:
    """Return the batch of a file of failed rows, with the lines of its own column."""
    if source.format != "csv" or source.header[-len(OURS) :] != OURS:
        return batch
    at = len(source.header) + _LINE
    rows = read_rows(batch, source)
    return with_lines(batch, [_line_in(row.value, at) or batch.line_of(row.number) for row in rows])


def _line_in(cells: list[str] | None, at: int) -> int | None:
    cell = cells[at].strip() if cells and at < len(cells) else ""
    return int(cell) if cell.isascii() and cell.isdecimal() and len(cell) <= _MAX_DIGITS else None
