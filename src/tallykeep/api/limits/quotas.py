"""Quotas: how many rows a project may submit a day, and how many resources it may have. Off unless they are set.

A project's own ones go before the server's settings, which hold for all others. Each submission has an allowance, which
its rows are taken from as they come in: one that would exceed a quota is refused, and leaves nothing behind.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tallykeep.api.limits.stored_rows import StoredRows
from tallykeep.api.limits.wording import in_words, of_quota
from tallykeep.core.errors import QuotaTooSmallError, TooManyRequestsError
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connections
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.limits.windows import Limit, Window, Windows

_DAY_SECONDS = 86_400
_ROWS = "rows"
_OF_DAY, _OF_STORED = "TALLYKEEP_MAX_ROWS_PER_DAY", "TALLYKEEP_MAX_STORED_ROWS"


class Quotas:
    """The quotas of all projects: their own, and this process's settings."""

    def __init__(self, connections: Connections, settings: Settings) -> None:
        self._rows, self._max_stored = settings.max_rows_per_day, settings.max_stored_rows
        self.days = Windows(connections)
        self._stored = StoredRows()

    def are_there_for(self, caller: Caller) -> bool:
        """Return whether any holds for the caller's project."""
        return any(self._of(caller))

    def allowance(self, caller: Caller, reading: Connections) -> "RowAllowance | None":
        """Return what a submission of the caller takes its rows from, None where there is no quota.

        `reading` is to count with.
        """
        rows, stored = self._of(caller)
        if not rows and not stored:
            return None
        limit = Limit(rows, _DAY_SECONDS, is_aligned=True) if rows else None
        day = self.days.of(caller.project_id, _ROWS, limit) if limit else None
        return RowAllowance(caller, reading, day, self._stored if stored else None, stored or 0)

    def _of(self, caller: Caller) -> tuple[int | None, int | None]:
        own = caller.grant.quotas
        return own.max_rows_per_day or self._rows, own.max_stored_rows or self._max_stored


@asynccontextmanager
async def open_quotas(connections: Connections, settings: Settings) -> AsyncIterator[Quotas]:
    """Provide the quotas by these settings; in the end give back what is not used."""
    quotas = Quotas(connections, settings)
    async with quotas.days.giving_back():
        yield quotas


@dataclass(slots=True)
class RowAllowance:
    """The rows of one submission: those that it holds, and of which day they are."""

    caller: Caller
    reading: Connections
    day: Window | None
    stored: StoredRows | None
    max_stored: int = 0
    held: int = 0
    of_days: list[tuple[int, int]] = field(default_factory=list)  # how many, and the day's number

    async def hold(self, rows: int) -> None:
        """Hold so many rows in all, those it holds already included.

        Raises TooManyRequestsError where a quota does not allow that now, QuotaTooSmallError where it never does, and
        the database's errors.
        """
        more = rows - self.held
        if more <= 0:
            return
        self._require_possible(rows)
        if self.stored is not None:
            await self.stored.take(self.caller, self.reading, more, self.max_stored)
        self.held = rows
        if self.day is None:
            return
        if not await self.day.take(more):
            own = sum(of_day for of_day, number in self.of_days if number == self.day.number)
            raise self._refusal(self.day, rows, before=self.day.used - own)
        self.of_days.append((more, self.day.number))

    def give_back(self) -> None:
        """Give back what it holds: there is no such submission."""
        for rows, number in self.of_days:
            if self.day is not None:
                self.day.give_back(rows, number)
        if self.stored is not None:
            self.stored.give_back(self.caller.project_id, self.held)
        self.held, self.of_days = 0, []

    def settle(self) -> None:
        """Keep what it holds taken: the submission was accepted."""
        if self.stored is not None:
            self.stored.settle(self.caller.project_id, self.held)
        self.held, self.of_days = 0, []

    def _require_possible(self, rows: int) -> None:
        """Raise QuotaTooSmallError for more rows than a quota has when nothing of it is used."""
        if self.day is not None and rows > self.day.limit.maximum:
            quota = f"{self.day.limit.maximum} rows a day {self._of_day()}"
            raise self._too_small(f"This submission has {rows} rows or more, more than a whole day's quota: {quota}")
        if self.stored is not None and rows > self.max_stored:
            quota = f"{self.max_stored} {of_quota(_OF_STORED, self.caller.grant.quotas.max_stored_rows)}"
            raise self._too_small(f"This submission has {rows} rows or more, and the project may have {quota}")

    def _too_small(self, details: str) -> QuotaTooSmallError:
        return QuotaTooSmallError(
            f"{details}. Sent again as it is, it would be refused on any day: split it. Nothing of it was kept",
            resource_id=self.caller.project, resource_type="project",
        )  # fmt: skip

    def _of_day(self) -> str:
        return of_quota(_OF_DAY, self.caller.grant.quotas.max_rows_per_day)

    def _refusal(self, day: Window, rows: int, *, before: int) -> TooManyRequestsError:
        refusal = TooManyRequestsError(
            f"The project may submit {day.limit.maximum} rows a day {self._of_day()}: {before} are used"
            f" today, and this submission has {rows} or more; nothing of it was kept. The next day begins in"
            f" {in_words(day.seconds_left)}, at midnight UTC",
            key="quota_exceeded", resource_id=self.caller.project, resource_type="project",
        )  # fmt: skip
        refusal.headers["Retry-After"] = str(day.seconds_left)
        return refusal
