"""Acceptance: a stream of bytes becomes an action with its portions and its first jobs, all in one transaction."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from tallykeep.config import Settings
from tallykeep.db.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.engine.attempt import whole_at_once
from tallykeep.engine.columns import choose_columns
from tallykeep.engine.decimal_marks import DecimalMarks, with_marks
from tallykeep.engine.filling import carried, choose_filling
from tallykeep.engine.kinds import Submission, Upload
from tallykeep.engine.once import Accepted, Fingerprint, KeyTakenError, find_accepted, remember, replay
from tallykeep.engine.open import Opened, Opener, Splitter
from tallykeep.engine.turns import (
    QUEUE_TAKEN_TURNS,
    TAKEN_TURNS,
    head_start,
    number_acceptance,
    queue_first_turns,
    turns_asked,
)
from tallykeep.engine.unique import UniqueKeys
from tallykeep.errors import ConflictError
from tallykeep.model import Portion, Source, Wishes, new_id

_sql = queries(__package__, "accept.sql")

_ACCEPT_ONE: LiteralString = TAKEN_TURNS + ",\n" + _sql.add_action_of_one + QUEUE_TAKEN_TURNS

_NO_WISHES = Wishes()


@dataclass(slots=True)
class _Totals:
    rows: int = 0
    portions: int = 0


class Acceptance:
    """Takes submissions. An id that was handed out survives; a submission that broke off leaves nothing behind."""

    def __init__(self, pool: Connections, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._opener = Opener(settings)

    def over(self, connections: Connections) -> "Acceptance":
        """The same, working with these connections: somebody's share of all."""
        shared = copy(self)
        shared._pool = connections
        return shared

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
            async with self._opener.open(submission.kind, upload, body, submission.who) as content:
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
        kind, splitter = submission.kind, content.splitter
        marks = DecimalMarks(kind.decimal_mark if submission.earlier is None else None, content.decimal_marks)
        keys = UniqueKeys(kind.unique_key) if kind.unique_key else None
        portions = _portions(splitter, content.content, upload, keys, marks)
        first, second = await anext(portions, None), await anext(portions, None)
        if first and second is None and kind.sequence is None and not submission.idempotency_key:
            return await self._accept_one(submission, upload, fingerprint, splitter, first, marks)
        async with self._pool.connection() as connection, connection.transaction():
            action_id = await _add_action(connection, submission)
            totals = _Totals()
            if first:
                begun = [first, second] if second else [first]
                totals = await _copy_portions(connection, submission.project_id, action_id, begun, portions)
            wishes = carried(upload.wishes(), submission.earlier)
            about = await _about(submission, upload, fingerprint, splitter, wishes, marks)
            await self._complete(connection, submission, action_id, about, totals, wishes)
            await remember(connection, submission, fingerprint.digest(wishes), action_id)
        return Accepted(action_id)

    async def _accept_one(
        self, submission: Submission, upload: Upload, fingerprint: Fingerprint, splitter: Splitter, portion: Portion,
        marks: DecimalMarks,
    ) -> Accepted:  # fmt: skip
        """All in one statement: nothing is faster than a single way to the server and back."""
        wishes = carried(upload.wishes(), submission.earlier)
        asked = {
            **_added(submission),
            **await _about(submission, upload, fingerprint, splitter, wishes, marks),
            **turns_asked(submission.project_id, 1, express=True, accepted=1),
            "first_row": portion.first_row,
            "total_count": portion.row_count,
            "body": portion.body,
            "lines": portion.lines,
            "broken": portion.broken,
            "head_start": head_start(1),
        }
        async with self._pool.connection() as connection:
            await connection.execute(_ACCEPT_ONE, asked)
        return Accepted(asked["id"])

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
        action_id = await _add_action(connection, submission)
        rows = self._settings.portion_rows * kind.portion_times
        await kind.plan(connection, submission.project_id, action_id, submission.options, rows)
        key = {"project_id": submission.project_id, "id": action_id}
        counted = await (await connection.execute(_sql.count_portions, key)).fetchone()
        totals = _Totals(**counted) if counted else _Totals()
        about = {**_wished(Source("planned", options=submission.options), wishes), "file_name": None, "body_size": None}
        await self._complete(connection, submission, action_id, about, totals, wishes)
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
        about: dict[str, Any],
        totals: _Totals,
        wishes: Wishes,
    ) -> None:
        project_id = submission.project_id
        completed = {
            **about,
            "project_id": project_id,
            "id": action_id,
            "total_count": totals.rows,
            "open_portions": totals.portions,
            "number": await number_acceptance(connection, project_id),
            "head_start": head_start(totals.portions),
        }
        await connection.execute(_sql.complete_acceptance, completed)
        if totals.portions:
            in_flight = 1 if whole_at_once(wishes) else self._settings.portions_in_flight
            await queue_first_turns(
                connection, project_id, action_id, min(in_flight, totals.portions),
                in_sequence=submission.kind.sequence is not None, express=totals.portions == 1,
            )  # fmt: skip


