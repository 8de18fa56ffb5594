"""Resources inside orders: customers and referrers, products and SKUs, upserted before the orders that name them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, LiteralString

from tallykeep.core.rows import Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields.cleaning import MAX_INTEGER, actual
from tallykeep.resources.metadata.schemas import checker_for
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.operation import Upsert
from tallykeep.resources.upserts.row_readers import json_reader
from tallykeep.resources.upserts.spec import Change, Recheck, UpsertSpec

_sql = queries(__package__, "store.sql")

Item = dict[str, Any]
_OrderItem = tuple[Change, int, Item]


@dataclass(slots=True)
class _Part:
    """One resource inside one order: what the order says of it, and where, for the reason if it is not accepted."""

    change: Change
    label: str
    values: dict[str, Any]


async def upsert_parts(
    connection: Connection, project_id: int, changes: list[Change], timestamp: datetime
) -> list[Recheck]:
    """Upsert all that the orders bring along, and put the ids into the orders; flaws become the orders' problems.

    Return what checks again for what was missing.
    """
    order_items = [(change, at, item) for change in changes for at, item in enumerate(change.values.get("items") or [])]
    for item in (item for _, _, item in order_items):
        _name_goods(item)
    parts = _Parts(connection, project_id, timestamp)
    # Before anything is locked: who waits for the makers of products by name holds nothing that they may want.
    await parts.ids_by_name({str(item["product"]["name"]) for _, _, item in order_items if _is_only_named(item)})
    for person in ("customer", "referrer"):
        await parts.upsert_people(changes, person)
    products = [_Part(change, f"items[{at}].product", item["product"]) for change, at, item in order_items
                if _describes(item.get("product"))]  # fmt: skip
    await parts.upsert_new(PRODUCT, _sql.known_products, products)
    await parts.upsert_named(order_items)
    offers = [(change, at, _of_product(item)) for change, at, item in order_items if _describes(item.get("sku"))]
    skus = [_Part(change, f"items[{at}].sku", sku) for change, at, sku in offers
            if sku.keys() & {"product_id", "override"}]  # fmt: skip
    await parts.upsert_new(SKU, _sql.known_skus, skus)
    await parts.put_ids([item for _, _, item in order_items])
    for _, _, item in order_items:
        _show_goods(item)
    for change in changes:
        _sum_up(change)
    return parts.rechecks


class _Parts:
    """Writes and finds the embedded resources of one batch's orders."""

    def __init__(self, connection: Connection, project_id: int, timestamp: datetime) -> None:
        self._connection = connection
        self._project_id = project_id
        self._timestamp = timestamp
        self._made: set[str] = set()
        self.rechecks: list[Recheck] = []

    async def upsert_people(self, changes: list[Change], person: str) -> None:
        """Upsert the orders' customers, or their referrers, and put their ids in."""
        parts = [part for change in changes if (part := _person(change, person))]
        ids = await self._upsert(CUSTOMER, parts)
        for number, part in enumerate(parts, 1):
            part.change.values[f"{person}_id"] = ids.get(number)

    async def upsert_new(self, spec: UpsertSpec, known_sql: LiteralString, parts: list[_Part]) -> None:
        """Create what is not there yet; what is, only changes where the order says `override`."""
        known = set(await self._existing(known_sql, (part.values.get("source_id") for part in parts)))
        wanted: list[_Part] = []
        new: list[str] = []
        for part in parts:
            source_id = part.values.get("source_id")
            if part.values.get("override"):
                wanted.append(part)
            elif source_id not in known:
                wanted.append(part)
                new.append(str(source_id))
            known.add(source_id)
        await self._upsert(spec, wanted, new)

    async def upsert_named(self, order_items: list[_OrderItem]) -> None:
        """Create the products that have a name and no key, and put their ids in; those created so before are reused."""
        skus = await self._existing(_sql.known_skus, (_source_of(item, "sku") for _, _, item in order_items))
        named = [
            order_item
            for order_item in order_items
            if _is_only_named(order_item[2]) and _source_of(order_item[2], "sku") not in skus
        ]
        names = [str(item["product"]["name"]) for _, _, item in named]
        ids = await self.ids_by_name(set(names))
        new = {
            name: order_item for name, order_item in reversed(list(zip(names, named, strict=True))) if name not in ids
        }
        made = await self._upsert(PRODUCT, [_product_of(order_item) for order_item in new.values()])
        ids |= {name: made[number] for number, name in enumerate(new, 1) if number in made}
        for name, (change, at, item) in zip(names, named, strict=True):
            if name in ids:
                item["product"]["id"] = ids[name]
            elif item is not new[name][2]:
                change.problems.append(f"items[{at}].product: another order of the file says what cannot be of {name}")
        again = [_product_of(order_item) for name, order_item in zip(names, named, strict=True)
                 if order_item[2]["product"].get("override") and order_item is not new.get(name)]  # fmt: skip
        await self._upsert(PRODUCT, again)

    async def ids_by_name(self, names: set[str]) -> dict[str, str]:
        """The ids of the products of these names that have no key.

        Where one is missing, none of them is made by anybody else from now on until the transaction ends.
        """
        ids = await self._named(names)
        if names.issubset(ids):
            return ids
        await self._connection.execute(_sql.wait_for_makers_by_name, {"project_id": self._project_id})
        return await self._named(names)

    async def _named(self, names: set[str]) -> dict[str, str]:
        if not names:
            return {}
        query = {"project_id": self._project_id, "names": sorted(names)}
        rows = await (await self._connection.execute(_sql.named_products, query)).fetchall()
        return {row["name"]: row["id"] for row in rows}

    async def put_ids(self, items: list[Item]) -> None:
        """Put the ids of the goods that are named by a source_id into the items."""
        for name, sql in (("product", _sql.known_products), ("sku", _sql.known_skus)):
            sources = {source for item in items if (source := _source_of(item, name)) is not None}
            existing = await self._existing(sql, sources)
            for item in items:
                known = existing.get(_source_of(item, name), {"id": (item.get(name) or {}).get("id")})
                if known["id"] is not None:
                    item[f"{name}_id"] = known["id"]
                if known.get("product_id") and not item.get("product_id"):
                    item["product_id"] = known["product_id"]
            if missed := sources.difference(existing):
                self.rechecks.append(partial(self._is_any_there, sql, missed))

    async def _is_any_there(self, sql: LiteralString, sources: set[str]) -> bool:
        return bool(await self._existing(sql, sources))

    async def _existing(self, sql: LiteralString, sources: Iterable[Any]) -> dict[str | None, dict[str, Any]]:
        """Those products or SKUs of these source ids that exist."""
        keys = sorted({str(source) for source in sources if source})
        if not keys:
            return {}
        parameters = {"project_id": self._project_id, "keys": keys}
        return {row["source_id"]: row for row in await (await self._connection.execute(sql, parameters)).fetchall()}

    async def _upsert(self, spec: UpsertSpec, parts: list[_Part], new: Collection[str] = ()) -> dict[int, str]:
        """Upsert the parts in order; returns the ids by the parts' numbers, counted from 1."""
        if not parts:
            return {}
        checker = await checker_for(self._connection, self._project_id, spec.noun)
        operation = Upsert(self._connection, self._project_id, spec, checker, self._timestamp)
        operation.use(json_reader(spec), complete=spec is SKU, new=new)
        failures = operation.check([Row(number, part.values) for number, part in enumerate(parts, 1)])
        failures += await operation.write()
        for failure in failures:
            part = parts[failure.row - 1]
            part.change.problems.append(f"{part.label}: {failure.reason}")
        self._made.update(record["id"] for record in operation.written if record["is_new"])
        self.rechecks += [*operation.rechecks, partial(self._is_overtaken, operation)] if failures else []
        return operation.ids

    async def _is_overtaken(self, operation: Upsert) -> bool:
        """Whether somebody else has made what was missing when parts failed."""
        return not self._made.issuperset(await operation.present_by_now())


