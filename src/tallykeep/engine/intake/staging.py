"""Staging: batches of an upload that is not accepted yet go to the database by short transactions, as they fill.

They stand there under the id of the action to come. The table `uploads` says that there is no action yet; acceptance
takes that row away in the transaction that makes the action. What breaks off is removed at once where that can be, and
by the pruner once nobody has touched it for some minutes.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from tallykeep.core.batch import Batch
from tallykeep.core.errors import UploadLostError
from tallykeep.core.logs.failures import reason_in_log
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.engine.retention.pruner import remove_one
from tallykeep.engine.stored_batches import StoredBatch, read_batch, to_be_stored

_sql = queries(__package__, "staging.sql")
_log = structlog.get_logger()

_TOUCH_SECONDS = 45.0
_TRIED_AGAIN_SECONDS = 5.0
_TIMEOUT_SECONDS = 3.0  # that an answer waits for the removal of what broke off

ActionKey = tuple[int, str]


class Allowance(Protocol):
    """What a submission takes its rows from, where a quota says how many there may be."""

    async def hold(self, rows: int) -> None:
        """Hold so many rows in all; raise RequestError where that is too many."""

    def give_back(self) -> None:
        """Give back what is held."""

    def settle(self) -> None:
        """Keep it taken: the submission was accepted."""


class Staging:
    """The uploads that this process is staging; it touches each, so that a slow one is not taken for broken off."""

    def __init__(self, pool: Connections) -> None:
        self._pool = pool
        self._open: set[ActionKey] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._toucher: asyncio.Task[None] | None = None

    def begin(self, key: ActionKey) -> None:
        """Keep it until it ends."""
        self._open.add(key)
        if self._toucher is None or self._toucher.done():
            self._toucher = asyncio.create_task(self._touch(), name="touch uploads")

    def end(self, key: ActionKey) -> None:
        """Touch it no more: it was accepted."""
        self._open.discard(key)
        if not self._open and self._toucher is not None:
            self._toucher.cancel()
            self._toucher = None  # one that is canceled goes on briefly, while another upload may begin

    async def give_up(self, key: ActionKey) -> None:
        """Remove the staged batches unless they were accepted after all; a long removal continues in the background."""
        self.end(key)
        removal = asyncio.create_task(self._remove(key), name="remove a broken upload")
        self._tasks.add(removal)
        removal.add_done_callback(self._tasks.discard)
        await asyncio.wait([removal], timeout=_TIMEOUT_SECONDS)

    async def _remove(self, key: ActionKey) -> None:
        params = {"project_id": key[0], "action_id": key[1]}
        try:
            async with self._pool.connection() as connection:
                await connection.execute(_sql.give_up_upload, params)
            await remove_one(self._pool, key)
        except (psycopg.Error, PoolTimeout) as error:
            _log.info("what broke off is left to the pruner", action_id=key[1], reason=reason_in_log(error))

    async def _touch(self) -> None:
        pause = _TOUCH_SECONDS
        while True:
            await asyncio.sleep(pause)
            keys = list(self._open)
            params = {"project_ids": [key[0] for key in keys], "action_ids": [key[1] for key in keys]}
            try:
                async with self._pool.connection() as connection:
                    await connection.execute(_sql.touch_uploads, params)
                pause = _TOUCH_SECONDS
            except (psycopg.Error, PoolTimeout) as error:
                _log.info("uploads could not be touched", reason=reason_in_log(error))
                pause = _TRIED_AGAIN_SECONDS


class Staged:
    """One upload's batches: those that wait to be written, and those that have been."""

    def __init__(self, staging: Staging, pool: Connections, key: ActionKey, allowance: Allowance | None = None) -> None:
        self._staging = staging
        self._allowance = allowance
        self._pool = pool
        self._key = key
        self._params = {"project_id": key[0], "action_id": key[1]}
        self._writing: asyncio.Task[None] | None = None
        self._is_begun = False
        self.rows = 0
        self.batches = 0

    async def write(self, batches: Sequence[Batch]) -> None:
        """Begin to write these; waits for those before them.

        Raises UploadLostError, RequestError for more rows than a quota allows, and the database's errors.
        """
        await self.written()
        await self.hold(batches)
        begin, self._is_begun = not self._is_begun, True
        if begin:
            self._staging.begin(self._key)
        self._writing = asyncio.create_task(self._write(batches, begin=begin), name="stage batches")

    async def written(self) -> None:
        """Wait until every batch handed over is written."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            try:
                await writing
            except asyncio.CancelledError:
                writing.cancel()
                raise

    async def hold(self, batches: Sequence[Batch]) -> None:
        """Take the rows of these, behind those written, from the quota; raise RequestError where it has fewer."""
        if self._allowance is not None:
            await self._allowance.hold(self.rows + sum(batch.row_count for batch in batches))

    async def accept(self, connection: Connection, rest: Sequence[StoredBatch]) -> None:
        """Write the rest, and take the upload for accepted, in the transaction open on `connection`.

        Raises UploadLostError where what was staged is not there any more.
        """
        if self._is_begun:
            ended = await connection.execute(_sql.end_upload, {**self._params, "batches": self.batches})
            _require(ended.rowcount)
        await self._copy(connection, rest)

    async def read(self, first_row: int) -> Batch | None:
        """Read a batch that was staged; None where it is not there."""
        async with self._pool.connection() as connection:
            wanted = {**self._params, "first_row": first_row}
            row = await (await connection.execute(_sql.read_batch, wanted, binary=True)).fetchone()
        return await read_batch(row) if row else None

    def end(self) -> None:
        """Note that the upload was accepted."""
        if self._is_begun:
            self._staging.end(self._key)
        if self._allowance is not None:
            self._allowance.settle()

    async def give_up(self, *, perhaps_accepted: bool = False) -> None:
        """Remove what was staged, and give its rows back to the quota unless they may have been accepted after all."""
        if self._allowance is not None:
            (self._allowance.settle if perhaps_accepted else self._allowance.give_back)()
        if self._writing is not None:
            self._writing.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await self._writing
        if self._is_begun:
            await self._staging.give_up(self._key)

    async def _write(self, batches: Sequence[Batch], *, begin: bool) -> None:
        stored = await to_be_stored(batches)
        del batches  # they are larger
        async with self._pool.connection() as connection, connection.transaction():
            if begin:
                await connection.execute(_sql.begin_upload, self._params)
            else:
                _require((await connection.execute(_sql.touch_upload, self._params)).rowcount)
            await self._copy(connection, stored)

    async def _copy(self, connection: Connection, batches: Sequence[StoredBatch]) -> None:
        if not batches:
            return
        async with connection.cursor().copy(_sql.copy_batches) as copy:
            copy.set_types(["int8", "text", "int8", "int8", "bytea", "int8", "int8[]", "int8[]"])
            for batch in batches:
                await copy.write_row((*self._key, *batch))
                self.rows += batch.row_count
                self.batches += 1


def _require(rowcount: int) -> None:
    if not rowcount:
        raise UploadLostError(
            "The upload paused too long, or the database was away; nothing of it is kept, send it again"
        )
