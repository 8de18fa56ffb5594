"""Remembering what was made of a value: files and bulk requests repeat themselves."""

from collections.abc import Callable
from typing import Any

from tallykeep.resources.fields.cleaning import Problem


class Memo(dict[Any, Any]):
    """Remembers what a cleaner made of a value, problems included: files repeat themselves."""

    def __init__(self, clean: Callable[[Any], Any], limit: int = 20_000) -> None:
        super().__init__()
        self._clean = clean
        self._limit = limit

    def __missing__(self, value: Any) -> Any:
        if len(self) >= self._limit:
            self.clear()
        try:
            made = self._clean(value)
        except Problem as problem:
            made = problem
        self[value] = made
        return made


class RecentKeys:
    """A set that forgets its oldest members beyond a size."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys: dict[str, None] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Add a key as the newest."""
        self._keys[key] = None
        while len(self._keys) > self._size:
            del self._keys[next(iter(self._keys))]

    def discard(self, key: str) -> None:
        """Forget a key, if it is there."""
        self._keys.pop(key, None)
