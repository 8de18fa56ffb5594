"""Acceptance: a stream of bytes becomes an action with its portions and its first jobs, all in one transaction."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from psycopg.types.json import Jsonb

from tallykeep.config import Settings
from tallykeep.db.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.engine.kinds import ActionType
from tallykeep.engine.portions import UniqueKeys
from tallykeep.engine.queue import Queue
from tallykeep.engine.split_csv import CsvSplitter
from tallykeep.engine.split_ids import IdsSplitter
from tallykeep.engine.split_json import JsonSplitter
from tallykeep.model import Portion, Source, new_id, now

_sql = queries(__package__, "store.sql")


class Splitter(Protocol):
    """What turns bytes into portions; both splitters are one."""

    source: Source

    def feed(self, chunk: bytes) -> Iterator[Portion]:
        """Take the next bytes, and yield the portions that are full."""
        ...

    def finish(self) -> Iterator[Portion]:
        """End of input: yield the rest."""
        ...


@dataclass(slots=True)
class _Totals:
    rows: int = 0
    portions: int = 0


class Acceptance:
    """Takes submissions. An id that was handed out survives; a submission that broke off leaves nothing behind."""

    def __init__(self, pool: Pool, queue: Queue, settings: Settings) -> None:
        self._pool = pool
        self._queue = queue
        self._settings = settings

    async def accept(
        self,
        kind: ActionType,
        project_id: int,
        request_id: str,
        body: AsyncIterator[bytes],
        options: dict[str, Any] | None = None,
    ) -> str:
        """Read `body` to its end and return the new action's id.

        Memory stays flat: portions go to the database as they fill. No connection is taken before the first portion
        is full or the body has ended, so that slow small uploads do not hold one. Raises InvalidPayloadError when the
        body cannot be read as a whole.
        """
        splitter = self._splitter(kind)
        portions = _portions(splitter, body, UniqueKeys(kind.unique_key) if kind.unique_key else None)
        first = await anext(portions, None)
        async with self._pool.connection() as connection, connection.transaction():
            return await self._store(connection, kind, project_id, request_id, splitter, first, portions, options or {})

    def _splitter(self, kind: ActionType) -> Splitter:
        settings = self._settings
        limits = {
            "portion_rows": settings.portion_rows,
            "portion_bytes": settings.portion_bytes,
            "max_row_bytes": settings.max_row_bytes,
        }
        if kind.source == "ids":
            return IdsSplitter(kind.ids, **limits)
        return CsvSplitter(**limits) if kind.source == "csv" else JsonSplitter(**limits)

    async def _store(
        self,
        connection: Connection,
        kind: ActionType,
        project_id: int,
        request_id: str,
        splitter: Splitter,
        first: Portion | None,
        rest: AsyncIterator[Portion],
        options: dict[str, Any],
    ) -> str:
        action_id, created_at = await _add_action(connection, kind, project_id, request_id)
        totals = await _copy_portions(connection, project_id, action_id, first, rest) if first else _Totals()
        source = replace(splitter.source, options=splitter.source.options | options)
        await self._complete(connection, project_id, action_id, source, totals, created_at)
        return action_id

    async def accept_planned(
        self, connection: Connection, kind: ActionType, project_id: int, request_id: str, options: dict[str, Any]
    ) -> str:
        """Start an action over resources that are here already, in the transaction open on `connection`."""
        if kind.plan is None:
            raise ValueError(f"{kind.name} has no plan")
        action_id, created_at = await _add_action(connection, kind, project_id, request_id)
        await kind.plan(connection, project_id, action_id, options, self._settings.portion_rows)
        key = {"project_id": project_id, "id": action_id}
        counted = await (await connection.execute(_sql.count_portions, key)).fetchone()
        totals = _Totals(**counted) if counted else _Totals()
        source = Source("planned", options=options)
        await self._complete(connection, project_id, action_id, source, totals, created_at)
        return action_id

    async def _complete(
        self,
        connection: Connection,
        project_id: int,
        action_id: str,
        source: Source,
        totals: _Totals,
        created_at: datetime,
    ) -> None:
        completed = {
            "project_id": project_id,
            "id": action_id,
            "source": Jsonb(source.to_json()),
            "total_count": totals.rows,
            "open_portions": totals.portions,
            "now": created_at if not totals.portions else now(),
        }
        await connection.execute(_sql.complete_acceptance, completed)
        for _ in range(min(self._settings.portions_in_flight, totals.portions)):
            await self._queue.defer_advance(connection, project_id, action_id)


async def _add_action(
    connection: Connection, kind: ActionType, project_id: int, request_id: str
) -> tuple[str, datetime]:
    action_id, created_at = new_id("aa_"), now()
    added = {
        "project_id": project_id,
        "id": action_id,
        "type": kind.name,
        "sequence": kind.sequence,
        "request_id": request_id,
        "now": created_at,
    }
    await connection.execute(_sql.add_action, added)
    return action_id, created_at


async def _portions(splitter: Splitter, body: AsyncIterator[bytes], keys: UniqueKeys | None) -> AsyncIterator[Portion]:
    async for chunk in body:
        for portion in splitter.feed(chunk):
            yield keys.checked(portion) if keys else portion
    for portion in splitter.finish():
        yield keys.checked(portion) if keys else portion


async def _copy_portions(
    connection: Connection, project_id: int, action_id: str, first: Portion, rest: AsyncIterator[Portion]
) -> _Totals:
    totals = _Totals()
    async with connection.cursor().copy(_sql.copy_portions) as copy:
        copy.set_types(["int8", "text", "int8", "int8", "bytea"])
        portion: Portion | None = first
        while portion is not None:
            await copy.write_row((project_id, action_id, portion.first_row, portion.row_count, portion.body))
            totals.rows += portion.row_count
            totals.portions += 1
            portion = await anext(rest, None)
    return totals
