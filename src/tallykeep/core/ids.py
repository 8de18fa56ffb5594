"""Ids that grow with time, and moments as the wire format writes them."""

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime

_ID_HEX_DIGITS = 18
_ID_RANDOM_BITS = 30
# The last digits of ids are looked up: formatting every number took a tenth of what an imported row costs here.
_LAST_DIGITS = 3
_BLOCK = 16**_LAST_DIGITS
_LAST = [f"{number:0{_LAST_DIGITS}x}" for number in range(_BLOCK)]


def wire_time(timestamp: datetime | None, precision: str = "milliseconds") -> str | None:
    """Format a timestamp as the wire format writes it: 2023-01-20T07:23:43.289Z."""
    if timestamp is None:
        return None
    return timestamp.astimezone(UTC).isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def new_id(prefix: str) -> str:
    """Return an id that grows with time: prefix, then 42 bits of milliseconds and 30 random bits as 18 hex digits."""
    return new_ids(prefix, 1)[0]


def new_ids(prefix: str, count: int) -> list[str]:
    """Return `count` consecutive ids; two calls collide with a chance of about count / 2^30 within one millisecond."""
    first = (time.time_ns() // 1_000_000) << _ID_RANDOM_BITS | secrets.randbits(_ID_RANDOM_BITS)
    return [id_ for start, end in _blocks(first, first + count) for id_ in _ids_of_block(prefix, start, end)]


def _blocks(first: int, behind: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of numbers that differ in their last hex digits only."""
    while first < behind:
        end = min((first // _BLOCK + 1) * _BLOCK, behind)
        yield first, end
        first = end


def _ids_of_block(prefix: str, first: int, behind: int) -> list[str]:
    block, start = divmod(first, _BLOCK)
    head = f"{prefix}{block:0{_ID_HEX_DIGITS - _LAST_DIGITS}x}"
    return [head + last for last in _LAST[start : start + behind - first]]
