"""One batch of orders in JSON: written by column where all that they say is sure, else as other changes are."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from msgspec import UNSET, Raw, Struct

from tallykeep.core import exact_json
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import OvertakenError
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.metadata.schemas import list_schemas
from tallykeep.resources.orders.by_column.read_orders import ReadOrders, read_orders
from tallykeep.resources.orders.by_column.typed_orders import AMOUNTS, PEOPLE
from tallykeep.resources.orders.parts import Parts
from tallykeep.resources.orders.spec import ORDER
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.by_column.ready_set import ReadySet
from tallykeep.resources.upserts.by_column.said import encode, escaped
from tallykeep.resources.upserts.by_column.sure_values import NOTHING
from tallykeep.resources.upserts.operation import Upsert, begin_upsert
from tallykeep.resources.upserts.references import lock_referred
from tallykeep.resources.upserts.set_writing import in_parts
from tallykeep.resources.upserts.spec import Change, Recheck

_WITH_SCHEMAS = frozenset({"order", "customer", "product", "sku"})


async def begin_orders(connection: Connection, claimed: ClaimedBatch) -> Operation:
    """Begin one batch of orders; not by column where there is a metadata schema, which may ask for what exists."""
    upsert = await begin_upsert(connection, claimed, ORDER)
    schemas = await list_schemas(connection, claimed.project_id)
    if not _WITH_SCHEMAS.isdisjoint(schema["related_object"] for schema in schemas):
        return upsert
    return OrderImport(connection, claimed, upsert)


@dataclass(frozen=True, slots=True)
class _Goods:
    """The ids of products by their source_ids, of SKUs, and of the products of SKUs."""

    products: Mapping[str, str]
    skus: Mapping[str, str]
    products_of: Mapping[str, str]


class OrderImport(Operation):
    """Writes orders as `upsert` would, which does where anything is not sure."""

    def __init__(self, connection: Connection, claimed: ClaimedBatch, upsert: Upsert) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._timestamp = claimed.timestamp
        self._upsert = upsert
        self._rows: Sequence[Row] = ()
        self._read: ReadOrders | None = None
        self._parts = Parts(connection, claimed.project_id, claimed.timestamp)
        self._rechecks: list[Recheck] = []

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Read the orders."""
        self._rows = rows
        self._read = read_orders(rows)
        return self._upsert.check(rows) if self._read is None else self._read.failures

    async def stage(self) -> None:
        """What orders bring along depends on what exists."""

    async def write(self) -> list[Failure]:
        """Write what the orders bring along, and then the orders, which have the ids of that."""
        if self._read is None:
            return await self._upsert.write()
        if not await self._knows_products(self._read):
            return await self._write_carefully(self._read.failures)
        people = {name: await self._write_people(self._read, name) for name in PEOPLE}
        goods = await self._find_goods(self._read)
        if (ready := self._read.ready_orders) is not None:
            return await self._write_ready(ready, people, goods)
        return await self._write_changes(self._read, people, goods)

    def created(self) -> Mapping[str, int]:
        """Return the keys of the orders that were new, each with its row."""
        if self._read is not None and self._read.ready_orders is not None:
            return self._read.ready_orders.created
        return self._upsert.created()

    async def _knows_products(self, read: ReadOrders) -> bool:
        """Whether the products of all SKUs are there, or come along."""
        others = set(read.products_of.values()).difference(read.ready["product"].keys)
        return others.issubset(await self._parts.goods.existing("product", others))

    async def _write_carefully(self, failures: Sequence[Failure]) -> list[Failure]:
        self._read = None
        known = {failure.row for failure in failures}
        checked = await asyncio.to_thread(self._upsert.check, self._rows)
        return [failure for failure in checked if failure.row not in known] + await self._upsert.write()

    async def _write_people(self, read: ReadOrders, name: str) -> Mapping[Any, str]:
        """Write the orders' customers, or their referrers; return their ids by source_id."""
        if not read.people[name].has_nulls:
            ready = read.ready[name]
            await ready.write(self._connection, self._project_id, self._timestamp)
            return ready.id_of
        # What becomes of null depends on what exists: that is seen to row by row.
        people = [person for order in read.orders if (person := getattr(order, name))]
        changes = [Change(row, values={name: _as_read(person)}) for row, person in enumerate(people, 1)]
        await self._parts.upsert_people(changes, name)
        if problems := [problem for change in changes for problem in change.problems]:
            raise RuntimeError(f"what was sure was refused: {problems[0]}")
        ids = (change.values[f"{name}_id"] for change in changes)
        return dict(zip([person.source_id for person in people], ids, strict=True))

    async def _find_goods(self, read: ReadOrders) -> _Goods:
        """Write the products and SKUs that come along, and find those that are only named."""
        products = await self._write_products(read)
        skus, products_of = await self._write_skus(read, products)
        wanted = {
            "product": read.sources["product"].difference(products), "sku": read.sources["sku"].difference(skus),
        }  # fmt: skip
        more_products, more_skus, self._rechecks = await self._parts.goods.find(wanted)
        return _Goods(
            {**{key: known["id"] for key, known in more_products.items()}, **products},
            {**{key: known["id"] for key, known in more_skus.items()}, **skus},
            {**{key: known["product_id"] for key, known in more_skus.items()}, **products_of},
        )

    async def _write_products(self, read: ReadOrders) -> dict[str, str]:
        """Write the products that come along; return the ids of these, and of other products of SKUs, by source_id.

        Those that SKUs are about to refer to are locked, if they are not new. Raises OvertakenError where one is gone.
        """
        ready = read.ready["product"]
        await ready.write(self._connection, self._project_id, self._timestamp, kept=read.goods["product"].kept)
        of_skus = set(read.products_of.values())
        new = ready.created
        not_ours = {key for key in of_skus if key not in new}
        locked = await lock_referred(self._connection, self._project_id, SKU, not_ours)
        if len(locked) < len(not_ours):
            raise OvertakenError("a product was deleted meanwhile; the batch is tried again")
        return {**locked, **ready.id_of}

    async def _write_skus(self, read: ReadOrders, products: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Write the SKUs that come along; return their ids, and those of their products, by source_id.

        Of those that exist and stay as they are, the products are still to be looked up.
        """
        ready, kept = read.ready["sku"], read.goods["sku"].kept
        product_ids = [products[read.products_of[key]] for key in ready.keys]
        ready.columns["product_id"] = product_ids
        await ready.write(self._connection, self._project_id, self._timestamp, kept=kept)
        left = kept.intersection(ready.existing)
        ids = {key: sku_id for key, sku_id in ready.id_of.items() if key not in left}
        return ids, {key: each for key, each in zip(ready.keys, product_ids, strict=True) if key not in left}

    async def _write_ready(
        self, ready: ReadySet, people: Mapping[str, Mapping[Any, str]], goods: _Goods
    ) -> list[Failure]:
        """Write the orders as a set."""
        orders = ready.columns["items"]
        ready.columns["items"] = await _items(orders, goods, _copied)
        for name, ids in people.items():
            if ids:
                persons = map(attrgetter(name), orders)
                ready.columns[f"{name}_id"] = [ids[person.source_id] if person else None for person in persons]
        await ready.write(self._connection, self._project_id, self._timestamp, rechecks=self._rechecks)
        return []

    async def _write_changes(
        self, read: ReadOrders, people: Mapping[str, Mapping[Any, str]], goods: _Goods
    ) -> list[Failure]:
        """Write the orders as changes, of which several may be of one order, and some set something to null."""
        items = await _items(read.orders, goods, exact_json.written)
        rows = zip(read.rows, read.orders, items, strict=True)
        self._upsert.take([_change(row, order, written, people) for row, order, written in rows], self._rechecks)
        return await self._upsert.write()


async def _items(orders: Sequence[Any], goods: _Goods, made: Callable[[bytes], Any]) -> list[Any]:
    """Return what is made of the JSON of the orders' items, with ids in it; None where an order has none of its own."""
    texts: list[Any] = []
    for some in in_parts(orders):
        for order in some:
            for item in order.items or ():
                _put_ids(item, goods)
            texts.append(made(encode(order.items)) if type(order.items) is list else None)
        await asyncio.sleep(0)  # others want the event loop
    return texts


def _put_ids(item: Any, goods: _Goods) -> None:
    """Put the ids of its product and its SKU into an item, and leave out what was to be done with them."""
    product, sku, related = item.product, item.sku, item.related_object
    product_key = product.source_id if product else item.source_id if related == "product" else None
    if product_key and (product_id := goods.products.get(product_key)):
        item.product_id = product_id
    sku_key = sku.source_id if sku else item.source_id if related == "sku" else None
    if sku_key and (sku_id := goods.skus.get(sku_key)):
        item.sku_id = sku_id
        if not item.product_id:
            item.product_id = goods.products_of[sku_key]
    if product:
        product.override = UNSET
        if item.product_id:
            product.id = item.product_id
    if sku:
        sku.override = UNSET
        if item.sku_id:
            sku.id = item.sku_id


def _copied(written: bytes) -> str:
    return escaped(written.decode())


def _change(row: int, order: Any, items: Any, people: Mapping[str, Mapping[Any, str]]) -> Change:
    values = {name: value for name in ("status", *AMOUNTS) if (value := getattr(order, name)) is not UNSET}
    if order.items is not UNSET:
        values["items"] = items
    for name, ids in people.items():
        person = getattr(order, name)
        if person:
            values[f"{name}_id"] = ids[person.source_id]
        elif person is None or getattr(order, f"{name}_id") is None:
            values[f"{name}_id"] = None
    metadata = {} if order.metadata in NOTHING else exact_json.loads(bytes(order.metadata))
    return Change(row, order.source_id or None, values=values, metadata=metadata)


def _as_read(person: Struct) -> dict[str, Any]:
    """Return what an order says of a person, as its JSON is read."""
    values = {name: getattr(person, name) for name in person.__struct_fields__}
    return {
        name: _as_read(value) if isinstance(value, Struct)
        else exact_json.loads(bytes(value)) if isinstance(value, Raw) else value
        for name, value in values.items() if value is not UNSET
    }  # fmt: skip
