"""Whether commas or points stand before the decimals of a file's columns, as its first rows tell.

Found out once, at acceptance, of rows by their numbers: so the same file is read alike however it came in chunks, in
portions, and on the day of a retry.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, takewhile

from tallykeep.engine.pieces import may_be_in
from tallykeep.engine.rows import first_rows, raw_rows, read_rows
from tallykeep.model import Portion, Row, Source, Table

MOST_ROWS = 10_000
MOST_BYTES = 16 << 20  # of these rows, which are held in memory
_MANY_BYTES = 1 << 16
# Where a number may mean two: most files have none, and need no closer look. With the sign in front it is quickest.
_TWO_WAY = re.compile(rb"[.,]\d{3}(?!\d)(?<=\d.\d{3})")
_TWO_WAY_CELL = re.compile(r"(?<![\d.,])[1-9]\d{0,2}[.,]\d{3}(?![\d.,])", re.ASCII)

_LONGEST_TWO_WAY = 8  # with what is beside it
_CELLS_AT_A_TIME = 100

MarkOf = Callable[[Sequence[str]], str | None]


class DecimalMarks:
    """Takes a file's portions as they come, and tells the marks in the end.

    `mark_of` tells what stands before the decimals in the cells of one column. `known` are the marks of columns, by
    their index in the file's own header, whose cells are known to be numbers with such marks: those of workbooks. An
    empty one says that no cell can tell.
    """

    def __init__(self, mark_of: MarkOf | None, known: Mapping[int, str] | None = None) -> None:
        self._mark_of = mark_of
        self._known = dict(known or {})
        self._portions: list[Portion] = []
        self._rows_left = MOST_ROWS if mark_of is not None else 0
        self._bytes_left = MOST_BYTES
        self._is_unclear = False

    def take(self, portion: Portion, source: Source) -> Portion:
        """The portion as it is; its rows are kept in mind as long as they are among the first."""
        if self._rows_left > 0:
            held = _first_rows(portion, source, self._rows_left, self._bytes_left)
            self._rows_left = self._rows_left - held.row_count if held.row_count == portion.row_count else 0
            self._bytes_left -= len(held.body)
            self._portions.append(held)
            self._is_unclear = self._is_unclear or may_be_in(_TWO_WAY, held.body, _LONGEST_TWO_WAY)
        return portion

    async def found(self, source: Source) -> dict[int, str]:
        """The marks of columns by their index in the file's own header; many rows are read beside the event loop."""
        if sum(len(portion.body) for portion in self._portions) < _MANY_BYTES:
            return self.found_now(source)
        return await asyncio.to_thread(self.found_now, source)

    def found_now(self, source: Source) -> dict[int, str]:
        """The same at once."""
        known = {at: mark for at, mark in self._known.items() if mark}
        if not self._is_unclear or self._mark_of is None:
            return known
        columns = _columns([read_rows(portion, source) for portion in self._portions], len(source.header))
        found = {
            at: self._mark_of(cells)
            for at, cells in enumerate(columns)
            if at not in self._known and _is_any_two_way(cells)
        }
        return {at: mark for at, mark in found.items() if mark} | known


def _is_any_two_way(cells: list[str]) -> bool:
    return any(
        _TWO_WAY_CELL.search("\n".join(cells[start : start + _CELLS_AT_A_TIME]))
        for start in range(0, len(cells), _CELLS_AT_A_TIME)
    )


def _first_rows(portion: Portion, source: Source, count: int, size: int) -> Portion:
    """The portion, or its first rows if it has more rows or bytes than so many."""
    if portion.row_count <= count and len(portion.body) <= size:
        return portion
    sizes = accumulate(map(len, rows := raw_rows(portion, source)[:count]))
    fitting = sum(1 for _ in takewhile(size.__ge__, sizes))
    return first_rows(portion, rows[:fitting])


def _columns(portions: list[Sequence[Row]], width: int) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in range(width)]
    for rows in portions:
        if isinstance(rows, Table):
            found = rows.columns()
        else:
            read = [row.value for row in rows if row.problem is None]
            found = [[cells[at] for cells in read if at < len(cells)] for at in range(width)]
        for column, cells in zip(columns, found, strict=True):
            column.extend(cells)
    return columns


def with_marks(source: Source, marks: Mapping[int, str], earlier: Source | None) -> Source:
    """The source, whose columns are chosen already, with the marks of these columns of the file.

    Rows that are tried again are read as they were: the few that failed tell less than all of the file.
    """
    if source.format != "csv":
        return source
    if earlier is not None:
        return replace(source, decimal_marks=earlier.decimal_marks)
    indexes = source.kept if source.kept is not None else range(len(source.header))
    named = zip(source.header, indexes, strict=True)
    return replace(source, decimal_marks={title: marks[at] for title, at in named if title and at in marks})
