"""Watching: one task a process reads all watched actions with one query, and wakes those who wait for them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import structlog

from tallykeep.core.action import Action, Status
from tallykeep.core.logs.failures import reason_in_log
from tallykeep.db.connections.pool import Connections
from tallykeep.db.queries import queries
from tallykeep.db.transient import is_transient
from tallykeep.engine.reading.action_reader import action_of

_sql = queries(__package__, "watch.sql")
_log = structlog.get_logger()

_POLL_SECONDS = 0.15
_BRIEF_POLL_SECONDS = 0.03
_BRIEF_SECONDS = 0.15
_MAX_BRIEF = 200
_MAX_BRIEF_OF_PROJECT = 50
_TIMEOUT_SECONDS = 5
_SHOW_EVERY_SECONDS = 0.25

_Key = tuple[int, str]


@dataclass(eq=False, slots=True)
class Watch:
    """One waiter's view of an action: as it was last seen, and whether there is anything more to wait for."""

    latest: Action | None = None
    _begun: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ended(self) -> bool:
        """Return whether the action was seen to have ended."""
        return self.latest is not None and self.latest.ended

    async def begun(self) -> None:
        """Return when the action is in hand, or when there is nothing more to wait for."""
        await self._begun.wait()

    async def over(self) -> None:
        """Return when the action has ended or was removed, or when this process stops."""
        await self._over.wait()

    async def changes(self, idle_seconds: float) -> AsyncIterator[Action | None]:
        """Yield the action as it stands, and at each change, about four times a second at most, until it has ended.

        Yields None where nothing has changed for so many seconds.
        """
        shown: Action | None = None
        while True:
            try:
                await asyncio.wait_for(self._changed.wait(), idle_seconds)
            except TimeoutError:
                yield None
                continue
            self._changed.clear()
            if self.latest is not None and self.latest is not shown and (shown is None or not self.ended):
                shown = self.latest
                yield shown
            if self._over.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self.over(), _SHOW_EVERY_SECONDS)

    def tell(self, action: Action | None) -> None:
        """Hand on what was seen; None: the action is not there any more."""
        if action is not None and action != self.latest:
            self.latest = action
            self._changed.set()
            if action.status != Status.ENQUEUED:
                self._begun.set()
        if action is None or action.ended:
            self.stop()

    def stop(self) -> None:
        """Say that there is nothing more to wait for."""
        self._begun.set()
        self._over.set()
        self._changed.set()


class Watcher:
    """Looks for everybody who waits. It asks only while somebody does, and goes on asking through an outage."""

    def __init__(self, pool: Connections, poll_seconds: float = _POLL_SECONDS) -> None:
        self._pool = pool
        self._poll_seconds = poll_seconds
        self._watches: dict[_Key, set[Watch]] = {}
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @contextmanager
    def watch(self, project_id: int, action_id: str) -> Iterator[Watch]:
        """Watch the action while the context lasts, and hold nothing of the database meanwhile."""
        key, watch = (project_id, action_id), Watch()
        self._watches.setdefault(key, set()).add(watch)
        if self._closed:
            watch.stop()
        elif self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="watch")
        try:
            yield watch
        finally:
            self._watches[key].discard(watch)
            if not self._watches[key]:
                del self._watches[key]

    def close(self) -> None:
        """Let everybody go, now and from now on: the process stops."""
        self._closed = True
        for watches in self._watches.values():
            for watch in watches:
                watch.stop()

    async def _run(self) -> None:
        reachable = True
        while self._watches and not self._closed:
            try:
                await self._poll()
                reachable = True
            except Exception as error:
                if not is_transient(error) and not isinstance(error, TimeoutError):
                    _log.exception("watched actions could not be read")
                elif reachable:
                    _log.warning("watched actions cannot be read just now", reason=reason_in_log(error))
                reachable = False
            await asyncio.sleep(self._poll_seconds)

    async def _poll(self) -> None:
        keys = list(self._watches)
        params = {"project_ids": [project for project, _ in keys], "ids": [action for _, action in keys]}
        async with asyncio.timeout(_TIMEOUT_SECONDS), self._pool.connection() as connection:
            rows = await (await connection.execute(_sql.watched_actions, params)).fetchall()
        seen = {(row["project_id"], row["id"]): action_of(row) for row in rows}
        for key in keys:
            for watch in self._watches.get(key, ()):
                watch.tell(seen.get(key))


class BriefWatcher:
    """Waits briefly for actions to begin: who asks right after submitting seldom sees ENQUEUED.

    Many integrations loop only while an action is IN_PROGRESS. Who comes when many wait already is let through.
    """

    def __init__(self, pool: Connections) -> None:
        self._watcher = Watcher(pool, _BRIEF_POLL_SECONDS)
        self._waiting: Counter[int] = Counter()

    async def begun(self, project_id: int, action_id: str) -> bool:
        """Wait until the action has begun, 150 ms at most; whether it was seen to have begun, ended or gone."""
        if self._waiting.total() >= _MAX_BRIEF or self._waiting[project_id] >= _MAX_BRIEF_OF_PROJECT:
            return False
        self._waiting[project_id] += 1
        try:
            with self._watcher.watch(project_id, action_id) as watch:
                await asyncio.wait_for(watch.begun(), _BRIEF_SECONDS)
        except TimeoutError:
            return False
        finally:
            self._waiting[project_id] -= 1
            if not self._waiting[project_id]:
                del self._waiting[project_id]
        return True
