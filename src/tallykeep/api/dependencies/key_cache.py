"""Keys and tokens that were found valid a moment ago, so that not every request has to ask the database."""

import time
from hashlib import sha256
from typing import Literal

from tallykeep.tenants.authenticate import Authenticated
from tallykeep.tenants.callers import Grant, KeyKind

_SECONDS = 1.0
_MAX = 1_000

Way = KeyKind | Literal["token"]
# What a key or a token grants, None where it is not valid; or after how many seconds it may be looked at, else 0.
Checked = tuple[Grant | None, int]


class KeyCache:
    """What valid keys and tokens grant, each for a second, or less where it expires by then; what is kept is a digest.

    One that is revoked over this process is forgotten at once, one that is revoked elsewhere after the second.
    `clearings` tells how often that was, so that what was read before is not taken for what holds after it.
    """

    def __init__(self) -> None:
        self._grants: dict[bytes, tuple[float, Grant]] = {}
        self.clearings = 0

    def find(self, way: Way, key_id: str, token: str) -> Grant | None:
        """Return what it grants, where that is known; a token has no `key_id` of its own."""
        until, grant = self._grants.get(_digest(way, key_id, token), (0.0, None))
        return grant if time.monotonic() < until else None

    def add(self, way: Way, key_id: str, token: str, known: Authenticated, clearings: int) -> None:
        """Keep what was found valid, unless all was forgotten since there were so many clearings."""
        if clearings != self.clearings:
            return
        if len(self._grants) >= _MAX:
            self._grants.clear()
        until = time.monotonic() + min(_SECONDS, known.seconds)
        self._grants[_digest(way, key_id, token)] = (until, known.grant)

    def clear(self) -> None:
        """Forget all: one of them was revoked, or grants something else now."""
        self._grants.clear()
        self.clearings += 1


def _digest(way: str, key_id: str, token: str) -> bytes:
    return sha256(f"{way}\0{key_id}\0{token}".encode()).digest()
