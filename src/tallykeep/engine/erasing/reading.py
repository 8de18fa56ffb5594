"""Reading what is stored about a person: rows as they were sent, with their failures; and what an erasure has noted."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from tallykeep.core.action_type import People
from tallykeep.core.batch import Source
from tallykeep.core.errors import DamagedBatchError
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.engine.erasing.batches import MAX_BATCHES, MAX_BYTES
from tallykeep.engine.erasing.steps import Step
from tallykeep.engine.file_rules.cell_rules import read_replaced
from tallykeep.engine.stored_batches import batch_of
from tallykeep.formats.people.person import Person
from tallykeep.formats.people.rows import rows_about, values_of

_sql = queries(__package__, "erasing.sql")

_ALL = {"part": 1, "behind_action": None, "behind_row": None, "last_action": None, "last_row": None}
_NO_LIMIT = 1 << 62


async def get_erasure(connection: Connection, project_id: int, action_id: str) -> dict[str, Any]:
    """Return when an erasure was accepted, as `created_at`, and the `parameters` that are stored with it.

    Raises LookupError where the action is not there any more.
    """
    key = {"project_id": project_id, "action_id": action_id}
    kept = await (await connection.execute(_sql.get_erasure, key)).fetchone()
    if kept is None:
        raise LookupError(f"the action {action_id} is not there any more")
    return kept


async def stored_rows(
    pool: Connections, project_id: int, person: Person, people: Mapping[str, People]
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield the person's rows in all actions, the oldest action first, some at a time.

    Each has action_id, type, row, line, content (cells by title, or a value of JSON), failed and reason. In place of a
    damaged batch stands one without content, whose reason says so. Between batches no connection is held: who reads
    this may be slow.
    """
    behind = ("", 0)
    while held := await _next(pool, project_id, people, behind):
        behind = held[-1]["action_id"], held[-1]["first_row"]
        while held:
            one = held.pop(0)
            try:
                rows = await asyncio.to_thread(partial(_rows_in, one, person, people.get(one["type"])))
            except DamagedBatchError as error:
                yield [_unread(one, error)]
                continue
            if rows:
                yield await _with_failures(pool, project_id, one["action_id"], rows)


async def _next(
    pool: Connections, project_id: int, people: Mapping[str, People], behind: tuple[str, int]
) -> list[dict[str, Any]]:
    async with pool.connection() as connection:
        step = Step(connection, project_id, _NO_LIMIT, _ALL, people)
        return await step.fetch(_sql.next_batches, behind, limit=MAX_BATCHES, max_bytes=MAX_BYTES)


def _rows_in(held: dict[str, Any], person: Person, people: People | None) -> list[dict[str, Any]]:
    batch, source = batch_of(held), Source(**held["source"])
    numbers = rows_about(person, batch, source, people, read_replaced)
    contents = values_of(batch, source, numbers) if numbers else {}
    of_action = {"action_id": held["action_id"], "type": held["type"]}
    return [
        {**of_action, "row": number, "line": batch.line_of(number), "content": contents[number]} for number in numbers
    ]


def _unread(held: dict[str, Any], error: DamagedBatchError) -> dict[str, Any]:
    """Say in place of a row that a batch could not be searched."""
    of_action = {"action_id": held["action_id"], "type": held["type"], "row": held["first_row"], "line": None}
    return {**of_action, "content": None, "failed": False, "reason": error.details}


async def _with_failures(
    pool: Connections, project_id: int, action_id: str, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    wanted = {"project_id": project_id, "action_id": action_id, "rows": [row["row"] for row in rows]}
    async with pool.connection() as connection:
        failures = await (await connection.execute(_sql.failures_of_rows, wanted)).fetchall()
    reasons = {failure["row"]: failure["reason"] for failure in failures}
    return [{**row, "failed": row["row"] in reasons, "reason": reasons.get(row["row"])} for row in rows]
