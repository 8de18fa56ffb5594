"""Products as they are shown, one or a list."""

from typing import Any

from tallykeep.core.errors import NotFoundError
from tallykeep.core.ids import wire_time
from tallykeep.db import gates
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.lists.page import select_page, shown_page
from tallykeep.resources.lists.query_string import Selection
from tallykeep.resources.products.list_spec import PRODUCTS
from tallykeep.resources.trash.entries import put_in_bin
from tallykeep.tenants.projects import Caller

_sql = queries(__package__, "store.sql")


async def get_product(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """One product in wire format, by id or source_id, without its SKUs; raises NotFoundError."""
    place = {"project_id": project_id, "key": key}
    found = await (await connection.execute(_sql.get_by_id_or_source_id, place)).fetchone()
    if found is None:
        raise NotFoundError.of("product", key)
    return shown(found)


async def list_products(
    connection: Connection, project_id: int, selection: Selection, *, limit: int, page: int
) -> dict[str, Any]:
    """One page in wire format, with the number of all products that match."""
    within = {"project_id": project_id}
    rows, total = await select_page(connection, PRODUCTS, within, selection, limit=limit, page=page)
    return shown_page(PRODUCTS, list(map(shown, rows)), total)


async def delete_product(connection: Connection, caller: Caller, key: str, *, force: bool) -> None:
    """Delete a product and its SKUs, for good with `force`, else into the bin; raises NotFoundError."""
    async with connection.transaction():
        await gates.change(connection, caller.project_id, gates.PRODUCTS)
        found = await get_product(connection, caller.project_id, key)
        place = {"project_id": caller.project_id, "key": found["id"]}
        skus = await (await connection.execute(_sql.skus_of, place)).fetchall()
        gone = await (await connection.execute(_sql.delete_one, place)).fetchone()
        if gone is None:
            raise NotFoundError.of("product", key)
        if not force:
            for sku in skus:
                await put_in_bin(connection, caller, "sku", sku, name=sku["sku"], parent_id=gone["id"])
            await put_in_bin(connection, caller, "product", shown(gone), name=gone["name"])


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A product's row in wire format (public API documentation, schema Product)."""
    return {
        "id": row["id"],
        "source_id": row["source_id"],
        "name": row["name"],
        "price": row["price"],
        "attributes": row["attributes"],
        "metadata": row["metadata"],
        "image_url": row["image_url"],
        "created_at": wire_time(row["created_at"]),
        "updated_at": wire_time(row["updated_at"]),
        "object": "product",
    }
