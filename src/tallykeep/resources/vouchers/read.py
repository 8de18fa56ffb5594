"""Vouchers as they are shown: single ones, lists, and the wire format of both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import sql

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.errors import NotFoundError
from tallykeep.model import wire_time
from tallykeep.resources.categories.labels import category_fields, labels_shown_as
from tallykeep.resources.vouchers.kinds import EXTRA_FIELDS, GIFT, LOYALTY, balance_of

_sql = queries(__package__, "read.sql")

# Ids grow with time, so their index gives the order of creation.
ORDERS: dict[str, LiteralString] = {
    "created_at": "id ASC",
    "-created_at": "id DESC",
    "updated_at": "updated_at ASC NULLS FIRST, id ASC",
    "-updated_at": "updated_at DESC NULLS LAST, id DESC",
    "code": "code ASC",
    "-code": "code DESC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFilter:
    """Which vouchers to list; None does not filter."""

    code: str | None = None
    category: str | None = None
    campaign: str | None = None
    campaign_id: str | None = None
    ids: list[str] | None = None
    created_before: datetime | None = None
    created_after: datetime | None = None
    updated_before: datetime | None = None
    updated_after: datetime | None = None

    def parameters(self, project_id: int) -> dict[str, Any]:
        """As the query's parameters."""
        return {"project_id": project_id, **{name: getattr(self, name) for name in self.__slots__}}


async def get_voucher(connection: Connection, project_id: int, code_or_id: str) -> dict[str, Any]:
    """One voucher in wire format, by its code or else its id; raises NotFoundError."""
    by_code = {"project_id": project_id, "code": code_or_id}
    found = await (await connection.execute(_sql.get_voucher, by_code)).fetchone()
    if found is None:
        by_id = {"project_id": project_id, "id": code_or_id}
        found = await (await connection.execute(_sql.get_voucher_by_id, by_id)).fetchone()
    if found is None:
        raise NotFoundError.of("voucher", code_or_id)
    (category,) = await category_fields(connection, project_id, [found])
    return shown(found, category) | {"validation_rules_assignments": _no_assignments()}


async def list_vouchers(
    connection: Connection, project_id: int, chosen: VoucherFilter, *, order: str, limit: int, page: int
) -> dict[str, Any]:
    """One page in wire format, with the number of all vouchers that match; `order` is a key of ORDERS."""
    matching = sql.SQL(_sql.filter_vouchers)
    labels = None if chosen.category is None else await labels_shown_as(connection, project_id, chosen.category)
    parameters = chosen.parameters(project_id) | {"labels": labels, "limit": limit, "offset": (page - 1) * limit}
    page_query = sql.SQL("SELECT {} {} ORDER BY {} LIMIT %(limit)s OFFSET %(offset)s").format(
        sql.SQL(_sql.columns_shown), matching, sql.SQL(ORDERS[order])
    )
    rows = await (await connection.execute(page_query, parameters)).fetchall()
    counted = await connection.execute(sql.SQL("SELECT count(*) AS total {}").format(matching), parameters)
    categories = await category_fields(connection, project_id, rows)
    total = (await counted.fetchone() or {"total": 0})["total"]
    return {
        "object": "list",
        "data_ref": "vouchers",
        "vouchers": [shown(row, category) for row, category in zip(rows, categories, strict=True)],
        "total": total,
    }


def shown(row: dict[str, Any], category: dict[str, Any]) -> dict[str, Any]:
    """A voucher's row and its category in wire format (public API documentation, schema VoucherWithCategories)."""
    extras = row["extras"] or {}
    return {
        "id": row["id"],
        "code": row["code"],
        "campaign": row["campaign"],
        "campaign_id": row["campaign_id"],
        **category,
        "type": row["type"],
        "discount": row["discount"],
        "gift": _with_balance(GIFT, row["gift"], row["redeemed_amount"]),
        "loyalty_card": _with_balance(LOYALTY, row["loyalty_card"], None),
        "start_date": wire_time(row["start_date"]),
        "expiration_date": wire_time(row["expiration_date"]),
        "validity_timeframe": None,
        "validity_day_of_week": None,
        **{name: extras[name] for name, _ in EXTRA_FIELDS if name in extras},
        "active": row["active"],
        "additional_info": row["additional_info"],
        "metadata": row["metadata"],
        "assets": {"qr": None, "barcode": None},
        "is_referral_code": False,
        "created_at": wire_time(row["created_at"]),
        "updated_at": wire_time(row["updated_at"]),
        "holder_id": None,
        "redemption": _redemption(row),
        "publish": {
            "object": "list",
            "count": 0,
            "url": f"/v1/vouchers/{row['code']}/publications?page=1&limit=10",
        },
        "object": "voucher",
    }


def _with_balance(kind: str, worth: dict[str, Any] | None, spent: int | None) -> dict[str, Any] | None:
    return None if worth is None else {**worth, "balance": balance_of(kind, worth, spent)}


def _redemption(row: dict[str, Any]) -> dict[str, Any]:
    redeemed: dict[str, Any] = {"redeemed_quantity": row["redeemed_quantity"]}
    if row["gift"] is not None or row["redeemed_amount"] is not None:
        redeemed["redeemed_amount"] = row["redeemed_amount"] or 0
    if row["type"] == LOYALTY:
        redeemed["redeemed_points"] = 0
    url = f"/v1/vouchers/{row['code']}/redemptions?page=1&limit=10"
    return {"quantity": row["redemption_quantity"], **redeemed, "object": "list", "url": url}


def _no_assignments() -> dict[str, Any]:
    return {"object": "list", "data_ref": "data", "data": [], "total": 0}
