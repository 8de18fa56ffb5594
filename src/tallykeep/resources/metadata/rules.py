"""The rules of metadata definitions beside the type: of one value, and of many at a time."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple

from tallykeep.core import exact_json

Definition = Mapping[str, Any]
Test = Callable[[Any], bool]
Refused = Callable[[Sequence[Any]], AbstractSet[Any]]  # of some values, one at least, those that are not taken

Compare = Callable[[Any, Any], bool]

_MAX_LIST_LENGTH = 1_000  # a reason is written for every row


class Rule(NamedTuple):
    """What a value must be, in words, whether it holds for one, and for which of many it does not."""

    words: str
    holds: Test
    refused: Refused


def rules_of(definition: Definition) -> list[Rule]:
    """Return the rules of a definition, in the order in which reasons name them."""
    return [rule for make in _MAKERS if (rule := make(definition)) is not None]


def _comma_separated(values: list[Any]) -> str:
    text = ",".join(value if isinstance(value, str) else exact_json.dumps(value).decode() for value in values)
    return text if len(text) <= _MAX_LIST_LENGTH else text[:_MAX_LIST_LENGTH] + "…"


def _equal_to_one_of(definition: Definition) -> Rule | None:
    allowed = definition.get("eq")
    if not allowed:
        return None
    known = frozenset(allowed)
    words = f"must be equal to one of {_comma_separated(allowed)}"
    return Rule(words, lambda value: value in known, lambda values: set(values) - known)


def _equal_to_none_of(definition: Definition) -> Rule | None:
    refused = definition.get("ne")
    if not refused:
        return None
    known = frozenset(refused)
    words = f"must not be equal to any of {_comma_separated(refused)}"
    return Rule(words, lambda value: value not in known, known.intersection)


def _compared(key: str, words: str, compare: Compare, definition: Definition) -> Rule | None:
    bound = definition.get(key)
    if bound is None:
        return None

    def holds(value: Any) -> bool:
        return compare(value, bound)

    def refused(values: Sequence[Any]) -> set[Any]:
        if holds(min(values)) and holds(max(values)):
            return set()
        return {value for value in values if not compare(value, bound)}

    return Rule(f"must be {words} {_comma_separated([bound])}", holds, refused)


def _sized(key: str, words: str, compare: Compare, definition: Definition) -> Rule | None:
    bound = definition.get(key)
    if bound is None:
        return None

    def refused(values: Sequence[Any]) -> set[Any]:
        lengths = {length for length in set(map(len, values)) if not compare(length, bound)}
        return {value for value in values if len(value) in lengths} if lengths else set()

    return Rule(f"must have {words} {bound} characters", lambda value: compare(len(value), bound), refused)


_MAKERS: list[Callable[[Definition], Rule | None]] = [
    _equal_to_one_of,
    _equal_to_none_of,
    partial(_compared, "lt", "less than", lt),
    partial(_compared, "lte", "less than or equal to", le),
    partial(_compared, "gt", "greater than", gt),
    partial(_compared, "gte", "greater than or equal to", ge),
    partial(_sized, "min_length", "at least", ge),
    partial(_sized, "max_length", "at most", le),
    partial(_sized, "exact_length", "exactly", eq),
]
