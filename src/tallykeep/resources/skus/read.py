"""SKUs as they are shown, one or a product's list."""

from typing import Any

from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.lists.page import select_page, shown_page
from tallykeep.resources.lists.query_string import Selection
from tallykeep.resources.skus.list_spec import SKUS
from tallykeep.resources.trash.entries import put_in_bin
from tallykeep.tenants.projects import Caller

_sql = queries(__package__, "store.sql")


async def get_sku(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """One SKU in wire format, by id or source_id; raises NotFoundError."""
    place = {"project_id": project_id, "key": key}
    found = await (await connection.execute(_sql.get_by_id_or_source_id, place)).fetchone()
    if found is None:
        raise NotFoundError.of("sku", key)
    return shown(found)


async def list_skus(
    connection: Connection, project_id: int, product_id: str, selection: Selection, *, limit: int, page: int
) -> dict[str, Any]:
    """One page of a product's SKUs in wire format, with the number of all that match."""
    within = {"project_id": project_id, "product_id": product_id}
    rows, total = await select_page(connection, SKUS, within, selection, limit=limit, page=page)
    return shown_page(SKUS, list(map(shown, rows)), total)


async def delete_sku(connection: Connection, caller: Caller, product_id: str, key: str, *, force: bool) -> None:
    """Delete a product's SKU, for good with `force`, else into the bin; raises NotFoundError."""
    async with connection.transaction():
        found = await get_sku(connection, caller.project_id, key)
        if found["product_id"] != product_id:
            raise NotFoundError.of("sku", key)
        place = {"project_id": caller.project_id, "key": found["id"]}
        gone = await (await connection.execute(_sql.delete_one, place)).fetchone()
        if gone is None:
            raise NotFoundError.of("sku", key)
        if not force:
            await put_in_bin(connection, caller, "sku", shown(gone), name=gone["sku"], parent_id=product_id)


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A SKU's row in wire format (public API documentation, schema Sku)."""
    return {
        "id": row["id"],
        "source_id": row["source_id"],
        "product_id": row["product_id"],
        "sku": row["sku"],
        "price": row["price"],
        "currency": row["currency"],
        "attributes": row["attributes"],
        "image_url": row["image_url"],
        "metadata": row["metadata"],
        "created_at": wire_time(row["created_at"]),
        "updated_at": wire_time(row["updated_at"]),
        "object": "sku",
    }
