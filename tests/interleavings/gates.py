"""The gates that a round trip passes, told from its parameters."""

import re

from tallykeep.db.gates import CATEGORIES, PRODUCTS, PROJECT, SCHEMAS
from tests.interleavings.footprints import Strength
from tests.interleavings.names import Names
from tests.relay import messages_in

_PARENTS = (PROJECT, SCHEMAS, CATEGORIES, PRODUCTS)
_ARRAY = re.compile(r"unnest\(\$(\d+)::text\[\]\)")


def gates_in(text: str, request: bytes, names: Names) -> dict[str, Strength]:
    """Each gate, and how it is held: where a statement shuts gates, the first array of names has those."""
    if "pg_advisory_xact_lock_shared(project, gate)" not in text:
        return {}
    (bound,) = [body for message_type, body in messages_in(request) if message_type == b"B"]
    parameters = parameters_in(bound)
    first = Strength.REMOVE if "pg_advisory_xact_lock(project, gate)" in text else Strength.SHARE
    found: dict[str, Strength] = {}
    for place, number in enumerate(_ARRAY.findall(text)):
        given = parameters[int(number) - 1] or b""
        for gate in [*(parent for parent in _PARENTS if parent.encode() in given), *names.within(given, b"camp")]:
            found.setdefault(gate, Strength.SHARE if place else first)
    return found


def parameters_in(bound: bytes) -> list[bytes | None]:
    """The parameters of a Bind message, as they were sent."""
    _, _, rest = bound.split(b"\0", 2)
    place = 2 + 2 * int.from_bytes(rest[:2])
    found: list[bytes | None] = []
    count, place = int.from_bytes(rest[place : place + 2]), place + 2
    for _ in range(count):
        size, place = int.from_bytes(rest[place : place + 4], signed=True), place + 4
        found.append(None if size < 0 else rest[place : place + size])
        place += max(size, 0)
    return found
