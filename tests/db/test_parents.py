"""What rows depend on, changed while they are written: products, categories, metadata schemas."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tallykeep.db import gates
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.categories.store import create_category, delete_category, update_category
from tallykeep.resources.metadata.schemas import (
    create_schema,
    delete_schema,
    forget_removed_definition,
    mark_definition,
    update_schema,
)
from tallykeep.resources.products.delete import delete_product
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.single import upsert_one
from tallykeep.resources.vouchers.read import get_voucher
from tallykeep.resources.vouchers.single import create_voucher, update_voucher
from tests.db.engine import Engine, open_engine
from tests.db.holding import Holding, caller, changed_while_in_hand, tally, wait_for_waiting

SKU_FILE = b"source_id,product_id,sku\ns1,p1,red\n"


async def _product(engine: Engine) -> str:
    async with engine.pool.connection() as connection:
        return await upsert_one(connection, engine.project_id, PRODUCT, {"source_id": "p1", "name": "Shirt"})


def test_skus_that_are_imported_while_their_product_is_deleted_go_into_the_bin_with_it(database_url: str) -> None:
    async def scenario() -> None:
        holding = Holding(("SKUS.IMPORT_CSV",))
        async with open_engine(database_url, holding.action_types) as engine:
            await _product(engine)
            imported = await engine.submit("SKUS.IMPORT_CSV", SKU_FILE)

            async def delete() -> None:
                async with engine.pool.connection() as connection:
                    await delete_product(connection, caller(engine), "p1", force=False)

            async with changed_while_in_hand(engine, holding, delete()) as deletion:
                pass
            deletion.result()
            assert await tally(engine, imported) == (1, 1, 0)
            assert await engine.query("SELECT id FROM skus") == []
            binned = await engine.query("SELECT resource_type, resource_name FROM bin_entries ORDER BY 1")
            assert [tuple(entry.values()) for entry in binned] == [("product", "Shirt"), ("sku", "red")]

    asyncio.run(scenario())


def test_a_sku_written_by_itself_waits_for_the_deletion_of_its_product(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as deleter:
            product_id = await _product(engine)

            async def add() -> None:
                async with engine.pool.connection() as connection:
                    await upsert_one(connection, engine.project_id, SKU, {"sku": "red", "product_id": product_id})

            async with deleter.transaction():
                await delete_product(deleter, caller(engine), "p1", force=False)
                adding = asyncio.create_task(add())
                await wait_for_waiting(engine, 1)
            with pytest.raises(Exception, match=f"Cannot find product with id {product_id}"):
                await adding

    asyncio.run(scenario())


SCHEMA = {"size": {"type": "number"}}


def test_a_schema_made_while_an_import_is_written_is_not_broken_by_it(database_url: str) -> None:
    """The batch in hand was checked before, the next one is held to the schema."""

    async def scenario() -> None:
        holding = Holding(("VOUCHERS.IMPORT",))
        async with open_engine(database_url, holding.action_types, batch_rows=1) as engine:
            rows = [{"code": code, "gift": {"amount": 1}, "metadata": {"size": "big"}} for code in ("A", "B")]
            action_id = await engine.submit_json(rows)

            async def create() -> None:
                async with engine.pool.connection() as connection:
                    await create_schema(connection, engine.project_id, "voucher", SCHEMA, None)

            async with changed_while_in_hand(engine, holding, create()) as creation:
                pass
            creation.result()
            assert await tally(engine, action_id) == (2, 1, 1)
            assert await engine.query("SELECT code FROM vouchers") == [{"code": "A"}]

    asyncio.run(scenario())


async def _schema_changes(connection: Connection, project_id: int) -> list[Callable[[], Awaitable[Any]]]:
    """Everything that changes a schema, of a project that has one."""
    made = await create_schema(connection, project_id, "voucher", SCHEMA, None)
    return [
        lambda: update_schema(connection, project_id, made["id"], {"note": {"type": "string"}}, None),
        lambda: mark_definition(connection, project_id, "voucher", "size", deleted=True),
        lambda: mark_definition(connection, project_id, "voucher", "size", deleted=False),
        lambda: create_schema(connection, project_id, "customer", SCHEMA, None),
        lambda: delete_schema(connection, project_id, made["id"]),
    ]


async def _category_changes(connection: Connection, project_id: int) -> list[Callable[[], Awaitable[Any]]]:
    """Everything that changes a category."""
    made = await create_category(connection, project_id, {"name": "Old"})
    return [
        lambda: create_category(connection, project_id, {"name": "Another"}),
        lambda: update_category(connection, project_id, made["id"], {"name": "New"}),
        lambda: delete_category(connection, project_id, made["id"], force=False),
    ]


@pytest.mark.parametrize(
    ("parent", "changes_of"), [(gates.SCHEMAS, _schema_changes), (gates.CATEGORIES, _category_changes)]
)
def test_every_change_waits_for_those_who_read_what_it_changes(
    database_url: str, parent: str, changes_of: Callable[..., Awaitable[list[Callable[[], Awaitable[Any]]]]]
) -> None:
    async def scenario() -> None:
        async with (
            open_engine(database_url) as engine,
            engine.pool.connection() as reader,
            engine.pool.connection() as changer,
        ):
            for change in await changes_of(changer, engine.project_id):
                async with reader.transaction():
                    await gates.hold(reader, engine.project_id, parent)
                    changing = asyncio.ensure_future(change())
                    await wait_for_waiting(engine, 1)
                await changing

    asyncio.run(scenario())


def test_a_purge_waits_for_batches_that_write_what_it_purges(database_url: str) -> None:
    async def scenario() -> None:
        holding = Holding(("VOUCHERS.IMPORT",))
        async with open_engine(database_url, holding.action_types) as engine:
            rows = [{"code": code, "gift": {"amount": 1}, "metadata": {"old": 1}} for code in ("A", "B")]
            imported = await engine.submit_json(rows)

            async def purge() -> str:
                submission = engine.submission("VOUCHERS.METADATA_KEY_PURGE", parameters={"key": "old"})
                async with engine.pool.connection() as connection, connection.transaction():
                    await forget_removed_definition(connection, engine.project_id, "voucher", "old")
                    return (await engine.acceptance.accept_planned(connection, submission)).action_id

            async with changed_while_in_hand(engine, holding, purge()) as purging:
                pass
            assert await tally(engine, imported) == (2, 2, 0)
            assert await tally(engine, purging.result()) == (2, 2, 0)
            assert await engine.query("SELECT code FROM vouchers WHERE metadata ? 'old'") == []

    asyncio.run(scenario())


HOW = ("by name", "by id")


@pytest.mark.parametrize("how", HOW)
def test_a_category_renamed_while_an_import_is_written_is_the_category_of_its_vouchers(
    database_url: str, how: str
) -> None:
    async def scenario() -> None:
        async def rename(connection: Connection, engine: Engine, category_id: str) -> None:
            await update_category(connection, engine.project_id, category_id, {"name": "New"})

        category_id, voucher = await _imported_beside(database_url, how, rename)
        assert (voucher["category"], voucher["category_id"]) == ("New", category_id)

    asyncio.run(scenario())


@pytest.mark.parametrize("how", HOW)
def test_a_category_deleted_while_an_import_is_written_is_in_use(database_url: str, how: str) -> None:
    async def scenario() -> None:
        async def delete(connection: Connection, engine: Engine, category_id: str) -> None:
            with pytest.raises(Exception, match="in use by 1 voucher"):
                await delete_category(connection, engine.project_id, category_id, force=False)

        category_id, voucher = await _imported_beside(database_url, how, delete)
        assert (voucher["category"], voucher["category_id"]) == ("Old", category_id)

    asyncio.run(scenario())


@pytest.mark.parametrize("how", HOW)
def test_a_category_deleted_by_force_while_an_import_is_written_is_taken_off_its_vouchers(
    database_url: str, how: str
) -> None:
    async def scenario() -> None:
        async def delete(connection: Connection, engine: Engine, category_id: str) -> None:
            await delete_category(connection, engine.project_id, category_id, force=True)

        _, voucher = await _imported_beside(database_url, how, delete)
        assert (voucher["category"], voucher["category_id"]) == (None, None)

    asyncio.run(scenario())


async def _imported_beside(
    database_url: str, how: str, change: Callable[[Connection, Engine, str], Awaitable[None]]
) -> tuple[str, dict[str, Any]]:
    """The category and the voucher of an import that was in hand when the category was to be changed."""
    holding = Holding(("VOUCHERS.IMPORT",))
    async with open_engine(database_url, holding.action_types) as engine, engine.pool.connection() as changer:
        category = await create_category(changer, engine.project_id, {"name": "Old"})
        body = {"category": "Old"} if how == "by name" else {"category_id": category["id"]}
        imported = await engine.submit_json([{"code": "A", "gift": {"amount": 1}, **body}])
        async with changed_while_in_hand(engine, holding, change(changer, engine, category["id"])) as changing:
            pass
        changing.result()
        assert await tally(engine, imported) == (1, 1, 0)
        return category["id"], await get_voucher(changer, engine.project_id, "A")


@pytest.mark.parametrize("writes", ["create", "update"])
def test_a_voucher_written_by_itself_waits_for_changes_of_what_it_depends_on(database_url: str, writes: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as changer:
            body = {"code": "A", "gift": {"amount": 1}}
            async with engine.pool.connection() as connection:
                if writes == "update":
                    await create_voucher(connection, engine.project_id, body)

            async def write() -> None:
                async with engine.pool.connection() as connection:
                    if writes == "update":
                        await update_voucher(connection, engine.project_id, "A", {"metadata": {"size": "big"}})
                    else:
                        await create_voucher(connection, engine.project_id, {**body, "metadata": {"size": "big"}})

            async with changer.transaction():
                await create_schema(changer, engine.project_id, "voucher", SCHEMA, None)
                writing = asyncio.create_task(write())
                await wait_for_waiting(engine, 1)
            with pytest.raises(Exception, match="size"):
                await writing

    asyncio.run(scenario())
