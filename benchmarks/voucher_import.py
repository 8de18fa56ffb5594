"""Voucher CSV import, HTTP submission to DONE, against PostgreSQL's own COPY of the same rows into the same table."""

import random
import statistics
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.report import Measure
from benchmarks.server import Bench, running_bench

_ROUNDS = 3
_SEED = 20261121
_HEADER = (
    "Code,Voucher Type,Active,Start Date,Expiration Date,Discount Type,Value,Category,Redemption Limit,"
    "Additional Info,Region,Channel\n"
)


def measure(*, quick: bool) -> Measure:
    """Run both in turns, a few rounds, on empty tables; compare the medians."""
    rows = 30_000 if quick else 300_000
    with tempfile.TemporaryDirectory() as directory, running_bench() as bench:
        file, ready = Path(directory) / "vouchers.csv", Path(directory) / "vouchers.copy"
        _write_file(file, rows)
        ours, floor = [], []
        for _ in range(_ROUNDS):
            _empty(bench)
            ours.append(bench.import_csv(file))
            _export(bench, ready, rows)
            _empty(bench)
            floor.append(_copy(bench, ready))
    return Measure(
        name=f"voucher CSV import, submission to DONE, {rows:,} rows",
        peer="COPY of the same rows into the same table",
        ours=statistics.median(ours),
        floor=statistics.median(floor),
        limit=3.0,
        rows=rows,
    )


def _write_file(path: Path, rows: int) -> None:
    dice = random.Random(_SEED)
    with path.open("w") as file:
        file.write(_HEADER)
        for number in range(rows):
            active = "TRUE" if number % 2 else "FALSE"
            region = dice.choice(["Europe", "Asia", "Africa"])
            file.write(
                f"SUP-{dice.getrandbits(48):012X},DISCOUNT_VOUCHER,{active},2026-01-01T00:00:00.000Z,"
                f"2026-12-31T23:59:00.000Z,AMOUNT,{5 + number % 20},New,{1 + number % 3},"
                f"Supplier batch {number % 50},{region},web\n"
            )


def _empty(bench: Bench) -> None:
    with psycopg.connect(bench.database_url, autocommit=True) as connection:
        connection.execute("TRUNCATE vouchers, failures, report_parts, portions, async_actions")
        connection.execute("CHECKPOINT")


def _export(bench: Bench, path: Path, rows: int) -> None:
    """The rows as COPY's ready text, in the order in which they came."""
    with psycopg.connect(bench.database_url) as connection, path.open("wb") as file:
        assert connection.execute("SELECT count(*) FROM vouchers").fetchone() == (rows,)
        with connection.cursor().copy("COPY (SELECT * FROM vouchers ORDER BY id) TO STDOUT") as copy:
            for block in copy:
                file.write(block)


def _copy(bench: Bench, path: Path) -> float:
    started = time.perf_counter()
    with psycopg.connect(bench.database_url) as connection, path.open("rb") as file:
        with connection.cursor().copy("COPY vouchers FROM STDIN") as copy:
            while block := file.read(1 << 18):
                copy.write(block)
        connection.commit()
    return time.perf_counter() - started
