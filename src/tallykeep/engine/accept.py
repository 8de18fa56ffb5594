"""Acceptance: a stream of bytes becomes an action with its portions and its first jobs, all in one transaction."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from tallykeep.config import Settings
from tallykeep.db.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.engine.attempt import whole_at_once
from tallykeep.engine.columns import choose_columns
from tallykeep.engine.filling import carried, choose_filling
from tallykeep.engine.kinds import Submission, Upload
from tallykeep.engine.once import Accepted, Fingerprint, KeyTakenError, find_accepted, remember, replay
from tallykeep.engine.open import Opened, Opener, Splitter
from tallykeep.engine.queue import Queue
from tallykeep.engine.turns import head_start, queue_first_turns
from tallykeep.engine.unique import UniqueKeys
from tallykeep.errors import ConflictError
from tallykeep.model import Portion, Source, Wishes, new_id, now

_sql = queries(__package__, "accept.sql")

_NO_WISHES = Wishes()


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
        self._opener = Opener(settings)

    async def accept(self, submission: Submission, upload: Upload) -> Accepted:
        """Read the upload to its end and start its action, or find the one that its idempotency key started.

        Memory stays flat: portions go to the database as they fill. No connection is taken before the first portion
        is full or the body has ended, so that slow small uploads do not hold one. Raises InvalidPayloadError when the
        body cannot be read as a whole, BodyTooLargeError, InvalidQueryError, IdempotencyKeyReusedError.
        """
        fingerprint = Fingerprint(submission)
        body = fingerprint.over(upload.chunks())
        if known := await self._find(submission):
            async for _ in body:
                pass
            return replay(submission, known, fingerprint.digest(carried(upload.wishes(), submission.earlier)))
        try:
            async with self._opener.open(submission.kind, upload, body) as content:
                return await self._accept(submission, upload, fingerprint, content)
        except KeyTakenError:
            known = await self._find(submission)
            if known is None:
                raise
            return replay(submission, known, fingerprint.digest(carried(upload.wishes(), submission.earlier)))

    async def _find(self, submission: Submission) -> dict[str, Any] | None:
        if not submission.idempotency_key:
            return None
        async with self._pool.connection() as connection:
            return await find_accepted(connection, submission)

    async def _accept(
        self, submission: Submission, upload: Upload, fingerprint: Fingerprint, content: Opened
    ) -> Accepted:
        kind = submission.kind
        splitter = content[0]
        portions = _portions(*content, UniqueKeys(kind.unique_key) if kind.unique_key else None)
        first = await anext(portions, None)
        async with self._pool.connection() as connection, connection.transaction():
            action_id, created_at = await _add_action(connection, submission)
            totals = _Totals()
            if first:
                totals = await _copy_portions(connection, submission.project_id, action_id, first, portions)
            wishes = carried(upload.wishes(), submission.earlier)
            source = choose_columns(splitter.source, wishes.mapping, kind.required_columns, wishes.defaults)
            source = choose_filling(source, wishes.defaults, wishes.values, kind)
            source = replace(source, options=source.options | submission.options)
            about = {"file_name": upload.file_name, "body_size": fingerprint.size}
            await self._complete(connection, submission, action_id, source, totals, wishes, created_at, about)
            await remember(connection, submission, fingerprint.digest(wishes), action_id)
        return Accepted(action_id)

    async def accept_planned(
        self, connection: Connection, submission: Submission, wishes: Wishes = _NO_WISHES
    ) -> Accepted:
        """Start an action over resources that are here already, in the transaction open on `connection`.

        Raises ConflictError when another submission under the same idempotency key is just being accepted; one that
        was accepted before is found by `replayed`, to be asked first.
        """
        kind = submission.kind
        if kind.plan is None:
            raise ValueError(f"{kind.name} has no plan")
        action_id, created_at = await _add_action(connection, submission)
        rows = self._settings.portion_rows * kind.portion_times
        await kind.plan(connection, submission.project_id, action_id, submission.options, rows)
        key = {"project_id": submission.project_id, "id": action_id}
        counted = await (await connection.execute(_sql.count_portions, key)).fetchone()
        totals = _Totals(**counted) if counted else _Totals()
        source = Source("planned", options=submission.options)
        await self._complete(connection, submission, action_id, source, totals, wishes, created_at, {})
        try:
            await remember(connection, submission, Fingerprint(submission).digest(wishes), action_id)
        except KeyTakenError:
            raise ConflictError(
                "A submission under the same Idempotency-Key was accepted just now; send it again"
            ) from None
        return Accepted(action_id)

    async def replayed(self, connection: Connection, submission: Submission, wishes: Wishes) -> Accepted | None:
        """The planned action that was started under the submission's key before, if any was."""
        known = await find_accepted(connection, submission)
        return replay(submission, known, Fingerprint(submission).digest(wishes)) if known else None

    async def _complete(
        self,
        connection: Connection,
        submission: Submission,
        action_id: str,
        source: Source,
        totals: _Totals,
        wishes: Wishes,
        created_at: datetime,
        about: dict[str, Any],
    ) -> None:
        project_id = submission.project_id
        completed = {
            "project_id": project_id,
            "id": action_id,
            "source": Jsonb(source.to_json()),
            "total_count": totals.rows,
            "open_portions": totals.portions,
            "now": created_at if not totals.portions else now(),
            "dry_run": wishes.dry_run,
            "on_error": wishes.on_error,
            "max_failures": wishes.max_failures,
            "served_at": now() - head_start(totals.portions),
            "file_name": None,
            "body_size": None,
            **about,
        }
        await connection.execute(_sql.complete_acceptance, completed)
        if totals.portions:
            in_flight = 1 if whole_at_once(wishes) else self._settings.portions_in_flight
            await queue_first_turns(
                connection, self._queue, project_id, action_id, min(in_flight, totals.portions),
                in_sequence=submission.kind.sequence is not None, express=totals.portions == 1,
            )  # fmt: skip


