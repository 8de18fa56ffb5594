"""Vouchers as they are shown: single ones, lists, and the wire format of both."""

from typing import Any

from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.categories.labels import category_fields
from tallykeep.resources.lists.page import select_page, shown_page
from tallykeep.resources.lists.query_string import Selection
from tallykeep.resources.vouchers.domain import EXTRA_FIELDS, GIFT, LOYALTY, balance_of, without_nulls
from tallykeep.resources.vouchers.fields import DRAFTED, IN_JSON, INSIDE_JSON
from tallykeep.resources.vouchers.list_spec import VOUCHERS

_sql = queries(__package__, "read.sql")

# Columns that are shown as they are stored.
_SHOWN = tuple(field for field in IN_JSON if field in DRAFTED)
# These stand where the reference API has them, and are null where nothing is known of them.
_BEFORE_OTHERS = ("start_date", "expiration_date", "validity_timeframe", "validity_day_of_week")


async def get_voucher(connection: Connection, project_id: int, code_or_id: str) -> dict[str, Any]:
    """Get one voucher in wire format, by its code or else its id; raises NotFoundError."""
    by_code = {"project_id": project_id, "code": code_or_id}
    row = await (await connection.execute(_sql.get_voucher, by_code)).fetchone()
    if row is None:
        by_id = {"project_id": project_id, "id": code_or_id}
        row = await (await connection.execute(_sql.get_voucher_by_id, by_id)).fetchone()
    if row is None:
        raise NotFoundError.of("voucher", code_or_id)
    (category,) = await category_fields(connection, project_id, [row])
    return shown(row, category) | {"validation_rules_assignments": _no_assignments()}


async def list_vouchers(
    connection: Connection, project_id: int, selection: Selection, *, limit: int, page: int
) -> dict[str, Any]:
    """List one page in wire format, with the number of all vouchers that match."""
    of_project = {"project_id": project_id}
    rows, total = await select_page(connection, VOUCHERS, of_project, selection, limit=limit, page=page)
    categories = await category_fields(connection, project_id, rows)
    return shown_page(VOUCHERS, list(map(shown, rows, categories)), total)


def shown(row: dict[str, Any], category: dict[str, Any]) -> dict[str, Any]:
    """Show a voucher's row and its category in wire format (public API documentation, schema VoucherWithCategories)."""
    extras = row["extras"] or {}
    return {
        "id": row["id"],
        "code": row["code"],
        "campaign": row["campaign"],
        "campaign_id": row["campaign_id"],
        **category,
        "type": row["type"],
        "discount": without_nulls(row["discount"]),
        "gift": _with_balance(GIFT, row["gift"], row["redeemed_amount"]),
        "loyalty_card": _with_balance(LOYALTY, row["loyalty_card"], None),
        **dict.fromkeys(_BEFORE_OTHERS),
        **{name: extras[name] for name, _ in EXTRA_FIELDS if name in extras},
        **{field.name: field.show(row[field.column_name]) for field in _SHOWN},
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


def _with_balance(voucher_type: str, worth: dict[str, Any] | None, spent: int | None) -> dict[str, Any] | None:
    return None if worth is None else {**without_nulls(worth), "balance": balance_of(voucher_type, worth, spent)}


def _redemption(row: dict[str, Any]) -> dict[str, Any]:
    limits = {field.name: field.show(row[field.column_name]) for field in INSIDE_JSON["redemption"]}
    redeemed: dict[str, Any] = {"redeemed_quantity": row["redeemed_quantity"]}
    if row["gift"] is not None or row["redeemed_amount"] is not None:
        redeemed["redeemed_amount"] = row["redeemed_amount"] or 0
    if row["type"] == LOYALTY:
        redeemed["redeemed_points"] = 0
    url = f"/v1/vouchers/{row['code']}/redemptions?page=1&limit=10"
    return {**limits, **redeemed, "object": "list", "url": url}


def _no_assignments() -> dict[str, Any]:
    return {"object": "list", "data_ref": "data", "data": [], "total": 0}
