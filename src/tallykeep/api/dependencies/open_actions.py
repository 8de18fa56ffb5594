"""Open actions: how many of a project may be unfinished, asked seldom, because a submission has no time for it."""

import time
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from tallykeep.api.limits.wording import of_quota
from tallykeep.core.action_type import Guard
from tallykeep.core.errors import TooManyRequestsError
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.tenants.callers import Caller

_sql = queries(__package__, "open_actions.sql")

_COUNT_AFTER = 500  # submissions of a project
_FULL_SECONDS = 0.5  # that a count holds which was too high
_RETRY_AFTER = 5


@dataclass(slots=True)
class _Known:
    admitted: int = 0  # since the last count
    is_full: bool = False
    counted_at: float = 0.0
    maximum: int = 0  # as it was then


class _Counted(NamedTuple):
    """How many were unfinished when so many had been accepted."""

    unfinished: int
    accepted: int

    def bound(self, accepted: int) -> int | None:
        """Return how many may be unfinished once so many were accepted; None where the count is of another history."""
        since = accepted - self.accepted
        return self.unfinished + since if since >= 0 else None


class OpenActions:
    """Lets submissions pass while their project has fewer than so many unfinished actions.

    It is counted once every some hundred submissions, so there may be as many more for each process that serves. Where
    a project has a quota of its own, `guard_of` holds it exactly.
    """

    def __init__(self, connections: Connections, maximum: int, count_after: int = _COUNT_AFTER) -> None:
        self._connections = connections
        self._max = maximum
        self._count_after = min(count_after, maximum)
        self._known: dict[int, _Known] = {}
        self._counted: dict[int, _Counted] = {}

    async def admit(self, caller: Caller) -> None:
        """Return where the caller's project may start one more action, by its own quota where it has one.

        Raises TooManyRequestsError.
        """
        project_id, own = caller.project_id, caller.grant.quotas.max_open_actions
        known, maximum = self._known.setdefault(project_id, _Known()), own or self._max
        is_new = own is not None and own != known.maximum  # perhaps a small one, which is not to be exceeded by half
        if is_new or known.is_full or known.admitted >= min(self._count_after, maximum):
            await self._count(project_id, known, maximum)
        if known.is_full:
            raise _full(maximum, own)
        known.admitted += 1

    def guard_of(self, caller: Caller) -> Guard | None:
        """Return what the transaction that accepts an action asks, once it has numbered it; None without an own quota.

        It raises TooManyRequestsError.
        """
        own = caller.grant.quotas.max_open_actions
        return None if own is None else partial(self._require_within_quota, caller.project_id, own)

    async def _require_within_quota(self, project_id: int, own: int, connection: Connection) -> None:
        """Raise TooManyRequestsError where the action that was just accepted on the connection is one too many.

        Its number is held until the commit, so every action with a lower one is there to be counted, or will never be.
        No more are unfinished than at an earlier count and accepted since, so not each of them is counted anew.
        """
        row = await (await connection.execute(_sql.count_accepted, {"project_id": project_id})).fetchone()
        accepted = int(row["accepted"]) if row else 0
        counted = self._counted.get(project_id)
        bound = counted.bound(accepted) if counted else None
        if bound is not None and bound <= own:
            return
        unfinished = await _count_open(connection, project_id, own + 1)
        if unfinished <= own:
            self._counted[project_id] = _Counted(unfinished, accepted)
        else:  # how many more was not counted
            self._counted.pop(project_id, None)
            self._known.setdefault(project_id, _Known()).admitted = self._count_after  # the next one is counted first
            raise _full(own, own)

    async def _count(self, project_id: int, known: _Known, maximum: int) -> None:
        now = time.monotonic()
        if known.is_full and now - known.counted_at < _FULL_SECONDS and maximum == known.maximum:
            return
        known.counted_at, known.maximum = now, maximum
        async with self._connections.connection() as connection:
            count = await _count_open(connection, project_id, maximum)
        known.is_full = count >= maximum
        # Near the limit it is counted more often.
        known.admitted = max(0, min(self._count_after, maximum) - (maximum - count))


async def _count_open(connection: Connection, project_id: int, limit: int) -> int:
    row = await (await connection.execute(_sql.count_open, {"project_id": project_id, "maximum": limit})).fetchone()
    return int(row["open"]) if row else 0


def _full(maximum: int, own: int | None) -> TooManyRequestsError:
    refused = TooManyRequestsError(
        f"The project has {maximum} actions that have not ended, as many as it may have"
        f" {of_quota('TALLYKEEP_MAX_OPEN_ACTIONS', own)}; nothing was accepted. Send it again once some of them"
        " have ended, and put more rows into fewer submissions"
    )
    refused.headers["Retry-After"] = str(_RETRY_AFTER)
    return refused