async def _add_action(connection: Connection, submission: Submission) -> str:
    added = _added(submission)
    await connection.execute(_sql.add_action, added)
    return str(added["id"])


def _added(submission: Submission) -> dict[str, Any]:
    return {
        "project_id": submission.project_id,
        "id": new_id("aa_"),
        "type": submission.kind.name,
        "sequence": submission.kind.sequence,
        "request_id": submission.request_id,
        "requested_by": submission.requested_by,
        "parent_id": submission.parent_id,
    }


async def _about(
    submission: Submission, upload: Upload, fingerprint: Fingerprint, splitter: Splitter, wishes: Wishes,
    marks: DecimalMarks,
) -> dict[str, Any]:  # fmt: skip
    """What is known of the rows once all of them have come; raises InvalidQueryError for columns that do not fit."""
    kind = submission.kind
    source = choose_columns(splitter.source, wishes.mapping, kind.required_columns, wishes.defaults)
    source = choose_filling(source, wishes.defaults, wishes.values, kind)
    source = with_marks(source, await marks.found(splitter.source), submission.earlier)
    options = source.options | submission.options
    source = replace(source, options=options, last_day_counts=bool(wishes.last_day_counts))
    return {**_wished(source, wishes), "file_name": upload.file_name, "body_size": fingerprint.size}


def _wished(source: Source, wishes: Wishes) -> dict[str, Any]:
    return {
        "source": Jsonb(source.to_json()),
        "dry_run": wishes.dry_run,
        "on_error": wishes.on_error,
        "max_failures": wishes.max_failures,
    }


async def _portions(
    splitter: Splitter, body: AsyncIterator[bytes], upload: Upload, keys: UniqueKeys | None, marks: DecimalMarks
) -> AsyncIterator[Portion]:
    def taken(portion: Portion) -> Portion:
        source = splitter.source
        checked = keys.checked(portion, source) if keys else portion
        return upload.placed(marks.take(checked, source), source)

    async for chunk in body:
        for portion in splitter.feed(chunk):
            yield taken(portion)
    for portion in splitter.finish():
        yield taken(portion)


async def _one_ahead(begun: Sequence[Portion], portions: AsyncIterator[Portion]) -> AsyncGenerator[Portion]:
    """The portions; while one is being written, the next is already made."""
    following = asyncio.ensure_future(anext(portions, None))
    try:
        for portion in begun:
            yield portion
        while (found := await following) is not None:
            following = asyncio.ensure_future(anext(portions, None))
            yield found
    finally:
        if not following.done():
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


async def _copy_portions(
    connection: Connection, project_id: int, action_id: str, begun: Sequence[Portion], rest: AsyncIterator[Portion]
) -> _Totals:
    totals = _Totals()
    async with connection.cursor().copy(_sql.copy_portions) as copy:
        copy.set_types(["int8", "text", "int8", "int8", "bytea", "int8[]", "int8[]"])
        async with aclosing(_one_ahead(begun, rest)) as portions:
            async for portion in portions:
                about = (portion.first_row, portion.row_count, portion.body, portion.lines, portion.broken)
                await copy.write_row((project_id, action_id, *about))
                totals.rows += portion.row_count
                totals.portions += 1
    return totals
