"""The clients' own books: what they sent, and what they were told."""

from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock


class Kind(StrEnum):
    """What an entry changes, which is where the auditor looks for it."""

    VOUCHERS = "vouchers"
    CUSTOMERS = "customers"
    UPDATES = "updates"
    GENERATION = "generation"
    PURGE = "purge"


@dataclass
class Entry:
    """One submission. Its rows carry its name in their keys, so that what they left behind can be told apart."""

    name: str
    kind: Kind
    rows: int
    written: dict[str, str] = field(default_factory=dict)  # key of the resource: what the row made of it
    failed: set[int] = field(default_factory=set)  # row numbers
    target: str = ""  # the campaign, or the metadata key that is purged
    idempotency_key: str | None = None
    action_id: str | None = None  # None: no answer came that would tell, so it may be there or not
    cancel_asked: bool = False


@dataclass
class Ledger:
    """All entries of one project, which one client has for its own."""

    project_id: int
    entries: list[Entry] = field(default_factory=list)


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
