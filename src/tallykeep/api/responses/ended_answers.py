"""Answers about actions that have ended: those that only retention changes, each remembered for some seconds."""

import time
from datetime import timedelta

from tallykeep.api.responses.entity_tags import Tagged
from tallykeep.core.settings import Settings
from tallykeep.engine.reading.action_reader import ShownAction

_SECONDS = 5.0
_MAX = 1_000
_NO_TIME = timedelta(0)

Key = tuple[int, str]  # a project's number and an action's id


class EndedAnswers:
    """Spares those who poll an action that has ended the statement, and the process the making of the answer.

    An erasure may change one, too, which is seen after five seconds; answers that show failed rows are not kept.

    An answer is forgotten before the action is old enough for retention by this process's settings, so it is never
    stale where all processes have the same; where a worker removes sooner, for five seconds at most.
    """

    def __init__(self, settings: Settings) -> None:
        days = [days for days in (settings.keep_actions_days, settings.keep_failures_days) if days is not None]
        self._kept_for = timedelta(days=min(days)) if days else timedelta.max
        self._answers: dict[Key, tuple[float, Tagged]] = {}

    def find(self, key: Key) -> Tagged | None:
        """Return the answer about the action, where it is known and cannot have changed."""
        until, answer = self._answers.get(key, (0.0, None))
        return answer if time.monotonic() < until else None

    def keep(self, key: Key, shown: ShownAction, answer: Tagged, queried_at: float) -> None:
        """Keep the answer, if nothing else changes it; the database was queried at `queried_at`, a monotonic time."""
        if shown.final_for is None or shown.final_for >= self._kept_for:
            return
        final_for = max(shown.final_for, _NO_TIME)  # the database's clock may have been set back since the end
        if len(self._answers) >= _MAX:
            self._answers.clear()
        left = (self._kept_for - final_for).total_seconds()
        self._answers[key] = (queried_at + min(_SECONDS, left), answer)
