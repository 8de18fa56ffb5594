"""Rows as they are read, and the failures that some of them end in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

_BLOCK_CELLS = 8_000
_BLOCK_CHARACTERS = 1 << 19


@dataclass(slots=True)
class Row:
    """One row: its number, and either its content or the reason why it cannot be read; both if it is too wide."""

    number: int
    value: Any = None
    problem: str | None = None


class Table(Sequence[Row]):
    """Rows of a file that need no parser: one cell for every title; cells are made when asked for.

    Cells hold anything but the `delimiter`, which is not the file's own where some were in quotes.

    `lines` have no ends. Of the `width` cells of each only those at `kept` count; `numbers` are the rows' own.
    """

    __slots__ = ("delimiter", "kept", "lines", "numbers", "width")

    def __init__(
        self, numbers: Sequence[int], lines: list[str], *, delimiter: str, width: int, kept: Sequence[int]
    ) -> None:
        self.numbers = numbers
        self.lines = lines
        self.delimiter = delimiter
        self.width = width
        self.kept = kept

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> "Table": ...

    def __getitem__(self, index: int | slice) -> "Row | Table":
        if isinstance(index, slice):
            return self.of(self.numbers[index], self.lines[index])
        cells = self.lines[index].split(self.delimiter)
        return Row(self.numbers[index], [cells[at] for at in self.kept])

    def of(self, numbers: Sequence[int], lines: list[str]) -> "Table":
        """Return other rows of the same form."""
        return Table(numbers, lines, delimiter=self.delimiter, width=self.width, kept=self.kept)

    def columns(self) -> list[list[str]]:
        """Return a list of cells for each title."""
        cells = self.delimiter.join(self.lines).split(self.delimiter)
        return [cells[at :: self.width] for at in self.kept]

    def blocks(self) -> Iterator["Table"]:
        """Yield the same rows in parts whose cells fit into a core's own cache, which halves what going over them
        takes; of long cells in so many that copies of them take little memory.
        """
        size = sum(map(len, self.lines))
        rows = min(block_rows(self.width), max(len(self) * _BLOCK_CHARACTERS // max(size, 1), 1))
        for start in range(0, len(self), rows):
            yield self[start : start + rows]


def block_rows(width: int) -> int:
    """Return of how many rows the cells, so many in each, fit into a core's own cache with what becomes of them."""
    return max(_BLOCK_CELLS // max(width, 1), 1)


@dataclass(frozen=True, slots=True)
class Failure:
    """The outcome of a row that failed; a row without one, in a closed batch, is done."""

    row: int
    key: str | None
    reason: str
    error_key: str | None = None
