"""One portion in a process of its own: the process, and what starts it."""

import asyncio
import os
import signal
import sys
import time

from tallykeep.actions import ACTION_TYPES
from tallykeep.config import Settings
from tallykeep.db.pool import make_pool
from tallykeep.engine.apply import Applier
from tallykeep.engine.isolate import DONE_ALONE, TRY_AGAIN, RunAlone
from tallykeep.engine.passing import accuses_a_row, is_passing
from tallykeep.supervisor import die_with_parent

_NAME = "tallykeep worker"


def in_a_process_of_its_own(settings: Settings, database_url: str) -> RunAlone:
    """What starts the process for one portion; it ends with this one, and after twice its lease at the latest."""

    async def run(project_id: int, action_id: str, first_row: int) -> int:
        words = ["-m", "tallykeep", "apply-alone", str(project_id), action_id, str(first_row)]
        env = {**os.environ, "TALLYKEEP_DATABASE_URL": database_url}
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, env=env, preexec_fn=die_with_parent(signal.SIGKILL)
        )
        try:
            return await asyncio.wait_for(process.wait(), 2 * settings.lease_seconds)
        except TimeoutError:
            return 1
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return run


async def apply_alone(settings: Settings, database_url: str, project_id: int, action_id: str, first_row: int) -> int:
    """Apply the portion here; returns DONE_ALONE, or TRY_AGAIN where the database was at fault."""
    started = time.monotonic()
    try:
        async with make_pool(database_url, size=2, name=_NAME, lock_timeout_seconds=settings.lease_seconds) as pool:
            applier = Applier(pool, ACTION_TYPES, settings, _start_no_other)
            async with pool.connection() as connection:
                await applier.apply_alone(connection, project_id, action_id, first_row)
    except Exception as error:
        if is_passing(error) and not accuses_a_row(error, time.monotonic() - started, settings.lease_seconds):
            return TRY_AGAIN
        raise
    return DONE_ALONE


async def _start_no_other(project_id: int, action_id: str, first_row: int) -> int:
    raise RuntimeError("a process that tries one portion starts no other")
