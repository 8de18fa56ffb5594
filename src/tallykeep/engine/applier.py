"""Applying one batch: from its choice to its close, in one transaction."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from tallykeep.core.action_type import ActionTypes
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.concurrency.right_of_way import RightOfWay
from tallykeep.core.errors import NotTriedError, NotYetError, UnreadableActionError
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.transient import accuses_a_row, is_transient
from tallykeep.engine.applying.accounting import close_batch
from tallykeep.engine.applying.atomic import apply_atomically
from tallykeep.engine.applying.attempt import apply_batch
from tallykeep.engine.applying.claim import (
    claim_batch,
    forget_attempt,
    is_earlier_unfinished,
    is_small,
    note_attempt,
)
from tallykeep.engine.applying.joint.claim import JointState
from tallykeep.engine.applying.joint.joint_attempts import JointAttempts
from tallykeep.engine.recovering.quarantine import Quarantine, RunIsolated
from tallykeep.engine.recovering.retries import Retries
from tallykeep.engine.scheduling.fair_scheduling import queue_next, queue_slots, serve_next_action


class _NotNowError(Exception):
    """The batch cannot be applied just now, for the error that this is raised from."""

    def __init__(self, claimed: ClaimedBatch, error: Exception) -> None:
        super().__init__(str(error))
        self.claimed = claimed
        self.error = error


class _MustWaitError(NotYetError):
    """An action has to wait for others: it takes its slot for long, as they do, or comes behind them."""


class _SuspectError(Exception):
    """Processes died at this batch; it is not to be tried in this one."""

    def __init__(self, claimed: ClaimedBatch, attempts: int) -> None:
        self.claimed = claimed
        self.attempts = attempts


@dataclass(frozen=True, slots=True)
class Applier:
    """Advances projects by a batch at a time; what a job calls."""

    pool: Pool
    action_types: ActionTypes
    settings: Settings
    run_isolated: RunIsolated
    right_of_way: RightOfWay = field(default_factory=RightOfWay)
    _atomic: set[int] = field(default_factory=set)  # projects of which an atomic action is in hand
    _isolating: asyncio.Lock = field(default_factory=asyncio.Lock)
    _joint: JointState = field(default_factory=JointState)

    async def advance(self, project_id: int, small: bool = False) -> None:
        """Apply the project's next batch, and queue its next job; nothing to do is fine.

        A small job applies small actions alone, together with those of the small jobs behind it. Where it finds none, a
        job of the project's larger actions has applied its batch; in that one's place it queues another.
        """
        try:
            if small and await self._joint_attempts.advance(project_id):
                return
            async with self.pool.connection() as connection:
                if not await self._advance(connection, project_id, small) and small:
                    await queue_slots(connection, project_id, 1)
        except _NotNowError as not_now:
            await self._retries.put_off(project_id, not_now.error, not_now.claimed)
        except Exception as error:
            if not is_transient(error):
                raise
            await self._retries.put_off(project_id, error, None)

    @property
    def _joint_attempts(self) -> JointAttempts:
        return JointAttempts(self.pool, self.action_types, self.settings, self._joint, self.right_of_way)

    @property
    def _retries(self) -> Retries:
        return Retries(self.pool, self.settings)

    async def _advance(self, connection: Connection, project_id: int, small: bool) -> bool:
        served: set[str] = set()
        must_wait: _MustWaitError | None = None
        while action_id := await serve_next_action(connection, project_id, small=small):
            if action_id in served:
                break  # every action has its batches in hand
            served.add(action_id)
            try:
                if await self._apply_or_isolate(connection, project_id, action_id):
                    return True
            except _MustWaitError as error:
                must_wait = error
        if must_wait:
            raise must_wait
        return False

    async def _apply_or_isolate(self, connection: Connection, project_id: int, action_id: str) -> bool:
        try:
            try:
                return await self._apply(connection, project_id, action_id)
            except _SuspectError as suspect:
                await self._isolate(connection, suspect)
        except UnreadableActionError as error:
            await self._retries.give_up_unreadable(connection, project_id, action_id, error)
        return True

    async def _apply(self, connection: Connection, project_id: int, action_id: str) -> bool:
        """Apply the action's next batch, in one transaction; False when none is there for us."""
        started = time.monotonic()
        claimed: ClaimedBatch | None = None
        try:
            async with connection.transaction():
                claimed = await claim_batch(connection, project_id, action_id, self.settings)
                if claimed is None:
                    return False
                await self._require_earlier_ended(connection, claimed)
                with self._atomic_slot(claimed), self._way(claimed):
                    attempts = await note_attempt(self.pool, claimed)
                    if attempts > self.settings.batch_attempts:
                        raise _SuspectError(claimed, attempts)
                    await self._complete(connection, claimed)
        except asyncio.CancelledError:
            if claimed:
                await forget_attempt(self.pool, claimed)  # the worker was asked to stop, nobody died
            raise
        except Exception as error:
            if claimed is None or isinstance(error, _MustWaitError) or not is_transient(error):
                raise
            if not accuses_a_row(error, time.monotonic() - started, self.settings.lease_seconds):
                await forget_attempt(self.pool, claimed)
            raise _NotNowError(claimed, error) from error
        return True

    async def _require_earlier_ended(self, connection: Connection, claimed: ClaimedBatch) -> None:
        """Raise _MustWaitError where the action erases what others store, and one accepted before it is unfinished."""
        action_type = self.action_types.get(claimed.action_type)
        if action_type is not None and action_type.erases and await is_earlier_unfinished(connection, claimed):
            raise _MustWaitError(f"{claimed.action_id} waits for all actions that were accepted before it")

    @contextmanager
    def _atomic_slot(self, claimed: ClaimedBatch) -> Iterator[None]:
        """Take one of the worker's slots for an atomic action until its last batch.

        At least one slot is left for other actions, and a project has at most one. Raises _MustWaitError where none is
        free.
        """
        if not claimed.submission_options.is_atomic or claimed.open_batches == 1:
            yield
            return
        if claimed.project_id in self._atomic or len(self._atomic) >= max(1, self.settings.worker_concurrency - 1):
            raise _MustWaitError(f"the atomic action {claimed.action_id} waits for other atomic actions")
        self._atomic.add(claimed.project_id)
        try:
            yield
        finally:
            self._atomic.discard(claimed.project_id)

    def _way(self, claimed: ClaimedBatch) -> AbstractContextManager[None]:
        return self.right_of_way.taken() if is_small(claimed) else self.right_of_way.given()

    async def _isolate(self, connection: Connection, suspect: _SuspectError) -> None:
        quarantine = Quarantine(self.run_isolated, self.settings)
        try:
            if self._isolating.locked():
                raise _MustWaitError("another batch is tried in a process of its own")  # each takes a slot for long
            async with self._isolating:
                await quarantine.isolate(connection, suspect.claimed, suspect.attempts)
        except (NotYetError, asyncio.CancelledError):
            await forget_attempt(self.pool, suspect.claimed)  # nobody died of it
            raise
        except NotTriedError as error:
            await forget_attempt(self.pool, suspect.claimed)
            raise _NotNowError(suspect.claimed, error) from error

    async def _complete(self, connection: Connection, claimed: ClaimedBatch) -> None:
        action_type = self.action_types[claimed.action_type]
        if claimed.submission_options.is_atomic:
            after_batch = await apply_atomically(connection, action_type, claimed)
        else:
            after_batch = await close_batch(connection, claimed, await apply_batch(connection, action_type, claimed))
        await queue_next(connection, claimed.project_id, after_batch, self.settings.batches_in_flight)

    async def apply_isolated(self, connection: Connection, project_id: int, action_id: str, first_row: int) -> None:
        """Apply this very batch, here and now, unless somebody else has it, or had it."""
        try:
            async with connection.transaction():
                claimed = await claim_batch(connection, project_id, action_id, self.settings, first_row)
                if claimed is not None:
                    await self._complete(connection, claimed)
        except UnreadableActionError as error:
            await self._retries.give_up_unreadable(connection, project_id, action_id, error)
