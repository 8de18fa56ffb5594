"""All that is stored about one customer, as one JSON document, which is written as it is read."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core import exact_json
from tallykeep.core.action_type import People
from tallykeep.core.ids import wire_time
from tallykeep.db.clock import database_time
from tallykeep.db.connections.pool import Connections
from tallykeep.engine.erasing.reading import stored_rows
from tallykeep.formats.people.person import Person
from tallykeep.resources.customers.people import ids_of
from tallykeep.resources.orders.of_customer import orders_of
from tallykeep.tenants.audit.read import Wanted, list_entries
from tallykeep.tenants.callers import Caller

_ORDERS_AT_A_TIME, _ENTRIES_AT_A_TIME = 200, 100
_OF_EVENT = ("id", "event", "outcome", "created_at", "action_id")

_Parts = AsyncIterator[list[dict[str, Any]]]

PEOPLE: Mapping[str, People] = {
    name: action_type.people for name, action_type in ACTION_TYPES.items() if action_type.people is not None
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data are exported: the customer in wire format, None where there is none any more, and who that is."""

    customer: dict[str, Any] | None
    person: Person


async def personal_data(pool: Connections, caller: Caller, subject: Subject) -> AsyncIterator[bytes]:
    """Yield the document: the customer, its orders, its rows as they were sent, and its entries in the audit log.

    Between parts no connection is held.
    """
    async with pool.connection() as connection:
        head = {
            "object": "personal_data",
            "exported_at": wire_time(await database_time(connection)),
            "identifiers": sorted(subject.person.keys | subject.person.traces),
            "customer": subject.customer,
        }
    yield exact_json.dumps(head)[:-1]
    parts = {
        "orders": _orders(pool, caller, subject.person),
        "rows": stored_rows(pool, caller.project_id, subject.person, PEOPLE),
        "events": _events(pool, caller, subject.person),
    }
    for name, items in parts.items():
        yield b"," + exact_json.dumps(name) + b":["
        async for piece in _joined(items):
            yield piece
        yield b"]"
    yield b"}"


async def _joined(items: _Parts) -> AsyncIterator[bytes]:
    separator = b"\n"
    async for some in items:
        for item in some:
            yield separator + _dumped(item)
            separator = b",\n"


def _dumped(item: dict[str, Any]) -> bytes:
    try:
        return exact_json.dumps(item)
    except (exact_json.EncodeError, TypeError):  # half of a surrogate pair, or nested too deep to be stored
        return exact_json.dumps({**item, "content": ascii(item.get("content"))})


async def _orders(pool: Connections, caller: Caller, person: Person) -> _Parts:
    after = ""
    while True:
        async with pool.connection() as connection:
            orders = await orders_of(
                connection, caller.project_id, ids_of(person), after=after, limit=_ORDERS_AT_A_TIME
            )
        if not orders:
            return
        after = orders[-1]["id"]
        yield orders


async def _events(pool: Connections, caller: Caller, person: Person) -> _Parts:
    """Yield what happened to the customer, without who did it: that is the data of others."""
    for resource_id in ids_of(person):
        after_id: str | None = None
        while True:
            wanted = Wanted(limit=_ENTRIES_AT_A_TIME, resource_id=resource_id, after_id=after_id)
            async with pool.connection() as connection:
                page = await list_entries(connection, caller, wanted)
            yield [{name: entry[name] for name in _OF_EVENT} for entry in page["data"]]
            after_id = page["more_starting_after"]
            if after_id is None:
                break
