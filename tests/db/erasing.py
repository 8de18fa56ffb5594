"""Customers to erase: a file that tells of them, the action that erases one, and what is stored of them."""

from typing import Any

from tallykeep.catalog.personal_data.erasure import PERMANENT_DELETION, delete_customer
from tallykeep.resources.customers.people import person_named, person_of
from tests.db.engine import Engine

FILE = "Source_id,Name,Email\nC-1,Joe,joe@example.com\nC-7,Ann,ann@example.com\nC-2,,no address\nC-7,Ann,nor this\n"
ROWS_OF_ANN, FAILED = 2, 2
MARKER = ",,,erased"


async def erase(engine: Engine, key: str, *, gone: bool = False) -> str:
    """Accept a permanent deletion as the API does; the action's id."""
    async with engine.pool.connection() as connection, connection.transaction():
        parameters: dict[str, Any] = {}
        if gone:
            person = person_named(key)
            parameters = {"customer_id": None}
        else:
            person = person_of((await delete_customer(connection, engine.project_id, key)).customer)
        submission = engine.submission(PERMANENT_DELETION, parameters={"person": person.to_json(), **parameters})
        return (await engine.acceptance.accept_planned(connection, submission)).action_id


async def imported(engine: Engine, text: str = FILE, **submission_options: Any) -> str:
    return await engine.submit("CUSTOMERS.IMPORT_CSV", text.encode(), **submission_options)


async def stored(engine: Engine, action_id: str) -> list[str]:
    batches = await engine.query("SELECT body FROM batches WHERE action_id = %s ORDER BY first_row", action_id)
    return b"".join(bytes(row["body"]) for row in batches).decode().splitlines()


async def source_ids(engine: Engine) -> list[str]:
    rows = await engine.query("SELECT source_id FROM customers WHERE project_id = %s ORDER BY 1", engine.project_id)
    return [row["source_id"] for row in rows]
