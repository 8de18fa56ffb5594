"""Categories that change while an import is under way."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from tallykeep.core.batch import Batch, ClaimedBatch, Source
from tallykeep.core.rows import Row
from tallykeep.resources.categories.store import create_category, delete_category, update_category
from tallykeep.resources.vouchers.importing.import_operation import import_vouchers
from tallykeep.resources.vouchers.read import get_voucher
from tests.db.engine import Engine, open_engine


def test_a_category_renamed_between_check_and_write_keeps_the_rows_given_by_its_name(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as other:
            category = await create_category(other, engine.project_id, {"name": "Old"})

            async def renames() -> None:
                await update_category(other, engine.project_id, category["id"], {"name": "New"})

            assert await _category_of_row_imported_while(engine, renames) == ("New", category["id"])

    asyncio.run(scenario())


def test_rows_given_by_the_name_of_a_category_that_is_deleted_meanwhile_keep_the_name(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as other:
            category = await create_category(other, engine.project_id, {"name": "Old"})

            async def deletes() -> None:
                await delete_category(other, engine.project_id, category["id"], force=False)

            assert await _category_of_row_imported_while(engine, deletes) == ("Old", None)

    asyncio.run(scenario())


async def _category_of_row_imported_while(
    engine: Engine, changes: Callable[[], Awaitable[None]]
) -> tuple[str | None, str | None]:
    """Import a row of the category Old, and let the change happen between its check and its write."""
    source = Source("csv", header=["Code", "Voucher Type", "Value", "Category"])
    claimed = ClaimedBatch(
        engine.project_id, "aa_1", "VOUCHERS.IMPORT_CSV", source, Batch(1, 1, b""), timestamp=datetime.now(UTC)
    )
    async with engine.pool.connection() as connection:
        async with connection.transaction():
            operation = await import_vouchers(connection, claimed)
            assert operation.check([Row(1, ["A", "GIFT_VOUCHER", "1", "Old"])]) == []
            await operation.stage()
            await changes()
            assert await operation.write() == []
        voucher = await get_voucher(connection, engine.project_id, "A")
    return voucher["category"], voucher["category_id"]
