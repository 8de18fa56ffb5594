"""Voucher imports, HTTP submission to DONE, against PostgreSQL's own COPY of the same rows into the same table."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import files
from benchmarks.lab import Lab
from benchmarks.report import Figures
from benchmarks.server import Bench

CSV_ROUTE = "/v1/vouchers/importCSV"
_JSON_ROUTE = "/v1/vouchers/import"


def csv(lab: Lab) -> Figures:
    """CSV against COPY."""
    return _against_copy(lab, CSV_ROUTE, files.voucher_csv(lab, lab.size.rows))


def json(lab: Lab) -> Figures:
    """JSON against COPY."""
    return _against_copy(lab, _JSON_ROUTE, files.voucher_json(lab, lab.size.rows))


def _against_copy(lab: Lab, route: str, path: Path) -> Figures:
    bench, ready = lab.bench, lab.file("vouchers.ready")
    ours, floor = [], []
    for _ in range(lab.size.rounds):
        ours.append(timed_import(bench, route, path))
        # In the order in which they came, which is how anybody would copy them.
        bench.database.copy_out("COPY (SELECT * FROM vouchers ORDER BY id) TO STDOUT", ready)
        assert bench.database.one("SELECT count(*) FROM vouchers") == lab.size.rows
        bench.database.empty()
        floor.append(bench.database.copy_in("COPY vouchers FROM STDIN", path=ready))
    bench.database.empty()
    return Figures(median(ours), median(floor), rows=lab.size.rows)


def timed_import(bench: Bench, route: str, path: Path) -> float:
    """The seconds of one import into empty tables."""
    bench.database.empty()
    return bench.timed(route, path)


def row_time(lab: Lab) -> Figures:
    """The time of a row among many against the time of a row among few, in microseconds."""
    few, many = lab.size.few_rows, lab.size.many_rows
    short = median(_row_times(lab, few, rounds=max(3, lab.size.rounds)))
    long = median(_row_times(lab, many, rounds=1))
    lab.bench.database.empty()
    return Figures(long * 1e6, short * 1e6, "µs a row", note=f"{many:,} rows against {few:,}")


def _row_times(lab: Lab, rows: int, rounds: int) -> list[float]:
    path = files.voucher_csv(lab, rows)
    return [timed_import(lab.bench, CSV_ROUTE, path) / rows for _ in range(rounds)]


def two_workers(lab: Lab) -> Figures:
    """Rows a second of one import with two worker processes against one."""
    rows = lab.size.rows
    path = files.voucher_csv(lab, rows)
    one = _rows_per_second(lab, rows, lambda: timed_import(lab.bench, CSV_ROUTE, path))
    with lab.bench.another_worker():
        two = _rows_per_second(lab, rows, lambda: timed_import(lab.bench, CSV_ROUTE, path))
    lab.bench.database.empty()
    return Figures(two, one, "rows/s", note=_shared_cores())


def _rows_per_second(lab: Lab, rows: int, run: Callable[[], float]) -> float:
    return rows / median([run() for _ in range(lab.size.rounds)])


def _shared_cores() -> str:
    import os

    cores = os.cpu_count() or 1
    return "" if cores >= 4 else f"{cores} cores, which the workers share with PostgreSQL: it cannot be had here"
