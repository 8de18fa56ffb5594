"""SKUs, and orders with what they bring along, against COPY to a staging table and one upsert for each table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import LiteralString

from benchmarks.database import Database
from benchmarks.files import documents
from benchmarks.files.people_and_goods import PRODUCTS_OF_SKUS, SKUS
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
        return [self.create_stage, (f"COPY bench_{self.name} FROM STDIN", ready), self.upsert]


# SKUs behind their products, orders behind all that they name.
_CUSTOMERS = _Table("customers", _sql.stage_customers, _sql.upsert_customers)
_PRODUCTS = _Table("products", _sql.stage_products, _sql.upsert_products)
_SKUS = _Table("skus", _sql.stage_skus, _sql.upsert_skus)
_ORDERS = _Table("orders", _sql.stage_orders, _sql.upsert_orders)


def skus(sort: str) -> Callable[[Lab], Figures]:
    """SKUs of products that are there."""
    return lambda lab: _measure(
        lab, "/v1/skus/importCSV", SKUS.file(lab, sort, lab.size.rows), lab.size.rows, (_SKUS,), _put_products
    )


def orders(sort: str) -> Callable[[Lab], Figures]:
    """Orders with a customer, and three items with their products, one of them with its SKU."""
    rows = (_CUSTOMERS, _PRODUCTS, _SKUS, _ORDERS)
    return lambda lab: _measure(
        lab, "/v1/orders/import", documents.orders(lab, sort, lab.size.order_rows), lab.size.order_rows, rows
    )


def _put_products(database: Database) -> None:
    database.execute(_sql.put_products, rows=PRODUCTS_OF_SKUS)
    database.settle("products")


def _measure(
    lab: Lab,
    route: str,
    path: Path,
    rows: int,
    tables: tuple[_Table, ...],
    put_there: Callable[[Database], None] = lambda _: None,
) -> Figures:
    database = lab.bench.database
    rounds = Rounds(lab.bench)
    for _ in range(lab.size.rounds):
        database.empty()
        put_there(database)
        rounds.ours(lambda: lab.bench.timed(route, path))
        ready = {table: _copied_out(lab, table) for table in tables}
        written = _counts(database, tables)
        assert written[tables[-1].name] == rows, written
        database.empty()
        put_there(database)
        steps = [step for table in tables for step in table.steps(ready[table])]
        rounds.floor(partial(database.load, *steps))
        assert _counts(database, tables) == written
    database.empty()
    count_of_each = ", ".join(f"{count:,} {name}" for name, count in written.items())
    return rounds.figures(rows, count_of_each)


def _copied_out(lab: Lab, table: _Table) -> Path:
    ready = lab.file(f"{table.name}.ready")
    lab.bench.database.copy_out(f"COPY (SELECT * FROM {table.name} ORDER BY id) TO STDOUT", ready)
    return ready


def _counts(database: Database, tables: tuple[_Table, ...]) -> dict[str, int]:
    return {table.name: int(database.one(f"SELECT count(*) FROM {table.name}")) for table in tables}