def _person(change: Change, person: str) -> _Part | None:
    """The person an order names by an object, an id, or both; null takes the one away that the order had."""
    values, by_id = change.values, f"{person}_id"
    if person in values and values[person] is None:
        values.setdefault(by_id, None)
    described = dict(values.pop(person, None) or {})
    if values.get(by_id) is not None and described.setdefault("id", values[by_id]) != values[by_id]:
        change.problems.append(f"{person}: id: differs from {by_id} {actual(described['id'])}")
        return None
    return _Part(change, person, described) if described else None


def _product_of(order_item: _OrderItem) -> _Part:
    change, at, item = order_item
    return _Part(change, f"items[{at}].product", item["product"])


def _is_only_named(item: Item) -> bool:
    """Whether the item's product has a name, and nothing else says which one it is."""
    product = item.get("product")
    if not isinstance(product, dict) or not product.get("name"):
        return False
    keyed = product.get("source_id") or product.get("id") or item.get("product_id") or item.get("sku_id")
    return not keyed and not (item.get("source_id") and item.get("related_object") != "sku")


def _name_goods(item: Item) -> None:
    """An item's own source_id names its product or SKU, as `related_object` says."""
    related = item.get("related_object")
    for name in ("product", "sku"):
        if isinstance(item.get(name), dict):
            item[name] = dict(item[name])
            if related == name and item.get("source_id"):
                item[name].setdefault("source_id", item["source_id"])


