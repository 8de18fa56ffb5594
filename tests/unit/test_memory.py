"""What checks a batch is gone with it: a worker looks for cycles so seldom that they would pile up."""

import gc
import weakref
from typing import Any

import pytest

from tallykeep.core.rows import Row, Table
from tallykeep.formats.json.unread_rows import UnreadRows
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.orders.by_column.read_orders import read_orders
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.by_column.fast_csv import FileColumns
from tallykeep.resources.vouchers.importing.csv_rows import CsvVouchers
from tallykeep.resources.vouchers.importing.json_rows import JsonVouchers

NOTHING = MetadataChecker(None)
VOUCHERS = Table(range(1, 3), ["A,GIFT_VOUCHER,1,x", "B,LOYALTY_CARD,,y"], delimiter=",", width=4, kept=range(4))
CUSTOMERS = Table(range(1, 3), ["c-1,Ada,x", "c-2,null,y"], delimiter=",", width=3, kept=range(3))
SKUS = Table(range(1, 3), ["s-1,p-1,{'a':1}", "s-2,p-2,x"], delimiter=",", width=3, kept=range(3))
ELEMENTS = [*(b'{"code":"A%d","type":"GIFT_VOUCHER","gift":{"amount":1}}' % at for at in range(39)), b'{"code":"B"}']
_ORDER = (
    b'{"source_id":"O%d","customer":{"source_id":"C"},"items":[{"source_id":"P","related_object":"product",'
    b'"product":{"name":"Pen","vendor":"x"}}]}'
)
ORDERS = [*(_ORDER % at for at in range(39)), b'{"source_id":5}']
OBJECTS = UnreadRows(range(1, 41), b",".join(ELEMENTS))


def _csv() -> Any:
    cleaner = CsvVouchers(["Code", "Voucher Type", "Value", "Region"], NOTHING, CategoryLabels())
    cleaner.clean(VOUCHERS)
    cleaner.clean([Row(1, ["A", "GIFT_VOUCHER", "1"])])
    return cleaner


def _json() -> Any:
    cleaner = JsonVouchers(NOTHING, CategoryLabels())
    cleaner.clean(OBJECTS)
    return cleaner


def _customers() -> Any:
    columns = FileColumns(CUSTOMER, ["source_id", "Name", "Region"], NOTHING)
    columns.sort_out(CUSTOMERS)
    return columns


def _skus() -> Any:
    columns = FileColumns(SKU, ["source_id", "product_id", "attributes"], NOTHING)
    columns.sort_out(SKUS)
    return columns


def _orders() -> Any:
    return read_orders(UnreadRows(range(1, 41), b",".join(ORDERS)))


@pytest.mark.parametrize("checked", [_csv, _json, _customers, _skus, _orders])
def test_what_checks_rows_leaves_no_cycle(checked: Any) -> None:
    gc.disable()
    try:
        gone = weakref.ref(checked())
        assert gone() is None
    finally:
        gc.enable()
