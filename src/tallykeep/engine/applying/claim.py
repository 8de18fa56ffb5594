"""The claim: a batch's row lock, which lasts as long as the transaction, and dies with its connection."""

from typing import Any

from tallykeep.core.batch import ClaimedBatch, Source
from tallykeep.core.errors import UnreadableActionError
from tallykeep.core.options.submission_options import SubmissionOptions
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.queries import queries
from tallykeep.engine.applying.attempt import LONG_WAIT
from tallykeep.engine.stored_batches import read_batch

_sql = queries(__package__, "claim.sql")


SMALL_ROWS, SMALL_BYTES = 100, 16_384


async def claim_batch(
    connection: Connection, project_id: int, action_id: str, settings: Settings, first_row: int | None = None
) -> ClaimedBatch | None:
    """Claim the action's first open batch that nobody holds, or the one at `first_row`, until we end or fall silent.

    None when it is not there for us: somebody else has it, or had it, or the action has ended.

    Only the first few open batches may be in hand, so that a slow one cannot gather waiting workers behind it.

    Raises UnreadableActionError where nobody can apply it.
    """
    action_key = {"project_id": project_id, "action_id": action_id}
    silence = str(round(settings.lease_seconds * 1000))
    lock_timeout = f"{round(settings.lock_wait_seconds * 1000)}ms"
    limits = {**action_key, "silence": silence, "lock_timeout": lock_timeout, "timeout": LONG_WAIT}
    action = await (await connection.execute(_sql.get_unfinished_action, limits)).fetchone()
    if action is None:
        return None
    source, submission_options = submission_of(action)
    in_flight = 1 if submission_options.is_atomic else settings.batches_in_flight
    window = {**action_key, "first_row": first_row, "batches_in_flight": in_flight}
    batch = await (await connection.execute(_sql.claim_open_batch, window, binary=True)).fetchone()
    if batch is None:
        return None
    claimed = (project_id, action_id, action["type"], source, await read_batch(batch), submission_options)
    return ClaimedBatch(
        *claimed,
        timestamp=action["timestamp"],
        open_batches=action["open_batches"],
        lock_timeout=action["lock_timeout"],
    )


def is_small(claimed: ClaimedBatch) -> bool:
    """Return whether the batch is applied in a moment, so that others may well wait for it."""
    return claimed.batch.row_count <= SMALL_ROWS and len(claimed.batch.body) <= SMALL_BYTES


def submission_of(action: dict[str, Any]) -> tuple[Source, SubmissionOptions]:
    """Return how an action's rows were sent, and the options; raises UnreadableActionError for what nobody can read."""
    try:
        return Source(**action["source"]), SubmissionOptions.from_json(action["submission_options"])
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UnreadableActionError(f"{type(error).__name__}: {error}") from error


async def is_earlier_unfinished(connection: Connection, claimed: ClaimedBatch) -> bool:
    """Return whether any action of the project that was accepted before this one has not ended."""
    earlier = await (await connection.execute(_sql.earlier_unfinished, claimed.action_key)).fetchone()
    return bool(earlier and earlier["is_there"])


async def note_attempt(pool: Pool, claimed: ClaimedBatch) -> int:
    """Count an attempt where it outlives this process, and return how many there were without any outcome."""
    async with pool.connection() as connection:
        noted = await (await connection.execute(_sql.note_attempt, claimed.batch_key)).fetchone()
    return int(noted["attempts"]) if noted else 1


async def forget_attempt(pool: Pool, claimed: ClaimedBatch) -> None:
    """Discount an attempt that was given up in order; waits for the database where that is away.

    It says nothing about the batch.

    Where it fails all the same, one attempt too many counts: a batch is isolated sooner.
    """
    await pool.wait_until_available()
    async with pool.connection() as connection:
        await connection.execute(_sql.forget_attempt, claimed.batch_key)
