"""The role `worker`: one process that applies batches, with all that it needs wired together."""

import asyncio
from functools import partial

from tallykeep.catalog.action_types import APPLIED_TYPES
from tallykeep.core.logs import configuring as log
from tallykeep.core.settings import Settings
from tallykeep.db.connections.guard import Guard
from tallykeep.db.connections.pool import make_pool
from tallykeep.db.migrate import migrate
from tallykeep.engine.applier import Applier
from tallykeep.engine.recovering.rescuer import Rescuer
from tallykeep.engine.retention.pruner import Pruner
from tallykeep.engine.scheduling.job_queue import Queue
from tallykeep.engine.webhooks.deliverer import Deliverer
from tallykeep.engine.webhooks.sending import Sender
from tallykeep.engine.worker import SMALL_CONCURRENCY, run_worker
from tallykeep.server.database import find_database, until_done
from tallykeep.server.freed_memory import return_freed_memory
from tallykeep.server.isolated_worker import apply_isolated, in_a_process_of_its_own
from tallykeep.tenants.audit.chainer import Chainer

_WORKER = "tallykeep worker"


def worker(settings: Settings) -> int:
    """Run one worker process until told to stop, through whatever outages there are."""
    log.configure(settings)
    return_freed_memory()
    database_url = find_database(settings)
    until_done(database_url, partial(migrate, database_url))
    asyncio.run(_work(settings, database_url))
    return 0


async def _work(settings: Settings, database_url: str) -> None:
    size = settings.worker_concurrency + SMALL_CONCURRENCY + 4
    async with (
        Guard(database_url, name=_WORKER) as guard,
        make_pool(
            database_url, size=size, name=_WORKER, lock_timeout_seconds=settings.lease_seconds, guard=guard
        ) as pool,
    ):
        queue = Queue(database_url, guard=guard)
        applier = Applier(pool, APPLIED_TYPES, settings, in_a_process_of_its_own(settings, database_url))
        queue.on_advance(applier.advance)
        rescuer = Rescuer(pool, settings, _WORKER)
        await guard.wait_until_available()
        allow_private = settings.webhook_allow_private
        async with Sender(allow_private=allow_private, timeout_seconds=settings.webhook_timeout_seconds) as sender:
            background = (rescuer, Pruner(pool, settings), Deliverer(pool, sender, allow_private), Chainer(pool))
            await run_worker(queue, *background, guard, concurrency=settings.worker_concurrency)


def try_isolated(settings: Settings, project_id: int, action_id: str, first_row: int) -> int:
    """Apply one batch in this process, at which others died; the exit code says how it went."""
    log.configure(settings)
    return asyncio.run(apply_isolated(settings, find_database(settings), project_id, action_id, first_row))
