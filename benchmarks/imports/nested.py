"""SKUs, and orders with what they bring along, against COPY to a staging table and one upsert for each table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import LiteralString

from benchmarks.database import Database
from benchmarks.files import documents
from benchmarks.files.people_and_goods import PRODUCTS_OF_SKUS, SKUS
from benchmarks.files.sorts import DIRTY, flawed_rows
from benchmarks.imports.prepared import prepare
from benchmarks.imports.rounds import Rounds
from benchmarks.lab import Lab
from benchmarks.report import Figures
from tallykeep.db.queries import queries

_sql = queries(__package__, "nested.sql")


@dataclass(frozen=True)
class _Table:
    """One of the tables that are written: what the floor does with it, its stage called bench_ and its name."""

    name: str
    create_stage: LiteralString
    upsert: LiteralString

    def steps(self, ready: Path) -> list[str | tuple[str, Path]]:
        # Without statistics, the keys of the next table would be looked for in this one by reading all of it each time.
        analyze = f"ANALYZE {self.name}"
        return [self.create_stage, (f"COPY bench_{self.name} FROM STDIN", ready), self.upsert, analyze]


# SKUs behind their products, orders behind all that they name.
_CUSTOMERS = _Table("customers", _sql.stage_customers, _sql.upsert_customers)
_PRODUCTS = _Table("products", _sql.stage_products, _sql.upsert_products)
_SKUS = _Table("skus", _sql.stage_skus, _sql.upsert_skus)
_ORDERS = _Table("orders", _sql.stage_orders, _sql.upsert_orders)


def skus(sort: str) -> Callable[[Lab], Figures]:
    """SKUs of products that are there."""

    def measure(lab: Lab) -> Figures:
        rows = lab.size.rows_of(sort)

        def put_there(*, has_schema: bool) -> None:
            prepare(lab.bench, "sku", has_schema=has_schema and sort == DIRTY)
            put_products(lab.bench.database)

        path, failed = SKUS.file(lab, sort, rows), flawed_rows(sort, rows)
        return _measure(lab, "/v1/skus/importCSV", path, rows, (_SKUS,), put_there, failed=failed)

    return measure


def orders(sort: str) -> Callable[[Lab], Figures]:
    """Orders with a customer, and three items with their products, one of them with its SKU."""
    tables = (_CUSTOMERS, _PRODUCTS, _SKUS, _ORDERS)

    def measure(lab: Lab) -> Figures:
        def put_there(*, has_schema: bool) -> None:
            prepare(lab.bench, "order", has_schema=False)

        rows = lab.size.order_rows
        return _measure(lab, "/v1/orders/import", documents.orders(lab, sort, rows), rows, tables, put_there)

    return measure


def put_products(database: Database) -> None:
    """Put the products there that the SKUs of files belong to."""
    database.execute(_sql.put_products, rows=PRODUCTS_OF_SKUS)
    database.settle("products")


def _measure(
    lab: Lab,
    route: str,
    path: Path,
    rows: int,
    tables: tuple[_Table, ...],
    put_there: Callable[..., None],
    *,
    failed: int = 0,
) -> Figures:
    database = lab.bench.database
    rounds = Rounds(lab.bench)
    for _ in range(lab.size.rounds):
        put_there(has_schema=True)
        rounds.ours(lambda: lab.bench.timed(route, path, failed=failed))
        ready = {table: _copied_out(lab, table) for table in tables}
        written = _counts(database, tables)
        assert written[tables[-1].name] == rows - failed, written
        put_there(has_schema=False)
        steps = [step for table in tables for step in table.steps(ready[table])]
        rounds.floor(partial(database.load, *steps))
        assert _counts(database, tables) == written
    database.empty()
    count_of_each = ", ".join(f"{count:,} {name}" for name, count in written.items())
    return rounds.figures(rows, count_of_each, f"{failed:,} rows fail" if failed else "")


def _copied_out(lab: Lab, table: _Table) -> Path:
    ready = lab.file(f"{table.name}.ready")
    lab.bench.database.copy_out(f"COPY (SELECT * FROM {table.name} ORDER BY id) TO STDOUT", ready)
    return ready


def _counts(database: Database, tables: tuple[_Table, ...]) -> dict[str, int]:
    return {table.name: int(database.one(f"SELECT count(*) FROM {table.name}")) for table in tables}
