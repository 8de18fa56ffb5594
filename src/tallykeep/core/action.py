"""An asynchronous action with its tally."""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tallykeep.core.options.submission_options import OnError


class Status(StrEnum):
    """The status of an action (wire format)."""

    ENQUEUED = "ENQUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    FAILED = "FAILED"


class OperationStatus(StrEnum):
    """How an action went (wire format); the official SDKs' tests wait for SUCCESS."""

    UNKNOWN = "UNKNOWN"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class EndedBy(StrEnum):
    """The cause of an action's end: its last row, a user, its own error policy, or a persistent error."""

    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    STOPPED = "STOPPED"
    REJECTED = "REJECTED"
    GAVE_UP = "GAVE_UP"


@dataclass(frozen=True, slots=True)
class Action:
    """An asynchronous action with its tally.

    total_count = done_count + failed_count + unprocessed_count + the rows still open; none are open once it has ended.
    `retry_count` attempts in a row have failed by now, the last one because of `retry_reason`.
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
        """Return whether every row is accounted for, as done, failed or unprocessed, and nothing changes any more."""
        return self.status in (Status.DONE, Status.FAILED)

    @property
    def has_outcomes(self) -> bool:
        """Return whether its counts say anything: a row was done or failed, or there is nothing more to come."""
        return self.ended or self.done_count + self.failed_count > 0

    @property
    def progress(self) -> int:
        """Return the percentage of rows with an outcome, 0 to 100, rounded down.

        What ended early stays where it ended.
        """
        if self.status == Status.DONE:
            return 100
        return 100 * (self.done_count + self.failed_count) // max(self.total_count, 1)

    @property
    def eta_seconds(self) -> int | None:
        """Return the seconds from the last change to the last row at the throughput until then.

        None where nothing can be said.
        """
        accounted = self.done_count + self.failed_count
        if self.status != Status.IN_PROGRESS or not accounted or self.started_at is None:
            return None
        elapsed = (self.updated_at - self.started_at).total_seconds()
        return math.ceil(elapsed * (self.total_count - accounted) / accounted)

    @property
    def processing_time(self) -> int:
        """Return the milliseconds from submission to the last change, queue time counted."""
        return round((self.updated_at - self.created_at).total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class AfterBatch:
    """The state of an action after a batch: whether it has ended, and the sequence that continues then."""

    ended: bool
    sequence: str | None
