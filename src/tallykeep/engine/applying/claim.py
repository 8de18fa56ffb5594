"""The claim: a portion's row lock, which lasts as long as the transaction, and dies with its connection."""

from tallykeep.core.portion import ClaimedPortion, Portion, Source
from tallykeep.core.settings import Settings
from tallykeep.core.submission_options import OnError, Wishes
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.engine.applying.attempt import LONG_WAIT, whole_at_once

_sql = queries(__package__, "claim.sql")


async def claim_portion(
    connection: Connection, project_id: int, action_id: str, settings: Settings, first_row: int | None = None
) -> ClaimedPortion | None:
    """The action's first open portion that nobody holds, or the one at `first_row`, locked until we end or fall silent.

    None when it is not there for us: somebody else has it, or had it, or the action has ended.

    Only the first few open portions may be in hand, so that a slow one cannot gather waiting workers behind it.
    """
    place = {"project_id": project_id, "action_id": action_id}
    silence = str(round(settings.lease_seconds * 1000))
    lock_timeout = f"{round(settings.lock_wait_seconds * 1000)}ms"
    asked = {**place, "silence": silence, "lock_timeout": lock_timeout, "patience": LONG_WAIT}
    action = await (await connection.execute(_sql.get_unfinished_action, asked)).fetchone()
    if action is None:
        return None
    wishes = Wishes(action["dry_run"], OnError(action["on_error"]), action["max_failures"])
    in_flight = 1 if whole_at_once(wishes) else settings.portions_in_flight
    window = {**place, "first_row": first_row, "portions_in_flight": in_flight}
    portion = await (await connection.execute(_sql.claim_open_portion, window, binary=True)).fetchone()
    if portion is None:
        return None
    source = Source(**action["source"])
    claimed = (project_id, action_id, action["type"], source, Portion(**portion), wishes)
    return ClaimedPortion(
        *claimed,
        moment=action["moment"],
        open_portions=action["open_portions"],
        lock_timeout=action["lock_timeout"],
    )


async def note_attempt(pool: Pool, claimed: ClaimedPortion) -> int:
    """Count an attempt where it outlives this process, and return how many there were without any outcome."""
    async with pool.connection() as connection:
        noted = await (await connection.execute(_sql.note_attempt, claimed.place)).fetchone()
    return int(noted["attempts"]) if noted else 1


async def forget_attempt(pool: Pool, claimed: ClaimedPortion) -> None:
    """An attempt that was given up in order says nothing about the portion; waits for the database where that is away.

    Where it fails all the same, one attempt too many counts: a portion is tried alone sooner.
    """
    await pool.present()
    async with pool.connection() as connection:
        await connection.execute(_sql.forget_attempt, claimed.place)