def _of_product(item: Item) -> dict[str, Any]:
    """Return the item's fields for its SKU, with the SKU's product; the item itself is kept as it came."""
    product = item.get("product") or {}
    named = product.get("source_id") or product.get("id") or item.get("product_id")
    return {"product_id": named, **item["sku"]} if named else dict(item["sku"])


def _describes(goods: Any) -> bool:
    """Whether it says more of the resource than which one it is, for one that may be made or is to be changed."""
    if not isinstance(goods, dict) or not goods.keys() & _DESCRIBING:
        return False
    return bool(goods.get("source_id") or (goods.get("id") and goods.get("override")))


_DESCRIBING = {"name", "sku", "price", "currency", "attributes", "metadata", "image_url", "override"}


def _show_goods(item: Item) -> None:
    """Show the ids of goods inside an item, where they are known, and not what was to be done with them."""
    for name in ("product", "sku"):
        if isinstance(item.get(name), dict):
            item[name].pop("override", None)
            if item.get(f"{name}_id") and not item[name].get("id"):
                item[name]["id"] = item[f"{name}_id"]


def _source_of(item: Item, name: str) -> str | None:
    goods = item.get(name)
    source_id = goods.get("source_id") if isinstance(goods, dict) else None
    return source_id or (item.get("source_id") if item.get("related_object") == name else None)


def _is_amount(price: Any) -> bool:
    return type(price) is int and 0 <= price <= MAX_INTEGER


def _sum_up(change: Change) -> None:
    """Fill in amounts that are missing: an item's is its price times its quantity, an order's the sum of its items'.

    An item's price may stand with its SKU or its product; its subtotal is what its discount leaves of the amount.
    """
    items = change.values.get("items") or []
    for item in items:
        price = next((held["price"] for held in (item, item.get("sku") or {}, item.get("product") or {})
                      if _is_amount(held.get("price"))), None)  # fmt: skip
        if item.get("price") is None and price is not None:
            item["price"] = price
        if item.get("amount") is None and price is not None:
            item["amount"] = price * (item.get("quantity") or 1)
        item.pop("subtotal_amount", None)
        if item.get("amount") is not None and (item.get("discount_amount") or 0) <= item["amount"]:
            item["subtotal_amount"] = item["amount"] - (item.get("discount_amount") or 0)
    total = sum(item.get("amount") or 0 for item in items)
    if not 0 <= total <= MAX_INTEGER:
        change.problems.append(f"items: their amounts must be between 0 and {MAX_INTEGER} together {actual(total)}")
    elif items and change.values.get("amount") is None:
        change.values["amount"] = total
