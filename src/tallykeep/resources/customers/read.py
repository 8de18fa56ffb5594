"""Customers as they are shown, one or a list."""

from datetime import datetime
from typing import Any

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.errors import NotFoundError
from tallykeep.model import wire_time

_sql = queries(__package__, "store.sql")


async def get_customer(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """One customer in wire format, by id or source_id; raises NotFoundError."""
    place = {"project_id": project_id, "key": key}
    found = await (await connection.execute(_sql.get_by_id_or_source_id, place)).fetchone()
    if found is None:
        raise NotFoundError.of("customer", key)
    return shown(found)


async def list_customers(
    connection: Connection, project_id: int, *, limit: int, page: int, email: str | None, name: str | None,
    created_before: datetime | None, created_after: datetime | None,
) -> dict[str, Any]:  # fmt: skip
    """One page in wire format, newest first, with the number of all customers that match."""
    matching = {
        "project_id": project_id, "email": email, "name": name, "created_before": created_before,
        "created_after": created_after,
    }  # fmt: skip
    paging = {**matching, "limit": limit, "offset": (page - 1) * limit, "after_id": None}
    rows = await (await connection.execute(_sql.list_customers, paging)).fetchall()
    counted = await (await connection.execute(_sql.count_customers, matching)).fetchone()
    return {
        "object": "list",
        "data_ref": "customers",
        "customers": [shown(row) for row in rows],
        "total": counted["total"] if counted else 0,
    }


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
        "created_at": wire_time(row["created_at"]),
        "updated_at": wire_time(row["updated_at"]),
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
