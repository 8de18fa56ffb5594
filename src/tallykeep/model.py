"""What everything speaks of: actions, portions, rows and their outcomes. Glossary: docs/glossary.md."""

import math
import secrets
import time
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, overload

_ID_HEX_DIGITS = 18
_ID_RANDOM_BITS = 30
_BLOCK_ROWS = 1_000
_LONGEST_TITLE = 200  # that any field has; longer ones are not put into one Unicode form, which takes quadratic time
_BETWEEN_WORDS = {"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"}
_BETWEEN_ASCII_WORDS = {
    code: None for code in range(128) if code == ord("_") or unicodedata.category(chr(code)) in _BETWEEN_WORDS
}


def wire_time(moment: datetime | None, precision: str = "milliseconds") -> str | None:
    """A moment as the wire format writes it: 2023-01-20T07:23:43.289Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def new_id(prefix: str) -> str:
    """An id that grows with time: prefix, then 42 bits of milliseconds and 30 random bits as 18 hex digits."""
    return new_ids(prefix, 1)[0]


def new_ids(prefix: str, count: int) -> list[str]:
    """`count` consecutive ids; two calls collide with a chance of about count / 2^30 within one millisecond."""
    first = (time.time_ns() // 1_000_000) << _ID_RANDOM_BITS | secrets.randbits(_ID_RANDOM_BITS)
    return [f"{prefix}{number:0{_ID_HEX_DIGITS}x}" for number in range(first, first + count)]


def normal_title(title: str) -> str:
    """A column's title as it is compared: in any case and Unicode form, with anything or nothing between the words.

    Blanks of every kind, line breaks, hyphens, underscores and invisible characters do not count.
    """
    return _normal_title(title) if len(title) <= _LONGEST_TITLE else _without_breaks(title)


@lru_cache(maxsize=10_000)
def _normal_title(title: str) -> str:
    return _without_breaks(unicodedata.normalize("NFKC", title))


def _without_breaks(title: str) -> str:
    folded = title.casefold()
    if folded.isascii():
        return folded.translate(_BETWEEN_ASCII_WORDS)
    return "".join(sign for sign in folded if sign != "_" and unicodedata.category(sign) not in _BETWEEN_WORDS)


def wrong_width(cells: int, titles: int) -> str:
    """The reason of a row with a value where the header has no column."""
    return f"the row has {cells} cells, but the header has {titles}"


class Status(StrEnum):
    """Where an action stands (wire format)."""

    ENQUEUED = "ENQUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    FAILED = "FAILED"


class OperationStatus(StrEnum):
    """How an action went (wire format); the official SDKs' tests wait for SUCCESS."""

    UNKNOWN = "UNKNOWN"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class OnError(StrEnum):
    """What a failed row means for the others."""

    CONTINUE = "continue"
    STOP = "stop"
    REJECT = "reject"


class EndedBy(StrEnum):
    """What ended an action: its last row, somebody, its own error policy, or an error that did not pass."""

    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    STOPPED = "STOPPED"
    REJECTED = "REJECTED"
    GAVE_UP = "GAVE_UP"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a submission asks for beside its rows.

    `mapping` renames columns of a file, or skips them (None); without a `delimiter`, its header tells, and without
    `charset`, `sheet` and `header_row` the file does. By column as it is called then, `values` has texts for others
    that stand in its cells, `defaults` those for cells that are empty. `last_day_counts` asks that an end that is a day
    alone means the end of that day; None where nothing is said.
    """

    dry_run: bool = False
    on_error: OnError = OnError.CONTINUE
    max_failures: int = 1
    mapping: dict[str, str | None] = field(default_factory=dict)
    delimiter: str | None = None
    defaults: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    charset: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    last_day_counts: bool | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """How an action's portions are written, found out once at acceptance and kept with the action.

    `format` is csv, json (elements of an array), ndjson or planned. `header` titles the cells of a row as it is read;
    where columns of the file are left out, `kept` lists the others by their index among the file's `width` columns.
    Where any were renamed or left out, `sent` is the file's own header. `repeated` are the columns whose title stands
    further left, too. `defaults` and `values`, by title, are what cells are filled with when rows are read to be
    applied. `decimal_marks`, by title, are what stands before decimals in the columns whose first cells tell;
    `last_day_counts` is as wished.

    Of a file: the `charset` it came in, the line or the sheet's row of its header, and how many rows that were not
    blank are skipped above it; of a workbook, the `sheet`.
    """

    format: str
    header: list[str] = field(default_factory=list)
    delimiter: str = ","
    options: dict[str, Any] = field(default_factory=dict)
    kept: list[int] | None = None
    width: int = 0
    sent: list[str] | None = None
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
        """The form that is stored in async_actions.source."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Portion:
    """Consecutive rows of one action as they came, with the number of the first; rows count from 1.

    `lines` tells where in the file they began: pairs of a row and its line; the rows up to the next pair begin one line
    after the other. None where rows have no lines, as elements of a JSON array.

    `broken` are the places in the body, in their order, at which rows begin that are one line of a file each, with
    quotes that do not match up. What the splitter found so is not looked at again when the portion is read.
    """

    first_row: int
    row_count: int
    body: bytes
    lines: list[int] | None = None
    broken: list[int] | None = None

    def line_of(self, row: int) -> int | None:
        """The line of the file, or the row of the sheet, that this row began at; None where none is known."""
        if not self.lines:
            return None
        pairs = self.lines
        at = 2 * bisect_right(range(0, len(pairs), 2), row, key=pairs.__getitem__) - 2
        return pairs[at + 1] + row - pairs[at] if at >= 0 else None


