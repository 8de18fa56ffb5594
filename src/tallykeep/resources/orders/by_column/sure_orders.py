"""Which decoded orders are surely taken: looked at column by column, and cleaned where they stand.

What is not sure here may be right nevertheless; the careful way decides.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from msgspec import UNSET

from tallykeep.formats.json.typed_rows import TypedRun
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.fields.cleaning import MAX_INTEGER
from tallykeep.resources.orders.by_column.typed_orders import GOODS, PEOPLE
from tallykeep.resources.orders.items import KEYS
from tallykeep.resources.upserts.by_column.sure_values import are_keys, are_resources, keep


def sort_out(run: TypedRun) -> Sequence[Any]:
    """Return the run's orders, cleaned; None in place of one that is not sure."""
    if None not in run.rows:
        return _sure(run.rows, run)
    sure = iter(_sure([order for order in run.rows if order is not None], run))
    return [None if order is None else next(sure) for order in run.rows]


def _sure(orders: Sequence[Any], run: TypedRun) -> Sequence[Any]:
    """Return the orders, with None in place of those that are not sure; these are found by halves."""
    if not orders or _are_sure(orders, run):
        return orders
    if len(orders) == 1:
        return [None]
    middle = len(orders) // 2
    return [*_sure(orders[:middle], run), *_sure(orders[middle:], run)]


def _are_sure(orders: Sequence[Any], run: TypedRun) -> bool:
    """Whether all of these are; cleaning them again changes nothing."""
    items = [item for order in orders for item in order.items or ()]
    people = [person for name in PEOPLE for person in map(attrgetter(name), orders) if person]
    goods = {name: [held for held in map(attrgetter(name), items) if held] for name in GOODS}
    return (
        are_keys(orders, ("source_id",), run)
        and are_keys(people, ("source_id",), run)
        and are_keys(items, KEYS, run)
        and all(are_keys(held, ("source_id",), run) for held in goods.values())
        and are_resources(people, CUSTOMER.fields, run)
        and all(are_resources(goods[name], spec.fields, run) for name, spec in GOODS.items())
        and are_resources(items, (), run)
        and keep(orders, "metadata", run)
        and _name_goods(items)
        and all(map(_sum_up, orders))
    )


def _name_goods(items: Iterable[Any]) -> bool:
    """Let an item's own source_id name its goods; False where a product has no more than a name."""
    for item in items:
        related, source_id = item.related_object, item.source_id
        if related and source_id and (goods := getattr(item, related)) and goods.source_id is UNSET:
            goods.source_id = source_id
        product = item.product
        if product and product.source_id is UNSET and product.name:
            return False
    return True


def _sum_up(order: Any) -> bool:
    """Fill in amounts that are missing, as goods.sum_up does; False where their sum cannot be."""
    items = order.items
    if not items:
        return True
    total = sum(map(_amount_of, items))
    if total > MAX_INTEGER:
        return False
    if order.amount is UNSET or order.amount is None:
        order.amount = total
    return True


def _amount_of(item: Any) -> int:
    """Fill in what is missing of one item, and return its amount, 0 where it has none."""
    amount, price = item.amount, item.price
    if type(price) is not int:
        price = _price_of(item.sku, item.product)
        if price is not None:
            item.price = price
    if type(amount) is not int:
        if price is None:
            item.subtotal_amount = UNSET
            return 0
        amount = item.amount = price * (item.quantity or 1)
    left = amount - (item.discount_amount or 0)
    item.subtotal_amount = left if left >= 0 else UNSET
    return int(amount)


def _price_of(sku: Any, product: Any) -> int | None:
    if sku and type(price := sku.price) is int:
        return int(price)
    return int(price) if product and type(price := product.price) is int else None
