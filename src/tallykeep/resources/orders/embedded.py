"""Resources inside orders: customers and referrers, products and SKUs, upserted before the orders that name them."""

from datetime import datetime
from typing import Any

from tallykeep.db.connections.pool import Connection
from tallykeep.resources.orders.goods import (
    describes,
    is_only_named,
    name_goods,
    put_id,
    show_goods,
    source_of,
    sum_up,
    with_product,
)
from tallykeep.resources.orders.items import Item
from tallykeep.resources.orders.parts import OrderItem, Part, Parts
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.spec import Change, Recheck


async def upsert_parts(
    connection: Connection, project_id: int, changes: list[Change], timestamp: datetime
) -> list[Recheck]:
    """Upsert all that the orders bring along, and put the ids into the orders; flaws become the orders' problems.

    Return what checks again for what was missing.
    """
    brought = Brought()
    for change in changes:
        for at, item in enumerate(change.values.get("items") or ()):
            brought.add(change, at, item)
    parts = Parts(connection, project_id, timestamp)
    # Before anything is locked: who waits for the makers of products by name holds nothing that they may want.
    await parts.ids_by_name({str(item["product"]["name"]) for _, _, item in brought.only_named})
    for person in ("customer", "referrer"):
        await parts.upsert_people(changes, person)
    await parts.upsert_new(PRODUCT, brought.products)
    await parts.upsert_named(brought.only_named)
    await parts.upsert_new(SKU, brought.skus())
    products, skus, rechecks = await parts.goods.find(brought.sources)
    for item, product, sku in zip(brought.items, *brought.sources.values(), strict=True):
        put_id(item, "product", products.get(product))
        put_id(item, "sku", skus.get(sku))
        show_goods(item)
    for change in changes:
        sum_up(change)
    return parts.rechecks + rechecks


class Brought:
    """What the items of orders bring along, in their order; `sources` are the source ids of their goods."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.sources: dict[str, list[Any]] = {"product": [], "sku": []}
        self.only_named: list[OrderItem] = []
        self.products: list[Part] = []
        self._described_skus: list[OrderItem] = []

    def add(self, change: Change, at: int, item: Item) -> None:
        """Add what the item of an order brings."""
        name_goods(item)
        self.items.append(item)
        self.sources["product"].append(source_of(item, "product"))
        self.sources["sku"].append(source_of(item, "sku"))
        if describes(item.get("product")):
            self.products.append(Part(change, f"items[{at}].product", item["product"]))
        if is_only_named(item):
            self.only_named.append((change, at, item))
        if describes(item.get("sku")):
            self._described_skus.append((change, at, item))

    def skus(self) -> list[Part]:
        """Return the SKUs that may be made or are to be changed, when the ids of products without keys are known."""
        offers = [(change, at, with_product(item)) for change, at, item in self._described_skus]
        return [Part(change, f"items[{at}].sku", sku) for change, at, sku in offers
                if sku.keys() & {"product_id", "override"}]  # fmt: skip
