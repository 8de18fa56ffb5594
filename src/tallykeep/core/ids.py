"""Ids that grow with time, and moments as the wire format writes them."""

import secrets
import time
from datetime import UTC, datetime

_ID_HEX_DIGITS = 18
_LAST_DIGITS = 3
_ENDINGS = [f"{number:0{_LAST_DIGITS}x}" for number in range(16**_LAST_DIGITS)]
_ID_RANDOM_BITS = 30


def wire_time(timestamp: datetime | None, precision: str = "milliseconds") -> str | None:
    """Format a timestamp as the wire format writes it: 2023-01-20T07:23:43.289Z."""
    if timestamp is None:
        return None
    return timestamp.astimezone(UTC).isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def new_id(prefix: str) -> str:
    """Return an id that grows with time: prefix, then 42 bits of milliseconds and 30 random bits as 18 hex digits."""
    return f"{prefix}{_first_number():0{_ID_HEX_DIGITS}x}"  # every request has one, so no list is made for it


def new_ids(prefix: str, count: int) -> list[str]:
    """Return `count` consecutive ids; two calls collide with a chance of about count / 2^30 within one millisecond."""
    first = _first_number()
    ids: list[str] = []
    while len(ids) < count:
        rest, last = divmod(first + len(ids), len(_ENDINGS))
        common = f"{prefix}{rest:0{_ID_HEX_DIGITS - _LAST_DIGITS}x}"
        ids += [common + ending for ending in _ENDINGS[last : last + count - len(ids)]]
    return ids


def _first_number() -> int:
    return (time.time_ns() // 1_000_000) << _ID_RANDOM_BITS | secrets.randbits(_ID_RANDOM_BITS)
