"""Actions, their failed rows and their batches."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from tallykeep.api.schemas.values import ListObject, NextPage, Time
from tallykeep.core.action import EndedBy, OperationStatus, Status
from tallykeep.core.options.submission_options import OnError


class ActionSummary(TypedDict):
    """An action as lists show it. `done_count` + `failed_count` + `unprocessed_count` is `total_count` in the end."""

    id: str
    type: Annotated[str, Field(description="Such as VOUCHERS.IMPORT.")]
    status: Status
    operation_status: OperationStatus
    created_at: Time
    updated_at: Time
    request_id: Annotated[str | None, Field(description="The request that started it.")]
    progress: Annotated[int, Field(description="0 to 100.")]
    object: Literal["async_action"]
    total_count: int
    done_count: int
    failed_count: int
    unprocessed_count: int
    started_at: Time | None
    finished_at: Time | None
    eta_seconds: Annotated[float | None, Field(description="Estimated seconds until it ends.")]
    ended_by: EndedBy | None
    reason: Annotated[str | None, Field(description="Why the action failed.")]
    retry_count: Annotated[int, Field(description="Attempts at batches that failed since one was last closed.")]
    retry_reason: str | None
    dry_run: bool
    on_error: OnError
    parent_id: Annotated[str | None, Field(description="The action whose failed rows this one retries.")]
    user: Annotated[str | None, Field(description="The id of the key that started it.")]
    file_name: str | None
    file_size: Annotated[int | None, Field(description="Bytes.")]
    failures_kept: Annotated[bool, Field(description="False once its failed rows were removed because of their age.")]
    fixed_count: Annotated[int, Field(description="Failed and unprocessed rows that retries have imported.")]
    first_file_name: str | None


class ResultFailure(TypedDict):
    """A failed row in a result, named by the key that its noun has."""

    reason: str
    row: NotRequired[int]
    code: NotRequired[str | None]
    source_id: NotRequired[str | None]


class ResultError(TypedDict):
    """A failed row in the result of an update of metadata or of a bulk update."""

    message: str
    details: str
    key: str
    code: NotRequired[str | None]
    source_id: NotRequired[str | None]


class ActionResult(TypedDict):
    """The result of an action; its fields depend on the action's type. Lists only the first failed rows."""

    message: NotRequired[str]
    done_count: NotRequired[int]
    failed_count: NotRequired[int]
    failed: NotRequired[list[ResultFailure]]
    errors: NotRequired[list[ResultError]]
    reports: NotRequired[Annotated[list[str], Field(description="Links to report files, with one line per resource.")]]
    reports_available_till: NotRequired[Time]


class Action(ActionSummary):
    """An action with its result so far."""

    created_count: Annotated[int, Field(description="Resources that it created, or in a dry run would have created.")]
    updated_count: int
    charset: Annotated[str | None, Field(description="The encoding of its file; null if there was none.")]
    delimiter: str | None
    sheet: str | None
    header_row: int | None
    log_id: Annotated[str | None, Field(description="Its entry in the audit log: GET /v1/audit-log/{id}.")]
    result: ActionResult
    processing_time: Annotated[int | None, Field(description="Milliseconds.")]


class ActionList(TypedDict):
    """One page of actions, newest first."""

    object: ListObject
    data_ref: Literal["async_actions"]
    async_actions: list[ActionSummary]
    has_more: bool
    more_starting_after: NextPage


class FailedRow(TypedDict):
    """A failed row; with `source_rows=true` also its content."""

    row: Annotated[int, Field(description="Its number among the rows that were sent, from 1.")]
    line: Annotated[int | None, Field(description="Its line in the file; null for rows that came as JSON.")]
    key: str | None
    reason: str
    cells: NotRequired[list[str]]
    text: NotRequired[Annotated[str, Field(description="The row as it was sent, if it has no cells.")]]


class FailureList(TypedDict):
    """One page of failed rows, in their order; send the last one's `row` as `after_row` for the next."""

    object: ListObject
    data_ref: Literal["failures"]
    failures: list[FailedRow]
    has_more: bool
    failures_kept: bool
    columns: NotRequired[Annotated[list[str], Field(description="The titles of the `cells`.")]]


class Reason(TypedDict):
    """Failed rows with the same reason, with the first of them."""

    reason: str
    count: int
    first_rows: list[int]
    first_lines: list[int | None]


class ReasonList(TypedDict):
    """Failed rows grouped by reason, the most frequent first: the answer with `group_by=reason`."""

    object: ListObject
    data_ref: Literal["reasons"]
    reasons: list[Reason]
    has_more: bool
    failures_kept: bool


class Batch(TypedDict):
    """Rows that are written in one transaction."""

    first_row: int
    row_count: int
    size: Annotated[int, Field(description="Bytes of its rows as they came.")]
    status: str
    done_count: int
    failed_count: int
    unprocessed_count: int
    closed_at: Time | None
    attempts: Annotated[int, Field(description="Over 0 while a worker has the open batch in hand.")]


class BatchList(TypedDict):
    """One page of an action's batches; send the last one's `first_row` as `after_row` for the next."""

    object: ListObject
    data_ref: Literal["batches"]
    batches: list[Batch]
    has_more: bool
    batches_kept: bool
    async_action: NotRequired[Action]


class Minute(TypedDict):
    """The rows of one minute."""

    minute: Time
    done_count: int
    failed_count: int


class Throughput(TypedDict):
    """Rows by minute, the current one last."""

    object: ListObject
    data_ref: Literal["data"]
    data: list[Minute]
    total: int


class RefusedAction(TypedDict):
    """An action that was refused, with the reason."""

    id: str
    details: str


class CanceledAction(TypedDict):
    """An action that was canceled."""

    id: str


class RetriedAction(TypedDict):
    """An action, and the one that retries its failed rows."""

    id: str
    async_action_id: str


class Matched(TypedDict):
    """How many actions matched the filters. Send `as_of` as `end_date` to leave later actions alone."""

    matched_count: int
    has_more: bool
    as_of: Time
    dry_run: bool
    refused: list[RefusedAction]


class CanceledMatching(Matched):
    """The matching actions that were canceled."""

    done: list[CanceledAction]


class RetriedMatching(Matched):
    """The matching actions that were retried."""

    done: list[RetriedAction]
