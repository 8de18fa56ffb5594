"""Keys that were found valid a moment ago, so that not every request has to ask the database."""

import time
from hashlib import sha256

from tallykeep.tenants.projects import Caller, KeyKind

_SECONDS = 1.0
_MAX = 1_000


class KeyCache:
    """Valid keys, each for a second; what is kept is a digest of them.

    A key that is revoked over this process is forgotten at once, one that is revoked elsewhere after the second.
    """

    def __init__(self) -> None:
        self._callers: dict[bytes, tuple[float, Caller]] = {}

    def find(self, kind: KeyKind, key_id: str, token: str) -> Caller | None:
        """Return whose key it is, where that is known."""
        until, caller = self._callers.get(_digest(kind, key_id, token), (0.0, None))
        return caller if time.monotonic() < until else None

    def add(self, kind: KeyKind, key_id: str, token: str, caller: Caller) -> None:
        """Keep a key that was just found valid."""
        if len(self._callers) >= _MAX:
            self._callers.clear()
        self._callers[_digest(kind, key_id, token)] = (time.monotonic() + _SECONDS, caller)

    def clear(self) -> None:
        """Forget all: one of them was revoked."""
        self._callers.clear()


def _digest(kind: str, key_id: str, token: str) -> bytes:
    return sha256(f"{kind}\0{key_id}\0{token}".encode()).digest()
