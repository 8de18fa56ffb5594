"""The orders of one customer: read, deleted with the customer, and told in rows."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from tallykeep.core.batch import Source
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.customers.people import keys_among_ids, people_in
from tallykeep.resources.orders.spec import ORDER

_sql = queries(__package__, "of_customer.sql")

_PEOPLE = ("customer", "referrer")


async def delete_orders_of(
    connection: Connection, project_id: int, customer_ids: Collection[str], *, limit: int
) -> int:
    """Delete the orders of these customers, at most so many, the oldest first; returns how many."""
    wanted = {"project_id": project_id, "customer_ids": list(customer_ids), "limit": limit}
    return (await connection.execute(_sql.delete_orders_of, wanted)).rowcount


async def unlink_referrer(connection: Connection, project_id: int, customer_ids: Collection[str]) -> None:
    """Take these customers out of the orders of others that they referred."""
    wanted = {"project_id": project_id, "customer_ids": list(customer_ids)}
    await connection.execute(_sql.unlink_referrer, wanted)


async def orders_of(
    connection: Connection, project_id: int, customer_ids: Collection[str], *, after: str, limit: int
) -> list[dict[str, Any]]:
    """Return orders of these customers in wire format, by id, behind the order `after`."""
    wanted = {"project_id": project_id, "customer_ids": list(customer_ids), "after": after, "limit": limit}
    return list(map(ORDER.show, await (await connection.execute(_sql.orders_of, wanted)).fetchall()))


def people_of_orders(_: Source) -> Callable[[Any], Iterable[str]]:
    """Return what tells the source_ids of the customer and the referrer of an order's row."""
    return _named_in


def _named_in(order: Any) -> Iterator[str]:
    if not isinstance(order, dict):
        return
    for name in _PEOPLE:
        yield from people_in(order.get(name))
        yield from keys_among_ids(order.get(f"{name}_id"))
