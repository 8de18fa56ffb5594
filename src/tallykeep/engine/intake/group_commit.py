"""Group commit: small submissions that come while another one is being committed are committed together.

Nobody waits for company: who comes alone is committed at once. The others would have waited in the database, for the
lock that numbers their project's actions, until its commit.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, LiteralString

from tallykeep.core.concurrency.slots import Who
from tallykeep.core.errors import RequestError
from tallykeep.db.connections.pool import Connections
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_transient
from tallykeep.engine.scheduling.fair_scheduling import (
    QUEUE_TAKEN_SLOTS,
    TAKEN_SLOTS,
    head_start,
    refused_if_closed,
    slot_params,
)
from tallykeep.engine.stored_batches import StoredBatch
from tallykeep.tenants.audit.entries import SUBMISSION_COLUMNS, SUBMITTED_ENTRY

_sql = queries(__package__, "accept.sql")

_ACTION: LiteralString = ",\n" + _sql.action + ",\n" + SUBMITTED_ENTRY + ",\n"
_ONE: LiteralString = TAKEN_SLOTS + ",\n" + _sql.one + _ACTION + _sql.batch + QUEUE_TAKEN_SLOTS
_MANY: LiteralString = TAKEN_SLOTS + ",\n" + _sql.many + _ACTION + _sql.batches + QUEUE_TAKEN_SLOTS

# libpq copies every parameter into a buffer that it keeps as long as the connection.
MAX_GROUP_BYTES = 1 << 18
_MAX_GROUP = 64
_NAMES = (
    "id", "type", "request_id", "requested_by", "parent_id", "source", "submission_options", "file_name", "body_size",
    *SUBMISSION_COLUMNS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Member:
    """A submission of one batch, and who waits for its commit; `about` are the columns of its action."""

    connections: Connections
    about: dict[str, Any]
    batch: StoredBatch
    committed: asyncio.Future[None]


class GroupCommits:
    """Commits submissions of one batch, those of one caller one after another or together."""

    def __init__(self) -> None:
        self._waiting: dict[Who, deque[_Member]] = {}  # of each caller with a commit under way
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, connections: Connections, who: Who, about: dict[str, Any], batch: StoredBatch) -> None:
        """Make the action with its batch and its job, and return once that is committed.

        Raises the database's errors; a submission is refused for nobody's fault but its own.
        """
        if (waiting := self._waiting.get(who)) is not None:
            member = _Member(connections, about, batch, asyncio.get_running_loop().create_future())
            waiting.append(member)
            await member.committed
            return
        self._waiting[who] = deque()
        try:
            await _commit_one(connections, about, batch)
        finally:
            self._go_on(who)

    def _go_on(self, who: Who) -> None:
        """Commit what has come meanwhile, in a task that none of those who wait can cancel."""
        if not self._waiting[who]:
            del self._waiting[who]
            return
        task = asyncio.create_task(self._commit_waiting(who), name="group commit")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _commit_waiting(self, who: Who) -> None:
        waiting = self._waiting[who]
        group: list[_Member] = []
        try:
            while group := _next_group(waiting):
                await _commit_group(group)
        finally:
            del self._waiting[who]
            for member in (*group, *waiting):
                member.committed.cancel()


def _next_group(waiting: deque[_Member]) -> list[_Member]:
    """Take the next few, in the order in which they came; those that nobody waits for any more are left out."""
    group: list[_Member] = []
    size = 0
    while waiting and len(group) < _MAX_GROUP:
        size += len(waiting[0].batch.body)
        if group and size > MAX_GROUP_BYTES:
            break
        member = waiting.popleft()
        if not member.committed.done():
            group.append(member)
    return group


async def _commit_group(group: list[_Member]) -> None:
    """Commit them together; where that fails because of one of them, each by itself.

    A transient error is everybody's, for nobody is to blame, and whether it was committed may not be known; so is the
    refusal of a connection.
    """
    if len(group) > 1:
        try:
            await _commit_many(group)
        except Exception as error:
            if is_transient(error) or isinstance(error, RequestError):
                _tell(group, error)
                return
        else:
            _tell(group, None)
            return
    for member in group:
        try:
            await _commit_one(member.connections, member.about, member.batch)
        except Exception as error:
            _tell([member], error)
        else:
            _tell([member], None)


def _tell(members: list[_Member], error: Exception | None) -> None:
    for member in members:
        if member.committed.done():
            continue
        if error is None:
            member.committed.set_result(None)
        else:
            member.committed.set_exception(error)


async def _commit_one(connections: Connections, about: dict[str, Any], batch: StoredBatch) -> None:
    params = {
        **about,
        **_slots(about["project_id"], 1),
        "open_batches": 1,
        "total_count": batch.row_count,
        "first_row": batch.first_row,
        "body": batch.body,
        "uncompressed_size": batch.uncompressed_size,
        "lines": batch.lines,
        "broken": batch.broken,
    }
    async with connections.connection() as connection:
        with refused_if_closed():
            await connection.execute(_ONE, params)


async def _commit_many(group: list[_Member]) -> None:
    batches = [member.batch for member in group]
    params = {
        **{name: [member.about[name] for member in group] for name in _NAMES},
        **_slots(group[0].about["project_id"], len(group)),
        "total_count": [batch.row_count for batch in batches],
        "first_row": [batch.first_row for batch in batches],
        "body": [batch.body for batch in batches],
        "uncompressed_size": [batch.uncompressed_size for batch in batches],
        "lines": [_array(batch.lines) for batch in batches],
        "broken": [_array(batch.broken) for batch in batches],
    }
    async with group[0].connections.connection() as connection:
        with refused_if_closed():
            await connection.execute(_MANY, params)


def _slots(project_id: int, count: int) -> dict[str, Any]:
    return {**slot_params(project_id, count, small=True, accepted=count), "head_start": head_start(1)}


def _array(numbers: list[int] | None) -> str | None:
    return None if numbers is None else "{" + ",".join(map(str, numbers)) + "}"
