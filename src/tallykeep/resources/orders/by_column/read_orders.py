"""A batch's orders, all of them sure: themselves, and what they bring along, as sets that only lack ids of others."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from msgspec import UNSET

from tallykeep.core.rows import Failure, Row
from tallykeep.formats.json.unread_rows import UnreadRows
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.orders.by_column.sure_orders import sort_out
from tallykeep.resources.orders.by_column.typed_orders import (
    AMOUNTS,
    GOODS,
    PEOPLE,
    Further,
    further_in,
    typed_orders,
)
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.upserts.by_column.ready_set import ReadySet
from tallykeep.resources.upserts.by_column.said import (
    NotSureError,
    Said,
    Writer,
    columns_said,
    integer_column,
    object_column,
    text_column,
)
from tallykeep.resources.upserts.quick_json import quick_json_reader

_MAX_FURTHER, _MAX_TRIES = 100, 4  # names, and how often the types are made anew for them
_read_carefully = quick_json_reader(ORDER)
_NULLABLE = attrgetter("status", *AMOUNTS, "items", *PEOPLE, *(f"{person}_id" for person in PEOPLE))


class ReadOrders:
    """The orders of a batch, in the order of their rows.

    `products_of` has the source_id of each SKU's product, `sources` those of all goods that items name.
    """

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.orders: list[Any] = []
        self.failures: list[Failure] = []
        self.people = {name: Said(CUSTOMER) for name in PEOPLE}
        self.goods = {name: Said(spec, "override") for name, spec in GOODS.items()}
        self.products_of: dict[str, str] = {}
        self.sources: dict[str, set[str]] = {name: set() for name in GOODS}

    def add(self, rows: Iterable[int], orders: Sequence[Any]) -> None:
        """Add the orders of these rows; raises NotSureError."""
        self.rows += rows
        self.orders += orders
        for name, said in self.people.items():
            for person in map(attrgetter(name), orders):
                if person:
                    said.add(person.source_id, person)
        items = [item for order in orders for item in order.items or ()]
        self._add_products([(_key_of(item, item.product, "product"), item.product) for item in items])
        self._add_skus([(_key_of(item, item.sku, "sku"), item) for item in items])

    def _add_products(self, products: Sequence[tuple[Any, Any]]) -> None:
        """Add what items say of products, by their source_ids, where there are any."""
        self.sources["product"].update([key for key, _ in products if key])
        said = self.goods["product"]
        described = [(key, product) for key, product in products if key and product]
        if not any(product.override for _, product in described):
            said.add_new(described)
            return
        for key, product in described:
            if product.override:
                said.override(key, product)
            else:
                said.add_new([(key, product)])

    def _add_skus(self, skus: Sequence[tuple[Any, Any]]) -> None:
        """Add what items say of SKUs, by their source_ids, where there are any, and note their products.

        Raises NotSureError for one that overrides without a product, or with one that may be named by its id.
        """
        self.sources["sku"].update([key for key, _ in skus if key])
        said = self.goods["sku"]
        for key, item in skus:
            if not key or not (sku := item.sku):
                continue
            product_key = (item.product.source_id if item.product else None) or item.product_id
            if (not product_key and sku.override is not UNSET) or (product_key or "").startswith(PRODUCT.prefix):
                raise NotSureError
            if sku.override:
                said.override(key, sku)
                self.products_of[key] = product_key
            elif product_key and key not in said:
                said.add_new([(key, sku)])
                if key in said:
                    self.products_of[key] = product_key

    def make_ready(self) -> None:
        """Make the sets, when all orders are added."""
        self.ready = {name: said.ready() for name, said in (self.people | self.goods).items()}
        self.ready_orders = self._ready_orders()

    def _ready_orders(self) -> ReadySet | None:
        """Return the orders as a set that lacks their items' texts and people; None where they are not one.

        They are none where two have one key or one has none, and where something of them is set to null.
        """
        keys = list(map(attrgetter("source_id"), self.orders))
        if len(set(keys).difference((UNSET, None))) < len(keys):
            return None
        if any(None in values for values in map(_NULLABLE, self.orders)):
            return None
        return ReadySet(ORDER, keys, self.rows, {**dict(columns_said(self.orders, _WRITERS)), "items": self.orders})


def _key_of(item: Any, goods: Any, name: str) -> Any:
    """Return the source_id of an item's goods, which may stand with the item itself."""
    return goods.source_id if goods else item.source_id if item.related_object == name else None


# What writes an order's columns; its items lack ids, which are found later.
_WRITERS: dict[str, Writer] = {
    "status": text_column, **dict.fromkeys(AMOUNTS, integer_column), "metadata": object_column,
}  # fmt: skip


def read_orders(rows: Sequence[Row]) -> ReadOrders | None:
    """Read the orders, and the failures of rows that cannot be taken; None where anything else is not sure."""
    if not isinstance(rows, UnreadRows):
        return None
    further: Further = frozenset()
    for _ in range(_MAX_TRIES):
        try:
            return _read(rows, further)
        except _FurtherNamesError as error:
            further |= error.names
        except NotSureError:
            return None
        if len(further) > _MAX_FURTHER:
            return None
    return None


class _FurtherNamesError(Exception):
    """There are further names in rows that are right otherwise, or may be."""

    def __init__(self, names: Further) -> None:
        super().__init__()
        self.names = names


def _read(rows: UnreadRows, further: Further) -> ReadOrders:
    """Read orders in which these further names occur; raises NotSureError, or _FurtherNamesError for others."""
    read, at = ReadOrders(), 0
    for run in typed_orders(further).runs(rows):
        orders = sort_out(run)
        if at + len(orders) > len(rows):  # reading and splitting disagree
            raise NotSureError
        numbers: Sequence[int] = rows.numbers[at : at + len(orders)]
        if None in orders:
            unsure = [rows[at + index] for index, order in enumerate(orders) if order is None]
            read.failures += _failures(unsure, further)
            numbers = [number for number, order in zip(numbers, orders, strict=True) if order is not None]
            orders = [order for order in orders if order is not None]
        read.add(numbers, orders)
        at += len(run.rows)
    if at != len(rows):
        raise NotSureError
    read.make_ready()
    return read


def _failures(rows: Iterable[Row], further: Further) -> list[Failure]:
    """Return why the rows cannot be taken; raises _FurtherNamesError, or NotSureError, where one can."""
    failures: list[Failure] = []
    names: Further = frozenset()
    for row in rows:
        change = _read_carefully(row)
        if change.problems:
            failures.append(Failure(change.row, change.key, "; ".join(change.problems), ORDER.error_key))
        elif new := further_in(row.value) - further:
            names |= new
        else:
            raise NotSureError
    if names:
        raise _FurtherNamesError(names)
    return failures
