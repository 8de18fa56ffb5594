"""Imports that change what exists, against COPY to a staging table and one INSERT … ON CONFLICT DO UPDATE."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import files
from benchmarks.database import Database
from benchmarks.lab import Lab
from benchmarks.report import Figures
from tallykeep.db.queries import queries

_sql = queries(__package__, "upserts.sql")


@dataclass(frozen=True)
class _Upsert:
    """One kind of resource: how rows are put there first, how the floor changes them, what it is given."""

    table: str
    route: str
    put_there: str
    ready: str
    create_stage: str
    copy_stage: str
    upsert: str


_CUSTOMERS = _Upsert(
    table="customers",
    route="/v1/customers/importCSV",
    put_there=_sql.put_customers,
    ready=_sql.ready_customers,
    create_stage=_sql.create_customer_stage,
    copy_stage=_sql.copy_customer_stage,
    upsert=_sql.upsert_customers,
)
_PRODUCTS = _Upsert(
    table="products",
    route="/v1/products/importCSV",
    put_there=_sql.put_products,
    ready=_sql.ready_products,
    create_stage=_sql.create_product_stage,
    copy_stage=_sql.copy_product_stage,
    upsert=_sql.upsert_products,
)


def customers(lab: Lab) -> Figures:
    """Customers."""
    return _measure(lab, _CUSTOMERS, files.customer_csv(lab, lab.size.rows))


def products(lab: Lab) -> Figures:
    """Products."""
    return _measure(lab, _PRODUCTS, files.product_csv(lab, lab.size.rows))


def _measure(lab: Lab, upsert: _Upsert, path: Path) -> Figures:
    bench, database, rows = lab.bench, lab.bench.database, lab.size.rows
    ready = lab.file(f"{upsert.table}.ready")
    ours, floor = [], []
    for _ in range(lab.size.rounds):
        _put_there(database, upsert, rows)
        ours.append(bench.timed(upsert.route, path))
        database.copy_out(upsert.ready, ready)
        changed = database.one(_CHANGED.format(upsert.table))
        assert changed == rows, f"{changed:,} of {rows:,} were changed"
        _put_there(database, upsert, rows)
        floor.append(database.copy_in_and(upsert.create_stage, upsert.copy_stage, path=ready, then=upsert.upsert))
        assert database.one(_CHANGED.format(upsert.table)) == rows
    database.empty()
    return Figures(median(ours), median(floor), rows=rows)


_CHANGED = "SELECT count(*) FROM {} WHERE updated_at IS NOT NULL"


def _put_there(database: Database, upsert: _Upsert, rows: int) -> None:
    database.empty()
    database.execute(upsert.put_there, rows=rows)
    database.settle(upsert.table)
