"""Joint attempts: many small actions in one transaction. What fails there is applied separately."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

import structlog

from tallykeep.core.action_type import ActionTypes
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.concurrency.right_of_way import RightOfWay
from tallykeep.core.logs.failures import reason_in_log
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.transient import accuses_a_row, is_transient
from tallykeep.engine.applying.joint.accounting import close_jointly
from tallykeep.engine.applying.joint.attempt import Outcomes, apply_jointly
from tallykeep.engine.applying.joint.claim import JointClaim, JointState, claim_jointly, forget_attempts, note_attempts

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JointAttempts:
    """Applies the small actions that are next, as many of them at a time as there are jobs for them."""

    pool: Pool
    action_types: ActionTypes
    settings: Settings
    state: JointState
    right_of_way: RightOfWay

    async def advance(self, project_id: int) -> bool:
        """Make a joint attempt; return whether it did all that the job in hand, of this project, was there for.

        A failure of any sort is no more than a reason to say no.
        """
        async with self.state.one_at_a_time:
            claim = JointClaim([], {}, 0)
            started = time.monotonic()
            try:
                with self.right_of_way.taken():
                    async with self.pool.connection() as connection, connection.transaction():
                        claim = await self._claim(connection, project_id)
                        outcomes = await self._complete(connection, claim) if claim.claimed else []
            except asyncio.CancelledError:
                await self._give_up(claim.claimed, None, 0.0)  # the worker was asked to stop, nobody died
                raise
            except Exception as error:
                await self._give_up(claim.claimed, error, time.monotonic() - started)
                return False
            await self._leave(claim, outcomes)
            return _count(outcomes)[project_id] == claim.slots

    async def _claim(self, connection: Connection, project_id: int) -> JointClaim:
        types = [name for name, action_type in self.action_types.items() if action_type.begin_jointly]
        return await claim_jointly(connection, project_id, types, self.settings, self.state)

    async def _complete(self, connection: Connection, claim: JointClaim) -> Outcomes:
        await note_attempts(self.pool, claim.claimed)
        outcomes = await apply_jointly(connection, self.action_types, claim.claimed)
        if outcomes:
            await close_jointly(connection, outcomes, _jobs_for(outcomes, claim))
        return outcomes

    async def _leave(self, claim: JointClaim, outcomes: Outcomes) -> None:
        """Leave what did not join to separate attempts."""
        applied = {(batch.project_id, batch.action_id) for batch, _ in outcomes}
        await self._separately([each for each in claim.claimed if (each.project_id, each.action_id) not in applied])

    async def _give_up(self, claimed: list[ClaimedBatch], error: Exception | None, seconds: float) -> None:
        if error is not None and not is_transient(error):
            _log.exception("a joint attempt failed; its actions are applied separately", actions=len(claimed))
        elif error is not None:
            _log.info("a joint attempt was given up", actions=len(claimed), reason=reason_in_log(error))
        if error is None or not accuses_a_row(error, seconds, self.settings.lease_seconds):
            await self._separately(claimed)

    async def _separately(self, claimed: list[ClaimedBatch]) -> None:
        if not claimed:
            return
        self.state.keep_separate((each.project_id, each.action_id) for each in claimed)
        await forget_attempts(self.pool, claimed)


def _jobs_for(outcomes: Outcomes, claim: JointClaim) -> list[int]:
    """Return as many jobs of each project as actions of it were applied.

    The job in hand is the last that is used up: where an action of its project is left over, it is there for that.
    """
    return [job for project_id, count in _count(outcomes).items() for job in claim.jobs.get(project_id, [])[:count]]


def _count(outcomes: Outcomes) -> Counter[int]:
    return Counter(batch.project_id for batch, _ in outcomes)
