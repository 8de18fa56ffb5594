"""Open actions: how many of a project may be unfinished, asked seldom, because a submission has no time for it."""

import time
from dataclasses import dataclass

from tallykeep.api.limits.wording import of_quota
from tallykeep.core.errors import TooManyRequestsError
from tallykeep.db.connections.pool import Connections
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


class OpenActions:
    """Lets submissions pass while their project has fewer than so many unfinished actions.

    It is counted once every some hundred submissions, so there may be as many more for each process that serves.
    """

    def __init__(self, connections: Connections, maximum: int, count_after: int = _COUNT_AFTER) -> None:
        self._connections = connections
        self._max = maximum
        self._count_after = min(count_after, maximum)
        self._known: dict[int, _Known] = {}

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
            refused = TooManyRequestsError(
                f"The project has {maximum} actions that have not ended, as many as it may have"
                f" {of_quota('TALLYKEEP_MAX_OPEN_ACTIONS', own)}; nothing was accepted. Send it again once some of them"
                " have ended, and put more rows into fewer submissions"
            )
            refused.headers["Retry-After"] = str(_RETRY_AFTER)
            raise refused
        known.admitted += 1

    async def _count(self, project_id: int, known: _Known, maximum: int) -> None:
        now = time.monotonic()
        if known.is_full and now - known.counted_at < _FULL_SECONDS and maximum == known.maximum:
            return
        known.counted_at, known.maximum = now, maximum
        params = {"project_id": project_id, "maximum": maximum}
        async with self._connections.connection() as connection:
            row = await (await connection.execute(_sql.count_open, params)).fetchone()
        count = row["open"] if row else 0
        known.is_full = count >= maximum
        # Near the limit it is counted more often.
        known.admitted = max(0, min(self._count_after, maximum) - (maximum - count))
