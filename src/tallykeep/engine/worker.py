"""The worker process: it listens to the queue, applies batches, rescues what the queue lost, removes what is old,
delivers events, and chains the audit log.
"""

import asyncio
import gc
import os
import signal
import sys

import psycopg
import structlog

from tallykeep.db.connections.connection_errors import reason_of
from tallykeep.db.connections.guard import Guard
from tallykeep.engine.recovering.rescuer import Rescuer
from tallykeep.engine.retention.pruner import Pruner
from tallykeep.engine.scheduling.job_queue import QUEUE, SMALL, Queue
from tallykeep.engine.webhooks.deliverer import Deliverer
from tallykeep.tenants.audit.chainer import Chainer

_log = structlog.get_logger()

SMALL_CONCURRENCY = 1  # batches of small actions in hand while larger ones take all that is there

_POLL_SECONDS = 0.5  # when a notification is lost, or none can be had (a transaction-mode pooler)
_SHUTDOWN_SECONDS = 5
_BEGIN_AGAIN_SECONDS = 0.2
_MAX_STOP_SECONDS = 8
_SWITCH_SECONDS = 0.0005  # rows are checked in threads, beside which what is written has to flow


async def run_worker(
    queue: Queue,
    rescuer: Rescuer,
    pruner: Pruner,
    deliverer: Deliverer,
    chainer: Chainer,
    guard: Guard,
    *,
    concurrency: int,
) -> None:
    """Work until SIGTERM or SIGINT, through whatever outages there are."""
    collect_garbage_seldom()
    sys.setswitchinterval(_SWITCH_SECONDS)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with queue.app.open_async():
        tasks = [
            asyncio.create_task(_keep_working(queue, guard, concurrency, QUEUE, SMALL), name="work"),
            asyncio.create_task(_keep_working(queue, guard, SMALL_CONCURRENCY, SMALL), name="small"),
            asyncio.create_task(rescuer.run(), name="rescue"),
            asyncio.create_task(pruner.run(), name="prune"),
            asyncio.create_task(deliverer.run(), name="deliver"),
            asyncio.create_task(chainer.run(), name="chain the audit log"),
        ]
        _log.info("worker is ready")
        await stopping.wait()
        # Leaving politely needs the database, which may be gone; leaving at once harms nothing.
        asyncio.get_running_loop().call_later(_MAX_STOP_SECONDS, os._exit, 0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_working(queue: Queue, guard: Guard, concurrency: int, *queues: str) -> None:
    """Work; where an outage, or a defect, has ended that, begin anew as soon as the database answers."""
    while True:
        await guard.wait_until_available()
        try:
            await _work(queue, concurrency, *queues)
        except Exception as error:
            if isinstance(error.__cause__, psycopg.OperationalError):
                _log.info("work is put off", queues=queues, reason=reason_of(error.__cause__))
            else:
                _log.exception("work was ended and is begun anew", queues=queues)
        await asyncio.sleep(_BEGIN_AGAIN_SECONDS)


def collect_garbage_seldom() -> None:
    """Collect garbage seldom: a batch makes tens of thousands of objects without cycles, and searching them costs a
    fifth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


async def _work(queue: Queue, concurrency: int, *queues: str) -> None:
    await queue.app.run_worker_async(
        queues=list(queues),
        concurrency=concurrency,
        fetch_job_polling_interval=_POLL_SECONDS,
        delete_jobs="always",
        install_signal_handlers=False,
        shutdown_graceful_timeout=_SHUTDOWN_SECONDS,
        listen_notify=True,
    )
