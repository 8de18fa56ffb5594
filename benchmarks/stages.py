"""`python -m benchmarks.stages [sort …]`: what a row of a voucher import costs, stage by stage, each run alone."""

import argparse
import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from benchmarks.database import PROJECT_ID
from benchmarks.files import documents
from benchmarks.files.sorts import DIRTY, OWN, SORTS, flawed_rows
from benchmarks.files.vouchers import VOUCHERS
from benchmarks.imports.prepared import prepare
from benchmarks.imports.vouchers import CSV_ROUTE, JSON_ROUTE, timed_import
from benchmarks.lab import QUICK, Lab
from benchmarks.server import Bench, running_bench
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType
from tallykeep.core.batch import Batch, ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.settings import Settings
from tallykeep.db.connections.pool import Connection, make_pool
from tallykeep.engine.columns.cell_rules import read_filled
from tallykeep.engine.worker import collect_garbage_seldom
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.json.array_splitter import JsonSplitter

_ROWS = 50_000
_BATCHES = 100
_CHUNK = 1 << 16
_ROUTES = {"VOUCHERS.IMPORT_CSV": CSV_ROUTE, "VOUCHERS.IMPORT": JSON_ROUTE}

Splitter = CsvSplitter | JsonSplitter
Result = TypeVar("Result")


def main() -> None:
    """Print microseconds a row: of the processor for stages in Python, on the clock for all others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sorts", nargs="*", help=f"some of {', '.join(SORTS)}; left out, all")
    sorts = parser.parse_args().sorts or SORTS
    if unknown := set(sorts) - set(SORTS):
        parser.error(f"no sort of file is called {', '.join(sorted(unknown))}")
    collect_garbage_seldom()  # as the worker does
    with TemporaryDirectory() as directory, running_bench() as bench:
        lab = Lab(QUICK, Path(directory))
        for name in _ROUTES:
            for sort in sorts:
                _show_stages(lab, bench, name, sort)
    with TemporaryDirectory() as directory, running_bench(TALLYKEEP_BATCH_ROWS="1") as bench:
        seconds = timed_import(bench, VOUCHERS.file(Lab(QUICK, Path(directory)), OWN, _BATCHES)) / _BATCHES
        print(f"\na batch beside its rows: {seconds * 1_000:.1f} ms (claim, account, next job, queue and commit)")


def _show_stages(lab: Lab, bench: Bench, name: str, sort: str) -> None:
    print(f"\n{name}, {sort}")
    settings = Settings()
    sizes: dict[str, Any] = {
        "batch_rows": settings.batch_rows,
        "batch_bytes": settings.batch_bytes,
        "max_row_bytes": settings.max_row_bytes,
    }
    is_csv = name == "VOUCHERS.IMPORT_CSV"
    path = VOUCHERS.file(lab, sort, _ROWS) if is_csv else documents.vouchers(lab, sort, _ROWS)
    splitter: Splitter = CsvSplitter(**sizes) if is_csv else JsonSplitter(**sizes)
    batches = _in_python("API: split", lambda: _split(splitter, path))
    prepare(bench, "voucher", has_schema=sort == DIRTY)
    asyncio.run(_apply(bench, ACTION_TYPES[name], splitter, batches, flawed_rows(sort, _ROWS)))
    prepare(bench, "voucher", has_schema=sort == DIRTY)
    started = time.perf_counter()
    action_id, accepted = bench.timed_submit(_ROUTES[name], path)
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
        assert sum(map(len, failures)) == failed
        marks = [await _write(connection, operation) for operation in operations]
    for number, stage in enumerate(("COPY, a batch at a time", "what COPY leaves to be written", "commit")):
        _show(f"worker: {stage}", sum(each[number + 1] - each[number] for each in marks))


async def _write(connection: Connection, operation: Operation) -> list[float]:
    """Write one batch in a transaction; the clock before, after staging, after writing, and after the commit."""
    marks = [time.perf_counter()]
    async with connection.transaction():
        await operation.stage()
        marks.append(time.perf_counter())
        assert not await operation.write()
        marks.append(time.perf_counter())
    return [*marks, time.perf_counter()]


def _in_python(stage: str, run: Callable[[], Result]) -> Result:
    started = time.process_time()
    result = run()
    _show(stage, time.process_time() - started)
    return result


def _show(stage: str, seconds: float) -> None:
    print(f"  {stage:34}{seconds / _ROWS * 1e6:8.2f} µs a row", flush=True)


if __name__ == "__main__":
    main()
