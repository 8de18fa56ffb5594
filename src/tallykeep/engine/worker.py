"""The worker process: it listens to the queue, applies portions, rescues what the queue lost, and tidies up."""

import asyncio
import gc
import os
import signal
import sys

import structlog

from tallykeep.engine.queue import EXPRESS, QUEUE, Queue
from tallykeep.engine.rescue import Rescuer
from tallykeep.engine.tidy import Tidier

_log = structlog.get_logger()

EXPRESS_CONCURRENCY = 1  # portions of small actions in hand while larger ones take all that is there

_POLL_SECONDS = 0.5  # when a notification is lost, or none can be had (a transaction-mode pooler)
_SHUTDOWN_SECONDS = 5
_LONGEST_STOP_SECONDS = 8
_SWITCH_SECONDS = 0.0005  # rows are checked in threads, beside which what is written has to flow


async def run_worker(queue: Queue, rescuer: Rescuer, tidier: Tidier, *, concurrency: int) -> bool:
    """Work until SIGTERM or SIGINT; returns whether it was told to stop; if not, it has to be started anew."""
    _collect_garbage_seldom()
    sys.setswitchinterval(_SWITCH_SECONDS)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with queue.app.open_async():
        tasks = [
            asyncio.create_task(stopping.wait(), name="stop"),
            asyncio.create_task(_work(queue, concurrency, QUEUE, EXPRESS), name="work"),
            asyncio.create_task(_work(queue, EXPRESS_CONCURRENCY, EXPRESS), name="express"),
            asyncio.create_task(rescuer.run(), name="rescue"),
            asyncio.create_task(tidier.run(), name="tidy"),
        ]
        _log.info("worker is ready")
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        # Leaving politely needs the database, which may be gone; leaving at once harms nothing.
        asyncio.get_running_loop().call_later(_LONGEST_STOP_SECONDS, os._exit, 1)
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                _log.error("worker has to start anew", reason=str(outcome))
    return stopping.is_set()


def _collect_garbage_seldom() -> None:
    """A portion makes tens of thousands of objects without cycles; searching them again and again costs a fifth."""
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
