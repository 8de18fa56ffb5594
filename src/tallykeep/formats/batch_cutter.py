"""Cutting: rows are gathered into batches of bounded size, numbered as they come."""

from collections.abc import Collection, Iterator

from tallykeep.core.batch import NUMBER_BYTES, Batch
from tallykeep.core.errors import InvalidPayloadError

_MAX_BLANK_BYTES = 128 << 20
_OBJECT_BYTES = 41  # of a row in bytes of its own, beside these, and of its place in a list


class BatchCutter:
    """Gathers the bytes of consecutive rows and hands out batches of at most `max_rows` rows.

    A batch also ends with the row that brings it to `max_bytes`, so its size is bounded by that plus one row.
    """

    def __init__(self, *, max_rows: int, max_bytes: int, separator: bytes = b"") -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._separator = separator
        self._rows: list[bytes] = []
        self._count = 0  # of rows within runs, beyond one each
        self._size = 0
        self._taken_bytes = 0
        self._lines: list[int] = []  # of the batch, as it has them
        self._next_line = 0  # of a row that follows the one before
        self._broken: list[int] = []
        self.next_row = 1

    def add(self, rows: list[bytes], lines: list[int] | None = None, broken: Collection[int] = ()) -> Iterator[Batch]:
        """Take rows, and the line that each begins at in its file, and yield the batches that are full.

        `broken` are the indexes of lines whose quotes do not match up; no separator goes with them.
        """
        for index, row in enumerate(rows):
            if lines is not None:
                self._note_line(lines[index], 1)
            if index in broken:
                self._broken.append(self._size)
            self._rows.append(row)
            self._size += len(row)
            self._taken_bytes += len(row)
            if self.rows_left <= 0 or self._size >= self._max_bytes:
                yield from self.cut()

    def add_many(self, rows: list[bytes], lines: list[int]) -> Iterator[Batch]:
        """Take rows, and the line that each begins at, as many in one step as the batch has room for."""
        at = 0
        while at < len(rows):
            some, numbers = rows[at : at + self.rows_left], lines[at : at + self.rows_left]
            size = sum(map(len, some))
            at += len(some)
            if self._size + size >= self._max_bytes:
                yield from self.add(some, numbers)
                continue
            self._note_lines(numbers)
            self._rows += some
            self._size += size
            self._taken_bytes += size
            if self.rows_left <= 0:
                yield from self.cut()

    def add_run(self, run: bytes, count: int, line: int | None = None) -> Iterator[Batch]:
        """Take a number of rows, at most `max_rows`, in one piece with their separators, one per line from `line`."""
        if count > self.rows_left:
            yield from self.cut()
        if line is not None:
            self._note_line(line, count)
        self._rows.append(run)
        self._size += len(run)
        self._taken_bytes += len(run)
        self._count += count - 1
        if self.rows_left <= 0 or self._size >= self._max_bytes:
            yield from self.cut()

    def _note_line(self, line: int, count: int) -> None:
        if line != self._next_line or not self._rows:
            self._lines += (self.row_number, line)
        self._next_line = line + count

    def _note_lines(self, lines: list[int]) -> None:
        before = self._next_line - 1 if self._rows else None
        for at, line in enumerate(lines, self.row_number):
            if before is None or line != before + 1:
                self._lines += (at, line)
            before = line
        self._next_line = lines[-1] + 1

    def is_for(self, count: int) -> bool:
        """Whether batches stay about as large as allowed if this many rows are added at once."""
        return count <= max(self.rows_left, self._max_rows // 8)

    def refuse_blanks(self, passed_bytes: int) -> None:
        """Raise InvalidPayloadError where too much of what was passed is no row: a small file may expand to that."""
        blank_bytes = passed_bytes - self._taken_bytes
        if blank_bytes > max(_MAX_BLANK_BYTES, self._taken_bytes):
            raise InvalidPayloadError(
                f"More than {_MAX_BLANK_BYTES >> 20} MiB are blanks or blank lines, more than all rows before"
                f" row {self.row_number} together; leave them out"
            )

    @property
    def gathered(self) -> int:
        """About how many bytes of memory is taken by what waits for the batch to be full."""
        numbers = len(self._lines) + len(self._broken)
        return self._size + _OBJECT_BYTES * len(self._rows) + NUMBER_BYTES * numbers

    @property
    def rows_left(self) -> int:
        """How many more rows the batch may have."""
        return self._max_rows - len(self._rows) - self._count

    def cut(self) -> Iterator[Batch]:
        """Yield what has been gathered, if anything, as a batch."""
        if self._rows:
            count = len(self._rows) + self._count
            yield Batch(self.next_row, count, self._separator.join(self._rows), self._lines or None,
                          self._broken or None)  # fmt: skip
            self.next_row += count
            self._rows, self._count, self._size, self._lines, self._broken = [], 0, 0, [], []

    @property
    def row_number(self) -> int:
        """The number the next row will get."""
        return self.next_row + len(self._rows) + self._count


def row_too_long(number: int, max_bytes: int) -> InvalidPayloadError:
    """Make the error for a row that does not fit."""
    return InvalidPayloadError(
        f"Row {number} is longer than {max_bytes} bytes; split it, or raise TALLYKEEP_MAX_ROW_BYTES"
    )