async def _add_action(connection: Connection, submission: Submission) -> tuple[str, datetime]:
    action_id, created_at = new_id("aa_"), now()
    added = {
        "project_id": submission.project_id,
        "id": action_id,
        "type": submission.kind.name,
        "sequence": submission.kind.sequence,
        "request_id": submission.request_id,
        "requested_by": submission.requested_by,
        "parent_id": submission.parent_id,
        "now": created_at,
    }
    await connection.execute(_sql.add_action, added)
    return action_id, created_at


async def _portions(splitter: Splitter, body: AsyncIterator[bytes], keys: UniqueKeys | None) -> AsyncIterator[Portion]:
    async for chunk in body:
        for portion in splitter.feed(chunk):
            yield keys.checked(portion, splitter.source) if keys else portion
    for portion in splitter.finish():
        yield keys.checked(portion, splitter.source) if keys else portion


async def _one_ahead(portions: AsyncIterator[Portion]) -> AsyncGenerator[Portion]:
    """The portions; while one is being written, the next is already made."""
    following = asyncio.ensure_future(anext(portions, None))
    try:
        while (portion := await following) is not None:
            following = asyncio.ensure_future(anext(portions, None))
            yield portion
    finally:
        if not following.done():
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


async def _copy_portions(
    connection: Connection, project_id: int, action_id: str, first: Portion, rest: AsyncIterator[Portion]
) -> _Totals:
    totals = _Totals()
    async with connection.cursor().copy(_sql.copy_portions) as copy:
        copy.set_types(["int8", "text", "int8", "int8", "bytea"])
        async with aclosing(_one_ahead(rest)) as following:
            portion: Portion | None = first
            while portion is not None:
                await copy.write_row((project_id, action_id, portion.first_row, portion.row_count, portion.body))
                totals.rows += portion.row_count
                totals.portions += 1
                portion = await anext(following, None)
    return totals