@dataclass(slots=True)
class Row:
    """One row: its number and either what it holds or the reason why it cannot be read; both where it is too wide."""

    number: int
    value: Any = None
    problem: str | None = None


class Values(Sequence[Row]):
    """Rows that could all be read, as their bare values; rows are made when asked for."""

    __slots__ = ("numbers", "values")

    def __init__(self, numbers: range, values: list[Any]) -> None:
        self.numbers = numbers
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> "Values": ...

    def __getitem__(self, place: int | slice) -> "Row | Values":
        if isinstance(place, slice):
            return Values(self.numbers[place], self.values[place])
        return Row(self.numbers[place], self.values[place])


class Table(Sequence[Row]):
    """Rows of a file that need no parser: no quotes, one cell for every title; cells are made when asked for.

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
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> "Table": ...

    def __getitem__(self, place: int | slice) -> "Row | Table":
        if isinstance(place, slice):
            return self.of(self.numbers[place], self.lines[place])
        cells = self.lines[place].split(self.delimiter)
        return Row(self.numbers[place], [cells[at] for at in self.kept])

    def of(self, numbers: Sequence[int], lines: list[str]) -> "Table":
        """Other rows of the same form."""
        return Table(numbers, lines, delimiter=self.delimiter, width=self.width, kept=self.kept)

    def columns(self) -> list[list[str]]:
        """A list of cells for each title."""
        cells = self.delimiter.join(self.lines).split(self.delimiter)
        return [cells[at :: self.width] for at in self.kept]

    def blocks(self) -> Iterator["Table"]:
        """The same rows in parts whose cells fit into a core's own cache, which halves what going over them takes."""
        for start in range(0, len(self), _BLOCK_ROWS):
            yield self[start : start + _BLOCK_ROWS]


@dataclass(frozen=True, slots=True)
class Failure:
    """The outcome of a row that failed; a row without one, in a closed portion, is done."""

    row: int
    key: str | None
    reason: str
    error_key: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimedPortion:
    """A portion in a worker's hands, within the transaction that holds its row lock.

    `moment` is when it was claimed, and later when it passed its gates, by the database's clock. `open_portions` is how
    many the action had then, this one counted; `lock_timeout`, how long a statement waits for what others hold, as
    PostgreSQL writes it.
    """

    project_id: int
    action_id: str
    action_type: str
    source: Source
    portion: Portion
    wishes: Wishes = Wishes()
    moment: datetime = field(kw_only=True)
    open_portions: int = field(default=1, kw_only=True)
    lock_timeout: str = field(default="0", kw_only=True)

    @property
    def place(self) -> dict[str, Any]:
        """The portion's key, as queries name it."""
        return {"project_id": self.project_id, "action_id": self.action_id, "first_row": self.portion.first_row}


@dataclass(frozen=True, slots=True)
class Action:
    """An asynchronous action with its tally.

    total_count = done_count + failed_count + unprocessed_count + the rows still open; none are open once it has ended.
    `retry_count` tries in a row came to nothing by now, the last one for `retry_reason`.
    `done_count` of a dry run counts what would be done; `created_count` of these would be, or were, new resources.
    """

    project_id: int
    id: str
    type: str
    status: Status
    operation_status: OperationStatus
    request_id: str
    created_at: datetime
    updated_at: datetime
    total_count: int
    done_count: int
    failed_count: int
    unprocessed_count: int = 0
    created_count: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    dry_run: bool = False
    on_error: OnError = OnError.CONTINUE
    ended_by: EndedBy | None = None
    reason: str | None = None
    retry_count: int = 0
    retry_reason: str | None = None
    parent_id: str | None = None
    requested_by: str | None = None
    file_name: str | None = None
    body_size: int | None = None
    failures_kept: bool = True
    report_kept: bool = True

    @property
    def ended(self) -> bool:
        """Whether every row is accounted for, as done, failed or unprocessed, and nothing will change any more."""
        return self.status in (Status.DONE, Status.FAILED)

    @property
    def has_outcomes(self) -> bool:
        """Whether its counts tell anything: a row was done or failed, or there is nothing more to come."""
        return self.ended or self.done_count + self.failed_count > 0

    @property
    def progress(self) -> int:
        """Percent of rows with an outcome, 0 to 100, rounded down; what ended early stays where it ended."""
        if self.status == Status.DONE:
            return 100
        return 100 * (self.done_count + self.failed_count) // max(self.total_count, 1)

    @property
    def eta_seconds(self) -> int | None:
        """Seconds from the last change to the last row at the pace until then; None where nothing can be said."""
        accounted = self.done_count + self.failed_count
        if self.status != Status.IN_PROGRESS or not accounted or self.started_at is None:
            return None
        elapsed = (self.updated_at - self.started_at).total_seconds()
        return math.ceil(elapsed * (self.total_count - accounted) / accounted)

    @property
    def processing_time(self) -> int:
        """Milliseconds from submission to the last change, queue time counted."""
        return round((self.updated_at - self.created_at).total_seconds() * 1000)
