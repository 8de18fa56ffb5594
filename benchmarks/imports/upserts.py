"""Imports that change what exists, against COPY to a staging table and one INSERT … ON CONFLICT DO UPDATE."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString

from benchmarks.database import Database
from benchmarks.files.people_and_goods import CUSTOMERS, PRODUCTS
from benchmarks.files.sheets import Sheet
from benchmarks.files.sorts import DIRTY, flawed_rows
from benchmarks.imports.prepared import prepare
from benchmarks.imports.rounds import Rounds
from benchmarks.lab import Lab
from benchmarks.report import Figures
from tallykeep.db.queries import queries

_sql = queries(__package__, "upserts.sql")


@dataclass(frozen=True)
class _Upsert:
    """One kind of resource: its files, how rows are put there first, and how the floor changes them."""

    noun: str
    sheet: Sheet
    put_there: LiteralString
    ready: LiteralString
    create_stage: LiteralString
    upsert: LiteralString

    @property
    def table(self) -> str:
        return f"{self.noun}s"


_CUSTOMERS = _Upsert(
    noun="customer",
    sheet=CUSTOMERS,
    put_there=_sql.put_customers,
    ready=_sql.ready_customers,
    create_stage=_sql.create_customer_stage,
    upsert=_sql.upsert_customers,
)
_PRODUCTS = _Upsert(
    noun="product",
    sheet=PRODUCTS,
    put_there=_sql.put_products,
    ready=_sql.ready_products,
    create_stage=_sql.create_product_stage,
    upsert=_sql.upsert_products,
)


def customers(sort: str) -> Callable[[Lab], Figures]:
    """Customers."""
    return lambda lab: _measure(lab, _CUSTOMERS, sort)


def products(sort: str) -> Callable[[Lab], Figures]:
    """Products."""
    return lambda lab: _measure(lab, _PRODUCTS, sort)


def _measure(lab: Lab, upsert: _Upsert, sort: str) -> Figures:
    bench, database, rows = lab.bench, lab.bench.database, lab.size.rows_of(sort)
    path, ready, failed = upsert.sheet.file(lab, sort, rows), lab.file(f"{upsert.table}.ready"), flawed_rows(sort, rows)
    rounds = Rounds(bench)
    for _ in range(lab.size.rounds):
        prepare(bench, upsert.noun, has_schema=sort == DIRTY)
        _put_there(database, upsert, rows)
        rounds.ours(lambda: bench.timed(f"/v1/{upsert.table}/importCSV", path, failed=failed))
        database.copy_out(upsert.ready, ready)
        assert _changed(database, upsert) == rows - failed
        database.empty()
        _put_there(database, upsert, rows)
        rounds.floor(lambda: database.load(upsert.create_stage, (_sql.copy_stage, ready), upsert.upsert))
        assert _changed(database, upsert) == rows - failed
    database.empty()
    return rounds.figures(rows, f"{failed:,} rows fail" if failed else "")


def _changed(database: Database, upsert: _Upsert) -> int:
    return int(database.one(f"SELECT count(*) FROM {upsert.table} WHERE updated_at IS NOT NULL"))


def _put_there(database: Database, upsert: _Upsert, rows: int) -> None:
    database.execute(upsert.put_there, rows=rows)
    database.settle(upsert.table)
