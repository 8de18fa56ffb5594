"""The clients' own books: what they sent, and what they were told."""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

BATCH_ROWS = 250


class Work(StrEnum):
    """What an entry changes, which is where the auditor looks for it."""

    VOUCHERS = "vouchers"
    SHARED = "shared vouchers"  # written by whoever comes
    MARKS = "marks of shared vouchers"
    RACED = "raced vouchers"  # created by whoever comes first
    CUSTOMERS = "customers"
    UPDATES = "updates"
    GENERATION = "generation"
    PURGE = "purge"

    @property
    def in_sequence(self) -> bool:
        return self in (Work.MARKS, Work.UPDATES)


@dataclass(eq=False)
class Entry:
    """One submission. Rows that are its own carry its name in their keys, so that what they left can be told apart."""

    name: str
    work: Work
    rows: int
    written: dict[str, str] = field(default_factory=dict)  # key of the resource: what the row made of it
    batches: dict[int, dict[str, str]] = field(default_factory=dict)  # by first row: what can be read back of it
    raced: dict[int, str] = field(default_factory=dict)  # row: its code
    failed: set[int] = field(default_factory=set)  # row numbers
    target: str = ""  # the campaign, or the metadata key that is purged
    idempotency_key: str | None = None
    action_id: str | None = None  # None: no answer came that would tell, so it may be there or not
    cancel_requested: bool = False
    # Seconds on the clients' clock.
    started: float = math.inf
    answered: float = math.inf
    ended: float = math.inf  # when a client saw that it had

    def sets(self, row: int, key: str, value: str) -> None:
        """The row sets this place, which others may set as well, to this value."""
        self.batches.setdefault((row - 1) // BATCH_ROWS * BATCH_ROWS + 1, {})[key] = value

    def is_before(self, other: "Entry") -> bool:
        """Whether it is over, or in front in the sequence, by the time the other is submitted."""
        in_sequence = self.work.in_sequence and self.work is other.work
        return (self.answered if in_sequence else self.ended) < other.started


@dataclass
class Ledger:
    """All entries of one project, which one or several clients have for their own."""

    project_id: int
    name: str  # of what is shared, in its keys
    entries: list[Entry] = field(default_factory=list)
    raced: int = 0  # so many codes were raced for


@dataclass
class Counts:
    """What happened on the way, over all clients."""

    rows: int = 0
    submissions: int = 0
    unclear: int = 0
    replayed: int = 0
    cancels: int = 0
    refusals: list[str] = field(default_factory=list)  # answers that no client should ever get
    lock: Lock = field(default_factory=Lock)

    def add(self, name: str, count: int = 1) -> None:
        with self.lock:
            setattr(self, name, getattr(self, name) + count)
