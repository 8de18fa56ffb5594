"""How long somebody waits: small imports on an idle server and behind giants, reads while giants are imported."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median, quantiles
from typing import Any

from procrastinate import App, SyncPsycopgConnector

from benchmarks.children import bare_queue, load
from benchmarks.children.load import Load
from benchmarks.children.processes import first_line, running
from benchmarks.database import PROJECT_ID, Database
from benchmarks.files.sorts import OWN
from benchmarks.files.vouchers import VOUCHERS
from benchmarks.imports.vouchers import CSV_ROUTE
from benchmarks.lab import Lab
from benchmarks.report import Figures
from benchmarks.server import HEADERS, Bench
from tallykeep.db.queries import queries

_sql = queries(__package__, "latency.sql")

# Not as the main module, of which procrastinate warns.
_BARE_QUEUE = "import asyncio, sys; from benchmarks.children.bare_queue import work; asyncio.run(work(sys.argv[1]))"
_GIANTS = 10
_EVERY = 0.001  # seconds between two looks whether something has ended
_PAUSE = 0.05
_WARM_UP = 5
_READS_PER_SECOND = 50  # on each of two connections: enough for a percentile, too few to be a load


def three_rows(number: int | str) -> list[dict[str, Any]]:
    """The rows of a small import; other codes for each number."""
    discount = {"type": "AMOUNT", "amount_off": 500}
    return [
        {"code": f"SMALL-{number}-{row}", "type": "DISCOUNT_VOUCHER", "discount": discount} for row in range(3)
    ]  # fmt: skip


def small(lab: Lab) -> Figures:
    """Three rows against a job that does nothing."""
    bench, database = lab.bench, lab.bench.database
    database.empty()
    ours = _idle(lab, lambda number: _small_import(bench, number))
    with running("-c", _BARE_QUEUE, database.url) as child, ExitStack() as stack:
        first_line(child)
        queue = App(connector=SyncPsycopgConnector(conninfo=database.url))
        stack.enter_context(queue.open())
        floor = _idle(lab, lambda _: _bare_job(queue, database))
    database.execute(_sql.delete_bare_jobs, queue=bare_queue.QUEUE)
    return Figures(median(ours) * 1_000, median(floor) * 1_000, "ms")


def behind_ten(lab: Lab) -> Figures:
    """Three rows behind ten giants against the same on the idle server."""
    bench = lab.bench
    bench.database.empty()
    idle = _idle(lab, lambda number: _small_import(bench, number))
    giants = _start_giants(lab)
    behind = []
    for number in range(lab.size.samples):
        if not bench.database.one(_sql.giant_left, project_id=PROJECT_ID, ids=giants):
            break
        behind.append(_small_import(bench, 1_000_000 + number))
        time.sleep(_PAUSE)
    _cancel(bench, giants)
    assert len(behind) > 1, "the giants had ended before anything could be measured"
    note = f"{len(behind)} samples, median {median(behind) * 1_000:.0f} ms, longest {max(behind) * 1_000:.0f} ms"
    return Figures(quantiles(behind, n=20, method="inclusive")[18] * 1_000, median(idle) * 1_000, "ms", note=note)


def get_while_importing(lab: Lab) -> Figures:
    """The 99th percentile of reading one action, while imports keep the cores busy and on the idle server."""
    bench = lab.bench
    bench.database.empty()
    action_id = bench.request("POST", "/v1/vouchers/import", three_rows(0))["async_action_id"]
    bench.wait_done(action_id)
    reads = Load(
        f"{bench.url}/v1/async-actions/{action_id}", connections=2, seconds=lab.size.seconds,
        headers=tuple(HEADERS.items()), per_second=_READS_PER_SECOND,
    )  # fmt: skip
    idle = load.generate(reads)
    giants = _start_giants(lab)
    busy = load.generate(reads)
    still = bench.database.one(_sql.giant_left, project_id=PROJECT_ID, ids=giants)
    _cancel(bench, giants)
    note = f"medians {busy.p50:.1f} and {idle.p50:.1f} ms{'' if still else '; the imports ended before the reads'}"
    return Figures(busy.p99, idle.p99, "ms", note=note)


def _idle(lab: Lab, run: Callable[[int], float]) -> list[float]:
    taken = []
    for number in range(_WARM_UP + lab.size.samples):
        taken.append(run(number))
        time.sleep(_PAUSE)
    return taken[_WARM_UP:]


def _small_import(bench: Bench, number: int) -> float:
    started = time.perf_counter()
    action_id = bench.request("POST", "/v1/vouchers/import", three_rows(number))["async_action_id"]
    state = bench.database.wait_for_end(action_id, every=_EVERY)
    seconds = time.perf_counter() - started
    assert state["done"] == 3, state
    return seconds


def _bare_job(queue: App, database: Database) -> float:
    started = time.perf_counter()
    job_id = queue.configure_task(bare_queue.TASK, queue=bare_queue.QUEUE).defer()
    while database.one(_sql.status_of_job, id=job_id) != "succeeded":
        time.sleep(_EVERY)
    return time.perf_counter() - started


def _start_giants(lab: Lab) -> list[str]:
    path = VOUCHERS.file(lab, OWN, lab.size.rows)
    return [lab.bench.submit(CSV_ROUTE, path) for _ in range(_GIANTS)]


def _cancel(bench: Bench, giants: list[str]) -> None:
    for action_id in giants:
        bench.cancel(action_id)
    bench.database.empty()
