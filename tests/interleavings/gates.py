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
    held: dict[str, Strength] = {}
    for index, number in enumerate(_ARRAY.findall(text)):
        value = parameters[int(number) - 1] or b""
        for gate in [*(parent for parent in _PARENTS if parent.encode() in value), *names.within(value, b"camp")]:
            held.setdefault(gate, Strength.SHARE if index else first)
    return held


def parameters_in(bound: bytes) -> list[bytes | None]:
    """The parameters of a Bind message, as they were sent."""
    _, _, rest = bound.split(b"\0", 2)
    offset = 2 + 2 * int.from_bytes(rest[:2])
    parameters: list[bytes | None] = []
    count, offset = int.from_bytes(rest[offset : offset + 2]), offset + 2
    for _ in range(count):
        size, offset = int.from_bytes(rest[offset : offset + 4], signed=True), offset + 4
        parameters.append(None if size < 0 else rest[offset : offset + size])
        offset += max(size, 0)
    return parameters
