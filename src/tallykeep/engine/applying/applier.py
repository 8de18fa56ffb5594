"""Applying: one turn, from the choice of a portion to its close, in one transaction."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tallykeep.core.action_type import ActionTypes
from tallykeep.core.errors import NotTriedError, OutOfTurnError
from tallykeep.core.portion import ClaimedPortion
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.transient import accuses_a_row, is_passing
from tallykeep.engine.applying.accounting import close_portion
from tallykeep.engine.applying.atomic import apply_whole
from tallykeep.engine.applying.attempt import apply_portion, whole_at_once
from tallykeep.engine.applying.claim import claim_portion, forget_attempt, note_attempt
from tallykeep.engine.recovering.quarantine import Isolation, RunAlone
from tallykeep.engine.recovering.retries import Retries
from tallykeep.engine.scheduling.fair_scheduling import queue_next, queue_turns, serve_next_action


class _NotNowError(Exception):
    """The portion cannot be applied just now, for the error that this is raised from."""

    def __init__(self, claimed: ClaimedPortion, error: Exception) -> None:
        super().__init__(str(error))
        self.claimed = claimed
        self.error = error


class _NoPlaceError(OutOfTurnError):
    """An action that takes its place for long has to wait for another one that does."""


class _SuspectError(Exception):
    """Processes died at this portion; it is not to be tried in this one."""

    def __init__(self, claimed: ClaimedPortion, attempts: int) -> None:
        self.claimed = claimed
        self.attempts = attempts


@dataclass(frozen=True, slots=True)
class Applier:
    """Advances projects by a portion at a time; what a job calls."""

    pool: Pool
    kinds: ActionTypes
    settings: Settings
    run_alone: RunAlone
    _wholes: set[int] = field(default_factory=set)  # projects of which an action that goes in at once is in hand
    _isolating: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def advance(self, project_id: int, express: bool = False) -> None:
        """Apply the portion whose turn it is in the project, and queue the next turn; nothing to do is fine.

        An express turn leaves larger actions alone: whatever took its own portion had a turn that it now passes on.
        """
        try:
            async with self.pool.connection() as connection:
                if not await self._advance(connection, project_id, express) and express:
                    await queue_turns(connection, project_id, 1)
        except _NotNowError as not_now:
            await self._retries.put_off(project_id, not_now.error, not_now.claimed)
        except Exception as error:
            if not is_passing(error):
                raise
            await self._retries.put_off(project_id, error, None)

    @property
    def _retries(self) -> Retries:
        return Retries(self.pool, self.settings)

    async def _advance(self, connection: Connection, project_id: int, express: bool) -> bool:
        served: set[str] = set()
        no_place: OutOfTurnError | None = None
        while action_id := await serve_next_action(connection, project_id, express=express):
            if action_id in served:
                break  # every action has its portions in hand
            served.add(action_id)
            try:
                if await self._apply_or_isolate(connection, project_id, action_id):
                    return True
            except _NoPlaceError as error:
                no_place = error
        if no_place:
            raise no_place
        return False

    async def _apply_or_isolate(self, connection: Connection, project_id: int, action_id: str) -> bool:
        try:
            return await self._apply(connection, project_id, action_id)
        except _SuspectError as suspect:
            await self._isolate(connection, suspect)
        return True

    async def _apply(self, connection: Connection, project_id: int, action_id: str) -> bool:
        """Apply the action's next portion, in one transaction; False when none is there for us."""
        started = time.monotonic()
        claimed: ClaimedPortion | None = None
        try:
            async with connection.transaction():
                claimed = await claim_portion(connection, project_id, action_id, self.settings)
                if claimed is None:
                    return False
                with self._place(claimed):
                    attempts = await note_attempt(self.pool, claimed)
                    if attempts > self.settings.portion_attempts:
                        raise _SuspectError(claimed, attempts)
                    await self._complete(connection, claimed)
        except asyncio.CancelledError:
            if claimed:
                await forget_attempt(self.pool, claimed)  # the worker was told to stop, nobody died
            raise
        except Exception as error:
            if claimed is None or isinstance(error, _NoPlaceError) or not is_passing(error):
                raise
            if not accuses_a_row(error, time.monotonic() - started, self.settings.lease_seconds):
                await forget_attempt(self.pool, claimed)
            raise _NotNowError(claimed, error) from error
        return True

    @contextmanager
    def _place(self, claimed: ClaimedPortion) -> Iterator[None]:
        """Of the worker's places, one at least is left for others by actions that keep theirs until their last portion.

        One project has one of them at most. Raises _NoPlaceError where none is left.
        """
        if not whole_at_once(claimed.wishes) or claimed.open_portions == 1:
            yield
            return
        if claimed.project_id in self._wholes or len(self._wholes) >= max(1, self.settings.worker_concurrency - 1):
            raise _NoPlaceError(f"the action {claimed.action_id}, which goes in at once, waits for others that do")
        self._wholes.add(claimed.project_id)
        try:
            yield
        finally:
            self._wholes.discard(claimed.project_id)

    async def _isolate(self, connection: Connection, suspect: _SuspectError) -> None:
        isolation = Isolation(self.run_alone, self.settings)
        try:
            if self._isolating.locked():
                raise _NoPlaceError("another portion is tried in a process of its own")  # each takes a place for long
            async with self._isolating:
                await isolation.isolate(connection, suspect.claimed, suspect.attempts)
        except (OutOfTurnError, asyncio.CancelledError):
            await forget_attempt(self.pool, suspect.claimed)  # nobody died of it
            raise
        except NotTriedError as error:
            await forget_attempt(self.pool, suspect.claimed)
            raise _NotNowError(suspect.claimed, error) from error

    async def _complete(self, connection: Connection, claimed: ClaimedPortion) -> None:
        kind = self.kinds[claimed.action_type]
        if whole_at_once(claimed.wishes):
            tally = await apply_whole(connection, kind, claimed)
        else:
            tally = await close_portion(connection, claimed, await apply_portion(connection, kind, claimed))
        await queue_next(connection, claimed.project_id, tally, self.settings.portions_in_flight)

    async def apply_alone(self, connection: Connection, project_id: int, action_id: str, first_row: int) -> None:
        """Apply this very portion, here and now, unless somebody else has it, or had it."""
        async with connection.transaction():
            claimed = await claim_portion(connection, project_id, action_id, self.settings, first_row)
            if claimed is not None:
                await self._complete(connection, claimed)
