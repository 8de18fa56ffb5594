"""A person, as rows and texts show one: by the keys that name a customer, and by what is nobody else's anywhere."""

import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ERASED = "erased"

_DOT = ord(".")
_WORD = frozenset((string.ascii_lowercase + string.digits + "_-").encode())  # and all that is not ASCII
_BEFORE = _WORD | frozenset(b".%+")


@dataclass(frozen=True, slots=True)
class Person:
    """The identifiers of one customer.

    `keys` are source_ids. A text like one may be anything, so they count only where a row names a customer. `traces`
    are our ids and e-mail addresses: they count wherever they stand, in any case of letters, unless they are a part of
    a longer address or id.
    """

    keys: frozenset[str] = frozenset()
    traces: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Person":
        """Return the person that was stored so."""
        return cls(frozenset(stored.get("keys", ())), frozenset(stored.get("traces", ())))

    def to_json(self) -> dict[str, list[str]]:
        """Return the form that is stored with an action: `keys` and `traces`, sorted."""
        return {"keys": sorted(self.keys), "traces": sorted(self.traces)}

    def joined(self, others: Iterable["Person"]) -> "Person":
        """Return the person with the identifiers of these, too."""
        every = [self, *others]
        return Person(
            frozenset[str]().union(*(each.keys for each in every)),
            frozenset[str]().union(*(each.traces for each in every)),
        )

    def shares(self, other: "Person") -> bool:
        """Return whether the two have an identifier in common."""
        return bool(self.keys & other.keys or self.traces & other.traces)

    def is_in(self, text: bytes) -> bool:
        """Return whether a trace stands in this text in UTF-8; takes time in proportion to its length."""
        return next(self._spans(text), None) is not None

    def may_be_in(self, text: bytes) -> bool:
        """Return whether anything of the person may be in this text; False where nothing is, as long as texts stand in
        it as they are, without escapes.
        """
        lowered = text.lower()
        needles = [trace.lower() for trace in map(_as_bytes, self.traces)]
        return any(needle in lowered for needle in needles) or any(_as_bytes(key) in text for key in self.keys)

    def without(self, text: str) -> str:
        """Return the text with `erased` in place of each trace."""
        data, at, parts = _as_bytes(text), 0, list[bytes]()
        for start, end in sorted(self._spans(data)):
            if start >= at:
                parts += (data[at:start], ERASED.encode())
                at = end
        return (b"".join(parts) + data[at:]).decode("utf-8", "surrogatepass") if parts else text

    def without_in(self, value: Any) -> Any:
        """Return a JSON value with `erased` in place of each text that holds a trace, be it a key or a value."""
        if isinstance(value, str):
            return ERASED if self.is_in(_as_bytes(value)) else value
        if isinstance(value, list):
            return [self.without_in(item) for item in value]
        if isinstance(value, dict):
            return {self.without_in(name): self.without_in(inner) for name, inner in value.items()}
        return value

    def _spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Yield where traces stand, each by its first byte and the one behind its last."""
        lowered = text.lower()  # of ASCII alone, so that nothing changes its length
        for trace in self.traces:
            needle = _as_bytes(trace).lower()
            start = lowered.find(needle) if needle else -1
            while start >= 0:
                end = start + len(needle)
                if is_apart := _is_apart(lowered, start, end):
                    yield start, end
                start = lowered.find(needle, end if is_apart else start + 1)


def texts_in(value: Any, *, names: bool = True) -> Iterator[str]:
    """Yield every text in a JSON value, however deep: of arrays, values of objects and, with `names`, their names."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, list):
            waiting += inner
        elif isinstance(inner, dict):
            waiting += inner.values()
            yield from inner if names else ()


def _is_apart(lowered: bytes, start: int, end: int) -> bool:
    """Return whether what stands there is not a part of something longer: an address ends before a full stop."""
    if start and (lowered[start - 1] in _BEFORE or lowered[start - 1] > 127):
        return False
    behind = lowered[end : end + 2]
    if not behind:
        return True
    if behind[0] == _DOT:
        return len(behind) == 1 or not _continues(behind[1])
    return not _continues(behind[0])


def _continues(byte: int) -> bool:
    return byte in _WORD or byte > 127


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
