"""Decimal marks: whether a file's columns have commas or points before decimals, as far as its first rows show.

Found out once, at acceptance, of rows by their numbers: so the same file is read alike however it came in chunks, in
batches, and on the day of a retry.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate, takewhile
from typing import NamedTuple

from tallykeep.core.batch import Batch, Source
from tallykeep.core.concurrency.side_thread import Aside
from tallykeep.core.rows import Row, Table
from tallykeep.formats.pieces import may_be_in
from tallykeep.formats.row_reader import first_rows, raw_rows, read_rows, split_rows

MAX_ROWS = 10_000
MAX_BYTES = 16 << 20  # of these rows
_WINDOW_BYTES = 1 << 16
# Where a number may mean two: most files have none, and need no parser. With the mark in front it is quickest. Behind a
# colon it is the milliseconds of a time.
_TWO_WAY = re.compile(rb"[.,]\d{3}(?!\d)(?<=\d.\d{3})(?<!:\d\d.\d{3})")
# The number that it is in has one to three digits in front, behind something else.
_TWO_WAY_CELL = re.compile(
    r"[.,]\d{3}(?![\d.,])(?:(?<=[^\d.,:][1-9].\d{3})|(?<=[^\d.,:][1-9]\d.\d{3})|(?<=[^\d.,:][1-9]\d\d.\d{3}))", re.ASCII
)

_MAX_TWO_WAY_LENGTH = 9  # with what is beside it
_CELLS_AT_A_TIME = 100

MarksOf = Callable[[Iterable[str]], frozenset[str]]


class _Noted(NamedTuple):
    """How many rows of a batch are among the first."""

    first_row: int
    rows: int


class DecimalMarks:
    """Takes a file's batches as they come, and returns the marks at the end.

    `marks_of` tells what stands before the decimals in the cells of one column. `known` are the marks of columns, by
    their index in the file's own header, whose cells are known to be numbers with such marks: those of workbooks. An
    empty one says that no cell can tell. The batches are not kept in memory: where their cells are needed after all,
    they are fetched again.
    """

    def __init__(self, marks_of: MarksOf | None, known: Mapping[int, str] | None = None) -> None:
        self._marks_of = marks_of
        self._known = dict(known or {})
        self._noted: list[_Noted] = []
        self._rows_left = MAX_ROWS if marks_of is not None else 0
        self._bytes_left = MAX_BYTES
        self._is_unclear = False
        self._marks_by_column: dict[int, set[str]] = {}
        self._unclear_columns: set[int] = set()

    def take(self, batch: Batch, source: Source) -> Batch:
        """Note the batch's rows as long as they are among the first; return the batch as it is."""
        if self._rows_left > 0:
            held = _first_rows(batch, source, self._rows_left, self._bytes_left)
            self._rows_left = self._rows_left - held.row_count if held.row_count == batch.row_count else 0
            self._bytes_left -= len(held.body)
            self._noted.append(_Noted(held.first_row, held.row_count))
            self._is_unclear = self._is_unclear or may_be_in(_TWO_WAY, held.body, _MAX_TWO_WAY_LENGTH)
        return batch

    async def resolve(
        self, source: Source, batch_at: Callable[[int], Awaitable[Batch | None]], aside: Aside
    ) -> dict[int, str]:
        """Return the marks of columns by their index in the file's own header; `batch_at` gets a first row's number."""
        for scan in self._scans():
            for noted in self._noted:
                batch = await batch_at(noted.first_row)
                for part in await aside(partial(_small_parts, batch, source, noted.rows)) if batch else []:
                    await aside(partial(scan, part, source))
        return self._marks()

    def resolve_now(self, source: Source, batches: Iterable[Batch]) -> dict[int, str]:
        """Return the same at once, of batches that are at hand."""
        rows = {noted.first_row: noted.rows for noted in self._noted}
        held = [batch for batch in batches if batch.first_row in rows] if self._is_unclear else []
        parts = [part for batch in held for part in _small_parts(batch, source, rows[batch.first_row])]
        for scan in self._scans():
            for part in parts:
                scan(part, source)
        return self._marks()

    def _scans(self) -> Iterator[Callable[[Batch, Source], None]]:
        """Yield what every part goes through: few files have unclear columns, and only these need the second scan."""
        if self._is_unclear:
            yield self._scan_for_unclear
        if self._unclear_columns:
            yield self._scan_for_marks

    def _scan_for_unclear(self, part: Batch, source: Source) -> None:
        for at, cells in enumerate(_columns(read_rows(part, source), len(source.header))):
            if at not in self._known and at not in self._unclear_columns and _is_any_two_way(cells):
                self._unclear_columns.add(at)

    def _scan_for_marks(self, part: Batch, source: Source) -> None:
        if self._marks_of is None:
            return
        columns = _columns(read_rows(part, source), len(source.header))
        for at in self._unclear_columns:
            self._marks_by_column.setdefault(at, set()).update(self._marks_of(columns[at]))

    def _marks(self) -> dict[int, str]:
        known = {at: mark for at, mark in self._known.items() if mark}
        return {at: next(iter(marks)) for at, marks in self._marks_by_column.items() if len(marks) == 1} | known


def _is_any_two_way(cells: list[str]) -> bool:
    return any(
        _TWO_WAY_CELL.search("\n" + "\n".join(cells[start : start + _CELLS_AT_A_TIME]))
        for start in range(0, len(cells), _CELLS_AT_A_TIME)
    )


def _first_rows(batch: Batch, source: Source, count: int, size: int) -> Batch:
    """Return the batch, or its first rows if it has more rows or bytes than so many."""
    if batch.row_count <= count and len(batch.body) <= size:
        return batch
    sizes = accumulate(map(len, rows := raw_rows(batch, source)[:count]))
    fitting = sum(1 for _ in takewhile(size.__ge__, sizes))
    return first_rows(batch, rows[:fitting])


def _small_parts(batch: Batch, source: Source, rows: int) -> list[Batch]:
    """Cut the first rows of the batch into parts that take little memory to be read."""
    first = _first_rows(batch, source, rows, len(batch.body))
    return split_rows(first, source, -(-len(first.body) // _WINDOW_BYTES)) if first.row_count > 1 else [first]


def _columns(rows: Sequence[Row], width: int) -> list[list[str]]:
    if isinstance(rows, Table):
        return [list(column) for column in rows.columns()]
    read = [row.value for row in rows if row.problem is None]
    return [[cells[at] for cells in read if at < len(cells)] for at in range(width)]


def with_marks(source: Source, marks: Mapping[int, str], earlier: Source | None) -> Source:
    """Return the source, whose columns are chosen already, with the marks of these columns of the file.

    Rows that are tried again are read as they were: the few that failed tell less than all of the file.
    """
    if source.format != "csv":
        return source
    if earlier is not None:
        return replace(source, decimal_marks=earlier.decimal_marks)
    indexes = source.kept if source.kept is not None else range(len(source.header))
    named = zip(source.header, indexes, strict=True)
    return replace(source, decimal_marks={title: marks[at] for title, at in named if title and at in marks})
