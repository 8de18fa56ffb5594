"""Customers as the people that rows and texts are about."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tallykeep.core.batch import Source
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.formats.csv.titles import normal_title
from tallykeep.formats.people.person import Person
from tallykeep.resources.customers.spec import CUSTOMER, EMAIL

_sql = queries(__package__, "people.sql")

MAX_NAMED = 10


def person_of(customer: dict[str, Any]) -> Person:
    """Return the person that a customer is: its source_id is a key, its id and e-mail address are traces."""
    source_id, email = customer["source_id"], customer["email"]
    addresses = {text for text in (source_id, email) if text and EMAIL.fullmatch(text)}
    return Person(keys=frozenset({source_id} if source_id else ()), traces=frozenset({customer["id"], *addresses}))


def person_named(key: str) -> Person:
    """Return the person of whom nothing is known but this id, source_id or e-mail address."""
    is_trace = key.startswith(CUSTOMER.prefix) or EMAIL.fullmatch(key)
    return Person(keys=frozenset({key}), traces=frozenset({key} if is_trace else ()))


async def ids_named(connection: Connection, project_id: int, key: str) -> list[str]:
    """Return the ids of the customers with this id, source_id or e-mail address, in any case of letters; MAX_NAMED of
    them, and one more where there are more.
    """
    wanted = {
        "project_id": project_id, "key": key, "is_address": EMAIL.fullmatch(key) is not None, "limit": MAX_NAMED + 1,
    }  # fmt: skip
    return [row["id"] for row in await (await connection.execute(_sql.ids_named, wanted)).fetchall()]


async def delete_customers(connection: Connection, project_id: int, person: Person) -> list[dict[str, Any]]:
    """Delete the customers with the person's ids and source_ids; returns their rows."""
    wanted = {"project_id": project_id, "keys": list(person.keys), "ids": ids_of(person)}
    return await (await connection.execute(_sql.delete_customers, wanted)).fetchall()


def ids_of(person: Person) -> list[str]:
    """Return the person's ids among customers."""
    return [trace for trace in person.traces if trace.startswith(CUSTOMER.prefix)]


def people_of_customers(source: Source) -> Callable[[Any], Iterable[str]]:
    """Return what tells the source_ids in a row of customers, as this source has them."""
    if source.format == "csv":
        columns = [at for at, title in enumerate(source.header) if normal_title(title) == "sourceid"]
        return lambda cells: [cells[at].strip() for at in columns if at < len(cells)]
    return _named_in


def _named_in(row: Any) -> Iterator[str]:
    """Yield the source_id of an object, or the key that the row is."""
    key = row.get("source_id") if isinstance(row, dict) else row
    if isinstance(key, str):
        yield key.strip()
