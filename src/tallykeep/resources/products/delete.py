"""Products deleted along with their SKUs, and SKUs alone."""

from tallykeep.core.errors import NotFoundError
from tallykeep.db import gates
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.resources.bin.entries import put_in_bin
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.read import delete_one, get_one
from tallykeep.tenants.callers import Caller

_sql = queries(__package__, "store.sql")


async def delete_product(connection: Connection, caller: Caller, key: str, *, force: bool) -> str:
    """Delete a product and its SKUs, for good with `force`, else into the bin; returns its id. Raises NotFoundError."""
    async with connection.transaction():
        await gates.shut_for_request(connection, caller.project_id, gates.PRODUCTS)
        product = await get_one(connection, caller.project_id, PRODUCT, key)
        locate = {"project_id": caller.project_id, "key": product["id"]}
        skus = await (await connection.execute(_sql.skus_of, locate)).fetchall()
        row = await delete_one(connection, caller.project_id, PRODUCT, product["id"])
        if not force:
            for sku in skus:
                await put_in_bin(connection, caller, "sku", sku, name=sku["sku"], parent_id=product["id"])
            await put_in_bin(connection, caller, "product", PRODUCT.show(row), name=row["name"])
    return str(row["id"])


async def delete_sku(connection: Connection, caller: Caller, product_id: str, key: str, *, force: bool) -> str:
    """Delete a product's SKU, for good with `force`, else into the bin; returns its id. Raises NotFoundError."""
    async with connection.transaction():
        sku = await get_one(connection, caller.project_id, SKU, key)
        if sku["product_id"] != product_id:
            raise NotFoundError.of("sku", key)
        row = await delete_one(connection, caller.project_id, SKU, sku["id"])
        if not force:
            await put_in_bin(connection, caller, "sku", SKU.show(row), name=row["sku"], parent_id=product_id)
    return str(row["id"])
