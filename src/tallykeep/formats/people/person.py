"""A person, as rows and texts show one: by the keys that name a customer, and by what is nobody else's anywhere."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tallykeep.formats.people.traces import Traces

ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Person:
    """The identifiers of one customer.

    `keys` are source_ids. A text like one may be anything, so they count only where a row names a customer. `traces`
    are our ids and e-mail addresses: they count wherever they stand, in any case of letters, unless they are a part of
    a longer address or id.
    """

    keys: frozenset[str] = frozenset()
    traces: frozenset[str] = frozenset()
    _search: Traces = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_search", Traces(self.traces))

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

    def is_in(self, text: str) -> bool:
        """Return whether a trace stands in this cell, or string of JSON; takes time in proportion to its length."""
        return self._search.are_in(text)

    def may_be_in(self, text: bytes) -> bool:
        """Return whether anything of the person may be in this text; False where nothing is, as long as texts stand in
        it as they are, without escapes and invisible characters.
        """
        return self.may_have_trace_in(text) or any(_as_bytes(key) in text for key in self.keys)

    def may_have_trace_in(self, text: bytes) -> bool:
        """Return the same for traces alone."""
        lowered = text.lower()
        return any(needle in lowered for needle in self._search.needles) or (
            b"%" in lowered and any("@" in trace for trace in self.traces)
        )

    def without(self, text: str) -> str:
        """Return the text with `erased` in place of each trace."""
        return self._search.replaced(text, ERASED)

    def without_in_name(self, name: str) -> str:
        """Return a file's name with `erased` in place of each trace."""
        return self._search.replaced_in_name(name, ERASED)

    def without_in(self, value: Any) -> Any:
        """Return a JSON value with `erased` in place of each text that holds a trace, be it a key or a value."""
        if isinstance(value, str):
            return ERASED if self.is_in(value) else value
        if isinstance(value, list):
            return [self.without_in(item) for item in value]
        if isinstance(value, dict):
            return {self.without_in(name): self.without_in(inner) for name, inner in value.items()}
        return value


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


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
