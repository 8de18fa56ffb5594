"""`python -m benchmarks.stages`: what a row of a voucher import costs, stage by stage, each run alone."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import psycopg

from benchmarks import files
from benchmarks.database import PROJECT_ID
from benchmarks.imports import CSV_ROUTE, timed_import
from benchmarks.lab import QUICK, Lab
from benchmarks.server import Bench, running_bench
from tallykeep.core.batch import Batch
from tallykeep.core.settings import Settings
from tallykeep.db.queries import queries
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.row_reader import read_rows
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.importing.csv_rows import CsvVouchers
from tallykeep.resources.vouchers.writing.store import ready_text

_write = queries("tallykeep.resources.vouchers.writing", "store.sql")

_ROWS = 200_000
_BATCHES = 400
_CHUNK = 1 << 16
Result = TypeVar("Result")


def main() -> None:
    """Print microseconds a row; the batch's own costs are spread over its rows."""
    settings = Settings()
    with TemporaryDirectory() as directory:
        lab = Lab(QUICK, Path(directory))
        path = files.voucher_csv(lab, _ROWS)
        texts = _in_python(path, settings)
        with running_bench() as bench:
            _in_database(bench, texts)
            bench.database.empty()
            started = time.perf_counter()
            action_id, accepted = bench.timed_submit(CSV_ROUTE, path)
            bench.wait_done(action_id)
            _shown("upload to 202", accepted)
            _shown("202 to DONE", time.perf_counter() - started - accepted)
        with running_bench(TALLYKEEP_BATCH_ROWS="1") as bench:
            seconds = timed_import(bench, CSV_ROUTE, files.voucher_csv(lab, _BATCHES)) / _BATCHES
            _shown("a batch beside its rows", seconds * _ROWS / settings.batch_rows)
            print(f"    (claim, account, next turn, queue and commit: {seconds * 1_000:.1f} ms a batch)")


def _in_python(path: Path, settings: Settings) -> list[str]:
    splitter = CsvSplitter(
        batch_rows=settings.batch_rows, batch_bytes=settings.batch_bytes, max_row_bytes=settings.max_row_bytes
    )
    batches = _timed("accept: split", lambda: _split(splitter, path))
    source = splitter.source
    rows = _timed("worker: read", lambda: [read_rows(batch, source) for batch in batches])
    cleaners = [CsvVouchers(source.header, MetadataChecker(None), CategoryLabels()) for _ in batches]
    drafts = _timed("worker: clean", lambda: [by.clean(each)[0] for by, each in zip(cleaners, rows, strict=True)])
    return _timed("worker: ready text", lambda: [ready_text(PROJECT_ID, each) for each in drafts])


def _split(splitter: CsvSplitter, path: Path) -> list[Batch]:
    batches: list[Batch] = []
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            batches += splitter.feed(chunk)
    return [*batches, *splitter.finish()]


def _in_database(bench: Bench, texts: list[str]) -> None:
    copying = committing = 0.0
    bench.database.empty()
    with psycopg.connect(bench.database.url) as connection:
        for text in texts:
            started = time.perf_counter()
            with connection.cursor().copy(_write.copy_new) as copy:
                copy.write(text)
            copied = time.perf_counter()
            connection.commit()
            copying, committing = copying + copied - started, committing + time.perf_counter() - copied
    _shown("worker: COPY, a batch at a time", copying)
    _shown("worker: commit", committing)


def _timed(stage: str, run: Callable[[], Result]) -> Result:
    started = time.perf_counter()
    result = run()
    _shown(stage, time.perf_counter() - started)
    return result


def _shown(stage: str, seconds: float) -> None:
    print(f"{stage:36}{seconds / _ROWS * 1e6:8.2f} µs a row", flush=True)


if __name__ == "__main__":
    main()
