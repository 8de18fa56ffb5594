"""The types of imports that are looked into row by row: their routes, their files, and what has to be there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.database import Database
from benchmarks.files import documents
from benchmarks.files.people_and_goods import CUSTOMERS, PRODUCTS, SKUS
from benchmarks.files.sorts import DIRTY, OWN, REPEATING, SORTS
from benchmarks.files.vouchers import VOUCHERS
from benchmarks.imports.nested import put_products
from benchmarks.imports.prepared import prepare
from benchmarks.imports.vouchers import CSV_ROUTE, JSON_ROUTE
from benchmarks.lab import Lab
from benchmarks.server import Bench


@dataclass(frozen=True)
class Import:
    """A type of import: its route, its noun, its files, and what has to be there."""

    route: str
    noun: str
    file: Callable[[Lab, str, int], Path]
    put_there: Callable[[Database], None] = lambda _: None
    sorts: tuple[str, ...] = SORTS

    def prepare(self, bench: Bench, sort: str) -> None:
        """Empty the tables, and put there what files of this sort need."""
        prepare(bench, self.noun, has_schema=sort == DIRTY)
        self.put_there(bench.database)


IMPORTS = {
    "VOUCHERS.IMPORT_CSV": Import(CSV_ROUTE, "voucher", VOUCHERS.file),
    "VOUCHERS.IMPORT": Import(JSON_ROUTE, "voucher", documents.vouchers),
    "CUSTOMERS.IMPORT_CSV": Import("/v1/customers/importCSV", "customer", CUSTOMERS.file),
    "PRODUCTS.IMPORT_CSV": Import("/v1/products/importCSV", "product", PRODUCTS.file),
    "SKUS.IMPORT_CSV": Import("/v1/skus/importCSV", "sku", SKUS.file, put_products),
    "ORDERS.IMPORT": Import("/v1/orders/import", "order", documents.orders, sorts=(REPEATING, OWN)),
}
USUAL_TYPES = ["VOUCHERS.IMPORT_CSV", "VOUCHERS.IMPORT"]
