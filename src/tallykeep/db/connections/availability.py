"""The state of the database, as far as a process knows it, and the pools that are informed about it."""

from dataclasses import dataclass
from typing import Protocol

import psycopg


class DatabaseAwayError(psycopg.OperationalError):
    """The database is known to be out of reach; nothing was sent to it."""


@dataclass(frozen=True, slots=True)
class Availability:
    """The state of the database, as the guard saw it last; `away` says why it is out of reach."""

    away: str | None
    read_only: bool
    full: bool
    crowded: bool

    @property
    def trouble(self) -> str | None:
        """Say in words what is wrong with a database that answers all the same."""
        if self.full:
            return "its disk is full"
        if self.read_only:
            return "it is read-only: a standby, or made so"
        return "it lets no further connection in: too many connections" if self.crowded else None


class Guarded(Protocol):
    """A pool of connections, as its guard knows it."""

    def fail_waiting(self, error: Exception) -> None:
        """Tell everybody who waits for a connection."""

    def discard_idle(self) -> None:
        """Close the connections that nobody uses."""

    def refill(self) -> None:
        """Connect again, as many as are wanted."""
