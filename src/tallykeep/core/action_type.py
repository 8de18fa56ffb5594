"""Declarations of action types. The engine knows no type: it is handed a table of these declarations."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from psycopg import sql

from tallykeep.core.action import Action
from tallykeep.core.audit.entry import Entry
from tallykeep.core.batch import Batch, ClaimedBatch, Source
from tallykeep.core.operation import Connection, JointOperation, Operation
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.core.rows import Failure


@dataclass(frozen=True, slots=True)
class Report:
    """A link to an action's report file, and until when it works."""

    url: str
    available_till: datetime


@dataclass(frozen=True, slots=True)
class ImpliedBySymbol:
    """The column whose cells may have a symbol that implies what another one holds, and what finds that: «15 %»."""

    beside: str
    symbol_of: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Planned:
    """The batches of an action over resources that are here already.

    `query` selects their first_row, row_count and body, a text of JSON that is the batch's only row. Beside its own
    `parameters` it may use project_id, and rows: how many a batch should have.
    """

    query: sql.Composable
    parameters: Mapping[str, Any]


# By the source of rows, what returns the source_ids of the customers that a row's value names.
People = Callable[[Source], Callable[[Any], Iterable[str]]]
Result = Callable[["ActionType", Action, list[Failure], Report | None], dict[str, Any]]
Target = Callable[[Connection, int, str], Awaitable[dict[str, Any]]]
Plan = Callable[[dict[str, Any]], Planned]
Begin = Callable[[Connection, ClaimedBatch], Awaitable[Operation]]
# Raises RequestError where what was just accepted, in the transaction open on the connection, may not be.
Guard = Callable[[Connection], Awaitable[None]]
BeginJointly = Callable[[Connection, Sequence[ClaimedBatch]], Awaitable[JointOperation]]


def _nothing(_: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType:
    """One row of the table of action types: how it is started, what it does, how its result reads."""

    name: str
    path: str
    summary: str
    label: str  # what pages call it
    row_schema: str | None = None  # the OpenAPI schema of a JSON row; any object where there is none
    status_code: int = 202
    source: Literal["json", "csv", "ids", "planned"]
    may_be_empty: bool = False  # no body at all counts as no rows
    ids: tuple[str, ...] = ()  # for source "ids": the body's properties that hold the keys
    noun: str
    depends_on: tuple[str, ...]  # the gates that its batches hold: see db.gates
    depends_on_own: Callable[[Mapping[str, Any]], tuple[str, ...]] = _nothing  # others, by the action's parameters
    verb: str = ""
    failure_fields: tuple[str, ...] = ()
    keyless: str | None = None  # what a failed row without a key shows in its place
    report_header: tuple[str, ...] = ()
    sequence: str | None = None
    refuses_existing: str | None = None  # the reason of a row whose {key} exists, where it is not updated
    deletes: bool = False
    erases: bool = False  # erases what is stored of others: begins when all actions accepted before have ended
    batch_times: int = 1  # how many times the usual rows make a batch, where a row takes little
    batch_bytes_divisor: int = 1  # how many times fewer bytes make a batch, where rows become many objects
    target: Target | None = None  # what the path's {target} means, as parameters of the action
    required_columns: tuple[tuple[str, ...], ...] = ()  # without one of each a file is refused as a whole
    columns: tuple[tuple[str, ...], ...] = ()  # those a file may have, metadata aside; titles of one meaning together
    key_columns: tuple[str, ...] = ()  # what tells rows apart, in files and as JSON
    implied_by_symbol: Mapping[str, ImpliedBySymbol] = field(default_factory=dict)  # columns that another may imply
    decimal_marks: Callable[[Iterable[str]], frozenset[str]] | None = (
        None  # of a file's column of numbers, told by its cells
    )
    has_ends: bool = False  # whether rows have an end that may be a bare day
    people: People | None = None  # which customers rows name; None where they name none
    unique_key: str | None = None  # rows without it, or with it twice, refuse a whole JSON submission
    result: Result
    begin: Begin
    begin_jointly: BeginJointly | None = None  # small batches of several actions; for types without report and sequence
    plan: Plan | None = None  # for source "planned": what the batches are, by the action's parameters

    def gates(self, parameters: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the gates that the batches of an action with these parameters hold."""
        return (*self.depends_on, *self.depends_on_own(parameters))

    @property
    def no_body(self) -> bytes | None:
        """Return the body that an empty one stands for; None where there has to be one."""
        return (b"{}" if self.source == "ids" else b"[]") if self.may_be_empty else None


ActionTypes = Mapping[str, ActionType]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submission: the caller, the action type with its options, and the request."""

    action_type: ActionType
    project_id: int
    request_id: str
    requested_by: str | None = None  # the id of the key
    parameters: dict[str, Any] = field(default_factory=dict)  # of the action, as its source keeps them
    idempotency_key: str | None = None
    request: tuple[Any, ...] = ()  # the request's own words, by which a second one under the same key is compared
    parent_id: str | None = None
    earlier: Source | None = None  # of the action that is retried
    earlier_submission_options: SubmissionOptions | None = None  # of that action
    entry: Entry | None = None  # in the audit log, as far as it is known before there is an action
    guard: Guard | None = None  # asked by the accepting transaction, once it has numbered the action
    quota_guard: Guard | None = None  # likewise, of what is planned, too: whether the project may have one more

    @property
    def who(self) -> tuple[int, str]:
        """Return the project and the key that ask."""
        return self.project_id, self.requested_by or ""


class Upload(Protocol):
    """A body as it arrives, and the facts known once it was read to its end."""

    @property
    def file_name(self) -> str | None:
        """Return the file's name, where it has one."""
        ...

    @property
    def by_line(self) -> bool | None:
        """Return whether JSON rows come one a line, or as one array; None where their first byte is to tell."""
        ...

    def early_option(self, name: str) -> Any:
        """Return the value of an option that is needed before the rows, asked for once the first of them have come.

        None where nothing was said of it by then. Raises InvalidQueryError.
        """
        ...

    @property
    def mapped_columns(self) -> frozenset[str]:
        """Return the file's own titles of columns, as far as they are known before it comes."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file's bytes as they were sent, out of their form; perhaps compressed, or a workbook."""
        ...

    def placed(self, batch: Batch, source: Source) -> Batch:
        """Return the batch with the lines that its rows had in the file they came in first."""
        ...

    def submission_options(self) -> SubmissionOptions:
        """Return the submission options; raise RequestError for what cannot be understood."""
        ...
