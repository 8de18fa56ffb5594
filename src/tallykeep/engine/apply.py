"""Applying: one turn, from the choice of a portion to its close, in one transaction."""

import asyncio
import time
from dataclasses import dataclass

from tallykeep.config import Settings
from tallykeep.db.pool import Connection, Pool
from tallykeep.engine.account import close_portion
from tallykeep.engine.attempt import apply_portion, whole_at_once
from tallykeep.engine.claim import claim_portion, forget_attempt, note_attempt
from tallykeep.engine.isolate import Isolation, RunAlone
from tallykeep.engine.kinds import ActionTypes
from tallykeep.engine.passing import accuses_a_row, is_passing
from tallykeep.engine.retries import Retries
from tallykeep.engine.turns import queue_next, queue_turns, serve_next_action
from tallykeep.engine.whole import apply_whole
from tallykeep.errors import OutOfTurnError
from tallykeep.model import ClaimedPortion


class _NotNowError(Exception):
    """The portion cannot be applied just now, for the error that this is raised from."""

    def __init__(self, claimed: ClaimedPortion, error: Exception) -> None:
        super().__init__(str(error))
        self.claimed = claimed
        self.error = error


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
        while action_id := await serve_next_action(connection, project_id, express=express):
            if action_id in served:
                return False  # every action has its portions in hand
            served.add(action_id)
            try:
                if await self._apply(connection, project_id, action_id):
                    return True
            except _SuspectError as suspect:
                await self._isolate(connection, suspect)
                return True
        return False

    async def _apply(self, connection: Connection, project_id: int, action_id: str) -> bool:
        """Apply the action's next portion, in one transaction; False when none is there for us."""
        started = time.monotonic()
        claimed: ClaimedPortion | None = None
        try:
            async with connection.transaction():
                claimed = await claim_portion(connection, project_id, action_id, self.settings)
                if claimed is None:
                    return False
                attempts = await note_attempt(self.pool, claimed)
                if attempts > self.settings.portion_attempts:
                    raise _SuspectError(claimed, attempts)
                await self._complete(connection, claimed)
        except asyncio.CancelledError:
            if claimed:
                await forget_attempt(self.pool, claimed)  # the worker was told to stop, nobody died
            raise
        except Exception as error:
            if claimed is None or not is_passing(error):
                raise
            if not accuses_a_row(error, time.monotonic() - started, self.settings.lease_seconds):
                await forget_attempt(self.pool, claimed)
            raise _NotNowError(claimed, error) from error
        return True

    async def _isolate(self, connection: Connection, suspect: _SuspectError) -> None:
        isolation = Isolation(self.run_alone, self.settings)
        try:
            await isolation.isolate(connection, suspect.claimed, suspect.attempts)
        except (OutOfTurnError, asyncio.CancelledError):
            await forget_attempt(self.pool, suspect.claimed)  # nobody died of it
            raise

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
