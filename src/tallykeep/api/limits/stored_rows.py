"""Stored rows: how many resources a project has, counted seldom, and what was accepted since."""

import asyncio
import time
from dataclasses import dataclass, field

import psycopg
import structlog
from psycopg import sql
from psycopg_pool import PoolTimeout

from tallykeep.api.limits.wording import of_quota
from tallykeep.catalog.nouns import NOUNS
from tallykeep.core.errors import RequestError, TooManyRequestsError
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Connections
from tallykeep.db.queries import queries
from tallykeep.tenants.callers import Caller

_sql = queries(__package__, "stored_rows.sql")
_log = structlog.get_logger()

_TABLES = ("vouchers", *(noun.spec.table_name for noun in NOUNS))
_COUNT = sql.SQL(_sql.count_stored).format(
    tables=sql.SQL(" UNION ALL ").join(sql.SQL(_sql.of_table).format(table=sql.Identifier(name)) for name in _TABLES)
)
_COUNTED_BEYOND = 1_000_000  # resources of a table beyond the limit, so that a refusal can say how many there are
_COUNT_AFTER_SECONDS = 5.0
_TIMES_LONGER = 50  # than counting takes is the pause after it
_FULL_SECONDS = 0.5  # that a count holds which was too high,
_TIMES_LONGER_FULL = 5  # or so many times as long as it takes


@dataclass(slots=True)
class _Known:
    """What is known of a project: the last count, what was accepted since, and what is still coming in."""

    stored: int = 0
    accepted: int = 0
    coming_in: int = 0
    due_at: float = 0.0
    due_when_full_at: float = 0.0
    maximum: int = 0  # by which it was counted: no further than that
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def total(self) -> int:
        return self.stored + self.accepted + self.coming_in

    def pause(self, took: float) -> None:
        """Count no more for some time, in proportion to how long it took or was tried in vain."""
        now = time.monotonic()
        self.due_at = now + max(_COUNT_AFTER_SECONDS, _TIMES_LONGER * took)
        self.due_when_full_at = now + max(_FULL_SECONDS, _TIMES_LONGER_FULL * took)


class StoredRows:
    """Lets submissions pass while their rows fit in, as if each made a resource.

    What other processes let pass shows with the next count, which is some seconds later.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    async def take(self, caller: Caller, reading: Connections, rows: int, maximum: int) -> None:
        """Take room for rows that are coming in, of a project that may have `maximum`; raises TooManyRequestsError.

        While they cannot be counted, the last count holds.
        """
        known = self._known.setdefault(caller.project_id, _Known())
        async with known.counting:
            if _is_due(known, rows, maximum):
                await self._count(caller.project_id, reading, known, maximum)
        if known.total + rows > maximum:
            raise _refusal(caller, known.total, rows, maximum)
        known.coming_in += rows

    def give_back(self, project_id: int, rows: int) -> None:
        """Give back the room of rows that do not come."""
        if (known := self._known.get(project_id)) is not None:
            known.coming_in -= rows

    def settle(self, project_id: int, rows: int) -> None:
        """Note that rows that were coming in are accepted: from now on the database knows of them."""
        if (known := self._known.get(project_id)) is not None:
            known.coming_in -= rows
            known.accepted += rows

    async def _count(self, project_id: int, reading: Connections, known: _Known, maximum: int) -> None:
        # What is accepted while this counts may be counted twice, until the next time.
        accepted, began_at, known.maximum = known.accepted, time.monotonic(), maximum
        try:
            known.stored = await _stored(project_id, reading, maximum)
            known.accepted -= accepted
        except (psycopg.Error, PoolTimeout, RequestError) as error:
            _log.warning("the stored rows of a project cannot be counted", project=project_id, reason=reason_of(error))
        known.pause(time.monotonic() - began_at)


def _is_due(known: _Known, rows: int, maximum: int) -> bool:
    """Return whether it is time to count; where the quota was raised, what was counted may be too little."""
    if maximum > known.maximum and known.maximum:
        return True
    is_full = known.total + rows > maximum
    return time.monotonic() >= (known.due_when_full_at if is_full else known.due_at)


async def _stored(project_id: int, reading: Connections, maximum: int) -> int:
    params = {"project_id": project_id, "maximum": maximum + _COUNTED_BEYOND}
    async with reading.connection() as connection:
        row = await (await connection.execute(_COUNT, params)).fetchone()
    return row["stored"] if row else 0


def _refusal(caller: Caller, total: int, rows: int, maximum: int) -> TooManyRequestsError:
    at_least = "at least " if total >= maximum + _COUNTED_BEYOND else ""
    of_stored = of_quota("TALLYKEEP_MAX_STORED_ROWS", caller.grant.quotas.max_stored_rows)
    return TooManyRequestsError(
        f"The project may have {maximum} resources {of_stored}: it has {at_least}{total}, those coming in included, and"
        f" {rows} more rows came; nothing of the submission was kept. There is room again once some are deleted",
        key="quota_exceeded", resource_id=caller.project, resource_type="project",
    )  # fmt: skip
