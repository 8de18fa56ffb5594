"""Batches of an action's rows, and how they are written."""

from bisect import bisect_right
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from tallykeep.core.options.submission_options import SubmissionOptions

NUMBER_BYTES = 40  # of an int, and of its place in a list


@dataclass(frozen=True, slots=True)
class Source:
    """The format of an action's batches, determined once at acceptance and kept with the action.

    `format` is csv, json (elements of an array), ndjson or planned. `header` titles the cells of a row as it is read;
    where columns of the file are left out, `kept` lists the others by their index among the file's `width` columns.
    Where any were renamed or left out, `file_header` is the file's own header. `repeated` are the columns
    whose title stands further left, too. `defaults` and `values`, by title, are what cells are filled with when rows
    are read to be applied. `decimal_marks`, by title, are what stands before decimals in the columns whose first cells
    tell; `last_day_counts` is the submission option. `parameters` are what the request said of all rows: what its path
    means, and what its body has beside keys.

    Of a file: the `charset` it came in, the line or the sheet's row of its header, and how many rows that were not
    blank are skipped above it; of a workbook, the `sheet`.
    """

    format: str
    header: list[str] = field(default_factory=list)
    delimiter: str = ","
    parameters: dict[str, Any] = field(default_factory=dict)
    kept: list[int] | None = None
    width: int = 0
    file_header: list[str] | None = None
    repeated: list[int] = field(default_factory=list)
    defaults: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    charset: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    skipped_rows: int = 0
    decimal_marks: dict[str, str] = field(default_factory=dict)
    last_day_counts: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the form that is stored in async_actions.source."""
        return {name: getattr(self, name) for name in _SOURCE_FIELDS}  # not copied, since it is only written down


_SOURCE_FIELDS = tuple(each.name for each in fields(Source))


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of one action as they came, with the number of the first; rows count from 1.

    `lines` tells where in the file they began: pairs of a row and its line; the rows up to the next pair begin one line
    after the other. None where rows have no lines, as elements of a JSON array.

    `broken` are the places in the body, in their order, at which rows begin that are one line of a file each, with
    quotes that do not match up. What the splitter found so is not looked at again when the batch is read.
    """

    first_row: int
    row_count: int
    body: bytes
    lines: list[int] | None = None
    broken: list[int] | None = None

    @property
    def held_bytes(self) -> int:
        """Return about how many bytes of memory it takes: beside very short rows, their lines take most of it."""
        return len(self.body) + NUMBER_BYTES * (len(self.lines or ()) + len(self.broken or ()))

    def line_of(self, row: int) -> int | None:
        """Return the line of the file, or the row of the sheet, that this row began at; None where none is known."""
        if not self.lines:
            return None
        pairs = self.lines
        if len(pairs) == 2:
            return pairs[1] + row - pairs[0] if row >= pairs[0] else None
        at = 2 * bisect_right(range(0, len(pairs), 2), row, key=pairs.__getitem__) - 2
        return pairs[at + 1] + row - pairs[at] if at >= 0 else None


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """A batch in a worker's hands, within the transaction that holds its row lock.

    `timestamp` is when it was claimed, and later when it passed its gates, by the database's clock. `open_batches` is
    how many the action had then, this one counted; `lock_timeout`, how long a statement waits for what others hold, as
    PostgreSQL writes it.
    """

    project_id: int
    action_id: str
    action_type: str
    source: Source
    batch: Batch
    submission_options: SubmissionOptions = field(default_factory=SubmissionOptions)
    timestamp: datetime = field(kw_only=True)
    open_batches: int = field(default=1, kw_only=True)
    lock_timeout: str = field(default="0", kw_only=True)

    @property
    def action_key(self) -> dict[str, Any]:
        """Return the key of the action, as queries name it."""
        return {"project_id": self.project_id, "action_id": self.action_id}

    @property
    def batch_key(self) -> dict[str, Any]:
        """Return the key of the batch, as queries name it."""
        return {**self.action_key, "first_row": self.batch.first_row}
