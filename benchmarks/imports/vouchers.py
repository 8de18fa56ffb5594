"""Voucher imports, HTTP submission to DONE, against PostgreSQL's own COPY of the same rows into the same table."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.files import documents
from benchmarks.files.sorts import DIRTY, OWN, flawed_rows
from benchmarks.files.vouchers import CAMPAIGN_VOUCHERS, VOUCHERS
from benchmarks.imports.prepared import prepare
from benchmarks.imports.rounds import Rounds
from benchmarks.lab import Lab
from benchmarks.report import Figures
from benchmarks.server import Bench

CSV_ROUTE = "/v1/vouchers/importCSV"
JSON_ROUTE = "/v1/vouchers/import"
_CAMPAIGN = {
    "name": "Bench",
    "campaign_type": "DISCOUNT_COUPONS",
    "type": "STATIC",
    "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 500}},
}


def csv(sort: str) -> Callable[[Lab], Figures]:
    """CSV."""
    return lambda lab: _against_copy(lab, sort, VOUCHERS.file(lab, sort, lab.size.rows_of(sort)), lambda _: CSV_ROUTE)


def json(sort: str) -> Callable[[Lab], Figures]:
    """JSON."""
    return lambda lab: _against_copy(
        lab, sort, documents.vouchers(lab, sort, lab.size.rows_of(sort)), lambda _: JSON_ROUTE
    )


def campaign_csv(sort: str) -> Callable[[Lab], Figures]:
    """CSV into a campaign, which says what the vouchers are worth."""
    return lambda lab: _against_copy(
        lab, sort, CAMPAIGN_VOUCHERS.file(lab, sort, lab.size.rows_of(sort)), _campaign_route
    )


def _campaign_route(bench: Bench) -> str:
    return f"/v1/campaigns/{bench.request('POST', '/v1/campaigns', _CAMPAIGN)['id']}/importCSV"


def _against_copy(lab: Lab, sort: str, path: Path, route: Callable[[Bench], str]) -> Figures:
    bench, ready, rows = lab.bench, lab.file("vouchers.ready"), lab.size.rows_of(sort)
    failed = flawed_rows(sort, rows)
    rounds = Rounds(bench)
    for _ in range(lab.size.rounds):
        prepare(bench, "voucher", has_schema=sort == DIRTY)
        rounds.ours(partial(bench.timed, route(bench), path, failed=failed))
        # In the order in which they came, which is how anybody would copy them.
        bench.database.copy_out("COPY (SELECT * FROM vouchers ORDER BY id) TO STDOUT", ready)
        assert bench.database.one("SELECT count(*) FROM vouchers") == rows - failed
        bench.database.empty()
        rounds.floor(lambda: bench.database.load(("COPY vouchers FROM STDIN", ready)))
    bench.database.empty()
    return rounds.figures(rows, f"{failed:,} rows fail" if failed else "")


def timed_import(bench: Bench, path: Path) -> float:
    """The seconds of one import of a CSV file into empty tables."""
    bench.database.empty()
    return bench.timed(CSV_ROUTE, path)


def row_time(lab: Lab) -> Figures:
    """What a row costs us, measured by what it costs COPY: among many against among few.

    A row costs PostgreSQL more, too, in a big table: only what grows faster than COPY itself is ours.
    """
    few, many = lab.size.few_rows, lab.size.many_rows
    short, long = (_times_of_copy(lab, few, rounds=5), _times_of_copy(lab, many, rounds=1))
    return Figures(long, short, "× COPY", note=f"{many:,} rows against {few:,}")


def _times_of_copy(lab: Lab, rows: int, rounds: int) -> float:
    ready, path = lab.file("vouchers.ready"), VOUCHERS.file(lab, OWN, rows)
    ours, floor = [], []
    for _ in range(rounds):
        ours.append(timed_import(lab.bench, path))
        lab.bench.database.copy_out("COPY (SELECT * FROM vouchers ORDER BY id) TO STDOUT", ready)
        lab.bench.database.empty()
        floor.append(lab.bench.database.load(("COPY vouchers FROM STDIN", ready)))
    lab.bench.database.empty()
    return median(ours) / median(floor)


def two_workers(lab: Lab) -> Figures:
    """Rows a second of one import with two worker processes against one."""
    rows = lab.size.rows
    path = VOUCHERS.file(lab, OWN, rows)
    one = _rows_per_second(lab, rows, lambda: timed_import(lab.bench, path))
    with lab.bench.another_worker():
        two = _rows_per_second(lab, rows, lambda: timed_import(lab.bench, path))
    lab.bench.database.empty()
    return Figures(two, one, "rows/s", note=_shared_cores())


def _rows_per_second(lab: Lab, rows: int, run: Callable[[], float]) -> float:
    return rows / median([run() for _ in range(lab.size.rounds)])


def _shared_cores() -> str:
    cores = os.cpu_count() or 1
    return "" if cores >= 4 else f"{cores} cores, which the workers share with PostgreSQL: it cannot be had here"
