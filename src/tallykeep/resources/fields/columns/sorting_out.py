"""A file's rows, sorted out by column: those that are ready, those that fail, and those to be read by themselves."""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import NamedTuple, Protocol

from tallykeep.core.rows import Failure, Row, Table
from tallykeep.resources.fields.columns.cell_column import CellColumn, column_blocks, fitted, irregular_rows
from tallykeep.resources.fields.columns.flaws import UnexplainedError


class Block(Protocol):
    """Some of a file's rows, read column by column."""

    @property
    def texts(self) -> list[str]:
        """What is copied of each row; NEEDS_CARE is in those that are not ready."""

    def reason(self, at: int) -> str:
        """Say why a row fails, empty where it does not; raises UnexplainedError where its columns cannot tell."""


Read = Callable[[list[CellColumn]], Block]
Fail = Callable[[int, str, str], Failure]  # of a row's number, its key as it stands there, and the reason


class SortedOut(NamedTuple):
    """The rows that are ready, by their numbers, keys, texts, and the cells `beside` them, if such were asked for; the
    failures; all `others`. Each is in row order.
    """

    numbers: Sequence[int]
    keys: list[str]
    texts: list[str]
    beside: list[str]
    failures: list[Failure]
    others: list[Row]


def sort_out(
    rows: Sequence[Row], width: int, key_at: int | None, read: Read, fail: Fail, *, beside: int | None = None
) -> SortedOut:
    """Sort out the rows of a file of so many columns, that of the keys at `key_at`; without one, keys are empty.

    Of the rows that are ready, the cells of the column `beside` are kept as well, stripped.
    """
    regular, others = (rows, []) if isinstance(rows, Table) else fitted(rows, width)
    numbers = regular.numbers if isinstance(regular, Table) else [row.number for row in regular]
    sorting = _Sorting(regular, numbers, fail)
    for columns in column_blocks(regular):
        keys = [""] * len(columns[0].cells) if key_at is None else list(map(str.strip, columns[key_at].cells))
        sorting.add(keys, read(columns), [] if beside is None else list(map(str.strip, columns[beside].cells)))
        del columns  # what they take is for the next ones
    others = sorted([*others, *sorting.others], key=lambda row: row.number) if others else sorting.others
    return SortedOut(sorting.numbers, sorting.keys, sorting.texts, sorting.beside, sorting.failures, others)


class _Sorting:
    """Sorts out rows a block at a time."""

    def __init__(self, rows: Sequence[Row], numbers: Sequence[int], fail: Fail) -> None:
        self._rows = rows
        self._all_numbers = numbers
        self._fail = fail
        self._start = 0
        self.numbers: list[int] = []
        self.keys: list[str] = []
        self.texts: list[str] = []
        self.beside: list[str] = []
        self.failures: list[Failure] = []
        self.others: list[Row] = []

    def add(self, keys: list[str], block: Block, beside: list[str]) -> None:
        """Sort out the next rows."""
        texts = block.texts
        numbers = self._all_numbers[self._start : self._start + len(keys)]
        if irregular := irregular_rows(keys, texts):
            for at in sorted(irregular):
                self._take_out(at, numbers[at], keys[at], block)
            is_ready = bytearray(b"\1" * len(keys))
            for at in irregular:
                is_ready[at] = 0
            numbers, keys = list(compress(numbers, is_ready)), list(compress(keys, is_ready))
            texts, beside = list(compress(texts, is_ready)), list(compress(beside, is_ready))
        self._start += len(block.texts)
        self.numbers += numbers
        self.keys += keys
        self.texts += texts
        self.beside += beside

    def _take_out(self, at: int, number: int, key: str, block: Block) -> None:
        try:
            reason = block.reason(at)
        except UnexplainedError:
            reason = ""
        if reason:
            self.failures.append(self._fail(number, key, reason))
        else:
            self.others.append(self._rows[self._start + at])
