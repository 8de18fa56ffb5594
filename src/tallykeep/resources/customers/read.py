"""Customers as they are shown, one or a list."""

from typing import Any

from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.customers.list_spec import CUSTOMERS
from tallykeep.resources.lists.page import select_page, shown_page
from tallykeep.resources.lists.query_string import Selection

_sql = queries(__package__, "store.sql")


async def get_customer(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """One customer in wire format, by id or source_id; raises NotFoundError."""
    place = {"project_id": project_id, "key": key}
    found = await (await connection.execute(_sql.get_by_id_or_source_id, place)).fetchone()
    if found is None:
        raise NotFoundError.of("customer", key)
    return shown(found)


async def list_customers(
    connection: Connection, project_id: int, selection: Selection, *, limit: int, page: int
) -> dict[str, Any]:
    """One page in wire format, with the number of all customers that match."""
    within = {"project_id": project_id}
    rows, total = await select_page(connection, CUSTOMERS, within, selection, limit=limit, page=page)
    has_more = (page - 1) * limit + len(rows) < total
    return {**shown_page(CUSTOMERS, list(map(shown, rows)), total), "has_more": has_more}


async def delete_customer(connection: Connection, project_id: int, key: str) -> None:
    """Delete a customer for good; raises NotFoundError."""
    place = {"project_id": project_id, "key": key}
    if await (await connection.execute(_sql.delete_one, place)).fetchone() is None:
        raise NotFoundError.of("customer", key)


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A customer's row in wire format (public API documentation, schema CustomerWithSummaryLoyaltyReferrals)."""
    return {
        "id": row["id"],
        "source_id": row["source_id"],
        "name": row["name"],
        "description": row["description"],
        "email": row["email"],
        "phone": row["phone"],
        "birthdate": row["birthdate"].isoformat() if row["birthdate"] else None,
        "address": row["address"],
        "summary": _no_summary(),
        "loyalty": {"points": 0, "referred_customers": 0, "campaigns": {}},
        "referrals": {"total": 0, "campaigns": []},
        "metadata": row["metadata"],
        "system_metadata": {},
        # To the microsecond, so that a list can be gone on with exactly behind this customer.
        "created_at": wire_time(row["created_at"], "microseconds"),
        "updated_at": wire_time(row["updated_at"], "microseconds"),
        "object": "customer",
    }


def _no_summary() -> dict[str, Any]:
    redemptions = dict.fromkeys(
        ("total_redeemed", "total_failed", "total_succeeded", "total_rolled_back", "total_rollback_failed",
         "total_rollback_succeeded"), 0,
    )  # fmt: skip
    return {
        "redemptions": {
            **redemptions,
            "gift": {"redeemed_amount": 0, "amount_to_go": 0},
            "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
        },
        "orders": {"total_amount": 0, "total_count": 0, "average_amount": 0, "last_order_amount": 0},
    }
