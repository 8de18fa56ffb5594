"""The goods of an order's items: which they are, what is said of them, and what they come to."""

from typing import Any

from tallykeep.resources.fields.cleaning import MAX_INTEGER, actual
from tallykeep.resources.orders.items import Item
from tallykeep.resources.upserts.spec import Change


def name_goods(item: Item) -> None:
    """An item's own source_id names its product or SKU, as `related_object` says."""
    related, source_id = item.get("related_object"), item.get("source_id")
    if related is not None and source_id and isinstance(goods := item.get(related), dict):
        goods.setdefault("source_id", source_id)


def is_only_named(item: Item) -> bool:
    """Whether the item's product has a name, and nothing else says which one it is."""
    product = item.get("product")
    if not isinstance(product, dict) or not product.get("name"):
        return False
    keyed = product.get("source_id") or product.get("id") or item.get("product_id") or item.get("sku_id")
    return not keyed and not (item.get("source_id") and item.get("related_object") != "sku")


def source_of(item: Item, name: str) -> str | None:
    """Return the source_id of the item's product or SKU, which may stand with the item itself."""
    goods = item.get(name)
    source_id = goods.get("source_id") if isinstance(goods, dict) else None
    return source_id or (item.get("source_id") if item.get("related_object") == name else None)


def describes(goods: Any) -> bool:
    """Whether it says more of the resource than which one it is, for one that may be made or is to be changed."""
    if not isinstance(goods, dict) or DESCRIBING.isdisjoint(goods):
        return False
    return bool(goods.get("source_id") or (goods.get("id") and goods.get("override")))


DESCRIBING = frozenset({"name", "sku", "price", "currency", "attributes", "metadata", "image_url", "override"})


def with_product(item: Item) -> dict[str, Any]:
    """Return the item's fields for its SKU, with the SKU's product; the item itself is kept as it came."""
    product = item.get("product") or {}
    named = product.get("source_id") or product.get("id") or item.get("product_id")
    return {"product_id": named, **item["sku"]} if named else dict(item["sku"])


def put_id(item: Item, name: str, known: dict[str, Any] | None) -> None:
    """Put the id of the product or SKU into the item: as it is `known`, or else as the order says it."""
    if known is not None:
        item[f"{name}_id"] = known["id"]
        if known.get("product_id") and not item.get("product_id"):
            item["product_id"] = known["product_id"]
    elif (goods := item.get(name)) and (own_id := goods.get("id")) is not None:
        item[f"{name}_id"] = own_id


def show_goods(item: Item) -> None:
    """Show the ids of goods inside an item, where they are known, and not what was to be done with them."""
    for name, by_id in (("product", "product_id"), ("sku", "sku_id")):
        if isinstance(goods := item.get(name), dict):
            goods.pop("override", None)
            if item.get(by_id) and not goods.get("id"):
                goods["id"] = item[by_id]


def sum_up(change: Change) -> None:
    """Fill in amounts that are missing: an item's is its price times its quantity, an order's the sum of its items'.

    An item's price may stand with its SKU or its product; its subtotal is what its discount leaves of the amount.
    """
    items = change.values.get("items") or []
    total = sum(map(_amount_of, items))
    if not 0 <= total <= MAX_INTEGER:
        change.problems.append(f"items: their amounts must be between 0 and {MAX_INTEGER} together {actual(total)}")
    elif items and change.values.get("amount") is None:
        change.values["amount"] = total


def _amount_of(item: Item) -> int:
    """Fill in what is missing of one item, and return its amount, 0 where it has none."""
    amount: int | None = item.get("amount")
    if (price := _price_of(item)) is not None:
        if item.get("price") is None:
            item["price"] = price
        if amount is None:
            amount = item["amount"] = price * (item.get("quantity") or 1)
    item.pop("subtotal_amount", None)
    if amount is None:
        return 0
    if (left := amount - (item.get("discount_amount") or 0)) >= 0:
        item["subtotal_amount"] = left
    return amount


def _price_of(item: Item) -> int | None:
    for held in (item, item.get("sku"), item.get("product")):
        if held and type(price := held.get("price")) is int and 0 <= price <= MAX_INTEGER:
            return price
    return None
