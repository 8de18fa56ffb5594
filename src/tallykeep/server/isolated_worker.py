"""One batch in a process of its own: the process, and what starts it."""

import asyncio
import signal
import sys
import time
from contextlib import suppress

from tallykeep.catalog.action_types import APPLIED_TYPES
from tallykeep.core.settings import Settings, environment_of_roles
from tallykeep.db.connections.guard import Guard
from tallykeep.db.connections.pool import make_pool
from tallykeep.db.transient import accuses_a_row, is_transient
from tallykeep.engine.applier import Applier
from tallykeep.engine.recovering.quarantine import DONE_ISOLATED, TRY_AGAIN, RunIsolated
from tallykeep.server.child_process import die_with_parent

_NAME = "tallykeep worker"
_READY = b"ready\n"
_START_SECONDS = 300
_LOCKS_WAITED_FOR = 4  # within a lease, so that waiting for others is never taken for a row that keeps the process
HELD_TOO_LONG = 1  # an exit code like any other that is no success


def in_a_process_of_its_own(settings: Settings, database_url: str) -> RunIsolated:
    """Return what runs one batch in a process, which ends with this one, or twice a lease after it was ready.

    What becomes of it before it is ready says nothing about the batch: on a busy machine a start takes long.
    """

    async def run(project_id: int, action_id: str, first_row: int) -> int:
        words = ["-m", "tallykeep", "apply-isolated", str(project_id), action_id, str(first_row)]
        env = environment_of_roles(database_url=database_url)
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, env=env, stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent(signal.SIGKILL)
        )
        try:
            if not await _is_ready(process):
                return TRY_AGAIN
            await asyncio.wait_for(process.communicate(), 2 * settings.lease_seconds)
        except TimeoutError:
            return HELD_TOO_LONG
        else:
            return process.returncode or DONE_ISOLATED
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return run


async def _is_ready(process: asyncio.subprocess.Process) -> bool:
    """Wait until the process is about to take the batch; return False if it did not get that far."""
    if process.stdout is None:
        return False
    with suppress(TimeoutError):
        return await asyncio.wait_for(process.stdout.readline(), _START_SECONDS) == _READY
    return False


async def apply_isolated(settings: Settings, database_url: str, project_id: int, action_id: str, first_row: int) -> int:
    """Apply the batch here; returns DONE_ISOLATED, or TRY_AGAIN where the database was at fault."""
    started = time.monotonic()
    try:
        lock_timeout = settings.lease_seconds / _LOCKS_WAITED_FOR
        async with (
            Guard(database_url, name=_NAME) as guard,
            make_pool(database_url, size=2, name=_NAME, lock_timeout_seconds=lock_timeout, guard=guard) as pool,
        ):
            await guard.wait_until_available()
            applier = Applier(pool, APPLIED_TYPES, settings, _start_no_other)
            async with pool.connection() as connection:
                sys.stdout.buffer.write(_READY)
                sys.stdout.flush()
                await applier.apply_isolated(connection, project_id, action_id, first_row)
    except Exception as error:
        if is_transient(error) and not accuses_a_row(error, time.monotonic() - started, settings.lease_seconds):
            return TRY_AGAIN
        raise
    return DONE_ISOLATED


async def _start_no_other(project_id: int, action_id: str, first_row: int) -> int:
    raise RuntimeError("a process that tries one batch starts no other")
