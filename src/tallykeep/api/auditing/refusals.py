"""Refusals: what was attempted and refused is counted by each API process, and written in small steps.

What comes again within a minute is counted into one entry, and how many may differ is bounded, so that a flood of wrong
keys fills neither the disk nor the memory, and holds up no answer.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from tallykeep.core.audit.entry import Entry
from tallykeep.core.ids import new_id
from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Pool
from tallykeep.tenants.audit.entries import add_refusals

_log = structlog.get_logger()

MAX_DIFFERENT = 100  # of one project within a minute, and of all together whose project is not known
_WRITE_SECONDS = 0.5
_COUNT_SECONDS = 60.0
_CLOSING_SECONDS = 2.0
_TELLING = ("status", "error", "permission")  # of the details, what stays where too much differs


@dataclass(slots=True)
class _Counted:
    """One refusal, how often it has come since it was written last, and when its minute is over."""

    entry: Entry
    over_at: float
    count: int = 1
    is_new: bool = True


class Refusals:
    """The refusals of one process that are not written yet."""

    def __init__(self) -> None:
        self._counted: dict[Hashable, _Counted] = {}
        self._different: Counter[int] = Counter()  # of those counted, by project

    def add(self, entry: Entry) -> None:
        """Count a refusal; where too many differ already, without what they differ by."""
        key = _same(entry)
        if key not in self._counted and self._different[entry.project_id] >= MAX_DIFFERENT:
            entry = _without_particulars(entry)
            key = _same(entry)
        if (counted := self._counted.get(key)) is not None:
            counted.count += 1
            return
        self._counted[key] = _Counted(entry, time.monotonic() + _COUNT_SECONDS)
        self._different[entry.project_id] += 1

    def due(self, now: float) -> list[Entry]:
        """Take what is to be written: what is new at once, what has come again since at the end of its minute."""
        entries = []
        for key, counted in list(self._counted.items()):
            is_over = now >= counted.over_at
            if counted.count and (counted.is_new or is_over):
                entries.append(_with_count(counted))
                counted.count, counted.is_new = 0, False
            if is_over:
                del self._counted[key]
                self._different[counted.entry.project_id] -= 1
        return entries

    @asynccontextmanager
    async def written_to(self, pool: Pool) -> AsyncIterator[None]:
        """Write them as they become due, and what is left in the end."""
        writing = asyncio.create_task(self._keep_writing(pool), name="refusals")
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.wait((writing,))
            with suppress(psycopg.Error, PoolTimeout, TimeoutError):
                await asyncio.wait_for(_write(pool, self.due(float("inf"))), _CLOSING_SECONDS)

    async def _keep_writing(self, pool: Pool) -> None:
        """Write; what could not be written is tried again, and until then nothing more is taken."""
        entries: list[Entry] = []
        while True:
            await asyncio.sleep(_WRITE_SECONDS)
            entries = entries or self.due(time.monotonic())
            try:
                await _write(pool, entries)
                entries = []
            except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
                _log.info("refusals could not be written yet", reason=reason_of(error))
            except Exception:
                _log.exception("refusals could not be written", entries=len(entries))
                entries = []


async def _write(pool: Pool, entries: list[Entry]) -> None:
    if entries:
        async with pool.connection() as connection:
            await add_refusals(connection, entries)


def _same(entry: Entry) -> Hashable:
    """Return what two refusals have in common that are counted as one."""
    return (
        entry.project_id, entry.event, entry.door, entry.key_id, entry.key_kind, entry.token_id, entry.session_id,
        entry.address, entry.resource_id, tuple(entry.details.items()),
    )  # fmt: skip


def _without_particulars(entry: Entry) -> Entry:
    details = {name: entry.details[name] for name in _TELLING if name in entry.details} | {"various": True}
    known = entry.key_id if entry.project_id else None
    return replace(
        entry, key_id=known, token_id=None, address=None, session_id=None, resource_id=None, request_id=None,
        details=details,
    )  # fmt: skip


def _with_count(counted: _Counted) -> Entry:
    """Return the entry; what came again is another one, of no single request."""
    entry = replace(counted.entry, details={**counted.entry.details, "count": counted.count})
    return entry if counted.is_new else replace(entry, id=new_id("log_"), request_id=None)
