"""Products as they are shown, one or a list."""

from typing import Any

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.errors import NotFoundError
from tallykeep.model import wire_time
from tallykeep.resources.bin.entries import put_in_bin
from tallykeep.resources.projects import Caller

_sql = queries(__package__, "store.sql")


async def get_product(connection: Connection, project_id: int, key: str) -> dict[str, Any]:
    """One product in wire format, by id or source_id, without its SKUs; raises NotFoundError."""
    place = {"project_id": project_id, "key": key}
    found = await (await connection.execute(_sql.get_by_id_or_source_id, place)).fetchone()
    if found is None:
        raise NotFoundError.of("product", key)
    return shown(found)


async def list_products(
    connection: Connection, project_id: int, *, limit: int, page: int, name: str | None
) -> dict[str, Any]:
    """One page in wire format, newest first, with the number of all products that match."""
    matching = {"project_id": project_id, "name": name}
    paging = {**matching, "limit": limit, "offset": (page - 1) * limit}
    rows = await (await connection.execute(_sql.list_products, paging)).fetchall()
    counted = await (await connection.execute(_sql.count_products, matching)).fetchone()
    total = counted["total"] if counted else 0
    return {"object": "list", "data_ref": "products", "products": [shown(row) for row in rows], "total": total}


async def delete_product(connection: Connection, caller: Caller, key: str, *, force: bool) -> None:
    """Delete a product and its SKUs, for good with `force`, else into the bin; raises NotFoundError."""
    async with connection.transaction():
        found = await get_product(connection, caller.project_id, key)
        place = {"project_id": caller.project_id, "key": found["id"]}
        if not force:
            skus = await (await connection.execute(_sql.skus_of, place)).fetchall()
            for sku in skus:
                await put_in_bin(connection, caller, "sku", sku, name=sku["sku"], parent_id=found["id"])
            await put_in_bin(connection, caller, "product", found, name=found["name"])
        await connection.execute(_sql.delete_one, place)


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
