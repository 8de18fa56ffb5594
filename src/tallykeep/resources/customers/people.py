"""Customers as the people that rows and texts are about."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.batch import Source
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.formats.csv.titles import normal_title
from tallykeep.formats.hidden_characters import bared
from tallykeep.formats.people.person import Person
from tallykeep.resources.customers.spec import CUSTOMER, EMAIL
from tallykeep.resources.fields.cleaning import is_number

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
        titles = list(map(normal_title, source.header))
        keys, ids = ([at for at, title in enumerate(titles) if title == name] for name in ("sourceid", "id"))
        return lambda cells: chain(
            keys_in([cells[at] for at in keys if at < len(cells)]),
            keys_among_ids([cells[at] for at in ids if at < len(cells)]),
        )
    return people_in if source.parameters.get("by") in (None, "source_ids") else keys_among_ids


def people_in(value: Any) -> Iterator[str]:
    """Yield the source_ids of the customer that a value of JSON names, or of those in an array."""
    for each in value if isinstance(value, list) else (value,):
        yield from _named_in(each) if isinstance(each, dict) else keys_in(each)


def _named_in(customer: dict[str, Any]) -> Iterator[str]:
    """Yield the source_ids by which an object names a customer."""
    yield from keys_in(customer.get("source_id"))
    yield from keys_among_ids(customer.get("id"))


def keys_among_ids(value: Any) -> Iterator[str]:
    """Yield the keys that stand where an id of ours should, and are none: one's id may be another's source_id."""
    return (key for key in keys_in(value) if not key.startswith(CUSTOMER.prefix))


def keys_in(value: Any) -> Iterator[str]:
    """Yield the source_id that a value is, cleaned as imports do: as a number, too, or within arrays and objects.

    Such rows fail, and so do those with an invisible character in it; they are about that customer all the same.
    """
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, str):
            yield bared(inner.strip()).strip()
        elif isinstance(inner, list):
            waiting += inner
        elif isinstance(inner, dict):
            waiting += inner.values()
        elif is_number(inner):
            yield exact_json.dumps(inner).decode()
