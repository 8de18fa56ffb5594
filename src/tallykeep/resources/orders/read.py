"""Orders as they are shown, one or a list."""

from typing import Any

from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.lists.page import select_page, shown_page
from tallykeep.resources.lists.query_string import Selection
from tallykeep.resources.orders.list_spec import ORDERS

_sql = queries(__package__, "store.sql")

_PEOPLE = ("customer", "referrer")  # shown only where there is one


async def get_order(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """One order in wire format, by id or source_id; raises NotFoundError."""
    place = {"project_id": project_id, "key": key}
    found = await (await connection.execute(_sql.get_by_id_or_source_id, place)).fetchone()
    if found is None:
        raise NotFoundError.of("order", key)
    return shown(found)


async def list_orders(
    connection: Connection, project_id: int, selection: Selection, *, limit: int, page: int
) -> dict[str, Any]:
    """One page in wire format, with the number of all orders that match."""
    within = {"project_id": project_id}
    rows, total = await select_page(connection, ORDERS, within, selection, limit=limit, page=page)
    return shown_page(ORDERS, list(map(shown, rows)), total)


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """An order's row in wire format (public API documentation, schema OrderCalculated)."""
    return {
        "id": row["id"],
        "source_id": row["source_id"],
        "status": row["status"],
        "amount": row["amount"],
        "total_amount": row["amount"],
        "initial_amount": row["initial_amount"],
        "discount_amount": row["discount_amount"],
        "items": row["items"],
        "metadata": row["metadata"],
        "customer_id": row["customer_id"],
        "referrer_id": row["referrer_id"],
        **{name: {"id": row[f"{name}_id"], "object": "customer"} for name in _PEOPLE if row[f"{name}_id"]},
        "created_at": wire_time(row["created_at"]),
        "updated_at": wire_time(row["updated_at"]),
        "object": "order",
    }
