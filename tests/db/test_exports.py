"""A list as a file, while rows go on coming in: it ends with those that were there when it began."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tallykeep.catalog.exports import LIST_FILES
from tallykeep.core.ids import new_id
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.lists.export import file_lines
from tallykeep.resources.lists.query_string import read_selection
from tests.db.engine import Engine, open_engine

CUSTOMERS = LIST_FILES["customers"]
MANY = 20  # connections: each pass over so short a list takes two


class Growing:
    """Connections to a list that has grown by a row, with a key of its own, whenever somebody takes one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lent = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with self._engine.pool.connection() as connection:
            yield connection
        self.lent += 1
        assert self.lent < MANY, "it goes on and on"
        await add_customer(self._engine, f"late_{self.lent}")


async def add_customer(engine: Engine, source_id: str) -> None:
    await engine.query(
        "INSERT INTO customers (project_id, id, source_id, metadata, created_at, updated_at)"
        " VALUES (%s, %s, %s, jsonb_build_object(%s::text, 1), now(), now()) RETURNING 1",
        engine.project_id, new_id("cust_"), source_id, f"key of {source_id}",
    )  # fmt: skip


def test_both_passes_end_with_what_was_there_at_the_beginning(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            for number in range(3):
                await add_customer(engine, f"early_{number}")
            selection = read_selection(CUSTOMERS.list_spec, [])
            lines = file_lines(Growing(engine), CUSTOMERS, engine.project_id, selection)
            content = "".join([some async for some in lines])
            assert content.count("early_") == 6, "each in its row and in the title of its key"
            assert "late_" not in content

    asyncio.run(scenario())


def test_a_list_that_is_empty_at_the_beginning_is_an_empty_file(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            selection = read_selection(CUSTOMERS.list_spec, [])
            lines = file_lines(Growing(engine), CUSTOMERS, engine.project_id, selection)
            assert len("".join([some async for some in lines]).splitlines()) == 1

    asyncio.run(scenario())
