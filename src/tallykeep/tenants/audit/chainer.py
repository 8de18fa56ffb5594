"""Chaining: entries that are committed get their numbers and hashes, in small steps, beside the work and never of it.

Whoever writes an entry does not wait for this, and nothing waits for a transaction that is slow: its entry is chained
once it is committed. Several workers do no harm, for a chain's row is locked by whoever adds to it.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import structlog
from psycopg.errors import UniqueViolation

from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_transient
from tallykeep.tenants.audit.chain import entry_hash

_sql = queries(__package__, "chaining.sql")
_log = structlog.get_logger()

_PAUSE_SECONDS = 1.0
_STEP = 500  # entries in one transaction
_PROJECTS = 50


@dataclass(slots=True)
class _Chained:
    """What a step is going to add, in order, and where the chains end then."""

    project_ids: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    ends: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def add(self, project: str, row: dict[str, Any]) -> None:
        """Chain the row behind the last one of its project."""
        number, previous_hash = self.ends[row["project_id"]]
        chained = number + 1, entry_hash(project, row, number + 1, previous_hash)
        self.project_ids.append(row["project_id"])
        self.ids.append(row["id"])
        self.numbers.append(chained[0])
        self.hashes.append(chained[1])
        self.ends[row["project_id"]] = chained


@dataclass(frozen=True, slots=True)
class Chainer:
    """Runs in every worker process; several at a time do no harm."""

    pool: Pool

    async def run(self) -> None:
        """Chain again and again; an outage, or a defect, only puts it off."""
        while True:
            try:
                await self.chain()
            except Exception as error:
                if is_transient(error):
                    _log.info("chaining of the audit log is put off", reason=reason_of(error))
                else:
                    _log.exception("chaining of the audit log failed and will be tried again")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def chain(self) -> None:
        """Chain all that is committed by now, but for projects whose chain others have in hand."""
        after: int | None = -1
        while after is not None:
            after = await self._step(after)

    async def _step(self, after: int) -> int | None:
        """Chain a step of entries of projects behind `after`; returns what to go on behind, None behind the last."""
        async with self.pool.connection() as connection:
            pending = await (await connection.execute(_sql.any_pending)).fetchone()
            if not (pending and pending["pending"]):
                return None
            await connection.execute(_sql.begin_chains)
            try:
                return await _chain_some(connection, after, _PROJECTS)
            except UniqueViolation:
                # Perhaps it was written again after an answer that was lost, when it was chained already.
                dropped = await connection.execute(_sql.drop_chained)
                return after if dropped.rowcount else await _chain_next(connection, after)


async def _chain_next(connection: Connection, after: int) -> int | None:
    """Chain entries of the next project alone. One whose chain ends before its last entry is left as it is."""
    try:
        return await _chain_some(connection, after, 1)
    except UniqueViolation:
        following = await (await connection.execute(_sql.next_pending, {"after": after})).fetchone()
        project_id: int | None = following["project_id"] if following else None
        _log.error("a chain of the audit log is broken; `tallykeep audit verify` says where", project_id=project_id)
        return project_id


async def _chain_some(connection: Connection, after: int, projects: int) -> int | None:
    """Chain a step of entries of so many projects in one transaction; returns what to go on behind."""
    async with connection.transaction():
        return await _chain(connection, after, projects)


async def _chain(connection: Connection, after: int, limit: int) -> int | None:
    some = {"after": after, "projects": limit}
    chains = await (await connection.execute(_sql.lock_chains, some)).fetchall()
    if not chains:
        return None
    projects = {chain["project_id"]: chain["project"] for chain in chains}
    wanted = {"project_ids": list(projects), "step": _STEP}
    rows = await (await connection.execute(_sql.pending_entries, wanted)).fetchall()
    chained = _Chained(ends={chain["project_id"]: (chain["number"], bytes(chain["hash"])) for chain in chains})
    for row in rows:
        chained.add(projects[row["project_id"]], row)
    await _write(connection, chained)
    return after if len(rows) == _STEP else max(projects)


async def _write(connection: Connection, chained: _Chained) -> None:
    entries = {
        "project_ids": chained.project_ids,
        "ids": chained.ids,
        "numbers": chained.numbers,
        "hashes": chained.hashes,
    }
    await connection.execute(_sql.chain_entries, entries)
    numbers, hashes = zip(*chained.ends.values(), strict=True)
    ends = {"project_ids": list(chained.ends), "numbers": list(numbers), "hashes": list(hashes)}
    await connection.execute(_sql.advance_chains, ends)
