"""Products as they are shown, one or a list."""

from typing import Any

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.errors import NotFoundError
from tallykeep.model import wire_time

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


async def delete_product(connection: Connection, project_id: int, key: str) -> None:
    """Delete a product and its SKUs for good; raises NotFoundError."""
    place = {"project_id": project_id, "key": key}
    if await (await connection.execute(_sql.delete_one, place)).fetchone() is None:
        raise NotFoundError.of("product", key)


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
