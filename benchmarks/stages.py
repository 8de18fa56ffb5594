"""`python -m benchmarks.stages [sort …] [--types …]`: what a row of an import costs, stage by stage, each run alone."""

import argparse
import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import psutil

from benchmarks.database import PROJECT_ID
from benchmarks.files.sorts import OWN, SORTS, flawed_rows
from benchmarks.files.vouchers import VOUCHERS
from benchmarks.imports.types import IMPORTS, USUAL_TYPES
from benchmarks.imports.vouchers import timed_import
from benchmarks.lab import QUICK, Lab
from benchmarks.server import Bench, running_bench
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType
from tallykeep.core.batch import Batch, ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, make_pool
from tallykeep.engine.file_rules.cell_rules import read_filled
from tallykeep.engine.worker import collect_garbage_seldom
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.json.array_splitter import JsonSplitter

_ROWS = 50_000
_BATCHES = 100
_CHUNK = 1 << 16


Splitter = CsvSplitter | JsonSplitter
Result = TypeVar("Result")


def main() -> None:
    """Print microseconds a row: of the processor for stages in Python, on the clock (and of both) for all others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sorts", nargs="*", help=f"some of {', '.join(SORTS)}; left out, all")
    parser.add_argument("--types", nargs="*", choices=IMPORTS, default=USUAL_TYPES, metavar="ACTION_TYPE")
    arguments = parser.parse_args()
    sorts = arguments.sorts or SORTS
    if unknown := set(sorts) - set(SORTS):
        parser.error(f"no sort of file is called {', '.join(sorted(unknown))}")
    collect_garbage_seldom()  # as the worker does
    with TemporaryDirectory() as directory, running_bench() as bench:
        lab = Lab(QUICK, Path(directory))
        for name in arguments.types:
            for sort in [sort for sort in sorts if sort in IMPORTS[name].sorts]:
                _show_stages(lab, bench, name, sort)
    with TemporaryDirectory() as directory, running_bench(TALLYKEEP_BATCH_ROWS="1") as bench:
        seconds = timed_import(bench, VOUCHERS.file(Lab(QUICK, Path(directory)), OWN, _BATCHES)) / _BATCHES
        print(f"\na batch beside its rows: {seconds * 1_000:.1f} ms (claim, account, next job, queue and commit)")


def _show_stages(lab: Lab, bench: Bench, name: str, sort: str) -> None:
    print(f"\n{name}, {sort}")
    settings = Settings()
    sizes: dict[str, Any] = {
        "batch_rows": settings.batch_rows,
        "batch_bytes": settings.batch_bytes // ACTION_TYPES[name].batch_bytes_divisor,
        "max_row_bytes": settings.max_row_bytes,
    }
    imported = IMPORTS[name]
    path = imported.file(lab, sort, _ROWS)
    splitter: Splitter = CsvSplitter(**sizes) if path.suffix == ".csv" else JsonSplitter(**sizes)
    batches = _in_python("API: split", lambda: _split(splitter, path))
    imported.prepare(bench, sort)
    asyncio.run(_apply(bench, ACTION_TYPES[name], splitter, batches, flawed_rows(sort, _ROWS)))
    imported.prepare(bench, sort)
    started = time.perf_counter()
    action_id, accepted = bench.timed_submit(imported.route, path)
    bench.wait_done(action_id, failed=flawed_rows(sort, _ROWS))
    _show("all: upload to 202", accepted)
    _show("all: 202 to DONE", time.perf_counter() - started - accepted)


def _split(splitter: Splitter, path: Path) -> list[Batch]:
    batches: list[Batch] = []
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            batches += splitter.feed(chunk)
    return [*batches, *splitter.finish()]


async def _apply(bench: Bench, action_type: ActionType, splitter: Splitter, batches: list[Batch], failed: int) -> None:
    """Do what a worker does with batches, one after the other, stage by stage."""
    source = splitter.source
    rows = _in_python("worker: read", lambda: [read_filled(batch, source, action_type) for batch in batches])
    async with make_pool(bench.database.url, size=1, name="benchmark") as pool, pool.connection() as connection:
        claimed = [
            ClaimedBatch(PROJECT_ID, "aa_bench", action_type.name, source, batch, timestamp=datetime.now(UTC))
            for batch in batches
        ]
        operations = [await action_type.begin(connection, each) for each in claimed]
        failures = _in_python(
            "worker: check",
            lambda: [operation.check(each) for operation, each in zip(operations, rows, strict=True)],
        )
        written = [await _write(connection, operation) for operation in operations]
    assert sum(map(len, failures)) + sum(count for _, count in written) == failed
    for number, stage in enumerate(("stage, a batch at a time", "write", "commit")):
        spans = [(marks[number], marks[number + 1]) for marks, _ in written]
        clock, processors = (sum(end[at] - start[at] for start, end in spans) for at in (0, 1))
        _show(f"worker: {stage}", clock, processors)


async def _write(connection: Connection, operation: Operation) -> tuple[list[tuple[float, float]], int]:
    """Write one batch in a transaction; return marks, and how many rows failed only then.

    The marks are the clock and the time of the processors, ours and the backend's, before, after staging, after
    writing, and after the commit.
    """
    backend = psutil.Process(connection.info.backend_pid)

    def mark() -> tuple[float, float]:
        return time.perf_counter(), time.process_time() + sum(backend.cpu_times()[:2])

    marks = [mark()]
    async with connection.transaction():
        await operation.stage()
        marks.append(mark())
        failures = await operation.write()
        marks.append(mark())
    return [*marks, mark()], len(failures)


def _in_python(stage: str, run: Callable[[], Result]) -> Result:
    started = time.process_time()
    result = run()
    _show(stage, time.process_time() - started)
    return result


def _show(stage: str, seconds: float, processors: float | None = None) -> None:
    beside = "" if processors is None else f", {processors / _ROWS * 1e6:.2f} of the processors"
    print(f"  {stage:34}{seconds / _ROWS * 1e6:8.2f} µs a row{beside}", flush=True)


if __name__ == "__main__":
    main()
